"""The public profile: which tables, lines, columns and figures it has, and in which form."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.secrecy import Figures, Persons, Secrecy, Table
from pipelines.stages.publish.secret.profile import PublicProfile, write_public
from pipelines.stages.publish.secret.sums import SecrecyBroken
from pipelines.stages.publish.secret.versions import Version, read_version
from tests.stages.publish.secret.body import (
    SECRECY,
    THRESHOLD,
    Agent,
    AnyText,
    Publisher,
    Year,
    history,
    write_warehouse,
)

WOMEN = [Agent(cadre="attaches", tranche=55)] * 9 + [Agent("contractuel_permanent", cadre="ingenieurs")] * 5
MEN = [Agent(cadre="techniciens", sexe="M")] * 6 + [Agent("contractuel_permanent", cadre="redacteurs", sexe="M")] * 9
BODY = {2020: Year([*WOMEN, *MEN], [])}
FREE = """
create table rapport.rpt_budget as select 2020 as exercice, 3 as montant_eur;
create table rapport.rpt_mois as select * from (values (2020, 1, 250, 0, 40), (2020, 2, 236, 2, 3), (2019, 1, 9, 7, 5))
    t(exercice, mois, nb_agents, nb_autres, montant_eur);
create table rapport.rpt_indicateurs as select * from (values (2020, 'formes', 'agents', 2), (2020, 'formes', 'agents', 30),
    (2020, 'utilisateurs', 'agents', 30), (2020, 'jours', 'jours', 2)) t(exercice, indicateur, unite, valeur);
create table rapport.rpt_controles as select 2020 as exercice, 1 as n;
create table rapport.rpt_collectivites__synthese as select *, 9 as valeur_precedente, 50 as variation_pct, 7 as moyenne_membres
from (values (2020, 1, false), (2021, 1, false), (2020, 2, false), (2019, 2, false), (2020, 3, false), (2021, 3, false),
    (2020, 4, false), (2021, 4, false)) t(exercice, rang, est_diffusable);
create table rapport.chiffres as select *, 'x' as domaine, 'calculé' as statut, null::varchar as code_manquant, 3 as nb_lignes
from (values ('rh.effectif.total', 2020, 29, 0), ('rh.effectif.fonctionnaire', 2020, 15, 0),
    ('rh.age_moyen.titre', 2020, 47, 0), ('rh.effectif_cadre_emplois.attaches', 2020, 9, 0),
    ('rh.effectif_permanent.total', 2020, 29, 0), ('mois.agents', 2020, 486, 0), ('mois.autres', 2020, 2, 0),
    ('seul.grand', 2020, 7, 0), ('seul.petit', 2020, 3, 0), ('seul.nul', 2020, 0, 0), ('retenu', 2020, 90, 0),
    ('inconnu', 2020, 90, 0), ('finances.dette', 2020, 2, 0)) t(code, exercice, valeur, decimales);
"""
TABLES = SECRECY.of_persons | {
    "rpt_budget": Table(free="comptes publics"),
    "rpt_mois": Table(
        free="connexions",
        persons={"nb_agents": Persons(), "nb_autres": Persons(), "montant_eur": Persons(counted=["nb_agents"])},
    ),
    "rpt_indicateurs": Table(free="activité", persons={"valeur": Persons(where="unite = 'agents'", by="indicateur")}),
    "rpt_controles": Table(withheld="contrôle interne"),
    "rpt_collectivites__synthese": Table(free="indicateurs"),
}
RULES = {code: rule for code, rule in SECRECY.figures.rules.items() if code.startswith("rh.")}
RULE = next(iter(RULES.values()))
FIGURES = Figures(
    rules=RULES
    | {
        "mois.agents": RULE.model_copy(update={"table": "rpt_mois", "column": "nb_agents", "row": {}}),
        "mois.autres": RULE.model_copy(update={"table": "rpt_mois", "column": "nb_autres", "row": {}}),
    },
    alone={"seul.grand": "x", "seul.petit": "x", "seul.nul": "x"},
    withheld={"retenu": "x"},
    plain=["decimales"],
    never=["nb_lignes"],
    counted={"finances.dette": "choses"},
)
DECLARED = Secrecy(populations=SECRECY.populations, tables=TABLES, figures=FIGURES)
INDICATORS = {1: "rpt_budget", 2: "rpt_mois", 3: "rpt_rh__genres", 4: "rpt_rh__cadres_emplois"}


def published(
    root: Path,
    years: dict[int, Year],
    change: str = "",
    versions: list[Version] | None = None,
    tables: dict[str, Table] = TABLES,
) -> tuple[PublicProfile, duckdb.DuckDBPyConnection]:
    """The public profile of a body that has other tables too, and its database."""
    number = len(list(root.glob("public*"))) + 1
    warehouse = write_warehouse(root / f"warehouse{number}.duckdb", years)
    with duckdb.connect(str(warehouse)) as db:
        db.execute(FREE + change)
    folder = root / f"public{number}"
    folder.mkdir()
    words = AnyText(frozenset())
    declared = DECLARED.model_copy(update={"tables": tables})
    profile = write_public(warehouse, "", folder, declared, THRESHOLD, {}, words, versions or [], INDICATORS)
    return profile, duckdb.connect(str(folder / "rapport_public.duckdb"), read_only=True)


def rows(db: duckdb.DuckDBPyConnection, asked: str) -> list[tuple]:
    return db.execute(asked).fetchall()


def test_a_table_about_persons_is_whole_in_the_first_form_that_holds(tmp_path):
    profile, db = published(tmp_path, BODY)
    genres = rows(db, "select code_statut, sexe, nb_agents, part_pct from rapport.rpt_rh__genres order by all")
    assert genres == [
        ("contractuel_permanent", "F", 5, 36),
        ("contractuel_permanent", "M", 9, 64),
        ("fonctionnaire", "F", 9, 60),
        ("fonctionnaire", "M", 6, 40),
        ("tous", "F", 14, 48),
        ("tous", "M", 15, 52),
    ]
    assert "rpt_rh__genres" not in profile.withheld


def test_lines_that_are_merged_have_their_own_numbers_and_words(tmp_path):
    agents = (
        [Agent(cadre="attaches")] * 14 + [Agent(cadre="techniciens")] * 13 + [Agent(cadre="adjoints_techniques")] * 2
    )
    _, db = published(tmp_path, {2020: Year(agents, [])}, "delete from rapport.chiffres where code like 'rh.%'")
    found = rows(
        db, "select categorie_hierarchique, libelle_categorie, nb_agents, part_pct from rapport.rpt_rh__categories"
    )
    assert sorted(found) == [("A", "Catégorie A", 14, 48), ("B-C", "Catégories B et C", 15, 52)]


def test_a_table_that_does_not_hold_is_not_there_and_its_exercices_are_named(tmp_path):
    years = {2020: Year([Agent(), Agent(sexe="M")], [])}
    profile, db = published(tmp_path, years, "delete from rapport.chiffres where code like 'rh.%'")
    there = {name for (name,) in rows(db, "select table_name from duckdb_tables()")}
    assert there & SECRECY.of_persons.keys() == {"rpt_rh__mouvements"}  # nobody came or left
    assert profile.withheld["rpt_rh__genres"] == [2020]


def test_a_column_that_counts_persons_by_itself_is_whole_in_an_exercice_or_emptied(tmp_path):
    _, db = published(tmp_path, BODY)
    found = rows(db, "select exercice, mois, nb_agents, nb_autres, est_secret from rapport.rpt_mois order by all")
    assert found == [(2019, 1, 9, 7, False), (2020, 1, 250, None, True), (2020, 2, 236, None, True)]
    assert rows(db, "select count(montant_eur) from rapport.rpt_mois") == [(3,)]  # each is that of enough persons


def test_a_column_of_a_mart_that_counts_persons_by_itself_is_emptied_too(tmp_path):
    table = Table(free="connexions", persons={"nb_agents": Persons()})
    change = "create table marts.fct_mois as select 2020 as exercice, 3 as nb_agents"
    _, db = published(tmp_path, BODY, change, tables=TABLES | {"fct_mois": table})
    assert rows(db, "select nb_agents, est_secret from marts.fct_mois") == [(None, True)]


@pytest.mark.parametrize(("connected", "shown"), [(247, None), (250, 250), (245, 245)])
def test_a_difference_may_count_persons_too(tmp_path, connected, shown):
    """Those who are authorised and did not connect."""
    table = Table(free="connexions", persons={"nb_agents": Persons(counted=["nb_agents", "nb_autorises - nb_agents"])})
    change = (
        "alter table rapport.rpt_mois add column nb_autorises integer; update rapport.rpt_mois set nb_autorises = 250, "
    )
    change += f"nb_agents = {connected}; delete from rapport.chiffres"
    _, db = published(tmp_path, BODY, change, tables=TABLES | {"rpt_mois": table})
    assert rows(db, "select distinct nb_agents from rapport.rpt_mois") == [(shown,)]


@pytest.mark.parametrize(("alone", "shown"), [(0, None), (3, None), (5, 5)])
def test_a_number_alone_is_public_from_the_threshold_on(tmp_path, alone, shown):
    """Else that it is emptied would tell that it is small."""
    _, db = published(tmp_path, BODY, f"update rapport.rpt_mois set nb_agents = {alone} where exercice = 2019")
    assert rows(db, "select nb_agents from rapport.rpt_mois where exercice = 2019") == [(shown,)]


def test_a_quantity_is_emptied_with_the_persons_that_it_counts(tmp_path):
    _, db = published(
        tmp_path, BODY, "update rapport.rpt_mois set nb_agents = 3 where mois = 2; delete from rapport.chiffres"
    )
    assert rows(db, "select exercice from rapport.rpt_mois where montant_eur is not null") == [(2019,)]


def test_lines_that_count_persons_decide_by_group(tmp_path):
    _, db = published(tmp_path, BODY)
    found = rows(db, "select indicateur, valeur from rapport.rpt_indicateurs order by all nulls first")
    assert found == [("formes", None), ("formes", None), ("jours", 2), ("utilisateurs", 30)]


def test_a_figure_is_public_with_the_rows_that_it_restates(tmp_path):
    _, db = published(tmp_path, BODY)
    found = {
        code: (value, missing)
        for code, value, missing in rows(db, "select code, valeur, code_manquant from rapport.chiffres")
    }
    assert {code for code, (value, _) in found.items() if value is not None} == {
        "rh.effectif.total",
        "rh.effectif.fonctionnaire",
        "rh.age_moyen.titre",
        "rh.effectif_permanent.total",
        "rh.effectif_cadre_emplois.attaches",
        "mois.agents",
        "seul.grand",
        "finances.dette",
    }
    assert {code for code, (_, missing) in found.items() if missing == "s"} == {
        *("mois.autres", "seul.petit", "seul.nul", "retenu", "inconnu"),
    }
    assert rows(db, "select count(nb_lignes) from rapport.chiffres where code <> 'finances.dette'") == [(0,)]


def test_a_figure_of_a_family_is_not_there_when_its_table_is_not(tmp_path):
    years = {2020: Year([*BODY[2020].agents, Agent(cadre="adjoints_techniques", sexe="M")], [])}
    change = "delete from rapport.chiffres where code in ('rh.effectif.total', 'rh.effectif_permanent.total')"
    change += "; update rapport.chiffres set valeur = 16 where code = 'rh.effectif.fonctionnaire'"
    _, db = published(tmp_path, years, change + "; delete from rapport.chiffres where code like 'rh.age%'")
    assert rows(db, "from rapport.chiffres where code = 'rh.effectif_cadre_emplois.attaches'") == []


def test_a_figure_that_is_not_the_number_of_its_rows_stops_the_profile(tmp_path):
    with pytest.raises(SecrecyBroken, match="rpt_rh__effectifs.nb_agents"):
        published(tmp_path, BODY, "update rapport.chiffres set valeur = 28 where code = 'rh.effectif.total'")


def test_an_indicator_of_a_member_is_public_when_its_table_is_whole(tmp_path):
    years = {2020: Year([*BODY[2020].agents, Agent(cadre="adjoints_techniques", sexe="M")], [])}
    _, db = published(tmp_path, years, "delete from rapport.chiffres where code like 'rh.%'")
    found = rows(db, "select rang, exercice, est_diffusable from rapport.rpt_collectivites__synthese order by all")
    assert found == [(1, 2020, True), (1, 2021, True), (2, 2019, True), (3, 2020, True)]


def test_an_indicator_of_a_member_is_compared_with_a_year_that_is_public(tmp_path):
    small = Agent(cadre="adjoints_techniques", sexe="M")  # in 2020, one agent has this cadre d'emplois
    years = {2020: Year([*BODY[2020].agents, small], []), 2021: Year([*BODY[2020].agents, *BODY[2020].agents], [])}
    _, db = published(tmp_path, years, "delete from rapport.chiffres where code like 'rh.%'")
    asked = (
        "select rang, exercice, valeur_precedente, variation_pct from rapport.rpt_collectivites__synthese order by all"
    )
    assert rows(db, asked) == [
        (1, 2020, 9, 50),
        (1, 2021, 9, 50),
        (2, 2019, None, None),
        (3, 2020, None, None),
        (3, 2021, 9, 50),
        (4, 2021, None, None),
    ]
    assert rows(db, "select distinct moyenne_membres from rapport.rpt_collectivites__synthese") == [(7,)]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("create table rapport.rpt_nouveau as select 1 as n", "rpt_nouveau"),
        ("alter table rapport.rpt_rh__genres add column grade varchar", "rpt_rh__genres.grade"),
        ("alter table rapport.chiffres add column note varchar", "chiffres.note"),
        ("", "inconnu"),
    ],
)
def test_what_nobody_declared_is_withheld_and_stops_nothing(tmp_path, change, where):
    profile, db = published(tmp_path, BODY, change)
    assert where in profile.undeclared
    there = {name for (name,) in rows(db, "select table_name from duckdb_tables()")}
    assert "rpt_controles" not in there and "rpt_nouveau" not in there and "rpt_budget" in there
    assert ("rpt_rh__genres" in there) == ("genres" not in where)


@pytest.mark.parametrize(
    "change",
    [
        "update rapport.rpt_rh__genres set nb_agents = nb_agents + 1 where sexe = 'F' and code_statut = 'tous'",
        "delete from rapport.rpt_rh__genres where sexe = 'F'",
        "update rapport.rpt_rh__genres set part_pct = 12 where sexe = 'F' and code_statut = 'tous'",
    ],
)
def test_a_table_that_is_not_as_declared_is_not_published(tmp_path, change):
    profile, db = published(tmp_path, BODY, change)
    assert profile.otherwise == ["rpt_rh__genres (2020)"]
    assert "rpt_rh__genres" not in {name for (name,) in rows(db, "select table_name from duckdb_tables()")}


def test_the_proof_gives_each_group_a_world_where_it_is_nobody_or_enough(tmp_path):
    profile, _ = published(tmp_path, BODY)
    groups = [one for one in profile.groups if one.label.startswith("effectif")]
    assert sum(one.value for one in groups) == 29
    assert all(one.low == 0 or one.high >= THRESHOLD for one in groups)


def test_lines_are_in_an_order_that_reveals_nothing(tmp_path):
    _, db = published(tmp_path, history(60, 3), "delete from rapport.chiffres where code like 'rh.%'")
    for (name,) in rows(db, "select table_name from duckdb_tables() where schema_name = 'rapport'"):
        assert rows(db, f"from rapport.{name}") == rows(db, f"from rapport.{name} order by all"), name


# what is archived -----------------------------------------------------------------------------------------------------


def test_a_version_reads_as_it_was_written(tmp_path):
    profile, _ = published(tmp_path, BODY)
    (version,) = profile.versions
    again = read_version(version.written(), DECLARED)
    assert (again, again.sha256) == (version, version.sha256)
    assert {row[version.tables["chiffres"].columns.index("code")] for row in version.tables["chiffres"].rows} >= {
        "rh.effectif.total"
    }


def test_a_held_exercice_keeps_its_rows_and_its_figures(tmp_path):
    profile, before = published(tmp_path, BODY)
    more = {2020: Year([*BODY[2020].agents, Agent(cadre="attaches", tranche=55)], [])}
    change = "update rapport.chiffres set valeur = valeur + 1 where code like 'rh.effectif%'; "
    change += "delete from rapport.chiffres where code like 'rh.age%'"
    held, after = published(tmp_path, more, change, profile.versions)
    assert held.held == [2020]
    assert (
        rows(after, "select exercice from rapport.rpt_collectivites__synthese where rang = 3") == []
    )  # another number
    for name in ("rpt_rh__genres", "rpt_rh__effectifs", "chiffres"):
        where = "where code like 'rh.%'" if name == "chiffres" else ""
        asked = f"from rapport.{name} {where} order by all"
        assert rows(after, asked) == rows(before, asked), name


def test_a_version_of_the_first_form_says_what_its_labels_name(tmp_path):
    profile, _ = published(tmp_path, BODY)
    (version,) = profile.versions
    kept = json.loads(version.written()) | {
        "told": ["effectif", "effectif, code_statut fonctionnaire", "effectif, code_statut fonctionnaire, sexe F, x"]
    }
    former = read_version(json.dumps(kept), DECLARED)
    more = {2020: Year([*BODY[2020].agents, Agent(cadre="attaches", tranche=55)], [])}
    change = "delete from rapport.chiffres where code like 'rh.%'"
    now, _ = published(tmp_path, more, change, [former])
    assert now.held == [] and "rpt_rh__effectifs" in now.withheld  # one agent more would be told
    again, _ = published(tmp_path, BODY, "", [former])
    assert "rpt_rh__effectifs" not in again.withheld


def test_a_table_that_no_longer_is_holds_nothing_back(tmp_path):
    profile, _ = published(tmp_path, BODY)
    (version,) = profile.versions
    kept = replace(version, tables=version.tables | {"rpt_rh__ancienne": version.tables["rpt_rh__genres"]})
    more = {2020: Year([*BODY[2020].agents, *[Agent(cadre="attaches", tranche=55)] * 5], [])}
    now, _ = published(tmp_path, more, "delete from rapport.chiffres where code like 'rh.%'", [kept])
    assert now.held == []


def test_what_was_public_and_cannot_be_proved_any_more_is_withheld(tmp_path):
    profile, _ = published(tmp_path, BODY)
    (version,) = profile.versions
    few = {
        one: Decimal(2) if dict(one.where).keys() >= {"sexe", "code_statut"} else value
        for one, value in version.told.items()
    }
    now, db = published(tmp_path, BODY, "", [replace(version, told=few)])
    assert now.retained == [2020]
    there = {name for (name,) in rows(db, "select table_name from duckdb_tables()")}
    assert not there & SECRECY.of_persons.keys() and "rpt_budget" in there


def test_payslips_are_printed_with_those_that_are_not(tmp_path):
    """Twelve are an agent: 24 that are not printed would be two agents."""
    for left, is_public in ((24, False), (60, True), (0, True)):
        root = tmp_path / str(left)
        publisher = Publisher(root)
        warehouse = write_warehouse_of_payslips(root, 600, 600 - left)
        folder = root / "public"
        folder.mkdir()
        write_public(warehouse, "", folder, SECRECY, publisher.threshold, {}, AnyText(frozenset()))
        with duckdb.connect(str(folder / "rapport_public.duckdb"), read_only=True) as db:
            there = {name for (name,) in rows(db, "select table_name from duckdb_tables()")}
        assert "rpt_rh__bulletins" in there
        assert ("rpt_activite__bulletins_imprimes" in there) == is_public, left


def write_warehouse_of_payslips(root: Path, made: int, printed: int) -> Path:
    root.mkdir()
    path = root / "warehouse.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute(f"""
            create schema marts; create schema rapport;
            create table marts.fct_bulletins as select 2020 as exercice, '94001' as code_collectivite, {made} as nb_bulletins;
            create table marts.fct_travaux_edition as select 2020 as exercice, '94001' as code_collectivite,
                'Bulletins de salaire' as nature_document, {printed} as nb_documents;
            create table rapport.rpt_rh__bulletins as from marts.fct_bulletins;
            create table rapport.rpt_activite__bulletins_imprimes as
                select exercice, code_collectivite, nb_documents as nb_bulletins from marts.fct_travaux_edition;
        """)
    return path
