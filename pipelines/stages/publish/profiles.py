"""Reads the tables of a publication, as the publication describes them, for each kind of reader.

There are two profiles: ``interne``, everything; ``public``, the report's tables with small numbers of persons hidden.
Names, types, keys and comments come from the published database, which is the only dictionary.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from pipelines.catalogue.dbt.project import Links
from pipelines.catalogue.fields import Fields, unit_of
from pipelines.disk import sha256_of
from pipelines.ledger.state import STATE, read_manifest, read_state
from pipelines.publication import DATABASES, FOLDERS, INTERNE, PUBLIC
from pipelines.sql import literal


class NotPublished(RuntimeError):
    """The requested profile is not in the publication."""


@dataclass(frozen=True)
class Column:
    """A column: its type is DuckDB's (``DECIMAL(18,2)``), its comment and title the readers' (French)."""

    name: str
    kind: str
    comment: str
    is_nullable: bool
    title: str | None  # as ``fields.yml`` says it
    unit: str | None
    additif: tuple[str, ...] | None = None  # the dimensions along which a measure adds; None when undeclared

    @property
    def told(self) -> dict[str, Any]:
        """What readers need to know about the column besides its type."""
        said = {"title": self.title, "description": self.comment, "unit": self.unit, "additif": self.additif}
        return {name: text for name, text in said.items() if text not in (None, "")}


class TableLink(NamedTuple):
    """A column that is the key of ``parent``, another table of the profile (``marts.dim_exercice``)."""

    column: str
    parent: str
    key: str


@dataclass(frozen=True)
class Table:
    """A published table; ``key`` is empty when it has no primary key."""

    schema: str
    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    links: tuple[TableLink, ...] = ()

    @property
    def full_name(self) -> str:
        """``rapport.chiffres``."""
        return f"{self.schema}.{self.name}"

    def kind(self, column: str) -> str | None:
        """The type of a column; None when it has none of that name."""
        return next((one.kind for one in self.columns if one.name == column), None)

    def has(self, column: str) -> bool:
        """True when it has this column."""
        return self.kind(column) is not None


@dataclass(frozen=True)
class Profile:
    """One profile of one publication, open for reading as the catalog ``p`` of ``db``."""

    name: str
    publication: str
    build: str
    tables: tuple[Table, ...]
    db: Any


@contextmanager
def opened(published: Path, name: str, fields: Fields | None = None, links: Links | None = None) -> Iterator[Profile]:
    """Open a profile of the publication in folder ``published``; columns get their titles from ``fields``.

    When ``links``, those that dbt proves, are given, tables get them: each is checked against the rows.

    Raises NotPublished when it is not there.
    """
    published = published.resolve()  # another publication may replace it while this one is being read
    folder = published / FOLDERS[name]
    file = folder / DATABASES[name]
    if not file.exists():
        if name == INTERNE:
            raise NotPublished("rien n’est encore publié : `millesime run EXERCICE`")
        raise NotPublished(
            f"la publication {published.name[:12]} n’a pas de profil public : `millesime findings` dit pourquoi"
        )
    publication, build = _named(published, name)
    with duckdb.connect() as db:
        db.execute(f"attach {literal(file)} as p (read_only)")
        tables = tables_in(db, "p", fields or Fields())
        tables = tables if links is None else _linked(db, tables, links)
        yield Profile(name, publication, build, tables, db)


def _named(published: Path, name: str) -> tuple[str, str]:
    """The identity of a profile, and the build that it comes from."""
    if name == PUBLIC:
        manifest = read_manifest(published / FOLDERS[name])
        return manifest["publication"], manifest["build"]
    return sha256_of(published / STATE)[:32], read_state(published)["build"]


def tables_in(db, catalog: str, fields: Fields, *schemas: str) -> tuple[Table, ...]:
    """The tables of a catalog of ``db``, or of some of its schemas, as it and ``fields`` describe them."""
    where = f"where database_name = {literal(catalog)}"
    where += f" and schema_name in ({', '.join(map(literal, schemas))})" if schemas else ""
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, table, *about in db.execute(
        "select schema_name, table_name, column_name, data_type, coalesce(comment, ''), is_nullable "
        f"from duckdb_columns() {where} order by schema_name, table_name, column_index"
    ).fetchall():
        columns.setdefault((schema, table), []).append(_column(fields, table, *about))
    keys = dict(
        ((schema, table), tuple(key))
        for schema, table, key in db.execute(
            "select schema_name, table_name, constraint_column_names from duckdb_constraints() "
            f"{where} and constraint_type = 'PRIMARY KEY'"
        ).fetchall()
    )
    comments = db.execute(
        "select schema_name, table_name, coalesce(comment, '') from duckdb_tables() "
        f"{where} order by schema_name, table_name"
    ).fetchall()
    return tuple(
        Table(schema, name, comment, tuple(columns[schema, name]), keys.get((schema, name), ()))
        for schema, name, comment in comments
    )


def _linked(db, tables: tuple[Table, ...], links: Links) -> tuple[Table, ...]:
    """The tables with their links: the star, whose columns are named after a dimension's key, and what dbt proves.
    Links that the rows break are left out, since no reader may rely on them.
    """
    parents = {table.name: table for table in tables if len(table.key) == 1}
    star = [parent for name, parent in parents.items() if name.startswith("dim_")]
    return tuple(
        replace(table, links=_holding(db, table, _candidates(table, star, parents, links))) for table in tables
    )


def _candidates(table: Table, star: list[Table], parents: Mapping[str, Table], links: Links) -> list[TableLink]:
    if table.schema == "audit":
        return []
    found = [(parent.key[0], parent) for parent in star if parent is not table]
    found += [
        (link.column, parents[link.parent])
        for link in links.get(table.name, [])
        if link.parent in parents and parents[link.parent].key == (link.key,)
    ]
    made = [
        TableLink(column, parent.full_name, parent.key[0])
        for column, parent in found
        if table.has(column) and table.kind(column) == parent.kind(parent.key[0])
    ]
    return [*dict.fromkeys(made)]


def _holding(db, table: Table, links: list[TableLink]) -> tuple[TableLink, ...]:
    """The links for which every row has its parent, or no value."""
    if not links:
        return ()
    held = ", ".join(
        f"coalesce(bool_and({link.column} is null or {link.column} in (select {link.key} from p.{link.parent})), true)"
        for link in links
    )
    proved = db.execute(f"select {held} from p.{table.full_name}").fetchone()
    return tuple(link for link, holds in zip(links, proved, strict=True) if holds)


def _column(fields: Fields, table: str, name: str, kind: str, comment: str, is_nullable: bool) -> Column:
    return Column(name, kind, comment, is_nullable, *meaning_of(fields, table, name, comment))


def meaning_of(
    fields: Fields, table: str, column: str, comment: str
) -> tuple[str | None, str | None, tuple[str, ...] | None]:
    """Title, unit and additivity of a column; if its comment is a different one (schema ``audit``), the name means
    something else."""
    said = fields.of(table, column)
    if said is None or comment != said.text:
        return None, unit_of(column), None
    return said.title, said.unit or unit_of(column), said.adds_along
