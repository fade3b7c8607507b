"""A small warehouse and its publication."""

from pathlib import Path

import duckdb

from pipelines.evidence.findings import gather
from pipelines.ledger.records import Finding
from pipelines.ledger.store import open_ledger
from pipelines.stages.publish.swap import publish
from pipelines.stages.transform.load import PIECES
from tests.stages.transform.conftest import Lab

MARTS = """
create schema marts; create schema rapport; create schema collecte;
create table collecte.construction as select '{build}' as construction;
create table collecte.pieces ({pieces});
insert into collecte.pieces
    (systeme, nom_table, exercice, nature, piece, est_suivie, est_attendue, est_recue, est_acceptee) values
    ('essai', 'lignes', 2020, 'mois', '2020-02', true, true, false, false),
    ('essai', 'lignes', 2020, 'livraison', '', true, true, true, true);
create schema organisation;
create table organisation.mots as from (values ('a.b'), ('a'), ('b'), ('c'), ('calculé'), ('finances')) t(mot);
create table marts.dim_a (code varchar primary key, libelle varchar not null, check (code <> ''));
insert into marts.dim_a values ('z', 'Zoé'), ('a', 'Été l’');
create table marts.fct_b (exercice integer, code varchar, montant_eur decimal(18,2), primary key (exercice, code));
insert into marts.fct_b select 2020, 'c' || i, i * 1.25 from range({rows}) t(i) order by hash(i);
create table rapport.chiffres as select 'a.b' as code, 2020 as exercice, {value}::decimal(38,6) as valeur,
    'calculé' as statut, null::varchar as code_manquant, 0 as decimales, 'finances' as domaine, 1::bigint as nb_lignes,
    null::decimal(38,6) as valeur_ecartee, null::decimal(20,6) as part_manquante, false as est_perte_significative;
create view rapport.vue as select 1 as un;
comment on table marts.dim_a is 'Dimension de l’essai : l''article';
comment on column marts.dim_a.code is 'Code';
"""


FIGURE = """
domaine: finances
titre: Essai
mots: {fct_b: lignes, montant_eur: montant}
chiffres:
  - code: a.b
    libelle: Un chiffre
    unite: EUR
    decimales: 0
    compte: choses
    sources: [essai/lignes]
    mesure: {fait: fct_b, agregat: somme, colonne: montant_eur}
"""


def warehouse(lab: Lab, build: str = "b1", value: int = 1, rows: int = 100) -> None:
    lab.home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    lab.home.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        db.execute(MARTS.format(build=build, value=value, rows=rows, pieces=PIECES))


def published(lab: Lab, build: str = "b1", findings: list[Finding] | None = None) -> str:
    with open_ledger(lab.home) as ledger:
        if findings is None:
            findings = gather(lab.work(ledger))
        return publish(lab.work(ledger), build, findings)


def show(lab: Lab) -> None:
    """The laboratory of ``conftest`` with its warehouse ``b1`` published, once for all tests that begin so."""
    lab.depot.after("shown", lambda: (warehouse(lab), published(lab)))


def ask(lab: Lab, query: str) -> list[tuple]:
    with duckdb.cursor() as db:  # a database of its own costs ten times what it reads
        db.execute(f"attach '{lab.home.published / 'millesime.duckdb'}' as p (read_only)")
        try:
            return db.execute(query).fetchall()
        finally:
            db.execute("detach p")


STAFF = """
create table marts.fct_bulletins as
select 2020 as exercice, * from (values ('a', {one}::bigint), ('b', 600), ('c', 700)) t(code_collectivite, nb_bulletins);
create table rapport.rpt_rh__bulletins as
select exercice, code_collectivite, code_collectivite as libelle_collectivite, nb_bulletins from marts.fct_bulletins;
"""


def staff(lab: Lab, build: str, one: int, more: str = "") -> None:
    warehouse(lab, build)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        db.execute(STAFF.format(one=one) + more)


def show_staff(lab: Lab, more: str = "") -> None:
    """The same with the staff's tables, 240 payslips at the collectivité a."""
    lab.depot.after(f"staff shown {more}", lambda: (staff(lab, "b1", 240, more), published(lab)))


class Broken:
    """Pages with a part that cannot be drawn."""

    exercice = 2020

    def __init__(self, on_draw: Exception | None, on_finish: Exception | None):
        self.on_draw, self.on_finish = on_draw, on_finish

    def draw(self, _publication: Path) -> None:
        if self.on_draw:
            raise self.on_draw

    def finish(self, _publication: Path) -> None:
        if self.on_finish:
            raise self.on_finish
