"""The tables and columns of the current publication, or of the next one, to be checked against the contracts."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import duckdb

from pipelines.catalogue.contracts import NOT_NULL, ContractBroken, Difference, Shape, Shaped, judge
from pipelines.catalogue.fields import Fields
from pipelines.catalogue.load import Catalogue
from pipelines.publication import INTERNE, MARTS, RESTREINT
from pipelines.sql import literal
from pipelines.stages.publish.audit import create_audit
from pipelines.stages.publish.freshness import create_freshness
from pipelines.stages.publish.primary_keys import key_of
from pipelines.stages.publish.profiles import Table, opened, tables_in

PUBLISHED_SCHEMAS = ("rapport", MARTS, RESTREINT)
FIGURES = "rapport.chiffres"
KINDS = {"removed": "retiré", "changed": "changé", "added": "ajouté"}


def shape_of(tables: Iterable[Table]) -> Shape:
    """The shape of published tables."""
    return {
        table.full_name: Shaped(
            table.key,
            {c.name: (c.kind if c.is_nullable else f"{c.kind}{NOT_NULL}", c.unit) for c in table.columns},
        )
        for table in tables
    }


def shape_published(folder: Path, fields: Fields) -> Shape:
    """The structure of the publication in ``folder``. Raises NotPublished."""
    with opened(folder, INTERNE, fields) as profile:
        return shape_of(profile.tables)


def shape_to_publish(warehouse: Path, catalogue: Catalogue) -> tuple[Shape, int]:
    """The structure in which the warehouse would be published, and the last exercice with a figure (0 if none)."""
    keys = catalogue.project.keys
    with duckdb.connect() as db:
        db.execute(f"attach {literal(warehouse)} as w (read_only); attach ':memory:' as cible; use cible")
        built = tables_in(db, "w", catalogue.fields, *PUBLISHED_SCHEMAS)
        create_audit(db)
        db.execute("create schema rapport")
        create_freshness(db)
        tables = [_keyed(table, keys) for table in built] + [*tables_in(db, "cible", catalogue.fields)]
        figures = any(one.full_name == FIGURES and one.has("valeur") and one.has("exercice") for one in built)
        query = f"select coalesce(max(exercice), 0) from w.{FIGURES} where valeur is not null"
        (last,) = db.execute(query).fetchone() if figures else (0,)
    return shape_of(tables), last


def _keyed(table: Table, keys) -> Table:
    """A table of the warehouse with the key it is published with."""
    filled = {column.name for column in table.columns if not column.is_nullable}
    return replace(table, key=table.key or tuple(key_of(keys, table.name, filled)))


def refuse_broken(warehouse: Path, catalogue: Catalogue) -> None:
    """Raise ContractBroken when publishing the warehouse would leave out something that is promised."""
    if catalogue.contracts:
        shape, last = shape_to_publish(warehouse, catalogue)
        if broken := judge(catalogue.contracts, shape, last).broken:
            listed = " ; ".join(told(one) for one in broken[:10])
            more = f" ; et {len(broken) - 10} autres" if len(broken) > 10 else ""
            raise ContractBroken(
                f"ce qui est promis aux lecteurs manquerait, et rien n’est publié : {listed}{more}. Le remettre, ou dire dans "
                "contracts/ jusqu’à quel exercice il reste (`obsolete: {since: …}`, docs/bi.md)"
            )


def told(one: Difference) -> str:
    """A difference in one line (French)."""
    return f"{KINDS[one.kind]} {one.name}{f' ({one.said})' if one.said else ''}"
