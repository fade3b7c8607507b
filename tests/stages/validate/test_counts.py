"""What a delivery's counts say: totals announced and not read, too many refused lines, an exercice that stops early."""

from dataclasses import replace

import pytest

from pipelines.catalogue.source_grammar import Field, Ignore, Table
from pipelines.ledger.records import TableCounts
from pipelines.stages.validate.counts import control_totals, freshness, refused_share
from tests.layers import rules


def total(**changes) -> dict:
    return {
        "kind": "sums",
        "column": "jours",
        "ligne": 42,
        "annonce": "12.50",
        "recalcule": "11.50",
        "ok": False,
    } | changes


def counts(*totals: dict) -> TableCounts:
    return TableCounts(10, 9, 0, 1, "lot.parquet", "0" * 64, list(totals))


LOG = Table(name="journal", title="Journal", fields=[Field(name="jours", title="Jours", type="number")])


def test_a_total_is_a_warning_with_both_numbers() -> None:
    wrong, right = control_totals(LOG, counts(total(), total(ok=True, annonce="11.50", ligne=80)), 2020)
    assert (wrong.key, wrong.type, wrong.severity) == (
        "total_de_controle.sums.jours",
        "total_de_controle",
        "warning",
    )
    assert (wrong.success, wrong.blocks) == (False, False)
    assert wrong.observed == "annoncé : 12,5 ; recalculé : 11,5"
    assert wrong.reason == "La somme de « Jours » annoncée en ligne 42 du fichier est celle des lignes lues."
    assert (wrong.fichier, wrong.ligne) == (None, 42)  # of an older manifest
    (there,) = control_totals(LOG, counts(total(fichier="t.xlsx", feuille="T2")), 2020)
    assert (
        there.reason == "La somme de « Jours » annoncée en ligne 42 (t.xlsx, feuille « T2 ») est celle des lignes lues."
    )
    assert there.fichier == "t.xlsx, feuille « T2 »"
    assert (right.key, right.success) == ("total_de_controle.sums.jours.2", True)
    assert control_totals(LOG, counts(), 2020) == []


def test_an_announced_number_of_lines(people: Table) -> None:
    (result,) = control_totals(people, counts(total(kind="counts", column="nom", annonce="12", recalcule=11)), 2020)
    assert result.reason == "Le nombre de lignes annoncé en ligne 42 du fichier est celui des lignes lues."
    assert result.observed == "annoncé : 12 ; recalculé : 11"


def test_a_file_far_shorter_than_what_it_announces_was_cut() -> None:
    def severity(table: Table = LOG, refused: int = 0, **said) -> str:
        (result,) = control_totals(table, replace(counts(total(**said)), refusees=refused), 2020)
        return result.severity

    counted = LOG.model_copy(update={"ignore": [Ignore(column="jours", pattern="Total", counts=["jours"], least=0.5)]})
    assert severity(kind="counts", annonce="100", recalcule=89) == "critical"
    assert severity(kind="counts", annonce="100", recalcule=90) == "warning"
    assert severity(kind="counts", annonce="100", recalcule=300) == "warning"
    assert severity(counted, kind="counts", annonce="100", recalcule=50) == "warning"
    assert severity(counted, kind="counts", annonce="100", recalcule=49) == "critical"
    assert severity(kind="counts", annonce="100", recalcule=10, refused=5) == "critical"  # refused lines are counted
    assert severity(annonce="100.00", recalcule="89.99") == "critical"
    assert (
        severity(annonce="100.00", recalcule="89.99", refused=1) == "warning"
    )  # what lacks was refused, and is explained
    assert severity(annonce="illisible", recalcule="0") == "warning"


@pytest.mark.parametrize("kind", ["sums", "counts"])
def test_a_total_never_shows_a_name(kind: str, people: Table) -> None:
    for table in (people, LOG):
        (result,) = control_totals(table, counts(total(kind=kind, annonce="ZZCANARIDUPONT")), 2020)
        assert "CANARI" not in str(result)
        assert result.success is False
    (result,) = control_totals(people, counts(total(kind="sums", annonce="1900101.00")), 2020)
    assert result.observed == "annoncé : différent ; recalculé : 11,5"
    one_line = replace(counts(total(kind="sums")), acceptees=1)
    assert control_totals(people, one_line, 2020)[0].observed == "annoncé : différent"


@pytest.mark.parametrize(
    ("accepted", "refused", "fine"), [(10, 0, True), (10, 10, True), (10, 11, False), (0, 1, False)]
)
def test_refused_lines_may_not_outnumber_accepted_ones(accepted: int, refused: int, fine: bool) -> None:
    result = refused_share(TableCounts(accepted + refused, accepted, refused, 0, "t.parquet", "0" * 64))
    assert result.success is fine
    assert result.blocks is not fine


def dated(days: int | None) -> TableCounts:
    return TableCounts(10, 10, 0, 0, "t.parquet", "0" * 64, jours_sans_ligne=days)


@pytest.mark.parametrize(("days", "fine"), [(0, True), (30, True), (31, False), (364, False)])
def test_rows_reach_the_last_month_or_a_warning_says_how_far_they_go(days: int, fine: bool) -> None:
    (result,) = freshness(dated(days), rules())
    assert (result.success, result.blocks) == (fine, False)
    assert fine or result.code == "COL-PERIME"
    assert str(days) in result.observed


def test_nothing_is_reported_where_rows_prove_nothing() -> None:
    assert freshness(dated(None), rules()) == []


def test_a_total_that_nothing_declares_is_a_warning_and_shows_no_cell_of_a_person(people: Table) -> None:
    said = total(kind="undeclared", recalcule="12.50")
    (result,) = control_totals(LOG, counts(said), 2020)
    assert (result.severity, result.success, result.effet) == ("warning", False, "réserve")
    assert result.reason == "Aucune ligne n’est la somme de toutes les autres, ce qu’est celle en ligne 42 du fichier."
    assert result.observed == "là et en tout dans les autres : 12,5"
    (result,) = control_totals(LOG, counts(total(kind="undeclared", ligne=None, fichier="t.xlsx", feuille="T2")), 2020)
    assert result.reason.endswith("n’est la somme de toutes les autres, ce qu’est t.xlsx, feuille « T2 ».")
    assert control_totals(people, counts(said), 2020)[0].observed is None


def test_a_total_under_a_month_names_it() -> None:
    (result,) = control_totals(LOG, counts(total(intitule="Janvier")), 2020)
    assert result.reason == "La somme de « Janvier » annoncée en ligne 42 du fichier est celle des lignes lues."


def test_the_totals_of_lines_say_how_many_agree_and_no_cell_of_a_person(people: Table) -> None:
    said = total(kind="across", intitule="Total", fichier="t.csv", feuille=None, justes=1, comparees=2)
    (result,) = control_totals(LOG, counts(said), 2020)
    assert (result.code, result.severity, result.effet, result.ligne) == ("TOTAL", "warning", "réserve", 42)
    assert result.reason == "« Total » est, sur chaque ligne de t.csv, la somme de ce qu’il additionne."
    assert result.observed == "1 ligne juste sur 2 ; en ligne 42, annoncé : 12,5 ; recalculé : 11,5"
    hidden = said | {"column": "nom", "annonce": None, "recalcule": None}
    assert control_totals(people, counts(hidden), 2020)[0].observed == "1 ligne juste sur 2"
