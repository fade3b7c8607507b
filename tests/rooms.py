"""Prints twenty source lines, drawn with the commit as seed: ``python -m tests.rooms [SEED]``. In which room is each?

A reader who has only the list of folders and files should get eighteen right. The rooms that lines are drawn from are
printed first. ``--answers`` prints the room and file of each line.
Only lines with a word that is in no other room are drawn: a line that may be anywhere (``return found``,
``on a.exercice = b.exercice``) could only be guessed by luck.
"""

import random
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from pipelines.settings import PROJECT_ROOT

SOURCES = ("pipelines", "catalogue", "expectations", "dbt_project")
SUFFIXES = {".py", ".sql", ".yml", ".j2"}
DRAWN, LEAST = 20, 40  # a shorter line is a bracket or an import's tail
WORD = re.compile(r"[^\W\d_]{4,}")


def room(file: str) -> str:
    """The folder that a file is in, as the README lists them: a stage and a layer of dbt models are each one."""
    folders = Path(file).parts[:-1]
    deep = 3 if folders[:2] in (("pipelines", "stages"), ("dbt_project", "models")) else 2
    return "/".join(folders[: 1 if folders[0] in ("catalogue", "expectations") else deep])


def lines() -> list[tuple[str, str]]:
    """(file, line) of every line that says something of its own, in the order of git."""
    written = [
        (file, line.strip())
        for file in _git("ls-files", *SOURCES).splitlines()
        if Path(file).suffix in SUFFIXES
        for line in (PROJECT_ROOT / file).read_text(encoding="utf-8").splitlines()
        if len(line.strip()) >= LEAST and not line.lstrip().startswith(("#", "--", "import ", "from ", "{#"))
    ]
    rooms: dict[str, set[str]] = defaultdict(set)
    for file, line in written:
        for word in words(line):
            rooms[word].add(room(file))
    return [(file, line) for file, line in written if any(len(rooms[word]) == 1 for word in words(line))]


def words(line: str) -> set[str]:
    """The words of a line, those joined in an identifier apart from one another."""
    return {word.lower() for word in WORD.findall(line)}


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Print the lines, or where they come from."""
    seeds = [one for one in sys.argv[1:] if one != "--answers"] or [_git("rev-parse", "HEAD").strip()]
    found = lines()
    print(f"Rooms: {', '.join(sorted({room(file) for file, _ in found}))}\n")
    for number, (file, line) in enumerate(random.Random(seeds[0]).sample(found, DRAWN), 1):
        print(f"{number:2}  {f'{room(file)}  ({file})' if '--answers' in sys.argv else line}")


if __name__ == "__main__":
    main()
