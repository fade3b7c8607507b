"""Measures a year with 1, 10 and 40 times the lines of the demonstration: ``python -m tests.bench.scale [factor...]``.

The lines of the largest exports of 2020 are repeated with new numbers (sessions, mandats, titres, tickets). Each size runs in its
own process, stage by stage, with the engine's own functions. ``exponent`` is that of the growth between the two largest sizes
(1 means proportional to the lines); it means nothing for a stage or a model that takes less than a tenth of a second.
"""

import csv
import math
import os
import re
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.measure import Measure, answer, measured

MODULE = "tests.bench.scale"  # also when another module calls it
YEAR = 2020
FACTORS = (1, 10, 40)
SHOWN, LITTLE = 10, 0.1
NUMBERED = [  # export, encoding, and the column that gets new numbers
    ("ciril_finances/mandats_*.csv", "cp1252", "N° mandat"),
    ("ciril_finances/titres_*.csv", "cp1252", "N° titre"),
    ("glpi/glpi_*.csv", "utf-8-sig", "ID"),
]


def enlarge(landing: Path, factor: int) -> None:
    """Repeat the lines of the largest exports ``factor`` times, each time under numbers of its own."""
    for pattern, encoding, column in NUMBERED:
        for path in sorted(landing.glob(pattern)):
            _repeat(path, encoding, column, factor)
    for path in sorted(landing.glob("citrix/*.log")):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        with path.open("w", encoding="utf-8") as out:
            for line in lines:  # an event of each copy after the other: a log is in order of time
                for copy in range(factor):
                    out.write(re.sub(r"(SessionId: )(\d+)", rf"\g<1>{copy}\g<2>", line) if copy else line)


def _repeat(path: Path, encoding: str, column: str, factor: int) -> None:
    with path.open(encoding=encoding, newline="") as source:
        header, *rows = csv.reader(source, delimiter=";")
    place = header.index(column)
    highest = max(int(re.sub(r"\D", "", row[place]) or 0) for row in rows)
    with path.open("w", encoding=encoding, newline="") as out:
        writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL)
        writer.writerow(header)
        for copy in range(factor):
            for row in rows:
                number = int(re.sub(r"\D", "", row[place]) or 0) + copy * highest
                writer.writerow([*row[:place], str(number), *row[place + 1 :]])


def run(home: Path) -> Measure:
    """Collect, build and publish; the seconds of each stage and model."""
    from pipelines.ledger.workspace import open_workspace
    from pipelines.runs.build import end, prepare, run_dbt
    from pipelines.runs.collect import collect
    from pipelines.runs.publish import publish_warehouse
    from pipelines.settings import Home
    from pipelines.stages.transform.dbt import parse

    stages: dict[str, float] = {}
    peaks: dict[str, float] = {}  # MB, so far

    @contextmanager
    def timed(stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        stages[stage] = time.perf_counter() - start
        peaks[stage] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    with open_workspace(Home(home)) as work:
        parse(work.catalogue, work.home)
        with timed("read and judge"):
            outcomes = [collect(work, ref, YEAR) for ref in work.exports(YEAR)]
        with timed("load"):
            prepared = prepare(work, whole=True)
        with timed("dbt"):
            results = run_dbt(work, prepared)
        models = {result.name: result.seconds for result in results}
        with timed("findings, swap"):
            end(work, prepared, results)
        with timed("publish, report, audit"):
            publish_warehouse(work)
    lines = sum(table.lues for one in outcomes if one.manifest for table in one.manifest.tables.values())
    return {"stages": stages, "models": models, "peaks": peaks, "lines": lines}


def main(factors: list[int]) -> None:
    """Print the table of stages, then the models that grew most."""
    with tempfile.TemporaryDirectory(prefix="millesime-bench-") as folder:
        os.environ["MILLESIME_KEY_FILE"] = str(Path(folder) / "key")
        (Path(folder) / "key").write_bytes(b"k" * 32)
        found = [measure(Path(folder), factor) for factor in factors]
    print(f"\n{'stage':36}" + "".join(f"{f'× {factor}':>12}" for factor in factors) + f"{'exponent':>10}")
    print(f"{'lines':36}" + "".join(f"{one['lines']:>12,}" for one in found))
    for stage in found[0]["stages"]:
        _tell(stage, [one["stages"][stage] for one in found], found)
    _tell("in all", [one["seconds"] for one in found], found)
    for stage in found[0]["peaks"]:
        print(f"{f'MB so far: {stage}':36}" + "".join(f"{one['peaks'][stage]:>12.0f}" for one in found))
    print("\nthe models and tests that grew most")
    grown = sorted(found[-1]["models"], key=lambda name: -found[-1]["models"][name])
    for name in grown[:SHOWN]:
        _tell(name[:36], [one["models"].get(name, 0.0) for one in found], found)


def measure(folder: Path, factor: int) -> Measure:
    """What a run of ``factor`` times the demonstration's lines of one year takes."""
    import yaml

    from demo.home import make_home

    home = folder / f"home{factor}"
    make_home(home, [YEAR])
    file = home / "organisation.yml"
    organisation = yaml.safe_load(file.read_text(encoding="utf-8"))
    organisation["exercices"] = {"premier": YEAR, "dernier": YEAR}
    file.write_text(yaml.safe_dump(organisation, allow_unicode=True, sort_keys=False), encoding="utf-8")
    for other in (home / "landing").iterdir():
        if other.name != str(YEAR):
            shutil.rmtree(other)
    enlarge(home / "landing" / str(YEAR), factor)
    said = measured(MODULE, "measure", home)
    shutil.rmtree(home)
    return said


def _tell(what: str, seconds: list[float], found: list[Measure]) -> None:
    shown = "".join(f"{one:>11.1f}s" for one in seconds)
    print(f"{what:36}{shown}{_exponent(seconds, found):>10}")


def _exponent(seconds: list[float], found: list[Measure]) -> str:
    if len(seconds) < 2 or min(seconds[-2:]) < LITTLE:
        return "—"
    return f"{math.log(seconds[-1] / seconds[-2]) / math.log(found[-1]['lines'] / found[-2]['lines']):.2f}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        answer(lambda: run(Path(sys.argv[2])))
    else:
        main([int(factor) for factor in sys.argv[1:]] or list(FACTORS))
