"""Missing data are noticed: a seeded sample of what ``make absences`` removes from the demonstration (``tests.absences``)."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.absences.campaign import Campaign, Result, Violation
from tests.absences.rebuild import Outcome, figures_of

SEED, SAMPLE = 2020, 40  # another sample: python -m tests.absences --seed N --sample N


@pytest.fixture(scope="module")
def campaign(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MILLESIME_KEY_FILE", str(demonstration.parent / "key"))
        yield Campaign(demonstration, tmp_path_factory.mktemp("absences") / "home", SEED)


@pytest.fixture(autouse=True)
def _key_of_the_demonstration(demonstration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLESIME_KEY_FILE", str(demonstration.parent / "key"))


def test_a_home_made_again_whole_has_the_figures_that_dbt_built(campaign: Campaign, demonstration: Path) -> None:
    with duckdb.connect(str(demonstration / "warehouse/current/warehouse.duckdb"), read_only=True) as db:
        assert figures_of(db) == campaign.before.figures
    assert {one.kind for one in campaign.removals} == {
        *("fichier", "document", "feuille", "mois", "semestre", "ligne", "cellule"),
    }


@pytest.mark.campaign
def test_no_figure_becomes_another_number_that_calls_itself_complete(campaign: Campaign) -> None:
    result = campaign.run(campaign.sample(SAMPLE))
    assert [str(violation) for violation in result.violations] == []
    assert len(result.removed) == SAMPLE
    assert len(result.seen) + len(result.unchanged) + len(result.undetectable) == SAMPLE
    assert len(result.seen) > SAMPLE / 2


def test_a_figure_that_changes_without_a_word_is_a_violation(campaign: Campaign) -> None:
    removal = next(one for one in campaign.removals if one.key == "maelis/comptes" and one.exercice == 2019)
    figure = ("applications.maelis.agents_utilisateurs", 2019)
    whole = campaign.before.figures[figure]
    assert whole.etat == "complet"
    smaller = replace(whole, valeur=Decimal(12))

    def judged(figures: dict, findings: list | None = None) -> list:
        after = Outcome(campaign.before.figures | figures, [*campaign.before.findings, *(findings or [])], [])
        campaign.judge([removal], after, result := Result())
        return result.violations

    assert judged({figure: smaller}) == [Violation(str(removal), figure, whole, smaller)]
    assert judged({figure: replace(smaller, etat="partiel")}) == []
    other = ("gouvernance.seances", 2020)  # rests on other tables: nobody looks there
    assert [violation.figure for violation in judged({other: replace(whole, valeur=Decimal(1))})] == [other]
    careful = replace(campaign.before.figures[other], etat="partiel")  # the same number, which says less of itself
    assert judged({other: careful}) == []
