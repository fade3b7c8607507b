"""Makes a small publication, in both profiles, with the real publication step, for tests that read publications."""

import hashlib
import json
import shutil
from pathlib import Path

import duckdb

from pipelines.ledger.state import MANIFEST, read_state, write_manifest
from pipelines.ledger.store import open_ledger
from pipelines.publication import PUBLIC
from pipelines.stages.publish.freshness import write_freshness
from pipelines.stages.publish.swap import publish
from pipelines.stages.transform.load import PIECES
from tests.stages.transform.conftest import Lab

TABLES = """
create schema marts; create schema rapport; create schema collecte;
create table collecte.construction as select 'b{n}' as construction;
create table collecte.pieces ({pieces});
create table marts.dim_commune (code_commune varchar primary key, libelle varchar not null);
insert into marts.dim_commune values ('94022', 'Choisy-le-Roi'), ('94054', '=1+1 ; « L’Haÿ », "ou" @');
create table marts.fct_depenses (
    exercice integer not null, numero bigint not null, code_commune varchar, montant_eur decimal(18, 2), part double,
    est_reel boolean, date_mandat date, objet varchar, version integer not null, primary key (exercice, numero)
);
insert into marts.fct_depenses
select
    2019 + i % 2, i, case when i % 3 = 0 then '94022' end, (i * 1.01 - 5)::decimal(18, 2), i / 7, i % 2 = 0,
    date '2020-01-31' + i::integer, ['', null, '\\.', '+33 1', '-5', 'a' || chr(10) || 'b;c', 'NULL'][i % 7 + 1], {n}
from range({rows}) t (i);
create table rapport.chiffres (
    code varchar not null, exercice integer not null, valeur decimal(20, 6), unite varchar not null,
    decimales integer not null, statut varchar not null, code_manquant varchar, etat varchar not null,
    part_manquante decimal(20, 6), montant_manquant_eur decimal(20, 2),
    valeur_ecartee decimal(20, 6), nb_lignes bigint not null, libelle varchar not null, domaine varchar not null,
    formule varchar not null
);
insert into rapport.chiffres values
    ('a.total', 2019, {n}, 'EUR', 2, 'calculé', null, 'complet', 0, 0, null, 3, 'Total', 'a', 'Somme. Sources : s/t.'),
    ('a.total', 2020, 12345.675, 'EUR', 2, 'calculé', null, 'partiel', 0.25, null, null, 3, 'Total', 'a', 'Somme. Sources : s/t.'),
    ('a.absent', 2020, null, 'jours', 0, 'manquant', 'm', 'manquant', null, null, null, 0, '=Absent', 'a', 'Somme. Sources : s/t.'),
    ('a.total', 2021, 7, 'EUR', 2, 'calculé', null, 'complet', 0, 0, null, 3, 'Total', 'a', 'Somme. Sources : s/t.');
alter table rapport.chiffres add column est_perte_significative boolean;
comment on table marts.dim_commune is 'Communes : l’annuaire.';
comment on column marts.dim_commune.code_commune is 'Code Insee.';
comment on column marts.fct_depenses.montant_eur is 'Montant, en euros.';
comment on table rapport.chiffres is 'Chiffres du rapport.';
"""


def keyed(lab: Lab) -> Lab:
    """The laboratory, whose dbt project says by what a figure is known, and that a code is one of a commune."""
    key = {"unique_combination_of_columns": {"arguments": {"combination_of_columns": ["code", "exercice"]}}}
    known = {"relationships": {"arguments": {"to": "ref('dim_commune')", "field": "code_commune"}}}
    models = [
        {"name": "chiffres", "data_tests": [key]},
        {"name": "fct_depenses", "columns": [{"name": "code_commune", "data_tests": [known]}]},
    ]
    lab.depot.layer.write("dbt_project/models/rapport/chiffres.yml", {"version": 2, "models": models})
    return lab


_known: dict[
    str, tuple[str, Path]
] = {}  # what was published of such a home → its identity, and a copy of the home then


def publish_small(lab: Lab, n: int = 1, rows: int = 100, more: str = "") -> str:
    """Publish build ``b<n>``, its warehouse changed by ``more``: its identity.

    A home and declarations of the same bytes that were published in the same way before give a copy of what came of it.
    """
    root, before = lab.home.root, _all_of(lab.home.root, lab.depot.layer.root)
    key = hashlib.sha256(f"{n} {rows} {more} {before}".encode()).hexdigest()
    if key not in _known:
        identity, copy = _publish(lab, n, rows, more), lab.depot.root.with_name(f"publication-{key}")
        shutil.copytree(root, copy, symlinks=True)
        _known[key] = identity, copy
    else:
        identity, copy = _known[key]
        shutil.rmtree(root)
        shutil.copytree(copy, root, symlinks=True)
    return identity


def _all_of(*roots: Path) -> str:
    """The SHA-256 of all that these folders hold."""
    found = hashlib.sha256()
    for root in roots:
        for path in sorted(root.rglob("*")):
            found.update(f"{path.relative_to(root)}\0".encode())
            found.update(
                str(path.readlink()).encode() if path.is_symlink() else b"" if path.is_dir() else path.read_bytes()
            )
    return found.hexdigest()


def _publish(lab: Lab, n: int, rows: int, more: str) -> str:
    lab.home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    lab.home.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        db.execute(TABLES.format(n=n, rows=rows, pieces=PIECES))
        db.execute(more.format(n=n)) if more else None
    with open_ledger(lab.home) as ledger:
        return publish(lab.work(ledger), f"b{n}", [])


def add_public(lab: Lab) -> str:
    """The public profile beside the other, with one figure hidden: its identity."""
    folder = lab.home.published / "public"
    (folder / "rapport").mkdir(parents=True, exist_ok=True)
    file = folder / "rapport_public.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect() as db:
        db.execute(
            f"attach '{file}' as cible; attach '{lab.home.published / 'millesime.duckdb'}' as source (read_only)"
        )
        (made,) = db.execute("select sql from duckdb_tables() where table_name = 'chiffres'").fetchone()
        db.execute("create schema cible.rapport; use cible")
        db.execute(made.replace("source.rapport.", "rapport."))
        db.execute(
            "insert into cible.rapport.chiffres select * replace (null as valeur, 'manquant' as statut, 's' as "
            "code_manquant) from source.rapport.chiffres"
        )
        db.execute("comment on table cible.rapport.chiffres is 'Chiffres du rapport.'")
        write_freshness(db, folder, PUBLIC, read_state(lab.home.published)["build"])
    write_manifest(folder, read_state(lab.home.published)["build"])
    return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["publication"]
