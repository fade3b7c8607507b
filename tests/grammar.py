"""Runs grammalecte on every page of a publication's reports, and prints what it finds except for what is accepted.

    apt-get install grammalecte-cli
    python -m tests.grammar HOME          prints what is not in tests/fixtures/grammalecte.txt, and fails if there is any

Each line of the list of accepted findings is a word, or « rule | words underlined ».
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ACCEPTED = Path(__file__).parent / "fixtures" / "grammalecte.txt"
OPTIONS = ("-j", "-ctx", "-off", "apos", "nbsp", "unit", "num")  # spaces and signs are those of pipelines.french
SENTENCES = ("titre", "note", "alternative", "libelle", "texte", "suite", "sens", "statut", "formule")
BLOCKS = ("paragraphe", "titre")


def sentences(part: Any) -> Iterator[str]:
    """The sentences of a part of a report's model, a title or a label too when it has several words."""
    if isinstance(part, dict):
        if part.get("genre") in BLOCKS and "enfants" in part:
            yield "".join(_words(part))
            return
        for name, value in part.items():
            if name in SENTENCES and isinstance(value, str):
                yield from [value] if value.count(" ") > 2 else []
            else:
                yield from sentences(value)
    elif isinstance(part, list):
        for one in part:
            yield from sentences(one)


def _words(node: dict[str, Any]) -> Iterator[str]:
    if node.get("genre") == "texte":
        yield node["texte"]
    for child in node.get("enfants", []):
        yield from _words(child)


def found(text: str) -> set[str]:
    """What grammalecte finds in a text, as the list of what is accepted names it. Raises CalledProcessError."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        done = subprocess.run(
            ["grammalecte-cli", "-f", file.name, *OPTIONS], capture_output=True, text=True, check=True
        )
    told = json.loads(done.stdout)["data"]
    wrong = {f"{one['sRuleId']} | {_underlined(one)}" for paragraph in told for one in paragraph["lGrammarErrors"]}
    return wrong | {one["sValue"] for paragraph in told for one in paragraph["lSpellingErrors"]}


def _underlined(error: dict[str, Any]) -> str:
    return error["sUnderlined"].strip()


def main(home: Path) -> int:
    """Print what is found and not accepted; 1 when there is any."""
    said: dict[str, None] = {}
    for path in sorted((home / "published" / "report").glob("*/*/modele.json")):
        for one in sentences(json.loads(path.read_text(encoding="utf-8"))):
            said[re.sub(r"\s+", " ", one).strip()] = None
    accepted = set(ACCEPTED.read_text(encoding="utf-8").splitlines())
    left = sorted(found("\n\n".join(said) + "\n") - accepted)
    print(*left, sep="\n")
    return 1 if left or not said else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
