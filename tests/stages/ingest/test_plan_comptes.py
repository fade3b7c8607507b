"""The shipped plans of accounts: one answer per account and year, and one section per chapter."""

from collections.abc import Iterator

import duckdb
import pytest

from pipelines import settings

REFERENCE = settings.shipped() / "catalogue" / "reference"
MAPPINGS = ["depense_reelle", "depense_ordre_entre_sections", "depense_ordre_interieure"]
MAPPINGS += ["recette_reelle", "recette_ordre_entre_sections", "recette_ordre_interieure"]


@pytest.fixture(scope="module")
def plans() -> Iterator[duckdb.DuckDBPyConnection]:
    """One row per declinaison, account or chapter, and year."""
    with duckdb.connect() as db:
        for name in ("chapitres", "comptes"):
            path = REFERENCE / f"plan_comptes_{name}.csv"
            db.execute(
                f"create table {name} as select d.declinaison, y.exercice, t.* "
                f"from read_csv('{path}', all_varchar=true, header=true) as t, "
                "unnest(string_split(declinaisons, ' ')) as d(declinaison), "
                "unnest(range(exercice_debut::int, exercice_fin::int + 1)) as y(exercice)"
            )
        yield db


@pytest.mark.parametrize(("table", "key"), [("chapitres", "code_chapitre"), ("comptes", "compte")])
def test_one_answer_per_plan_and_year(plans, table: str, key: str) -> None:
    doubles = f"select 1 from {table} group by declinaison, exercice, {key} having count(*) > 1"
    assert plans.execute(f"select count(*) from ({doubles})").fetchone() == (0,)


def test_every_mapping_leads_to_a_chapter_of_the_same_plan_and_year(plans) -> None:
    targets = " union all ".join(
        f"select declinaison, exercice, {mapping} as code_chapitre from comptes where {mapping} is not null"
        for mapping in MAPPINGS
    )
    lost = plans.execute(
        f"select distinct t.* from ({targets}) as t anti join chapitres using (declinaison, exercice, code_chapitre)"
    ).fetchall()
    assert lost == []


def test_a_chapter_has_one_section_and_a_line_of_the_plan_leads_somewhere(plans) -> None:
    assert plans.execute("select distinct code_section from chapitres order by 1").fetchall() == [("F",), ("I",)]
    nowhere = " and ".join(f"{mapping} is null" for mapping in MAPPINGS)
    assert plans.execute(f"select count(*) from comptes where {nowhere}").fetchone() == (0,)


@pytest.mark.parametrize(
    ("declinaison", "exercice", "compte", "mapping", "chapitre"),
    [
        ("M14_COM_SUP3500", 2020, "6811", "depense_ordre_entre_sections", "042"),
        ("M14_COM_SUP3500", 2020, "28183", "recette_ordre_entre_sections", "040"),
        ("M14_COM_500_3500", 2021, "1068", "recette_reelle", "10"),
        ("M57_A", 2023, "4541", "depense_reelle", "4541"),
        ("M57_D", 2024, "65888", "depense_reelle", "65"),
    ],
)
def test_known_facts(plans, declinaison: str, exercice: int, compte: str, mapping: str, chapitre: str) -> None:
    found = plans.execute(
        f"select {mapping} from comptes where declinaison = ? and exercice = ? and compte = ?",
        [declinaison, exercice, compte],
    ).fetchall()
    assert found == [(chapitre,)]


def test_every_chapter_has_one_place_in_the_series_which_is_a_chapter(plans) -> None:
    plans.execute(
        f"create or replace table canon as from read_csv('{REFERENCE}/chapitres_canoniques.csv', all_varchar=true)"
    )
    lost = "select distinct code_chapitre from chapitres anti join canon using (code_chapitre)"
    assert plans.execute(lost).fetchall() == []
    assert plans.execute("select count(*) - count(distinct code_chapitre) from canon").fetchone() == (0,)
    unknown = "select code_chapitre_canonique from canon anti join chapitres on chapitres.code_chapitre = code_chapitre_canonique"
    assert plans.execute(unknown).fetchall() == []
    labels = (
        "select code_chapitre_canonique from canon group by all having count(distinct libelle_chapitre_canonique) > 1"
    )
    assert plans.execute(labels).fetchall() == []


def test_a_series_never_mixes_sections(plans) -> None:
    plans.execute(
        f"create or replace table canon as from read_csv('{REFERENCE}/chapitres_canoniques.csv', all_varchar=true)"
    )
    mixed = (
        "select code_chapitre_canonique from canon join chapitres using (code_chapitre) "
        "group by all having count(distinct code_section) > 1"
    )
    assert plans.execute(mixed).fetchall() == []


def test_a_payment_between_budgets_has_two_sides_on_accounts_of_the_plans(plans) -> None:
    """M14 in 2020, M57 in 2023: each flux is spent by one kind of budget and received by the other."""
    plans.execute(
        f"create or replace table flux as from read_csv('{REFERENCE}/flux_reciproques.csv', all_varchar=true)"
    )
    for norm, declinaison, year in (("M14", "M14_COM_SUP3500", 2020), ("M57", "M57_A", 2023), ("M4", "M4", 2023)):
        rows = plans.execute(
            "select flux, type_budget, code_sens, flux.compte, "
            "case code_sens when 'D' then depense_reelle else recette_reelle end as chapitre from flux left join comptes "
            "on flux.compte = comptes.compte and declinaison = ? and comptes.exercice = ? "
            "where norme = ? and ? between flux.exercice_debut::int and flux.exercice_fin::int",
            [declinaison, year, norm, year],
        ).fetchall()
        assert rows
        assert [row for row in rows if row[4] is None] == [], norm
        if norm != "M4":  # an annexe budget of M4 has a principal budget in M14 or M57
            sides = {name: {(kind, sens) for n, kind, sens, *_ in rows if n == name} for name, *_ in rows}
            assert all(
                found in ({("principal", "D"), ("annexe", "R")}, {("annexe", "D"), ("principal", "R")})
                for found in sides.values()
            )
