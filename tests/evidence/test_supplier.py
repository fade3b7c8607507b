"""A refused line tells its supplier everything: each rule of each field of what is shipped, as ``rejects`` gives it in CSV."""

import re
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.pattern_words import example
from pipelines.catalogue.source_grammar import WORKBOOKS, Field
from pipelines.evidence.rejects import REFUSED_LINE, line_rejects
from pipelines.ledger.records import DeliveredFile, Manifest, TableCounts
from pipelines.settings import Home
from pipelines.sql import literal
from pipelines.stages.ingest.typing import fine_sql, read_field, reason_sql
from tests.french import english
from tests.supplier import INTERNAL, read

EXERCICE = 2020
CATALOGUE = load_catalogue()
TABLES = {
    f"{ref.system.system}/{table.name}": (ref, table)
    for ref in CATALOGUE.registry.exports()
    for table in ref.export.tables
}
WRONG = "#N/A"  # of no type: an error of a spreadsheet


def broken(field: Field) -> dict[str, str]:
    """Rule → a cell that breaks it."""
    cells = {"LIG-TYPE": WRONG}
    if field.constraints.required:
        cells["LIG-OBLIGATOIRE"] = ""
    if field.constraints.pattern and field.type == "string":
        cells["LIG-MOTIF"] = "?"
    return cells


@pytest.mark.parametrize("name", TABLES)
def test_a_refused_line_tells_its_supplier_what_to_mend(name: str, tmp_path: Path) -> None:
    ref, table = TABLES[name]
    titles, show = table.titles_in_files(EXERCICE), not table.has_personal_data
    cases = [
        (field, code, cell)
        for field in table.fields
        if not field.informative
        for code, cell in broken(field).items()
        if not (code == "LIG-TYPE" and field.personal == "member")  # any text names somebody
    ]
    queries = []
    for number, (field, _, cell) in enumerate(cases, start=2):
        reading = read_field(
            field, literal(cell), table, workbook=ref.export.format.type in WORKBOOKS, exercice=EXERCICE
        )
        reason = reason_sql(reading, titles[field.name], number, show=show)
        queries.append(f"select 'export.csv' as _fichier, null as _feuille, {number} as _ligne, unnest({reason})")
    refused = f"select *, null::decimal(20, 2) as _montant_eur from ({' union all '.join(queries)})"
    duckdb.sql(f"copy ({refused}) to '{tmp_path / 'lot.refus.parquet'}' (format parquet)")
    counts = TableCounts(len(cases), 0, len(cases), 0, str(tmp_path / "lot.parquet"), "")
    files = [DeliveredFile("export.csv", "0" * 64, 1)]
    manifest = Manifest("0" * 32, ref.system.system, ref.export.name, EXERCICE, files, {table.name: counts})
    rejects = {one.ligne: one for one in line_rejects(Home(tmp_path), ref, manifest, CATALOGUE.rules)}
    for number, (field, code, cell) in enumerate(cases, start=2):
        row = read(rejects[number], table, EXERCICE)
        assert (row["gravite"], row["regle"], row["colonne"]) == (REFUSED_LINE, code, titles[field.name]), row
        assert row["recu"] == ("rien" if not cell else cell) if show or not cell else "masqué" in row["recu"], row
        if code == "LIG-TYPE" and field.type in ("date", "datetime", "number", "integer", "year"):
            assert ", comme " in row["attendu"] or " : " in row["attendu"], row


@pytest.mark.parametrize("name", TABLES)
def test_an_example_is_a_cell_that_can_be_read(name: str) -> None:
    _, table = TABLES[name]
    queries = []
    for field in table.fields:
        if shown := example(field, EXERCICE):
            reading = read_field(field, "c", table, workbook=False, exercice=EXERCICE)
            queries.append(
                f"select {literal(field.name)}, {literal(shown)}, {fine_sql(reading, f'({reading.value})')} "
                f"from (select {literal(shown)} as c)"
            )
    found = duckdb.sql(" union all ".join(queries)).fetchall() if queries else []
    assert [(field, shown) for field, shown, is_read in found if not is_read] == []


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"type": "date", "format": "%d %B %Y"}, "31 décembre 2020"),
        ({"type": "date", "format": "%b-%y"}, "déc.-20"),
        (
            {"name": "c_utc", "type": "datetime", "format": "%Y-%m-%dT%H:%M:%S.%f%z", "timezone": "UTC"},
            "2020-12-31T14:30:00.000+01:00",
        ),
        ({"type": "number", "decimalChar": ",", "suffix": "€"}, "12,5 €"),
        ({"type": "integer", "suffix": {"Go": 1, "Mo": 0.001}}, "12 Go"),
        ({"type": "string", "constraints": {"pattern": r"^F\d{4}-\d{3}$"}}, "F1234-123"),
        ({"type": "string", "constraints": {"pattern": "D|R"}}, None),
        ({"type": "string"}, None),
        ({"type": "boolean"}, None),
    ],
)
def test_an_example_is_written_as_the_file_does(said: dict, shown: str | None) -> None:
    assert example(Field(**{"name": "c", "title": "C", **said}), EXERCICE) == shown


OPERATOR = re.compile(r"déclar|occurrence|millesime |relancer la collecte|[Ss]ignaler")


@pytest.mark.parametrize(
    "code", [code for code, one in CATALOGUE.rules.items() if code.startswith("FIC-") and not one.a_decider]
)
def test_the_help_of_a_refused_file_is_what_its_supplier_can_do_alone(code: str) -> None:
    help_ = CATALOGUE.rules[code].aide
    assert not [*OPERATOR.findall(help_), *INTERNAL.findall(help_), *english(help_)], help_
    assert len(help_.split()) > 5, f"nothing is said of what to do: {help_}"
