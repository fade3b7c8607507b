"""Compares the ingest of one large file, in each format, with a bare reader of the same file: ``python -m tests.bench.ingest [lines]``.

The bare readers: DuckDB for CSV and JSONL (``create table as select``, into a database file, closed: like ingest, it leaves the
rows on the disk), calamine for workbooks. A CSV is also loaded with a hand-written pandas script: the same casts, then Parquet.
Ingest does more: it archives the original, types and checks each cell, and keeps refused lines with their reason.
"""

import sys
import tempfile
from importlib import import_module
from pathlib import Path

from tests.bench.measure import Measure, answer, measured

MODULE = "tests.bench.ingest"  # also when another module calls it
EXERCICE = 2020
LINES = 10_000_000
REFUSED_EVERY = 100_003  # one line in so many holds an impossible date
HEADINGS = ["Numéro", "Date", "Libellé", "Code", "Montant", "Soldé"]
FORMATS = {  # format → its declaration, how its dates and numbers are written, share of the lines of the CSV
    "csv": (
        '{type: csv, encoding: utf-8, delimiter: ";"}',
        ', format: "%d/%m/%Y"',
        ', decimalChar: ",", groupChar: " "',
        1,
    ),
    "jsonl": ("{type: jsonl}", ', format: "%d/%m/%Y"', ', decimalChar: ",", groupChar: " "', 0.1),
    "xlsx": ("{type: xlsx}", "", "", 0.0262),
}
DECLARATION = """
system: banc
title: Banc d’essai
owner: personne
exports:
  - name: operations
    title: Opérations
    files: "*"
    format: {format}
    tables:
      - name: operations
        title: Opérations
        fields:
          - {{name: numero, title: Numéro, type: integer, constraints: {{required: true}}}}
          - {{name: date_operation, title: Date, type: date{date}, constraints: {{required: true}}}}
          - {{name: libelle, title: Libellé, constraints: {{required: true}}}}
          - {{name: code, title: Code, constraints: {{pattern: "[A-Z]{{2}}[0-9]{{3}}"}}}}
          - {{name: montant_eur, title: Montant, type: number{number}}}
          - {{name: est_solde, title: Soldé, type: boolean, trueValues: [O], falseValues: [N]}}
        exercice: {{column: date_operation, rule: within}}
"""
ROWS = f"""
    select i as "Numéro",
           case when i % {REFUSED_EVERY} = 7 then '31/02/2020'
                else strftime(date '{EXERCICE}-01-01' + cast(i % 366 as integer), '%d/%m/%Y') end as "Date",
           'Opération n° ' || (i * 7919 % 100000) as "Libellé",
           'AB' || lpad(cast(i % 1000 as varchar), 3, '0') as "Code",
           case when i % 3 = 0 then (i % 9 + 1) || '\u00a0' || lpad(cast(i % 1000 as varchar), 3, '0') || ',50'
                else (i % 1000) || ',25' end as "Montant",
           case when i % 2 = 0 then 'O' else 'N' end as "Soldé"
    from range({{lines}}) t(i)
"""


def write_file(path: Path, lines: int) -> None:
    """Write ``lines`` operations as the ending of ``path`` says: French dates and decimals as text, true ones in workbooks."""
    import duckdb

    if path.suffix in (".csv", ".jsonl"):
        options = "format csv, delimiter ';', header true" if path.suffix == ".csv" else "format json"
        with duckdb.connect() as db:
            db.execute(f"copy ({ROWS.format(lines=lines)}) to '{path}' ({options})")
    else:
        _write_xlsx(path, lines)


def _write_xlsx(path: Path, lines: int) -> None:
    import datetime as dt

    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, HEADINGS)
        for i in range(1, lines + 1):
            sheet.write_number(i, 0, i)
            sheet.write_datetime(i, 1, dt.datetime(EXERCICE, 1, 1) + dt.timedelta(days=i % 366), day)
            sheet.write_string(i, 2, f"Opération n° {i * 7919 % 100000}")
            sheet.write_string(i, 3, f"AB{i % 1000:03}")
            sheet.write_number(i, 4, i % 1000 + 0.25)
            sheet.write_string(i, 5, "ON"[i % 2])


def bare(path: Path) -> Measure:
    """The reader alone."""
    if path.suffix == ".xlsx":
        import python_calamine

        (sheet,) = python_calamine.CalamineWorkbook.from_path(str(path)).sheet_names
        return {
            "rows": len(python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet).to_python()) - 1
        }
    import duckdb

    with duckdb.connect(str(path.parent / "bare.duckdb")) as db:
        db.execute("set enable_progress_bar = false")
        db.execute(
            f"create or replace table t as select * from {'read_csv' if path.suffix == '.csv' else 'read_json'}('{path}')"
        )
        (rows,) = db.execute("select count(*) from t").fetchone()
    return {"rows": rows}


def by_hand(path: Path) -> Measure:
    """A load with pandas and the same casts: what a careful script would do."""
    import duckdb
    import pandas as pd

    rows = pd.read_csv(path, sep=";", dtype=str, keep_default_na=False)
    rows["Numéro"] = rows["Numéro"].astype("int64")
    rows["Date"] = pd.to_datetime(rows["Date"], format="%d/%m/%Y", errors="coerce")
    amounts = rows["Montant"].str.replace("\u00a0", "", regex=False).str.replace(",", ".", regex=False)
    rows["Montant"] = pd.to_numeric(amounts, errors="coerce")
    rows["Soldé"] = rows["Soldé"].map({"O": True, "N": False})
    good = rows["Date"].notna() & (rows["Date"].dt.year == EXERCICE) & rows["Code"].str.fullmatch("[A-Z]{2}[0-9]{3}")
    duckdb.from_df(rows[good]).write_parquet(str(path.with_suffix(".parquet")))
    return {"rows": int(good.sum())}


def ours(path: Path) -> Measure:
    """The project's ingest of one delivery, archive included."""
    from pipelines.catalogue.load import Catalogue
    from pipelines.settings import Home
    from pipelines.stages.ingest.delivery import ingest

    kind, date, number, _ = FORMATS[path.suffix[1:]]
    systems = path.parent / "shipped" / "catalogue" / "systems"
    systems.mkdir(parents=True, exist_ok=True)
    (systems / "banc.yml").write_text(DECLARATION.format(format=kind, date=date, number=number), encoding="utf-8")
    ref = Catalogue(path.parent / "shipped", None).registry.export_of("banc/operations")
    counts = ingest(Home(path.parent / f"home-{path.suffix[1:]}"), ref, EXERCICE, [path], b"k" * 32).tables[
        "operations"
    ]
    return {"rows": counts.acceptees, "refused": counts.refusees}


def main(lines: int) -> None:
    """Print one line per format."""
    print(f"\n{'ingest':28}{'lines':>12}{'bare':>9}{'ingest':>9}{'ratio':>8}{'peak MB':>9}")
    with tempfile.TemporaryDirectory(prefix="millesime-bench-") as folder:
        for name, (*_, share) in FORMATS.items():
            path = Path(folder) / f"operations.{name}"
            write_file(path, int(lines * share))
            alone, whole = measured(MODULE, "bare", path), measured(MODULE, "ours", path)
            _tell(f"{name}, against {'calamine' if name == 'xlsx' else 'DuckDB'}", alone, whole)
            if name == "csv":
                _tell("csv, against pandas by hand", measured(MODULE, "by_hand", path), whole)
            path.unlink()


def _tell(what: str, alone: Measure, whole: Measure) -> None:
    ratio = whole["seconds"] / alone["seconds"]
    print(
        f"{what:28}{whole['rows']:>12,}{alone['seconds']:>8.1f}s{whole['seconds']:>8.1f}s{ratio:>8.2f}{whole['peak_mb']:>9.0f}"
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        side = {"bare": bare, "by_hand": by_hand, "ours": ours}[sys.argv[1]]
        for module in (
            "duckdb",
            "pandas",
            "python_calamine",
            "pipelines.catalogue.load",
            "pipelines.stages.ingest.delivery",
        ):
            import_module(module)  # before the clock starts: imports do not grow with the lines
        answer(lambda: side(Path(sys.argv[2])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else LINES)
