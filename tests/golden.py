"""Keeps what the readers and the judge gave for small fixed files, with their version.

    python -m tests.golden        records the results again

The identities of a delivery and of a verdict include READER_VERSION and JUDGE_VERSION, so that nothing is read or judged twice
under the same version. If you change a reader, the typing or the judge so that the same bytes give another result, raise the
version: the tests fail until you do, and the command refuses to record two results for one version.
"""

import dataclasses
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipelines.catalogue.expectation_types import ROWS_QUERY, ExpectationSpec
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.source_grammar import System, Table
from pipelines.catalogue.sources import ExportRef
from pipelines.settings import Home
from pipelines.stages.ingest import delivery
from pipelines.stages.validate import suite as suites

FOLDER = Path(__file__).parent / "fixtures" / "golden"
EXERCICE, KEY = 2020, b"k" * 32
Case = dict[str, Any]  # {"made_from": fingerprint, "gives": …}


@dataclasses.dataclass(frozen=True)
class Golden:
    """What is kept of one step."""

    file: Path
    constant: str
    version: int
    make: Callable[[], dict[str, Case]]

    def kept(self) -> dict[str, Any]:
        """``{"version": …, "cases": …}``; empty before the first time."""
        return json.loads(self.file.read_text(encoding="utf-8")) if self.file.exists() else {"version": 0, "cases": {}}

    def unsaid(self, made: dict[str, Case]) -> list[str]:
        """The cases that give something else for the same thing, under the version that is kept."""
        kept = self.kept()
        before = kept["cases"]
        return [
            name
            for name, case in made.items()
            if kept["version"] == self.version
            and name in before
            and before[name]["made_from"] == case["made_from"]
            and before[name]["gives"] != case["gives"]
        ]


# readers ------------------------------------------------------------


def rows() -> dict[str, Case]:
    """Case → the rows, the refused and the ignored lines of its files, whatever the catalogue declares."""
    import yaml

    declared = yaml.safe_load((FOLDER / "readers.yml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        return {name: _read(name, case, Home(Path(folder) / name)) for name, case in declared.items()}


def _read(name: str, declared: dict, home: Home) -> Case:
    files = sorted((FOLDER / name).iterdir())
    tables = [_table(table) for table in declared["tables"]]
    export = {"name": "export", "title": name, "files": "*", "format": declared["format"], "tables": tables}
    system = System.model_validate({"system": "golden", "title": name, "owner": "essai", "exports": [export]})
    manifest = delivery.ingest(home, ExportRef(system, system.exports[0]), EXERCICE, files, KEY)
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    counts = {name: dataclasses.asdict(table) for name, table in manifest.tables.items()}
    gives = {table.name: _given(home.lake, table, counts[table.name]) for table in system.exports[0].tables}
    return {"made_from": fingerprint([declared, digests]), "gives": gives}


def _table(declared: dict) -> dict:
    """A table's declaration; under ``headings``, one field of text for each."""
    if "headings" not in declared:
        return {"title": declared["name"], **declared}
    headings = declared["headings"].split(" | ")
    needed = declared.get("required", [])
    fields = [
        {"name": f"c{index}", "title": heading, "constraints": {"required": heading in needed}}
        for index, heading in enumerate(headings, start=1)
    ]
    return {"name": declared["name"], "title": declared["name"], "fields": fields}


def _given(lake: Path, table: Table, counts: dict) -> dict[str, Any]:
    import duckdb

    parquet = lake / counts["parquet"]
    kinds = {"lignes": "", "refus": ".refus", "ignorees": ".ignores"}
    named = ("lues", "acceptees", "refusees", "ignorees", "totals", "jours_sans_ligne")
    given: dict[str, Any] = {"bilan": {name: counts[name] for name in named}}
    with duckdb.connect() as db:
        for kind, ending in kinds.items():
            if (file := parquet.with_suffix(f"{ending}.parquet")).exists():
                found = db.execute(f"select columns(c -> c <> '_livraison') from '{file}' order by all")
                given[kind] = {
                    "colonnes": [f"{_title(table, name)} {type_}" for name, type_, *_ in found.description],
                    "valeurs": [json.loads(json.dumps(row, default=str)) for row in found.fetchall()],
                }
    return given


def _title(table: Table, column: str) -> str:
    return next((field.title for field in table.fields if field.name == column), column)


# the judge ------------------------------------------------------------

BATCH = """
select * from (values
    ('a', 1, date '2020-01-31', true, 2020, 'f.csv', null, 2, 'l'), ('a', 2, date '2020-12-31', false, 2020, 'f.csv', null, 3, 'l'),
    ('bcd', 1000, null, null, 2020, 'f.csv', null, 4, 'l'), (null, null, date '2019-12-31', true, 2019, 'f.csv', null, 5, 'l'))
lot(code, nombre, jour, vrai, exercice, _fichier, _feuille, _ligne, _livraison)
"""
SPECS = [
    ("expect_table_row_count_to_be_between", {"min_value": 4, "max_value": 4}),
    ("expect_table_row_count_to_be_between", {"max_value": 3}),
    ("expect_column_values_to_not_be_null", {"column": "exercice"}),
    ("expect_column_values_to_not_be_null", {"column": "code"}),
    ("expect_column_values_to_not_be_null", {"column": "jour", "mostly": 0.7}),
    ("expect_column_values_to_be_unique", {"column": "nombre"}),
    ("expect_column_values_to_be_unique", {"column": "code"}),
    ("expect_column_values_to_be_in_set", {"column": "code", "value_set": ["a", "bcd"]}),
    ("expect_column_values_to_be_in_set", {"column": "vrai", "value_set": [True]}),
    ("expect_column_values_to_be_between", {"column": "nombre", "min_value": 1, "max_value": 1000}),
    ("expect_column_values_to_be_between", {"column": "nombre", "min_value": 2}),
    ("expect_column_value_lengths_to_be_between", {"column": "code", "min_value": 1, "max_value": 3}),
    ("expect_column_value_lengths_to_be_between", {"column": "code", "max_value": 2}),
    ("expect_column_distinct_values_to_contain_set", {"column": "code", "value_set": ["a"]}),
    ("expect_column_distinct_values_to_contain_set", {"column": "code", "value_set": ["z"]}),
    ("unexpected_rows_expectation", {"unexpected_rows_query": f"{ROWS_QUERY}nombre < 0"}),
    ("unexpected_rows_expectation", {"unexpected_rows_query": f"{ROWS_QUERY}year(jour) <> 2020"}),
    ("unexpected_rows_expectation", {"unexpected_rows_query": f"{ROWS_QUERY}absente = 1"}),
]


def verdicts() -> dict[str, Case]:
    """Each expectation over the same rows → its result."""
    import duckdb

    from pipelines.stages.validate.judge import judge

    specs = [
        ExpectationSpec(f"r{rank:02}", kind, kwargs, "critical", kwargs.get("column"), "raison", "remède")
        for rank, (kind, kwargs) in enumerate(SPECS, start=1)
    ]
    with tempfile.TemporaryDirectory() as folder:
        parquet = Path(folder) / "lot.parquet"
        duckdb.sql(f"copy ({BATCH}) to '{parquet}' (format parquet)")
        results = judge(parquet, suites.Suite("golden", "lot", tuple(specs)))
    return {
        f"{spec.key} {spec.type}": {
            "made_from": fingerprint([BATCH, dataclasses.asdict(spec)]),
            "gives": dataclasses.asdict(result),
        }
        for spec, result in zip(specs, results, strict=True)
    }


# what is kept ------------------------------------------------------------

ROWS = Golden(FOLDER / "rows.json", "READER_VERSION", delivery.READER_VERSION, rows)
VERDICTS = Golden(FOLDER / "verdicts.json", "JUDGE_VERSION", suites.JUDGE_VERSION, verdicts)


def renew(golden: Golden) -> None:
    """Keep what is given now. Raises SystemExit when the version must be raised first."""
    made = golden.make()
    if unsaid := golden.unsaid(made):
        sys.exit(
            f"{', '.join(unsaid)}: the same bytes give something else: raise {golden.constant}, then run this again"
        )
    golden.file.write_text(_text({"version": golden.version, "cases": made}), encoding="utf-8")


def _text(value: Any) -> str:
    """JSON whose innermost lists and mappings take one line each: a row is one line of the difference."""
    return "\n".join(_lines(value, "")) + "\n"


def _lines(value: Any, indent: str, key: str = "", end: str = "") -> Iterator[str]:
    items = list(value.values() if isinstance(value, dict) else value) if isinstance(value, dict | list) else []
    if not any(isinstance(item, dict | list) for item in items):
        yield f"{indent}{key}{json.dumps(value, ensure_ascii=False)}{end}"
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    yield f"{indent}{key}{opening}"
    keys = (
        [f"{json.dumps(name, ensure_ascii=False)}: " for name in value]
        if isinstance(value, dict)
        else [""] * len(items)
    )
    for rank, (name, item) in enumerate(zip(keys, items, strict=True), start=1):
        yield from _lines(item, f"{indent} ", name, "," if rank < len(items) else "")
    yield f"{indent}{closing}{end}"


if __name__ == "__main__":
    for one in (ROWS, VERDICTS):
        renew(one)
