"""Which chart of accounts is used for a document when a home adds plans of another form or another year."""

import re

import duckdb
import pytest

from pipelines.settings import shipped

MODEL = shipped() / "dbt_project/models/intermediate/finances/int_finances__plans.sql"
PLANS = [("M57", 2016, 2021), ("M57_A", 2022, 2025), ("M57_D", 2022, 2024), ("M57_F", 2025, 2025)]
PLANS += [("M43_A", 2016, 2021), ("M43_D", 2016, 2021), ("M43", 2022, 2024), ("M14_COM_SUP3500", 2016, 2025)]
PLANS += [("M14_COM_500_3500", 2016, 2024)]


@pytest.mark.parametrize(
    ("asked", "year", "serves"),
    [
        (
            "M57_D",
            2025,
            ("M57_D", 2024),
        ),  # neither the abridged one nor the one by function, though they are of the year
        ("M57_A", 2025, ("M57_A", 2025)),
        ("M57_D", 2021, ("M57", 2021)),
        ("M57", 2025, ("M57_D", 2024)),
        ("M57_X", 2025, ("M57_D", 2024)),
        ("M43_A", 2025, ("M43", 2024)),
        ("M43_A", 2020, ("M43_A", 2020)),
        ("M14_COM_500_3500", 2025, ("M14_COM_500_3500", 2024)),
        ("M57_D", 2010, ("M57", 2016)),
    ],
)
def test_the_plan_that_serves(asked: str, year: int, serves: tuple[str, int]) -> None:
    with duckdb.connect() as db:
        db.execute("create table int_finances__documents (exercice integer, declinaison varchar)")
        db.execute(
            "create table int_finances__plans_connus (declinaison varchar, famille varchar, exercice_debut integer, exercice_fin integer)"
        )
        db.execute("insert into int_finances__documents values (?, ?), (?, ?)", [year, asked, year, asked])
        db.executemany(
            "insert into int_finances__plans_connus values (?, ?, ?, ?)",
            [(name, name.partition("_")[0], first, last) for name, first, last in PLANS],
        )
        sql = re.sub(r"{{ ref\('(\w+)'\) }}", r"\1", MODEL.read_text(encoding="utf-8"))
        assert db.execute(sql).fetchall() == [(year, asked, *serves)]
