"""Writes what a whole campaign came to in the page that tells it, between two marks, so that it can be made again."""

from collections.abc import Mapping
from pathlib import Path

from tests.absences.campaign import Result
from tests.absences.removals import KINDS, Removal

BEGIN, END = "<!-- results: made by python -m tests.absences --write -->", "<!-- end of results -->"
TITLES = {
    "demonstration": "the demonstration, 2018 to 2020",
    "invented": "an invented home, 2022 to 2024",
    "budgets": "real budgets, 2021 to 2023",
    "renderings": "what is printed of the demonstration",
}


def write_results(page: Path, results: Mapping[str, Result], seed: int) -> None:
    """Replace what stands between the marks of ``page``."""
    text = page.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(before + "\n".join([BEGIN, *_lines(results, seed), END]) + after, encoding="utf-8")


def _lines(results: Mapping[str, Result], seed: int) -> list[str]:
    lines = ["", f"Seed {seed}:", "", "| campaign | builds | removed | seen | unchanged | undetectable | violations |"]
    lines.append("|---|--:|--:|--:|--:|--:|--:|")
    for name, one in results.items():
        judged = [str(len(each)) for each in (one.seen, one.unchanged, one.undetectable)]
        judged = judged if name != "renderings" else ["", "", ""]  # where only what is printed is read
        numbers = " | ".join([str(len(one.removed)), *judged, str(len(one.violations))])
        lines.append(f"| {TITLES.get(name, name)} | {one.builds} | {numbers} |")
    tried = {name: one for name, one in results.items() if name != "renderings"}
    lines += ["", "| removed | " + " | ".join(tried) + " |", "|---|" + "--:|" * len(tried)]
    for kind in KINDS:
        numbers = [sum(one.kind == kind for one in result.removed) for result in tried.values()]
        if any(numbers):
            lines.append(f"| {kind} | " + " | ".join(map(str, numbers)) + " |")
    lines += [
        "",
        "What said so: what the states of figures became, then the findings. « Unsaid » counts what changed no figure, or is a",
    ]
    lines.append("line that nothing announces.")
    for name, result in tried.items():
        lines += ["", f"**{TITLES.get(name, name).capitalize()}**", ""]
        lines += ["| system | removed | number | states | findings | unsaid |", "|---|---|--:|---|---|--:|"]
        lines += _of_systems(result)
    return [*lines, ""]


def _of_systems(result: Result) -> list[str]:
    places: dict[tuple[str, int], list[Removal]] = {}
    for one in result.removed:
        places.setdefault((one.key.split("/")[0], [*KINDS].index(one.kind)), []).append(one)
    lines = []
    for (system, rank), those in sorted(places.items()):
        words = sorted({word for one in those for word in result.told.get(one, [])})
        states, codes = [w for w in words if w.islower()], [w for w in words if not w.islower()]
        unsaid = sum(one not in result.told for one in those)
        cells = [system, [*KINDS][rank], str(len(those)), ", ".join(states), ", ".join(codes), str(unsaid or "")]
        lines.append(f"| {' | '.join(cells)} |")
    return lines
