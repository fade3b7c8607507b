"""The schema ``construction`` of a warehouse, which records how each table (``<schema>.<table>``) was made.

    ingredients  (nom, identite)    what a table that no model makes was filled from
    contenus     (nom, contenu)     what lies in it: equal for equal rows and columns, whatever their order
    recettes     (noeud, recette)   of each model and test, by dbt's unique id
    lectures     (nom, lu)          what each model reads
    signatures   (nom, signature)   the contents of these when it was made

``load`` writes the first two, ``reuse`` the next two, and dbt's materializations, while it runs, what comes from
models.
"""

from typing import Any

from pipelines.sql import many

SCHEMA = "construction"
TABLES = {
    "ingredients": "nom varchar, identite varchar",
    "contenus": "nom varchar, contenu varchar",
    "recettes": "noeud varchar, recette varchar",
    "lectures": "nom varchar, lu varchar",
    "signatures": "nom varchar, signature varchar",
}
MACROS = (
    # of a table: its columns (not from duckdb_columns, which goes through every table), how many rows, and two sums of
    # hashes, which do not depend on order
    """create or replace macro construction.contenu(un_nom) as (
        select md5(concat_ws('|', count(*), sum(hash(lignes)), sum(hash(1, lignes)), (
            select string_agg(name || ' ' || type, ',' order by cid) from pragma_table_info(un_nom)
        ))) from query_table(un_nom) as lignes
    )""",
    # of what a model reads, as it is now
    """create or replace macro construction.signature(un_nom) as (
        select md5(coalesce(string_agg(lu || '=' || contenu, '|' order by lu), ''))
        from construction.lectures left join construction.contenus on lu = contenus.nom where lectures.nom = un_nom
    )""",
)


def open_books(db: Any) -> None:
    """Make the schema ``construction`` in a new file."""
    db.execute("create schema construction")
    for name, columns in TABLES.items():
        db.execute(f"create table construction.{name} ({columns})")
    for macro in MACROS:
        db.execute(macro)


def write(db: Any, table: str, rows: list[tuple]) -> None:
    """Replace the rows of one of the tables."""
    db.execute(f"delete from construction.{table}")
    if rows:
        db.execute(f"insert into construction.{table} {many(rows)}")
