"""A line with a text typed by a service is public once a named person has read that text, there and for that year alone."""

import hashlib
from collections import Counter

import duckdb

from pipelines.ledger.records import Reading
from pipelines.ledger.state import read_waiting
from pipelines.ledger.store import open_ledger
from pipelines.stages.publish.secret.readings import typed_texts
from pipelines.stages.transform.load import PIECES
from tests.stages.publish.small import MARTS, STAFF, ask, published
from tests.stages.transform.conftest import Lab

LISTED, MART = "rpt_projets__etats", "fct_licences_messagerie"
ROWS = [(2020, "a", 1), (2020, "Affaire Durand", 2), (2020, "Affaire Petit", 3), (2019, "Affaire Durand", 4)]
OTHERS = [(2020, "a", 1), (2020, "Affaire Durandal", 2), (2020, "Affaire Petit", 3), (2019, "Affaire Durand", 4)]


def build(lab: Lab, rows: list[tuple], more: str = "") -> None:
    lab.home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    lab.home.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        db.execute(MARTS.format(build="b1", value=1, rows=10, pieces=PIECES))
        for table in (f"rapport.{LISTED}", f"marts.{MART}"):
            db.execute(f"create table {table} (exercice integer, libelle_pole varchar, nb_projets bigint)")
            db.executemany(f"insert into {table} values (?, ?, ?)", rows)
        db.execute(more)
    published(lab)


def approve(lab: Lab, table: str, text: str, exercice: int = 2020, column: str = "libelle_pole") -> None:
    with open_ledger(lab.home) as ledger:
        ledger.record_readings(
            [Reading(hashlib.sha256(text.encode()).hexdigest(), table, column, exercice)], "A. Martin"
        )
    published(lab)


def shown(lab: Lab, table: str = LISTED) -> set[tuple]:
    """The public rows of a table, the same in the database and in its Parquet file."""
    public = lab.home.published / "public"
    schema = "marts" if table == MART else "rapport"
    rows = duckdb.sql(f"from '{public}/{schema}/{table}.parquet'").fetchall()
    with duckdb.connect(str(public / "rapport_public.duckdb"), read_only=True) as db:
        assert Counter(db.execute(f"from {schema}.{table}").fetchall()) == Counter(rows)
    return {*rows}


def holding(lab: Lab, word: str) -> list[str]:
    """The public files with a cell that holds a word."""
    files = sorted((lab.home.published / "public").rglob("*.parquet"))
    return [one.name for one in files if word in str(duckdb.sql(f"from '{one}'").fetchall())]


def test_a_line_whose_text_nobody_read_is_in_no_public_file_and_is_counted(lab: Lab):
    build(lab, ROWS)
    for table in (LISTED, MART):
        assert shown(lab, table) == {ROWS[0]}
    assert holding(lab, "Affaire") == []
    waiting = read_waiting(lab.home.published / "public")
    assert waiting == {table: {2019: 1, 2020: 2} for table in (MART, LISTED)}
    said = ask(
        lab, "select exercice, severite, message from p.audit.constats where code_regle = 'SEC-RELECTURE' order by 1"
    )
    assert [row[:2] for row in said] == [(2019, "information"), (2020, "information")]
    assert "2 lignes" in said[0][2] and "4 lignes" in said[1][2] and LISTED in said[1][2]
    assert "Durand" not in str(said)


def test_an_approval_holds_for_the_text_in_its_table_its_column_and_its_exercice(lab: Lab):
    build(lab, ROWS)
    approve(lab, LISTED, "Affaire Durand")
    assert shown(lab) == {*ROWS[:2]}
    assert shown(lab, MART) == {ROWS[0]}
    approve(lab, MART, "Affaire Durand", column="un_autre")
    assert shown(lab, MART) == {ROWS[0]}
    approve(lab, LISTED, "Affaire Durand", 2019)
    assert shown(lab) == {*ROWS[:2], ROWS[3]}
    assert read_waiting(lab.home.published / "public")[LISTED] == {2020: 1}


def test_a_text_that_changes_waits_again_alone(lab: Lab):
    build(lab, ROWS)
    for text in ("Affaire Durand", "Affaire Petit"):
        approve(lab, LISTED, text)
    assert shown(lab) == {*ROWS[:3]}
    build(lab, OTHERS)
    assert shown(lab) == {OTHERS[0], OTHERS[2]}
    assert holding(lab, "Durandal") == []


def test_a_line_without_the_text_is_not_concerned(lab: Lab):
    build(lab, [*ROWS, (2020, None, 5), (None, "Affaire Durand", 6)])
    assert shown(lab) == {ROWS[0], (2020, None, 5)}


def test_a_table_that_counts_persons_is_withheld_whole(lab: Lab):
    build(
        lab,
        ROWS,
        STAFF.format(one=24)
        + "update rapport.rpt_rh__bulletins set libelle_collectivite = 'Durand' where nb_bulletins = 600",
    )
    assert not (lab.home.published / "public" / "rapport" / "rpt_rh__bulletins.parquet").exists()
    assert read_waiting(lab.home.published / "public")["rpt_rh__bulletins"] == {2020: 1}


def test_a_column_that_is_never_public_is_emptied_and_nobody_has_to_read_it(lab: Lab):
    build(
        lab,
        ROWS,
        "create table rapport.rpt_finances__dette as "
        "from (values (2020, '2020/durand.xml#1', 'a', 4)) t(exercice, document_id, libelle_budget, nb_emprunts)",
    )
    assert shown(lab, "rpt_finances__dette") == {(2020, None, "a", 4)}
    with open_ledger(lab.home) as ledger:
        assert {one.typed.table for one in typed_texts(lab.work(ledger), 2020)} == {LISTED, MART}


def test_the_list_names_the_texts_of_the_year_and_of_no_year_in_a_lasting_order(lab: Lab):
    build(lab, ROWS, "create table marts.dim_budget as from (values ('Commune libre'), ('a')) t(libelle_budget)")
    with open_ledger(lab.home) as ledger:
        before = typed_texts(lab.work(ledger), 2020)
    assert [(one.typed.table, one.typed.text) for one in before] == [
        ("dim_budget", "Commune libre"),
        *((table, text) for table in (MART, LISTED) for text in ("Affaire Durand", "Affaire Petit")),
    ]
    approve(lab, MART, "Affaire Durand")
    with open_ledger(lab.home) as ledger:
        after = typed_texts(lab.work(ledger), 2020)
    assert [one.typed for one in after] == [one.typed for one in before]
    assert [one.is_read for one in after] == [False, True, False, False, False]


def test_the_ledger_holds_no_text(lab: Lab):
    build(lab, ROWS)
    approve(lab, LISTED, "Affaire Durand")
    assert b"Affaire" not in lab.home.ledger_file.read_bytes()
    with open_ledger(lab.home) as ledger:
        (row,) = ledger.all_rows("readings")
        assert row["read_by"] == "A. Martin" and ledger.check({}) == []


def test_a_small_number_of_persons_stays_hidden_once_the_lines_are_read(lab: Lab):
    table, columns = "rpt_elections__accompagnement", ["scrutin", "date_debut", "nb_collectivites", "nb_documents"]
    rows = [("Formation", 3), ("Affaire Durand", 12), ("b", 6)]
    values = ", ".join(f"(2020, '{action}', {number})" for action, number in rows)
    empty = ", ".join(
        f"null::{'varchar' if one == 'scrutin' else 'bigint'} as {one}" for one in [*columns, "duree_jours"]
    )
    build(
        lab,
        ROWS,
        f"create table rapport.{table} as "
        f"select *, {empty} from (values {values}) t(exercice, action, nb_agents_formes)",
    )
    for text in ("Formation", "Affaire Durand"):
        approve(lab, table, text, column="action")
    found = {(row[1], row[2], row[-1]) for row in shown(lab, table)}
    assert found == {("Formation", None, True), ("Affaire Durand", None, True), ("b", None, True)}
