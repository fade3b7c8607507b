"""Columns of exports have the titles and units declared for them."""

from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.fields import Entry, Fields
from pipelines.ledger.state import write_state
from pipelines.publication import INTERNE
from pipelines.stages.publish.profiles import Column, opened
from pipelines.stages.publish.workbook import heading

FIELDS = Fields(
    {
        "montant_eur": Entry(title="Montant", type="number", unit="EUR", description="Montant payé."),
        "fct_dons.montant_eur": Entry(title="Don", description="Montant donné."),
        "motif": Entry(title="Motif", description="Pourquoi la ligne compte."),
    }
)
TABLES = """
create schema marts; create table marts.fct_dons (montant_eur decimal(18, 2), motif varchar, taille_octets bigint);
comment on column marts.fct_dons.montant_eur is 'Montant donné.';
create schema audit; create table audit.decisions (motif varchar);
comment on column audit.decisions.motif is 'Motif de la décision, en toutes lettres.';
"""


@pytest.fixture
def columns(tmp_path: Path) -> dict[str, Column]:
    with duckdb.connect(str(tmp_path / "millesime.duckdb")) as db:
        db.execute(TABLES)
    write_state(tmp_path, {"build": "b"})
    with opened(tmp_path, INTERNE, FIELDS) as profile:
        return {f"{table.name}.{column.name}": column for table in profile.tables for column in table.columns}


def test_a_title_is_that_of_the_column_in_its_table(columns):
    assert (columns["fct_dons.montant_eur"].title, columns["fct_dons.montant_eur"].unit) == ("Don", "EUR")
    assert heading(columns["fct_dons.montant_eur"]) == "Don (EUR)"


def test_a_column_with_another_comment_means_something_else(columns):
    assert columns["decisions.motif"].title is None
    assert heading(columns["decisions.motif"]) == "motif"


def test_a_name_says_its_unit_by_its_suffix(columns):
    assert columns["fct_dons.taille_octets"].unit == "octet"
