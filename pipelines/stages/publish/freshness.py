"""``rapport.fraicheur``: for each table of a publication, its rows, the last exercice they cover, and the build they come from.

It is in the databases, as Parquet, and on the server, which adds when it was copied. The files contain no clock: the
same content gives the same bytes.
"""

from pathlib import Path
from typing import Any

from pipelines.catalogue.fields import Fields
from pipelines.sql import insert, literal
from pipelines.stages.publish.copy import say, write_parquet
from pipelines.stages.publish.profiles import tables_in

FRESHNESS = "rapport.fraicheur"
COMMENT = "D’où vient chaque table publiée et jusqu’à quelle date vont ses données, une ligne par table."
COLUMNS = {
    "objet": ("varchar primary key", "Table publiée : schema.table."),
    "nb_lignes": ("bigint not null", "Nombre de lignes de la table. S’additionne."),
    "dernier_exercice": (
        "integer",
        "Dernier exercice de ses lignes ; vide si elles n’en ont pas, ou s’il n’y en a aucune.",
    ),
    "construction": ("varchar not null", "Construction de l’entrepôt dont la table provient."),
    "profil": ("varchar not null", "Profil : interne ou public."),
}


def write_freshness(db: Any, folder: Path, profile: str, build: str) -> None:
    """Make the table in the catalog ``cible``, covering every table there, and its Parquet in ``folder``."""
    tables = db.execute(
        "select schema_name || '.' || table_name, bool_or(column_name = 'exercice') from duckdb_columns() "
        f"where database_name = 'cible' and schema_name || '.' || table_name <> {literal(FRESHNESS)} group by 1 order by 1"
    ).fetchall()
    rows = [
        (
            name,
            *db.execute(f"select count(*), {'max(exercice)' if yearly else 'null'} from {name}").fetchone(),
            build,
            profile,
        )
        for name, yearly in tables
    ]
    create_freshness(db)
    insert(db, FRESHNESS, rows)
    (made,) = (table for table in tables_in(db, "cible", Fields(), "rapport") if table.full_name == FRESHNESS)
    write_parquet(db, folder, made)


def create_freshness(db: Any) -> None:
    """Make the table, empty."""
    columns = ", ".join(f"{column} {kind}" for column, (kind, _) in COLUMNS.items())
    db.execute(f"create or replace table {FRESHNESS} ({columns})")
    say(db, FRESHNESS, COMMENT, {column: text for column, (_, text) in COLUMNS.items()})
