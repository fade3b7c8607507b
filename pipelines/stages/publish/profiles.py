"""What a publication holds for each kind of reader, described by the publication itself.

Two profiles: ``interne``, all of it; ``public``, the report's tables where numbers of too few persons are hidden. Names,
types, keys and comments are those of the published database: there is no other dictionary.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.catalogue.fields import Fields, unit_of
from pipelines.disk import sha256_of
from pipelines.ledger.state import STATE, read_manifest, read_state
from pipelines.publication import FOLDERS, INTERNE, PUBLIC
from pipelines.sql import literal

_FILES = {INTERNE: "rapport.duckdb", PUBLIC: "rapport_public.duckdb"}


class NotPublished(RuntimeError):
    """The profile that is asked for is not in the publication."""


@dataclass(frozen=True)
class Column:
    """A column: its type is DuckDB's (``DECIMAL(18,2)``), its comment and title the readers' (French)."""

    name: str
    kind: str
    comment: str
    is_nullable: bool
    title: str | None  # as ``fields.yml`` says it
    unit: str | None


@dataclass(frozen=True)
class Table:
    """A published table; ``key`` is empty when it has no primary key."""

    schema: str
    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """``rapport.chiffres``."""
        return f"{self.schema}.{self.name}"

    def has(self, column: str) -> bool:
        """True when it has this column."""
        return any(one.name == column for one in self.columns)


@dataclass(frozen=True)
class Profile:
    """One profile of one publication, open for reading as the catalog ``p`` of ``db``."""

    name: str
    publication: str
    build: str
    tables: tuple[Table, ...]
    db: Any


@contextmanager
def opened(published: Path, name: str, fields: Fields | None = None) -> Iterator[Profile]:
    """Open a profile of the publication in folder ``published``; columns bear the titles of ``fields``.

    Raises NotPublished when it is not there.
    """
    import duckdb

    published = published.resolve()  # another publication may take its place while this one is read
    folder = published / FOLDERS[name]
    file = folder / _FILES[name]
    if not file.exists():
        if name == INTERNE:
            raise NotPublished("rien n’est encore publié : `millesime run EXERCICE`")
        raise NotPublished(
            f"la publication {published.name[:12]} n’a pas de profil public : `millesime findings` dit pourquoi"
        )
    publication, build = _named(published, name)
    with duckdb.connect() as db:
        db.execute(f"attach {literal(file)} as p (read_only)")
        yield Profile(name, publication, build, _tables(db, fields or Fields()), db)


def _named(published: Path, name: str) -> tuple[str, str]:
    """The identity of a profile, and the build that it comes from."""
    if name == PUBLIC:
        manifest = read_manifest(published / FOLDERS[name])
        return manifest["publication"], manifest["build"]
    return sha256_of(published / STATE)[:32], read_state(published)["build"]


def _tables(db, fields: Fields) -> tuple[Table, ...]:
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, table, *about in db.execute(
        "select schema_name, table_name, column_name, data_type, coalesce(comment, ''), is_nullable "
        "from duckdb_columns() where database_name = 'p' order by schema_name, table_name, column_index"
    ).fetchall():
        columns.setdefault((schema, table), []).append(_column(fields, table, *about))
    keys = dict(
        ((schema, table), tuple(key))
        for schema, table, key in db.execute(
            "select schema_name, table_name, constraint_column_names from duckdb_constraints() "
            "where database_name = 'p' and constraint_type = 'PRIMARY KEY'"
        ).fetchall()
    )
    comments = db.execute(
        "select schema_name, table_name, coalesce(comment, '') from duckdb_tables() "
        "where database_name = 'p' order by schema_name, table_name"
    ).fetchall()
    return tuple(
        Table(schema, name, comment, tuple(columns[schema, name]), keys.get((schema, name), ()))
        for schema, name, comment in comments
    )


def _column(fields: Fields, table: str, name: str, kind: str, comment: str, is_nullable: bool) -> Column:
    said = fields.of(table, name)
    # where the comment is another (schema ``audit``), the name means something else
    title = said.title if said and said.text == comment else None
    return Column(name, kind, comment, is_nullable, title, unit_of(name))
