"""The totals that a file announces, compared with what was read from it."""

from dataclasses import replace

import pytest

from pipelines.catalogue.source_grammar import Field, Ignore, Table
from pipelines.ledger.records import TableCounts
from pipelines.stages.validate.totals import control_totals


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
    wrong, right = control_totals(LOG, counts(total(), total(ok=True, annonce="11.50", ligne=80)))
    assert (wrong.key, wrong.type, wrong.severity) == (
        "total_de_controle.sums.jours",
        "total_de_controle",
        "warning",
    )
    assert (wrong.success, wrong.blocks) == (False, False)
    assert wrong.observed == "annoncé : 12,50 ; recalculé : 11,50"
    assert wrong.reason == "La somme de « Jours » annoncée en ligne 42 du fichier est celle des lignes lues."
    assert (right.key, right.success) == ("total_de_controle.sums.jours.2", True)
    assert control_totals(LOG, counts()) == []


def test_an_announced_number_of_lines(people: Table) -> None:
    (result,) = control_totals(people, counts(total(kind="counts", column="nom", annonce="12", recalcule=11)))
    assert result.reason == "Le nombre de lignes annoncé en ligne 42 du fichier est celui des lignes lues."
    assert result.observed == "annoncé : 12 ; recalculé : 11"


def test_a_file_far_shorter_than_what_it_announces_was_cut() -> None:
    def severity(table: Table = LOG, refused: int = 0, **said) -> str:
        (result,) = control_totals(table, replace(counts(total(**said)), refusees=refused))
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
        (result,) = control_totals(table, counts(total(kind=kind, annonce="ZZCANARIDUPONT")))
        assert "CANARI" not in str(result)
        assert result.success is False
    (result,) = control_totals(people, counts(total(kind="sums", annonce="1900101.00")))
    assert result.observed == "annoncé : différent ; recalculé : 11,50"
    one_line = replace(counts(total(kind="sums")), acceptees=1)
    assert control_totals(people, one_line)[0].observed == "annoncé : différent"
