"""Makes public folders of invented organisations with the real code: tables, keys, comments, Parquet, manifest."""

import json
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.fields import Fields
from pipelines.ledger.state import write_manifest
from pipelines.sql import literal
from pipelines.stages.publish.copy import say, write_schema
from tests.values import values

SPENT, STAFF = "finances.principal.fonctionnement.depenses_realisees", "rh.effectif.total"
CHIFFRES = """
create table rapport.chiffres (
    code varchar not null, exercice integer not null, valeur decimal(20, 6), unite varchar not null, statut varchar not null,
    etat varchar not null, code_manquant varchar, formule varchar not null, primary key (code, exercice)
);
create table marts.dim_collectivite (
    code_collectivite varchar primary key, libelle_collectivite varchar, type_collectivite varchar, siren varchar, nb_habitants bigint
);
comment on table rapport.chiffres is 'Chiffres du rapport.';
comment on column rapport.chiffres.valeur is 'Valeur ; vide si manquante.';
"""


@dataclass(frozen=True)
class Figure:
    """One published figure, as ``rapport.chiffres`` says it."""

    code: str
    value: Decimal | int | None
    exercice: int = 2020
    statut: str = "calculé"
    etat: str = "complet"
    code_manquant: str | None = None
    formule: str = "Somme. Sources : a/b."


def hidden(code: str, exercice: int = 2020) -> Figure:
    return Figure(code, None, exercice, "manquant", "complet", "s")


@contextmanager
def public_folder(folder: Path) -> Iterable[Any]:
    """A connection to the database of a public profile to be, whose Parquet and manifest follow."""
    folder.mkdir(parents=True)
    with duckdb.connect() as db:
        db.execute(f"attach {literal(folder / 'rapport_public.duckdb')} as cible; use cible")
        db.execute("create schema rapport; create schema marts")
        yield db
        for schema in ("marts", "rapport"):
            write_schema(db, folder, schema, Fields())
        db.execute("use memory; detach cible")
    write_manifest(folder, "b" * 32)


def publish(home: Path, siren: str, inhabitants: int | None, figures: Iterable[Figure], more: str = "") -> Path:
    """The public profile of an organisation named by its SIREN, with one commune: the home."""
    rows = [(f.code, f.exercice, f.value, "EUR", f.statut, f.etat, f.code_manquant, f.formule) for f in figures]
    with public_folder(home / "published" / "public") as db:
        db.execute(CHIFFRES + more)
        db.execute(f"insert into rapport.chiffres values {values(rows)}")
        members = [
            ("94022", "Commune", "commune", "219400223", inhabitants),
            ("inconnue", "Collectivité non reconnue", "inconnue", None, None),
            ("syndicat", f"S{siren}", "syndicat", siren, None),
        ]
        db.execute(f"insert into marts.dim_collectivite values {values(members)}")
    return home


def vary(source: Path, home: Path, siren: str, size: Decimal, effort: Decimal, exercices: list[int]) -> Path:
    """The home of another organisation, of another ``size``, whose public profile is that of ``source`` (a public folder) under a SIREN of
    its own, over ``exercices``: years of the source come again, inhabitants times ``size``, amounts times ``effort`` too. What is
    hidden stays so.
    """
    with public_folder(home / "published" / "public") as db:
        known = f"select distinct exercice from '{source}/rapport/chiffres.parquet' order by 1"
        years = [year for (year,) in db.execute(known).fetchall()]
        drawn = [(year, years[rank % len(years)]) for rank, year in enumerate(exercices)]
        for file in sorted(source.rglob("*.parquet")):
            name = f"{file.parent.name}.{file.stem}"
            _varied(db, file, name, drawn, {False: size * effort, True: size})
        own = f"siren = {literal(siren)}, libelle_collectivite = 'S{siren}'"
        db.execute(f"update marts.dim_collectivite set {own} where code_collectivite = 'syndicat'")
    return home


def _varied(db: Any, file: Path, name: str, drawn: list[tuple[int, int]], by: dict[bool, Decimal]) -> None:
    columns = {column: kind for column, kind, *_ in db.execute(f"describe from '{file}'").fetchall()}
    scaled = {
        column: f"cast({column} * {by[column == 'nb_habitants']} as {kind}) as {column}"
        for column, kind in columns.items()
        if column == "nb_habitants" or column.endswith("_eur")
    }
    if name == "rapport.chiffres":
        scaled["valeur"] = (
            f"case when unite = '%' then valeur else cast(valeur * {by[False]} as decimal(20, 6)) end as valeur"
        )
    if "exercice" in columns:
        scaled["exercice"] = "cast(tirages.pour as integer) as exercice"
    replaced = f"replace ({', '.join(scaled.values())})" if scaled else ""
    of_year = f"inner join (values {values(drawn)}) as tirages (pour, de) on lignes.exercice = tirages.de"
    db.execute(
        f"create table {name} as select lignes.* {replaced} from '{file}' as lignes {of_year if 'exercice' in columns else ''}"
    )
    told = dict(db.execute(f"select decode(key), decode(value) from parquet_kv_metadata('{file}')").fetchall())
    say(
        db,
        name,
        told["description"],
        {column: one.get("description") for column, one in json.loads(told["columns"]).items()},
    )
    key = json.loads(told["primary_key"])
    if key and ("exercice" in key or "exercice" not in columns):
        db.execute(f"alter table {name} add primary key ({', '.join(key)})")
