"""Compares a run with a small change to a full build: ``python -m tests.bench.runs``, on the demonstration, three times each.

Each run is a separate command, imports included, as a user would type it.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

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
        full = median(_seconds(home, "run", "2020", "--full") for _ in range(TIMES))
        corrected = [_corrected(home) for _ in range(TIMES)]
        rows = [
            ("demonstration, three exercices, a new home", demonstration),
            ("full build", full),
            ("one export corrected, to the new published figure", median(published for published, _ in corrected)),
            ("the same, to the end of the command", median(ended for _, ended in corrected)),
            ("nothing changed", median(_seconds(home, "run", "2020") for _ in range(TIMES))),
        ]
    print(f"\n{'run':52}{'seconds':>9}{'of a full build':>17}")
    for what, seconds in rows:
        print(f"{what:52}{seconds:>9.1f}{seconds / full:>17.2f}")


def _corrected(home: Path) -> tuple[float, float]:
    """One line less in an export: seconds until the publication is replaced, and until the command ends."""
    file, link = home / EXPORT, home / "published"
    file.write_bytes(b"\n".join(file.read_bytes().rstrip(b"\n").split(b"\n")[:-1]) + b"\n")
    former, start = link.readlink(), time.perf_counter()
    with _millesime(home, "run", "2020") as running:
        while link.readlink() == former and running.poll() is None:
            time.sleep(0.02)
        published = time.perf_counter() - start
    return published, _ended(running, start)


def _seconds(home: Path, *arguments: str) -> float:
    start = time.perf_counter()
    with _millesime(home, *arguments) as running:
        running.wait()
    return _ended(running, start)


def _millesime(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [str(Path(sys.executable).with_name("millesime")), "--home", str(home), *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _ended(running: subprocess.Popen[bytes], start: float) -> float:
    if running.returncode:
        raise SystemExit(f"{running.args} failed")
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
