"""The conditions for freezing a year: everything kept is verified, the signatories are declared, and something was received."""

from types import SimpleNamespace

import pytest

from pipelines.catalogue.organisation import Organisation
from pipelines.ledger.records import Finding
from pipelines.ledger.store import open_ledger
from pipelines.runs import release
from pipelines.runs.audit.state import look, state
from pipelines.runs.release import Anomalies, NotBuilt, Undecided, release_year
from pipelines.stages.publish.release import CannotRelease, Visas
from pipelines.stages.report.etat.page import render
from pipelines.stages.report.kept import forget, kept
from tests.cli.conftest import Bench

THREE = Visas("A", "b", " C ")
OPEN = [(2019, "ici"), (2019, "là"), (2018, "ici")]  # year and place of findings


def refused(bench: Bench, visas: Visas, year: int = 2019) -> str:
    """Why a release is refused; nothing is written then."""
    with bench.work() as work, pytest.raises(CannotRelease) as stopped:
        release_year(work, year, visas, None)
    assert not bench.home.releases.exists()
    return str(stopped.value)


def test_a_release_begins_with_a_full_verification(filled: Bench):
    with filled.ledger() as ledger:
        rows = filled.home.lake / ledger.current()["ventes/ventes", 2019].manifest.tables["ventes"].parquet
    rows.write_bytes(rows.read_bytes() + b"\0")
    with filled.work() as work, pytest.raises(Anomalies) as stopped:
        release_year(work, 2019, THREE, None)
    assert stopped.value.problems == [f"{rows.relative_to(filled.home.root)}\u00a0: le fichier a été modifié"]
    said = filled.millesime("release", 2019, "--prepared-by", "A", "--reviewed-by", "B", "--approved-by", "C")
    assert (
        said.exit_code == 1
        and "le fichier a été modifié" in said.stderr
        and "1 anomalie de vérification" in said.stderr
    )


def test_who_vouches_is_declared(filled: Bench):
    said = refused(filled, Visas("A. Martain", "B", "C"))
    assert said == (
        "« A. Martain » n’est pas déclaré dans organisation.yml (personnes)\u00a0: vouliez-vous dire « A. Martin »\u00a0? "
        "sont déclarés\u00a0: A. Martin, C. Durand, A, B, C"
    )
    assert "« » n’est pas déclaré" in refused(filled, Visas("A", " ", "C")).replace("«  »", "« »")


@pytest.mark.parametrize("visas", [Visas("A", "a", "C"), Visas("A", "B", "À"), Visas("B", "C", " c")])
def test_preparation_review_and_approval_are_three_persons(filled: Bench, visas: Visas):
    assert "le fait de trois personnes" in refused(filled, visas)


def test_a_body_too_small_for_three_says_why(filled: Bench):
    with filled.home.organisation_file.open("a", encoding="utf-8") as file:
        file.write("cumul_des_visas: deux agents en tout\n")
    with filled.work() as work:
        assert release._declared(work.organisation, Visas("A", "B", "a")) == Visas("A", "B", "A", "deux agents en tout")
        assert release._declared(work.organisation, THREE) == Visas("A", "B", "C")  # nothing to excuse
        with pytest.raises(NotBuilt):  # the visas are right
            release_year(work, 2019, Visas("A", "B", "a"), None)


def test_why_a_release_replaces_another_is_asked_before_anything_is_made(filled: Bench):
    with filled.ledger() as ledger:
        ledger.record_release("2019-v1", 2019, 1, "f" * 64, "b1", THREE.as_dict(), None, "c" * 64)
    assert refused(filled, THREE) == "2019-v1 existe : dire pourquoi une autre version la remplace (--reason)"


def test_the_same_request_finishes_a_release_that_was_killed_before_it_was_published(
    filled: Bench, monkeypatch: pytest.MonkeyPatch
):
    told: list[str] = []
    monkeypatch.setattr(release, "publish_warehouse", lambda _: SimpleNamespace(held=None))
    asked = Visas("A", "B", "C")
    with filled.work() as work:
        for version, why in ((1, None), (2, "erreur")):
            name = f"2019-v{version}"
            (filled.home.releases / name).mkdir(parents=True)
            work.ledger.record_release(name, 2019, version, "f" * 64, "b1", asked.as_dict(), why, "c" * 64)
        done = release_year(work, 2019, THREE, "erreur", told.append)
        assert (done.name, done.former, told) == ("2019-v2", "2019-v1", ["publication, et dessin du rapport"])
        for visas, why in ((THREE, "autre raison"), (Visas("B", "A", "C"), "erreur")):
            with pytest.raises(CannotRelease):
                release_year(work, 2019, visas, why)
        with pytest.raises(CannotRelease, match="dire pourquoi"):
            release_year(work, 2019, THREE, None)


def test_what_was_killed_before_it_was_recorded_is_made_again(filled: Bench):
    for name in (".2019-v1.12", "2019-v1"):
        (filled.home.releases / name).mkdir(parents=True)
    with filled.work() as work, pytest.raises(NotBuilt):  # all that is kept was verified
        release_year(work, 2019, THREE, None)
    assert not any(filled.home.releases.iterdir())
    (filled.home.releases / "2019-v2").mkdir()  # of no release that was ever asked for
    with filled.work() as work, pytest.raises(Anomalies):
        release_year(work, 2019, THREE, None)


def test_the_reason_is_on_the_audit_page(filled: Bench):
    visas = Visas("A", "A", "A", "un seul agent")
    with filled.work() as work:
        work.ledger.record_release("2019-v1", 2019, 1, "f" * 64, "b1", visas.as_dict(), None, "c" * 64)
        folder = filled.home.releases / "2019-v1"
        folder.mkdir(parents=True)
        content = state(look(work), 2019)
    assert content["versions"][0]["cumul"] == "un seul agent"
    assert "<dt>Cumul des visas</dt><dd>un seul agent</dd>" in render(content, filled.home.cache)


def test_a_year_of_which_nothing_was_received_is_not_frozen(bench: Bench):
    text = bench.home.organisation_file.read_text(encoding="utf-8")
    bench.home.organisation_file.write_text(text.replace("[ventes, personnel, absences]", "[]"), encoding="utf-8")
    assert refused(bench, THREE, 2020) == "rien n’a été reçu pour 2020\u00a0: il n’y a rien à figer"


ROW = "('essai.ventes.total', 2019, 14.5, 'EUR', 2, 'calculé', null, 'complet', 'Total', 'essai', 'somme')"


def test_nothing_is_frozen_while_a_finding_of_the_year_waits_for_a_decision(filled: Bench):
    (own, other, _) = found = [Finding("ENT-TEST", "bloquant", year, where, "un") for year, where in OPEN]
    filled.publish(ROW, *found)
    assert refused(filled, THREE) == "2 constats de 2019 sont sans décision, à corriger ou à décider"
    with filled.ledger() as ledger:
        ledger.record_decision(own, "accepted", "vu", "A. Martin")
    with filled.work() as work, pytest.raises(Undecided) as stopped:
        release_year(work, 2019, THREE, None)
    assert str(stopped.value) == "1 constat de 2019 est sans décision, à corriger ou à décider"
    assert [one.finding for one in stopped.value.findings] == [other]
    with filled.ledger() as ledger:
        ledger.record_decision(other, "accepted", "vu", "A. Martin")
    assert "le construire d’abord" in refused(filled, THREE)


def test_setting_the_clock_back_does_not_revive_a_decision_that_has_expired(filled: Bench, clock):
    (own, *_) = [Finding("ENT-TEST", "bloquant", year, where, "un") for year, where in OPEN]
    filled.publish(ROW, own)
    with filled.ledger() as ledger:
        ledger.record_decision(own, "accepted", "vu", "A. Martin", "2040-06-30")
    clock("2040-06-30T12:00:00+00:00")
    assert "le construire d’abord" in refused(filled, THREE)
    clock("2040-07-01T12:00:00+00:00")
    assert "1 constat de 2019" in refused(filled, THREE)
    with filled.ledger() as ledger:
        ledger.record_key("f" * 16)  # an entry of that day
    clock("2040-06-30T12:00:00+00:00")
    assert "1 constat de 2019" in refused(filled, THREE)


def test_a_decision_names_a_declared_person(filled: Bench):
    with filled.work() as work:
        (one,) = [found for found in release.all_findings(work) if found.code == "ATT-ALERTE"]
    unknown = filled.millesime("decide", one.id, "--because", "vu", "--by", "root")
    assert unknown.exit_code == 2 and "« root » n’est pas déclaré dans organisation.yml" in unknown.stderr
    assert filled.millesime("decide", one.id, "--because", "vu", "--by", "a. MÀRTIN").exit_code == 0
    with open_ledger(filled.home) as ledger:
        assert [row["decided_by"] for row in ledger.all_rows("decisions")] == ["A. Martin"]


def test_that_nobody_is_declared_is_printed():
    organisation = Organisation(
        nom="E", sigle="E", siren="123456782", exercices={"premier": 2019, "dernier": 2019}
    )  # fmt: skip
    with pytest.raises(ValueError, match="la liste est vide"):
        organisation.person("A")


def test_what_somebody_put_among_the_drawings_is_forgotten(tmp_path):
    assert kept(tmp_path, "svg", b"un dessin", lambda: b"juste") == b"juste"
    (drawn,) = tmp_path.glob("*.svg")
    whole = drawn.read_bytes()
    assert kept(tmp_path, "svg", b"un dessin", lambda: b"autre") == b"juste"  # it is not made twice
    for poisoned in (b"faux", whole.replace(b"juste", b"fausse")):
        drawn.write_bytes(poisoned)
        assert kept(tmp_path, "svg", b"un dessin", lambda: b"juste") == b"juste"
    kept(tmp_path, "svg", b"un autre", lambda: b"faux")
    (other,) = {*tmp_path.glob("*.svg")} - {drawn}
    drawn.write_bytes(other.read_bytes())  # sealed, under another name
    assert kept(tmp_path, "svg", b"un dessin", lambda: b"juste") == b"juste"
    forget(tmp_path)
    assert not [*tmp_path.glob("*.svg")]
    assert kept(tmp_path, "svg", b"un dessin", lambda: b"juste") == b"juste"
