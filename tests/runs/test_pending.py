"""What a run has left to do: exactly what would come out differently today."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.ledger.records import CheckResult, Removal, Verdict
from pipelines.ledger.store import open_ledger
from pipelines.ledger.workspace import Workspace
from pipelines.runs import pending
from pipelines.runs.arriving import arriving, strays
from pipelines.runs.collect import collect
from pipelines.runs.pending import is_published, note_published, stands
from pipelines.settings import Home
from pipelines.stages.publish.swap import publish
from tests.deliveries import FIELDS, HEADER, Depot
from tests.stages.publish.small import Broken
from tests.stages.transform.conftest import Lab

YEAR = 2020
ROWS = HEADER + "A1;x;1,00;03/02/2020\nA2;y;2,00;03/02/2020\n"


def result(*, success: bool) -> CheckResult:
    return CheckResult("k", "type", None, "critical", success, None, 0, "raison", "aide")


@pytest.fixture
def taken(depot: Depot) -> Depot:
    """A home with one accepted delivery."""
    depot.declare()
    depot.organise()

    def take() -> None:
        depot.drop(ROWS, exercice=YEAR)
        with open_ledger(depot.home) as ledger:
            assert collect(depot.work(ledger), depot.ref, YEAR).status == "accepted"

    depot.after("one delivery taken", take)
    return depot


def still(depot: Depot) -> bool:
    with open_ledger(depot.home) as ledger:
        return stands(depot.work(ledger), depot.ref, YEAR)


def test_the_same_bytes_under_the_same_declaration_stand(taken: Depot):
    assert still(taken)


def lose_rows(depot: Depot) -> None:
    (rows,) = (path for path in depot.home.lake.rglob("*.parquet") if path.suffixes == [".parquet"])
    rows.unlink()


def lose_original(depot: Depot) -> None:
    (original,) = depot.home.archive.glob("[0-9a-f]*")
    original.unlink()


def refuse(depot: Depot) -> None:
    with open_ledger(depot.home) as ledger:
        ledger.record_refusal("essai/export", YEAR, [], {"code": "FIC-VIDE"})


@pytest.mark.parametrize(
    "change",
    [
        lambda depot: depot.drop(ROWS.replace("1,00", "7,00"), exercice=YEAR),
        lambda depot: depot.drop(ROWS, "autre.csv", exercice=YEAR),
        lambda depot: depot.declare(FIELDS[:3]),
        lambda depot: depot.declare(table={"primaryKey": ["code"]}),
        lose_rows,
        lose_original,
        refuse,
    ],
    ids=["bytes", "one file more", "read otherwise", "judged otherwise", "rows gone", "original gone", "refused since"],
)
def test_anything_else_is_taken_in_again(taken: Depot, change: Callable[[Depot], object]):
    change(taken)
    assert not still(taken)


def test_a_delivery_that_a_decision_let_in_is_judged_again(taken: Depot):
    with open_ledger(taken.home) as ledger:
        current = ledger.current()["essai/export", YEAR]
        refused = Verdict(current.verdicts[0], current.manifest.delivery, "lignes", "s", [result(success=False)])
        ledger._verdicts[refused.id] = refused  # the decision may have run out
        assert not stands(taken.work(ledger), taken.ref, YEAR)


@pytest.fixture
def published(depot: Depot) -> Lab:
    """A home whose warehouse was built and published."""
    lab = Lab(depot)

    def show() -> None:
        lab.accept(ROWS, YEAR)
        with open_ledger(lab.home) as ledger:
            built = lab.build(ledger)
            publish(lab.work(ledger), built.build, [])
            for year in lab.work(ledger).organisation.years:
                (lab.home.audit / str(year)).mkdir(parents=True)
                (lab.home.audit / str(year) / "etat.html").write_text("page", encoding="utf-8")
            note_published(lab.work(ledger))

    depot.after("built and published", show)
    return lab


def stands_published(lab: Lab) -> bool:
    with open_ledger(lab.home) as ledger:
        return is_published(lab.work(ledger))


def write_prose(lab: Lab) -> None:
    (lab.home.contenu / str(YEAR)).mkdir(parents=True)
    (lab.home.contenu / str(YEAR) / "edito.md").write_text("Un mot.", encoding="utf-8")


def edit_a_table(lab: Lab) -> None:
    (lab.home.published / "rapport" / "chiffres.parquet").write_bytes(b"autre chose")


def lose_a_table(lab: Lab) -> None:
    (lab.home.published / "rapport" / "chiffres.parquet").unlink()


def decide(lab: Lab) -> None:
    with open_ledger(lab.home) as ledger:
        ledger.record_removal(Removal("CONS-ORIGINAL", "a" * 64, "essai/export", YEAR, kept_until="2021-01-01"))


def rename(lab: Lab) -> None:
    text = lab.home.organisation_file.read_text(encoding="utf-8")
    lab.home.organisation_file.write_text(text.replace("sigle: SE", "sigle: SY"), encoding="utf-8")


def test_the_prose_that_a_run_may_print_is_judged_first(tmp_path: Path):
    """That of its exercices, and of the last one received, whose report is printed; a frozen one stays as it is."""
    home = Home(tmp_path)
    releases, current = [{"exercice": 2018}], {("a/b", 2018): None, ("a/b", 2020): None}
    ledger = SimpleNamespace(all_rows=lambda table: releases, current=lambda: current)
    work = cast(Workspace, SimpleNamespace(home=home, ledger=ledger, catalogue=load_catalogue()))
    for year in (2017, 2018, 2019):
        text = home.contenu / str(year) / "projets" / "a.md"
        text.parent.mkdir(parents=True)
        text.write_text('{{ f("rh.efectif.total") }}', encoding="utf-8")
    pending.refuse_wrong_texts(work, [2018, 2020])
    with pytest.raises(DeclarationError, match="2019/projets/a.md:1 demande le chiffre « rh.efectif.total »"):
        pending.refuse_wrong_texts(work, [2019])
    current["a/b", 2019] = current.pop(("a/b", 2020))
    with pytest.raises(DeclarationError, match="« rh.effectif.total »"):
        pending.refuse_wrong_texts(work, [2018])


def test_what_was_just_published_stands(published: Lab):
    assert stands_published(published)


@pytest.mark.parametrize(
    "change",
    [
        write_prose,
        edit_a_table,
        lose_a_table,
        decide,
        rename,
        lambda lab: (lab.home.audit / str(YEAR) / "etat.html").unlink(),
        lambda lab: (lab.home.cache / pending.MARK).write_text("{"),
        lambda lab: lab.home.published.unlink(),
    ],
    ids=["prose", "edited", "a file gone", "the ledger", "organisation", "a page gone", "the mark", "all gone"],
)
def test_what_would_come_out_differently_is_published_again(published: Lab, change: Callable[[Lab], object]):
    change(published)
    assert not stands_published(published)


@pytest.mark.parametrize("error", [RuntimeError("cannot be drawn"), None])
def test_a_report_that_could_not_be_drawn_is_drawn_again(published: Lab, error: Exception | None):
    with open_ledger(published.home) as ledger:
        work = published.work(ledger)
        publish(work, str(ledger.last_build()["build"]), [], pages=Broken(None, error))
        note_published(work)
    assert stands_published(published) == (error is None)


def test_another_day_has_other_late_exports(published: Lab, clock):
    clock("2031-01-01T00:00:00+00:00")
    assert not stands_published(published)


def test_what_a_server_holds_is_not_known(published: Lab, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MILLESIME_PUBLISH_URL", "postgresql://nobody@localhost/nothing")
    assert not stands_published(published)


def test_what_is_still_arriving_is_neither_to_do_nor_absent_and_what_stands_is_not_waited_for(
    taken: Depot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MILLESIME_QUIET", "60")

    def todo() -> pending.Pending:
        with open_ledger(taken.home) as ledger:
            return pending.pending(taken.work(ledger), [YEAR], None)

    assert (todo().arrived, todo().absent, todo().aside) == ([], [], [])
    path = taken.drop(ROWS.replace("1,00", "7,00"), exercice=YEAR)
    (aside,) = todo().aside
    assert (aside.export, aside.exercice, aside.fichier) == ("essai/export", YEAR, f"landing/{YEAR}/essai/{path.name}")
    assert (todo().arrived, todo().absent) == ([], [])
    path.rename(path.with_name(f"{path.name}.part"))
    assert todo().aside and todo().absent == []
    monkeypatch.setenv("MILLESIME_QUIET", "0")
    path.with_name(f"{path.name}.part").rename(path)
    assert [year for _, year in todo().arrived] == [YEAR]


@pytest.mark.parametrize(
    ("beside", "told"),
    [
        ("export_2.csv.part", "export_2.csv.part"),
        ("~$export.csv", "~$export.csv"),
        (".~lock.export.csv#", ".~lock.export.csv#"),
        ("Unconfirmed 48.crdownload", "Unconfirmed 48.crdownload"),
        ("export_2.part", "export_2.part"),
        (".DS_Store", None),
        (".config.backup", None),
        ("lisez.txt", None),
    ],
)
def test_a_temporary_file_is_named_though_what_it_lies_beside_stands(taken: Depot, beside: str, told: str | None):
    taken.declare(files="export*.csv")
    taken.drop("x", beside, exercice=YEAR)
    with open_ledger(taken.home) as ledger:
        todo = pending.pending(taken.work(ledger), [YEAR], None)
        other = pending.pending(taken.work(ledger), [YEAR], ["autre"])
    assert [one.fichier for one in todo.aside] == [f"landing/{YEAR}/essai/{told}"] * bool(told)
    assert (todo.arrived, todo.absent, other.aside) == ([], [], [])


def test_a_file_left_aside_is_reported_without_the_name_of_a_person(taken: Depot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MILLESIME_QUIET", "60")
    taken.declare(files="*.csv", export={"nominative": True})
    taken.drop("x", "durand.csv", exercice=YEAR)
    taken.drop("x", "~$durand.csv", exercice=YEAR)
    with open_ledger(taken.home) as ledger:
        told = arriving(taken.work(ledger), taken.ref, YEAR)
        taken.drop("x", "durand.part", exercice=YEAR)
        apart = strays(taken.work(ledger), YEAR, None)
    assert told and apart and "durand" not in str([told, apart])
