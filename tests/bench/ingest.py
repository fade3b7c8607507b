"""Ingest of a large CSV against a bare DuckDB ``create table as select * from read_csv(...)`` of the same file.

    python tests/bench/ingest.py [lines]        prints both times, their ratio and the peak memory of ingest

The bare reading goes into a database file, closed: like ingest, it leaves the rows on the disk. The budget (10 M lines): at
most twice its time, under 1 GB. Each measure runs in a process of its own; processor time is steadier than the clock on a
busy machine.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DECLARATION = """
system: banc
title: Banc d’essai
owner: personne
exports:
  - name: operations
    title: Opérations
    files: "*.csv"
    format: {type: csv, encoding: utf-8, delimiter: ";"}
    tables:
      - name: operations
        title: Opérations
        fields:
          - {name: numero, title: Numéro, type: integer, constraints: {required: true}}
          - {name: date_operation, title: Date, type: date, format: "%d/%m/%Y", constraints: {required: true}}
          - {name: libelle, title: Libellé, constraints: {required: true}}
          - {name: code, title: Code, constraints: {pattern: "[A-Z]{2}[0-9]{3}"}}
          - {name: montant_eur, title: Montant, type: number, decimalChar: ",", groupChar: " "}
          - {name: est_solde, title: Soldé, type: boolean, trueValues: [O], falseValues: [N]}
        exercice: {column: date_operation, rule: within}
"""
EXERCICE = 2020
REFUSED_EVERY = 100_003  # one line in so many holds an impossible date


def write_file(path: Path, lines: int) -> None:
    """Write ``lines`` operations: French dates and decimals, thousands grouped by a no-break space."""
    import duckdb

    with duckdb.connect() as db:
        db.execute(
            f"""copy (
                select i as "Numéro",
                       case when i % {REFUSED_EVERY} = 7 then '31/02/2020'
                            else strftime(date '{EXERCICE}-01-01' + cast(i % 366 as integer), '%d/%m/%Y') end as "Date",
                       'Opération n° ' || (i * 7919 % 100000) as "Libellé",
                       'AB' || lpad(cast(i % 1000 as varchar), 3, '0') as "Code",
                       case when i % 3 = 0 then (i % 9 + 1) || '\u00a0' || lpad(cast(i % 1000 as varchar), 3, '0') || ',50'
                            else (i % 1000) || ',25' end as "Montant",
                       case when i % 2 = 0 then 'O' else 'N' end as "Soldé"
                from range({lines}) t(i)
            ) to '{path}' (format csv, delimiter ';', header true)"""
        )


def bare(path: Path) -> dict:
    """DuckDB alone, its defaults."""
    import duckdb

    start = time.perf_counter()
    with duckdb.connect(str(path.parent / "bare.duckdb")) as db:
        db.execute("set enable_progress_bar = false")
        db.execute(f"create table t as select * from read_csv('{path}')")
        (rows,) = db.execute("select count(*) from t").fetchone()
    return {"seconds": time.perf_counter() - start, "rows": rows}


def ours(path: Path) -> dict:
    """The project's ingest of one delivery, archive included."""
    from pipelines.catalogue.load import Catalogue
    from pipelines.settings import Home
    from pipelines.stages.ingest.delivery import ingest

    catalogue = path.parent / "shipped" / "catalogue" / "systems"
    catalogue.mkdir(parents=True, exist_ok=True)
    (catalogue / "banc.yml").write_text(DECLARATION, encoding="utf-8")
    ref = Catalogue(path.parent / "shipped", None).registry.export_of("banc/operations")
    start = time.perf_counter()
    manifest = ingest(Home(path.parent / f"home-{os.getpid()}"), ref, EXERCICE, [path], b"k" * 32)
    counts = manifest.tables["operations"]
    return {"seconds": time.perf_counter() - start, "rows": counts.acceptees, "refused": counts.refusees}


def measured(side: str, path: Path) -> dict:
    """Run one side in its own process; add its peak memory (MB)."""
    done = subprocess.run([sys.executable, __file__, side, str(path)], capture_output=True, check=True, text=True)
    return json.loads(done.stdout)


def main() -> None:
    """Print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", nargs="?", type=int, default=10_000_000)
    lines = parser.parse_args().lines
    with tempfile.TemporaryDirectory(prefix="millesime-bench-") as folder:
        path = Path(folder) / "operations.csv"
        write_file(path, lines)
        print(f"{lines:,} lines, {path.stat().st_size / 1e6:.0f} MB")
        alone, whole = measured("bare", path), measured("ours", path)
    for name, seen in (("bare read_csv", alone), ("ingest", whole)):
        print(f"{name:14} {seen['seconds']:6.1f} s  {seen['processor']:6.1f} s of processor  {seen['peak_mb']:5.0f} MB")
    print(f"{whole['refused']} lines refused")
    clock, processor = (whole[k] / alone[k] for k in ("seconds", "processor"))
    print(
        f"ratio {clock:.2f} by the clock, {processor:.2f} of processor (budget 2.00, and 1000 MB for 10,000,000 lines)"
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        answer = {"bare": bare, "ours": ours}[sys.argv[1]](Path(sys.argv[2]))
        used = resource.getrusage(resource.RUSAGE_SELF)
        answer |= {"processor": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}
        print(json.dumps(answer))
    else:
        main()
