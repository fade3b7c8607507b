"""Compares a run with a small change to a full build: ``python -m tests.bench.runs``, on the demonstration, three times each.

Each run is a separate command, imports included, as a user would type it.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

TIMES = 3
EXPORT = "landing/2020/cartads/cartads_demonstration_2020.csv"


def main() -> None:
    """Print the median seconds of each, and their ratio to the full build."""
    with tempfile.TemporaryDirectory(prefix="millesime-bench-") as folder:
        home = Path(folder) / "home"
        os.environ |= {
            "MILLESIME_KEY_FILE": str(Path(folder) / "key"),
            "MILLESIME_QUIET": "0",
        }  # what is corrected is read at once
        demonstration = _seconds(home, "demo", str(home))
        full = _median(lambda: _seconds(home, "run", "2020", "--full"))
        rows = [
            ("demonstration, three exercices, a new home", demonstration),
            ("full build", full),
            ("one export corrected", _median(lambda: _corrected(home))),
            ("nothing changed", _median(lambda: _seconds(home, "run", "2020"))),
        ]
    print(f"\n{'run':46}{'seconds':>9}{'of a full build':>17}")
    for what, seconds in rows:
        print(f"{what:46}{seconds:>9.1f}{seconds / full:>17.2f}")


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(TIMES))


def _corrected(home: Path) -> float:
    """One line less in an export."""
    file = home / EXPORT
    file.write_bytes(b"\n".join(file.read_bytes().rstrip(b"\n").split(b"\n")[:-1]) + b"\n")
    return _seconds(home, "run", "2020")


def _seconds(home: Path, *arguments: str) -> float:
    command = [str(Path(sys.executable).with_name("millesime")), "--home", str(home), *arguments]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
