"""When a delivery may become current, and when it may not."""

from dataclasses import replace

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.ledger.store import open_ledger
from pipelines.settings import Home
from pipelines.stages.accept.decide import accept, refuse_known_bytes
from tests.layers import rules
from tests.ledger.entries import current, manifest, rows, verdict


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(Home(tmp_path / "home")) as opened:
        yield opened


def judged(one, success=True, severity="critical"):
    judgement = verdict(one.delivery)
    return replace(judgement, results=[replace(judgement.results[0], success=success, severity=severity)])


def test_accepted_then_unchanged(ledger):
    one = manifest("a")
    ledger.record_delivery(one)
    assert accept(ledger, one, [judged(one)], rules()) is True
    assert accept(ledger, one, [judged(one)], rules()) is False


@pytest.mark.parametrize(
    ("success", "severity", "code"),
    [(False, "critical", "ATT-CRITIQUE"), (None, "critical", "ATT-ERREUR"), (None, "warning", "ATT-ERREUR")],
)
def test_a_blocking_verdict_leaves_the_former_delivery(ledger, success, severity, code):
    good, bad = manifest("a"), manifest("b")
    for one in (good, bad):
        ledger.record_delivery(one)
    accept(ledger, good, [judged(good)], rules())
    before = rows(ledger)
    with pytest.raises(DeliveryRefused) as raised:
        accept(ledger, bad, [judged(bad, success, severity)], rules())
    assert (raised.value.code, raised.value.attendu) == (code, "raison")
    assert rows(ledger) == before
    assert current(ledger) == {("essai/export", 2020): "a"}


def test_a_warning_does_not_block(ledger):
    one = manifest("a")
    ledger.record_delivery(one)
    assert accept(ledger, one, [judged(one, False, "warning")], rules()) is True


def test_verdicts_of_other_bytes_or_tables_are_a_mistake_of_the_program(ledger):
    one, other = manifest("a"), manifest("b")
    for verdicts in (
        [],
        [judged(other)],
        [replace(judged(one), table="autre")],
        [judged(one), judged(other)],
    ):
        with pytest.raises(ValueError, match="les verdicts ne sont pas ceux de cette livraison"):
            accept(ledger, one, verdicts, rules())
    assert current(ledger) == {}


def test_bytes_accepted_for_another_exercice_are_refused(ledger):
    one = manifest("a", 2019, sha="s")
    ledger.record_delivery(one)
    accept(ledger, one, [judged(one)], rules())
    again = manifest("b", 2020, sha="s")
    for decide in (lambda: refuse_known_bytes(ledger, again), lambda: accept(ledger, again, [judged(again)], rules())):
        with pytest.raises(DeliveryRefused) as raised:
            decide()
        assert raised.value.code == "FIC-DEJA-VU"
        assert (raised.value.recu, raised.value.attendu) == ("l’export de 2019", "l’export de 2020")
    refuse_known_bytes(ledger, one)
