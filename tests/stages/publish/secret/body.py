"""Invented bodies: their agents over some years, and the warehouse that a build would make of them."""

import random
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.catalogue.load import load_catalogue
from pipelines.stages.publish.secret.profile import PublicProfile, write_public
from pipelines.stages.publish.secret.versions import Version
from pipelines.stages.publish.secret.words import Words

THRESHOLD = 5
CADRES = {  # cadre d'emplois → filière, catégorie
    "attaches": ("administrative", "A"),
    "redacteurs": ("administrative", "B"),
    "adjoints_administratifs": ("administrative", "C"),
    "ingenieurs": ("technique", "A"),
    "techniciens": ("technique", "B"),
    "adjoints_techniques": ("technique", "C"),
}
SERVICES = ("accueil", "reseau")
CAME = {"fonctionnaire": ["mutation", "concours"], "contractuel_permanent": ["contrat"]}
WENT = {"fonctionnaire": ["mutation", "retraite"], "contractuel_permanent": ["fin_contrat", "retraite"]}
CATALOGUE = load_catalogue()
SECRECY = CATALOGUE.secrecy


@dataclass(frozen=True)
class Agent:
    """An agent on 31 December."""

    statut: str = "fonctionnaire"
    cdi: bool = False
    cadre: str = "techniciens"
    sexe: str = "F"
    tranche: int = 40
    complet: bool = True
    plein: bool = True
    service: str = SERVICES[0]


@dataclass
class Year:
    """The agents at the end of a year, and who came and left in it: (way, statut, reason)."""

    agents: list[Agent]
    moves: list[tuple[str, str, str]]


class AnyText(Words):
    """For the tests of numbers: every text may be published."""

    def unknown(self, table, column, texts):
        return []


def history(size: int, seed: int, years: range = range(2018, 2021)) -> dict[int, Year]:
    """A body of about ``size`` agents, year by year."""
    chance = random.Random(seed)
    agents, found = [_agent(chance) for _ in range(size)], {}
    for exercice in years:
        moves = []
        if exercice > years[0]:
            stay = []
            for agent in agents:
                if chance.random() < 0.07:
                    moves += _moved("depart", agent, chance)
                elif agent.statut == "contractuel_permanent" and chance.random() < 0.03:
                    moves.append(("changement_statut", "fonctionnaire", "nomination"))
                    stay.append(replace(agent, statut="fonctionnaire", cdi=False))
                else:
                    stay.append(replace(agent, tranche=min(65, agent.tranche + 5 * chance.choice([0, 0, 0, 0, 1]))))
            for _ in range(chance.randint(0, max(1, size // 10))):
                stay.append(_agent(chance))
                moves += _moved("arrivee", stay[-1], chance)
            agents = stay
        found[exercice] = Year(list(agents), moves)
    return found


def _agent(chance: random.Random) -> Agent:
    statut = chance.choices(
        ["fonctionnaire", "contractuel_permanent", "contractuel_non_permanent"], weights=[52, 45, 3]
    )[0]
    is_cdi = statut == "contractuel_permanent" and chance.random() < 0.2
    cadre = chance.choices(list(CADRES), weights=[6, 2, 3, 9, 6, 3])[0]
    return Agent(
        statut,
        is_cdi,
        cadre,
        chance.choice("FM"),
        chance.randrange(20, 65, 5),
        chance.random() < 0.92,
        chance.random() < 0.9,
        SERVICES[len(cadre) % 2],
    )


def _moved(way: str, agent: Agent, chance: random.Random) -> list[tuple[str, str, str]]:
    reasons = (CAME if way == "arrivee" else WENT).get(agent.statut)
    return [(way, agent.statut, chance.choice(reasons))] if reasons else []


def write_warehouse(path: Path, years: dict[int, Year]) -> Path:
    """The facts about the agents, and the tables of ``rapport`` that count them."""
    with duckdb.connect(str(path)) as db:
        db.execute(FACTS)
        for exercice, year in years.items():
            for agent in year.agents:
                filiere, categorie = CADRES[agent.cadre]
                db.execute(
                    "insert into restreint.fct_effectifs values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)",
                    [
                        exercice, agent.statut, agent.cdi, agent.cadre, filiere, categorie, agent.service, agent.sexe,
                        agent.tranche, agent.complet, agent.plein if agent.complet else None, agent.tranche + 2.5,
                    ],
                )  # fmt: skip
                hours = 1820 if agent.complet else 910
                db.execute(
                    "insert into restreint.fct_heures_remunerees values (?, ?, ?, ?)",
                    [exercice, agent.statut, categorie, hours],
                )
            for way, statut, reason in year.moves:
                db.execute(
                    "insert into restreint.fct_mouvements values (?, ?, ?, ?, true, 1)", [exercice, way, reason, statut]
                )
        db.execute(TABLES)
    return path


@dataclass
class Publisher:
    """Publishes a body in a folder, again and again; ``versions`` grows as the archive would."""

    root: Path
    threshold: int = THRESHOLD

    def __post_init__(self) -> None:
        self.versions: list[Version] = []
        self.number = 0

    def publish(self, years: dict[int, Year]) -> PublicProfile:
        """Publish it; the database is ``self.public``."""
        self.number += 1
        folder = self.root / f"public{self.number}"
        folder.mkdir(parents=True)
        warehouse = write_warehouse(self.root / f"warehouse{self.number}.duckdb", years)
        profile = write_public(
            warehouse, "", folder, SECRECY, self.threshold, {}, AnyText(frozenset()), self.versions
        )  # fmt: skip
        self.versions += profile.versions
        self.public = folder / "rapport_public.duckdb"
        return profile


FACTS = """
create schema marts; create schema restreint; create schema rapport;
create table restreint.fct_effectifs (exercice integer, code_statut varchar, est_cdi boolean, code_cadre_emplois varchar,
    code_filiere varchar, categorie_hierarchique varchar, service varchar, sexe varchar, tranche_age_ans integer,
    est_temps_complet boolean, est_temps_plein boolean, nb_agents bigint, somme_ages_medians_ans decimal(18, 2));
create table restreint.fct_mouvements (exercice integer, sens_mouvement varchar, code_motif varchar, code_statut varchar,
    est_permanent boolean, nb_agents bigint);
create table restreint.fct_heures_remunerees (exercice integer, code_statut varchar, categorie_hierarchique varchar,
    heures decimal(18, 2));
"""

TABLES = """
create view permanents as from restreint.fct_effectifs where code_statut <> 'contractuel_non_permanent';
create view moves as from restreint.fct_mouvements;
create view lignes as select exercice, code_statut from (select distinct exercice from restreint.fct_effectifs),
    (values ('fonctionnaire'), ('contractuel_permanent'), ('contractuel_permanent_cdi'), ('contractuel_non_permanent'),
    ('tous')) s(code_statut);

create table rapport.rpt_rh__effectifs as
with c as (select l.exercice, l.code_statut, (select count(*) from restreint.fct_effectifs as f
    where f.exercice = l.exercice and (l.code_statut in ('tous', f.code_statut)
    or (l.code_statut = 'contractuel_permanent_cdi' and f.est_cdi))) as nb_agents from lignes as l)
select *, round(100 * nb_agents / max(nb_agents) over (partition by exercice))::integer as part_pct from c;

create table rapport.rpt_rh__genres as
with c as (select exercice, coalesce(code_statut, 'tous') as code_statut, sexe, count(*) as nb_agents
    from permanents group by grouping sets ((exercice, code_statut, sexe), (exercice, sexe)))
select *, round(100 * nb_agents / sum(nb_agents) over (partition by exercice, code_statut))::integer as part_pct from c;

create table rapport.rpt_rh__categories as
with c as (select exercice, categorie_hierarchique, 'Catégorie ' || categorie_hierarchique as libelle_categorie,
    count(*) as nb_agents from permanents group by all)
select *, round(100 * nb_agents / sum(nb_agents) over (partition by exercice))::integer as part_pct from c;

create table rapport.rpt_rh__pyramide as
with c as (select exercice, sexe, 'tranche' as libelle_tranche, 'sexe' as libelle_sexe, count(*) as nb_agents,
    case when tranche_age_ans >= 50 then 50 when tranche_age_ans >= 30 then 30 else 0 end as tranche_age_ans
    from permanents group by all)
select *, round(100 * nb_agents / sum(nb_agents) over (partition by exercice))::integer as part_pct from c;

create table rapport.rpt_rh__filieres as
with c as (select exercice, coalesce(code_filiere, 'total') as code_filiere, coalesce(code_statut, 'tous') as code_statut,
    count(*) as nb_agents from permanents group by grouping sets
    ((exercice, code_statut, code_filiere), (exercice, code_statut), (exercice, code_filiere), (exercice)))
select *, round(100 * nb_agents / max(nb_agents) over (partition by exercice, code_statut))::integer as part_pct from c;

create table rapport.rpt_rh__ages_moyens as
select exercice, coalesce(code_statut, 'tous') as code_statut, count(*) as nb_agents,
    round(avg(somme_ages_medians_ans), 2)::decimal(5, 2) as age_moyen_ans
from permanents group by grouping sets ((exercice, code_statut), (exercice));

create table rapport.rpt_rh__temps_travail as
with c as (select exercice, coalesce(code_statut, 'tous') as code_statut, code_temps, count(*) as nb_agents
    from (select *, case when est_temps_complet then 'complet' else 'non_complet' end as code_temps from permanents)
    group by grouping sets ((exercice, code_statut, code_temps), (exercice, code_temps)))
select *, round(100 * nb_agents / sum(nb_agents) over (partition by exercice, code_statut))::integer as part_pct from c;

create table rapport.rpt_rh__cadres_emplois as
with c as (select exercice, code_cadre_emplois, count(*) as nb_agents from permanents group by all)
select *, round(100 * nb_agents / sum(nb_agents) over (partition by exercice))::integer as part_pct from c;

create table rapport.rpt_rh__services as
select exercice, service, count(*) as nb_agents from restreint.fct_effectifs group by all;

create table rapport.rpt_rh__variations as
select exercice, code_statut,
    (select count(*) from permanents as p where p.exercice = l.exercice and l.code_statut in ('tous', p.code_statut))
        as nb_agents,
    (select count(*) from moves as m where m.exercice = l.exercice and sens_mouvement = 'arrivee'
        and l.code_statut in ('tous', m.code_statut)) as nb_arrivees,
    (select count(*) from moves as m where m.exercice = l.exercice and sens_mouvement = 'depart'
        and l.code_statut in ('tous', m.code_statut)) as nb_departs,
    (select count(*) from moves as m where m.exercice = l.exercice and sens_mouvement = 'changement_statut')
        as nb_nommes_stagiaires
from lignes as l where code_statut in ('fonctionnaire', 'contractuel_permanent', 'tous');

create table rapport.rpt_rh__mouvements as
with c as (select exercice, sens_mouvement, code_motif, count(*) as nb_agents
    from moves where sens_mouvement <> 'changement_statut' group by all)
select *, round(100 * nb_agents / sum(nb_agents) over (partition by exercice, sens_mouvement))::integer as part_pct from c;

create table rapport.rpt_rh__etpr as
with c as (select exercice, coalesce(code_statut, 'tous') as code_statut, sum(heures) as heures
    from restreint.fct_heures_remunerees group by grouping sets ((exercice, code_statut), (exercice)))
select exercice, code_statut, heures::decimal(18, 2) as heures, round(heures / 1820, 2)::decimal(18, 2) as etpr,
    round(100 * heures / max(heures) over (partition by exercice))::integer as part_pct from c;
drop view lignes; drop view moves; drop view permanents;
"""
