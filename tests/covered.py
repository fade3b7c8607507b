"""Prints the coverage of each room (package): ``make coverage``, which leaves its data in ``.coverage``."""

from collections import Counter
from pathlib import Path

from coverage import Coverage

from tests.imports import PIPELINES


def main() -> None:
    """Print the share of lines run by room, the least first; commands that tests start are counted with them."""
    data = Coverage()
    data.load()
    lines: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for file in map(Path, data.get_data().measured_files()):
        # others are templates of pages, or were run from an installed wheel or a copy that is gone
        if file.suffix != ".py" or not file.is_relative_to(PIPELINES):
            continue
        _, runnable, _, never, _ = data.analysis2(str(file))
        room = str(file.relative_to(PIPELINES.parent).parent)
        lines[room] += len(runnable)
        missed[room] += len(never)
    for room in sorted(+lines, key=lambda one: missed[one] / lines[one], reverse=True):
        print(f"{_share(lines[room], missed[room])}  {lines[room]:6}  {room}")
    print(f"{_share(lines.total(), missed.total())}  {lines.total():6}  in all")


def _share(lines: int, missed: int) -> str:
    return f"{100 * (lines - missed) / max(lines, 1):6.1f} %"


if __name__ == "__main__":
    main()
