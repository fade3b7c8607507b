"""The reference plans of accounts: one answer per account and year, every chapter in one section."""

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.settings import REFERENCE_DIR

MAPPINGS = ["depense_reelle", "depense_ordre_entre_sections", "depense_ordre_interieure"]
MAPPINGS += ["recette_reelle", "recette_ordre_entre_sections", "recette_ordre_interieure"]


@pytest.fixture(scope="module")
def plans() -> Iterator[duckdb.DuckDBPyConnection]:
    """One row per declinaison, account or chapter, and year."""
    with duckdb.connect() as db:
        for name in ("chapitres", "comptes"):
            path = REFERENCE_DIR / f"plan_comptes_{name}.csv"
            db.execute(
                f"create table {name} as select d.declinaison, y.exercice, t.* "
                f"from read_csv('{path}', all_varchar=true, header=true) as t, "
                "unnest(string_split(declinaisons, ' ')) as d(declinaison), "
                "unnest(range(exercice_debut::int, exercice_fin::int + 1)) as y(exercice)"
            )
        yield db


@pytest.mark.parametrize(("table", "key"), [("chapitres", "chapitre"), ("comptes", "compte")])
def test_one_answer_per_plan_and_year(plans, table: str, key: str) -> None:
    doubles = f"select 1 from {table} group by declinaison, exercice, {key} having count(*) > 1"
    assert plans.execute(f"select count(*) from ({doubles})").fetchone() == (0,)


def test_every_mapping_leads_to_a_chapter_of_the_same_plan_and_year(plans) -> None:
    targets = " union all ".join(
        f"select declinaison, exercice, {mapping} as chapitre from comptes where {mapping} is not null"
        for mapping in MAPPINGS
    )
    lost = plans.execute(
        f"select distinct t.* from ({targets}) as t anti join chapitres using (declinaison, exercice, chapitre)"
    ).fetchall()
    assert lost == []


def test_a_chapter_has_one_section_and_a_line_of_the_plan_leads_somewhere(plans) -> None:
    assert plans.execute("select distinct section from chapitres order by 1").fetchall() == [("F",), ("I",)]
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
