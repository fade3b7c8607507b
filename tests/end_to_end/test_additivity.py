"""Numbers declared to add up do: detail rows add up to the total rows of their table and to the figures of the report.

The tests follow from what the catalogue declares about published columns, for every table that readers see: nothing is listed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.catalogue.fields import Dimension, Meaning, is_measure
from pipelines.catalogue.figures.measure import conditions
from pipelines.catalogue.load import load_catalogue
from tests.end_to_end.conftest import opened

CATALOGUE = load_catalogue()
ROLES = {"detail", "total", "dont"}
RESTRICTED = "prive"  # the name under which the restricted file is opened


@dataclass(frozen=True)
class Table:
    """What the catalogue declares about one published table."""

    name: str
    layer: str
    columns: dict[str, Meaning]
    key: list[str]
    measures: dict[str, Meaning]

    @property
    def dimensions(self) -> dict[str, Dimension]:
        """The columns that identify rows, each with its dimension."""
        named = {name: said.dimension for name, said in self.columns.items() if said.dimension}
        return {**dict.fromkeys(self.key, "ventilations"), **named}

    @property
    def full_name(self) -> str:
        return f"{RESTRICTED}.restreint.{self.name}" if self.layer == "restreint" else f"{self.layer}.{self.name}"


def tables() -> Iterator[Table]:
    project = CATALOGUE.project
    for thing in project.said:
        layer = project.folder_of[thing.path].parts[1]
        if layer in ("marts", "restreint", "rapport"):
            columns = {
                column["name"]: CATALOGUE.fields.of(thing.name, column["name"]) for column in thing.data["columns"]
            }
            key = project.keys[thing.name]
            measures = {
                c["name"]: columns[c["name"]] for c in thing.data["columns"] if is_measure(c, key, columns[c["name"]])
            }
            yield Table(thing.name, layer, columns, key, measures)


TABLES = {table.name: table for table in tables()}
LINKED = [(t.name, name, said.chiffre) for t in TABLES.values() for name, said in t.columns.items() if said.chiffre]
SUMS = {
    code: one.figure
    for code, one in CATALOGUE.figures.by_code.items()
    if one.figure.mesure and one.figure.mesure.agregat == "somme"
}


@pytest.fixture(scope="module")
def report(demonstration: Path) -> duckdb.DuckDBPyConnection:
    db = opened(demonstration)
    db.execute(f"attach '{demonstration / 'published' / 'millesime_restreint.duckdb'}' as {RESTRICTED} (read_only)")
    return db


def rows(db: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = db.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def figures(db: duckdb.DuckDBPyConnection, code: str) -> dict[int, tuple[Decimal, int]]:
    """Exercice → value and decimals, where the figure was computed."""
    found = rows(
        db, f"select exercice, valeur, decimales from rapport.chiffres where code = '{code}' and statut = 'calculé'"
    )
    return {row["exercice"]: (row["valeur"], row["decimales"]) for row in found}


def rounded(value: Decimal, places: int) -> Decimal:
    return round(Decimal(value) + Decimal(1).scaleb(-9).copy_sign(value), places)  # half away from zero


def test_every_measure_says_how_it_adds() -> None:
    assert len(TABLES) > 90
    assert [
        f"{t.name}.{name}" for t in TABLES.values() for name, said in t.measures.items() if said.adds_along is None
    ] == []


def test_every_row_of_the_report_says_what_it_is_and_no_mart_has_a_total(report) -> None:
    for table in TABLES.values():
        if table.layer == "rapport" and table.name != "chiffres":
            found = {row["role_ligne"] for row in rows(report, f"select distinct role_ligne from {table.full_name}")}
            assert found <= ROLES, table.name
        else:
            assert "role_ligne" not in table.columns


def test_total_rows_are_the_sums_of_the_detail_rows(report) -> None:
    """Some key columns of a total row contain a word that no detail row has: the total sums the details over these columns."""
    compared = set()
    for table in TABLES.values():
        if "role_ligne" not in table.columns:
            continue
        found = rows(report, f"select * from {table.full_name}")
        details = [row for row in found if row["role_ligne"] == "detail"]
        for whole in (row for row in found if row["role_ligne"] == "total"):
            summed = [name for name in table.key if whole[name] not in {row[name] for row in details}]
            assert summed, (table.name, whole)
            kept = [row for row in details if all(row[name] == whole[name] for name in table.key if name not in summed)]
            for name, said in table.measures.items():
                if {table.dimensions[one] for one in summed} <= {*said.adds_along} and None not in [
                    row[name] for row in kept
                ]:
                    assert sum(row[name] for row in kept) == whole[name], (table.name, name, whole)
                    compared.add((table.name, name))
    assert {name for name, _ in compared} >= {
        "rpt_assistance__delais",
        "rpt_rh__effectifs",
        "rpt_rh__filieres",
        "rpt_rh__genres",
    }


@pytest.mark.parametrize(("table", "column", "code"), LINKED)
def test_detail_rows_add_up_to_the_figure(report, table: str, column: str, code: str) -> None:
    printed, of = figures(report, code), TABLES[table]
    assert set(of.dimensions[name] for name in of.key if name != "exercice") <= {*of.columns[column].adds_along}
    sums = rows(
        report,
        f"select exercice, sum({column}) as somme from {of.full_name} where role_ligne = 'detail' group by exercice "
        f"having count(*) = count({column})",
    )
    compared = [row for row in sums if row["exercice"] in printed]
    for row in compared:
        value, places = printed[row["exercice"]]
        assert rounded(row["somme"], places) == value, row
    assert compared or not sums or not printed


def test_most_links_were_compared(report) -> None:
    """Most links can be compared in some exercice of the demonstration; the others would prove nothing."""
    idle = [code for _, _, code in LINKED if not figures(report, code)]
    assert idle == []


@pytest.mark.parametrize("code", SUMS)
def test_a_figure_sums_a_measure_along_what_it_adds_over(report, code: str) -> None:
    """The figure's filter fixes each dimension along which the measure does not add; the plain sum of the mart is then the figure."""
    figure = SUMS[code]
    table, measure = TABLES[figure.mesure.fait], figure.mesure
    held = {*measure.filtre, *([CATALOGUE.figures.families[figure.family].code] if figure.family else [])}
    along = table.columns[measure.colonne].adds_along
    for dimension in {table.dimensions[name] for name in table.dimensions if name != "exercice"} - {*along}:
        assert held & {name for name, one in table.dimensions.items() if one == dimension}, dimension
    if not figure.family:
        where = " and ".join(["true", *conditions(measure.filtre)])
        query = (
            f"select exercice, sum({measure.colonne}) as somme from {table.full_name} where {where} group by exercice"
        )
        sums = {row["exercice"]: row["somme"] for row in rows(report, query)}
        for exercice, (value, places) in figures(report, code).items():
            assert rounded(sums.get(exercice) or Decimal(0), places) == value, exercice


def test_detail_rows_of_budgets_add_up_whatever_the_documents(report) -> None:
    """With budget primitif, decisions and accounts: the plain sum of a report table, with the figure's filter, is the figure."""
    compared = set()
    for table in (
        one for one in TABLES.values() if "role_ligne" in one.columns and "documents" in one.dimensions.values()
    ):
        for code, figure in SUMS.items():
            measure = figure.mesure
            fact = TABLES[measure.fait]
            where = {name: value for name, value in measure.filtre.items() if fact.dimensions.get(name) != "documents"}
            if (
                measure.colonne not in table.measures
                or not {*where} <= {*table.columns}
                or "document_id" not in fact.columns
            ):
                continue
            if "documents" not in table.columns[measure.colonne].adds_along:
                continue
            tests = " and ".join(["role_ligne = 'detail'", *conditions(where)])
            query = f"select exercice, sum({measure.colonne}) as somme from {table.full_name} where {tests} group by exercice"
            sums = {row["exercice"]: row["somme"] for row in rows(report, query)}
            for exercice, (value, places) in figures(report, code).items():
                if value is not None:
                    assert rounded(sums.get(exercice) or Decimal(0), places) == value, (table.name, code, exercice)
                    compared.add((table.name, measure.colonne))
    assert compared >= {
        ("rpt_finances__sections", "credits_ouverts_eur"),
        ("rpt_finances__chapitres", "credits_ouverts_eur"),
    }
