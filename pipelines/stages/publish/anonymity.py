"""Finds the marts in which a person could be singled out: they are left out of the schema ``marts`` of a publication.

A mart is about persons when a table behind it has personal columns. Outside ``restreint`` it may have no personal
column except a public one, and every combination of its quasi-identifiers (``fields.yml``), exercice by exercice and
month by month, must count either nobody or at least ``threshold`` persons (Sweeney, *k-anonymity: a model for
protecting privacy*, 2002). A column that ``fields.yml`` does not know is treated as a quasi-identifier. Persons are
counted by the columns that ``fields.yml`` names for it; without one, a row is a person.
"""

from typing import Any

from pipelines.catalogue.dbt.generated import model_texts
from pipelines.catalogue.dbt.lineage import tables_behind
from pipelines.catalogue.load import Catalogue
from pipelines.publication import MARTS
from pipelines.stages.publish.copy import Described, described

PERIODS = {"exercice", "mois", "date_mois"}


def singling_out(db: Any, catalogue: Catalogue, threshold: int) -> dict[str, str]:
    """Each withheld mart → the reason, in French. ``db`` has the warehouse as its catalog ``source``."""
    texts = model_texts(catalogue)
    personal = {
        f"{system.system}/{table.name}" for system, table in catalogue.registry.tables() if table.has_personal_data
    }
    found = {}
    for name, table in described(db, MARTS).items():
        if personal.intersection(tables_behind(name, texts)) and (why := _why(db, catalogue, table, threshold)):
            found[name] = why
    return found


def _why(db: Any, catalogue: Catalogue, table: Described, threshold: int) -> str | None:
    said = {column: catalogue.fields.of(table.name, column) for column in table.columns}
    if personal := [column for column, one in said.items() if one and one.personal and not one.public]:
        return f"colonne personnelle {personal[0]}"
    telling = [
        column for column, one in said.items() if column not in PERIODS and (one is None or one.quasi_identifier)
    ]
    if not telling:
        return None
    counts = [
        f'sum(try_cast("{column}" as decimal(38, 6)))' for column, one in said.items() if one and one.persons
    ] or ["count(*)"]
    by = ", ".join(f'"{column}"' for column in table.columns if column in PERIODS or column in telling)
    small = " or ".join(f"({count} > 0 and {count} < {threshold})" for count in counts)
    rows = f"select 1 from source.{MARTS}.{table.name} group by {by} having {small}"
    (alone,) = db.execute(f"select count(*) from ({rows})").fetchone()
    return f"moins de {threshold} personnes pour {alone} croisements de {', '.join(telling)}" if alone else None
