"""Twenty source lines, drawn by the commit: ``python -m tests.rooms``. Where does each belong?

Anyone with only the list of folders and files should get eighteen right. ``--answers`` gives the places instead.
"""

import random
import subprocess
import sys
from pathlib import Path

from pipelines.settings import PROJECT_ROOT

ROOMS = ("pipelines", "catalogue", "expectations", "dbt_project")
SUFFIXES = {".py", ".sql", ".yml", ".j2"}
DRAWN, LEAST = 20, 40  # a shorter line is a bracket or an import's tail, which belongs anywhere


def lines() -> list[tuple[str, str]]:
    """(file, line) of every line that says something, in the order of git."""
    files = _git("ls-files", *ROOMS).splitlines()
    return [
        (file, line.strip())
        for file in files
        if Path(file).suffix in SUFFIXES
        for line in (PROJECT_ROOT / file).read_text(encoding="utf-8").splitlines()
        if len(line.strip()) >= LEAST and not line.lstrip().startswith(("#", "--", "import ", "from ", "{#"))
    ]


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Print the lines, or where they come from."""
    commit = _git("rev-parse", "HEAD").strip()
    drawn = random.Random(commit).sample(lines(), DRAWN)
    for number, (file, line) in enumerate(drawn, 1):
        print(f"{number:2}  {file if '--answers' in sys.argv else line}")


if __name__ == "__main__":
    main()
