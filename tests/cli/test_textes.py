"""``millesime textes``: what waits to be read, with its place; a declared person approves it by its number."""

import duckdb
import pytest

from tests.cli.conftest import Bench

TITLES = ["Réseau des écoles", "Salle des mariages", "Vidéo du comité"]
BY = ("--by", "A. Martin")


@pytest.fixture
def typed(filled: Bench, declared) -> Bench:
    """A home whose warehouse has a public table with three titles of 2019, of which two rows have the first, and one of 2020."""
    declared.write("catalogue/secrecy.yml", "tables:\n  rpt_essai: {free: essai}\n  rpt_interne: {withheld: essai}\n")
    filled.home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    rows = [(2019, title) for title in (TITLES[0], *TITLES)] + [(2020, TITLES[0])]
    with duckdb.connect(str(filled.home.warehouse)) as db:
        db.execute("create schema rapport; create table rapport.rpt_essai (exercice integer, titre varchar)")
        db.executemany("insert into rapport.rpt_essai values (?, ?)", rows)
        db.execute("create table rapport.rpt_interne as select 2019 as exercice, 'Note interne' as titre")
    return filled


def read(bench: Bench) -> list[tuple]:
    with bench.ledger() as ledger:
        return [
            (row["read_table"], row["read_column"], row["exercice"], row["read_by"])
            for row in ledger.all_rows("readings")
        ]


def test_the_list_gives_each_text_with_its_place(typed: Bench):
    said = typed.millesime("textes", 2019)
    assert said.exit_code == 0 and read(typed) == []
    lines = said.stdout.splitlines()
    assert [line.strip() for line in lines[-7:-1:2]] == [
        "1  rpt_essai.titre et 1 autre",
        "2  rpt_essai.titre",
        "3  rpt_essai.titre",
    ]
    assert [line.strip() for line in lines[-6:-1:2]] == TITLES
    assert lines[-1] == "3 textes à relire, 0 relu."
    assert "Note interne" not in said.stdout


@pytest.mark.parametrize(("chosen", "left"), [("all", []), ("1-3", []), ("2", [0, 2]), ("1,3", [1]), ("2-3, 1", [])])
def test_those_that_are_chosen_by_number_wait_no_more(typed: Bench, chosen: str, left: list[int]):
    done = typed.millesime("textes", 2019, "--approve", chosen, "--by", "a martin")
    assert done.exit_code == 0, done.output
    assert f"{3 - len(left)} texte" in done.stdout and "par A. Martin" in done.stdout and "run 2019" in done.stderr
    assert read(typed) == [("rpt_essai", "titre", 2019, "A. Martin")] * (3 - len(left))
    after = typed.millesime("textes", 2019).stdout
    assert [title for title in TITLES if title in after] == [TITLES[at] for at in left]
    assert all(f"{at + 1}  rpt_essai" in after for at in left)  # with the same numbers
    assert (
        "1 texte à relire, 0 relu." in typed.millesime("textes", 2020).stdout
    )  # another year's approval does not hold


def test_what_was_read_is_not_entered_twice(typed: Bench):
    typed.millesime("textes", 2019, "--approve", "1", *BY)
    again = typed.millesime("textes", 2019, "--approve", "all", *BY)
    assert "2 textes approuvés" in again.stdout and len(read(typed)) == 3
    assert "0 texte approuvé" in typed.millesime("textes", 2019, "--approve", "all", *BY).stdout


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--approve", "all"), "--approve va avec --by"),
        (BY, "--approve va avec --by"),
        (("--approve", "all", "--by", "Z. Inconnu"), "n’est pas déclaré"),
        (("--approve", "4", *BY), "qui va de 1 à 3"),
        (("--approve", "0", *BY), "qui va de 1 à 3"),
        (("--approve", "3-2", *BY), "qui va de 1 à 3"),
        (("--approve", "tous", *BY), "n’est pas un numéro"),
    ],
)
def test_an_approval_that_is_none_is_refused(typed: Bench, asked: tuple[str, ...], said: str):
    refused = typed.millesime("textes", 2019, *asked)
    assert refused.exit_code == 2 and said in refused.stderr, refused.output
    assert read(typed) == []


def test_before_any_build_there_is_nothing_to_read(filled: Bench):
    refused = filled.millesime("textes", 2019)
    assert refused.exit_code == 2 and "rien n’est encore construit" in refused.stderr
