"""The state of a text holds only for the bytes it was declared for; a year with texts that nobody validated is not frozen."""

import os
from pathlib import Path

import pytest

from pipelines.catalogue.yaml_file import DeclarationError, read_text
from pipelines.disk import sha256_of
from pipelines.evidence.findings import gather, stops_a_release
from pipelines.evidence.progress_of_texts import READ_OVER, VALIDATED, WRITTEN, text_states, unvalidated
from pipelines.ledger.store import now
from tests.cli.conftest import Bench
from tests.layers import rules


def text(bench: Bench, name: str, words: str) -> Path:
    path = bench.home.contenu / "2019" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words, encoding="utf-8")
    return path


def say(bench: Bench, path: Path, state: str) -> None:
    with bench.ledger() as ledger:
        name = path.relative_to(bench.home.contenu / "2019").as_posix()
        ledger.record_text(2019, name, sha256_of(path), state, "A. Martin")


def told(bench: Bench) -> list[tuple]:
    with bench.ledger() as ledger:
        return [(one.text, one.state, one.by) for one in text_states(bench.home, ledger, 2019)]


def test_the_progress_of_a_text_is_the_last_one_recorded_for_its_very_bytes(bench: Bench):
    edito, note = text(bench, "edito.md", "Un."), text(bench, "alertes/a.md", "Note.")
    assert told(bench) == [("alertes/a.md", WRITTEN, None), ("edito.md", WRITTEN, None)]
    say(bench, edito, READ_OVER)
    say(bench, note, VALIDATED)
    say(bench, edito, VALIDATED)
    assert told(bench) == [("alertes/a.md", VALIDATED, "A. Martin"), ("edito.md", VALIDATED, "A. Martin")]
    edito.write_text("Deux.", encoding="utf-8")
    assert told(bench)[1] == ("edito.md", WRITTEN, None)
    say(bench, edito, READ_OVER)
    edito.write_text("Un.", encoding="utf-8")  # what was validated before something else was reviewed
    assert told(bench)[1] == ("edito.md", WRITTEN, None)


def test_a_pipe_and_a_lost_link_are_no_texts_and_a_run_names_them(bench: Bench):
    edito = text(bench, "edito.md", "Un.")
    pipe = edito.with_name("tube.md")
    os.mkfifo(pipe)
    edito.with_name("perdu.md").symlink_to("nulle_part.md")
    assert told(bench) == [("edito.md", WRITTEN, None)]
    with pytest.raises(DeclarationError, match="tube.md:1 ce n’est pas un fichier"):
        read_text(pipe)


def test_a_text_that_nobody_validated_stops_a_release_until_it_is_or_somebody_decides(bench: Bench):
    edito = text(bench, "edito.md", "Un.")
    say(bench, edito, READ_OVER)
    with bench.work() as work:
        (found,) = unvalidated(work)
        assert found in gather(work)
        assert (found.exercice, found.attendu, found.recu) == (2019, VALIDATED, "relu par A. Martin")
        assert found.message.endswith("contenu/2019/edito.md")
        (standing,) = work.ledger.standing([found])
        assert stops_a_release(standing, rules()) and standing.is_open(now()[:10])
        work.ledger.record_decision(found, "accepted", "texte de l’an passé", "A. Martin")
        (standing,) = work.ledger.standing(unvalidated(work))
        assert not standing.is_open(now()[:10])
        edito.write_text("Autre.", encoding="utf-8")  # the decision was about other words
        (standing,) = work.ledger.standing(unvalidated(work))
        assert standing.is_open(now()[:10])
    say(bench, edito, VALIDATED)
    with bench.work() as work:
        assert unvalidated(work) == []
