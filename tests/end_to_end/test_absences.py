"""Missing data are noticed: a seeded sample of what ``make absences`` removes from the demonstration (``tests.absences``)."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.absences.campaign import Campaign, Result, Violation
from tests.absences.invented import make_home
from tests.absences.rebuild import Outcome, figures_of
from tests.absences.removals import KINDS
from tests.absences.renderings import bare, rounds, unmarked, with_gaps
from tests.end_to_end.conftest import millesime

SEED = 2020  # another sample: python -m tests.absences --seed N --sample N


@pytest.fixture(scope="module")
def campaign(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MILLESIME_KEY_FILE", str(demonstration.parent / "key"))
        yield Campaign(demonstration, tmp_path_factory.mktemp("absences") / "home", SEED)


@pytest.fixture(autouse=True)
def _key_of_the_demonstration(demonstration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLESIME_KEY_FILE", str(demonstration.parent / "key"))


@pytest.mark.campaign
def test_a_home_made_again_whole_has_the_figures_that_dbt_built(campaign: Campaign, demonstration: Path) -> None:
    with duckdb.connect(str(demonstration / "warehouse/current/warehouse.duckdb"), read_only=True) as db:
        assert figures_of(db) == campaign.before.figures
    assert {one.kind for one in campaign.removals} == KINDS.keys() - {"emprunt"}  # the demonstration has no loan


@pytest.mark.campaign
@pytest.mark.parametrize("number", [10, pytest.param(40, marks=pytest.mark.long)])
def test_no_figure_becomes_another_number_that_calls_itself_complete(campaign: Campaign, number: int) -> None:
    result = campaign.run(campaign.sample(number))
    assert [str(violation) for violation in result.violations] == []
    assert len(result.removed) == number
    assert len(result.seen) + len(result.unchanged) + len(result.undetectable) == number
    assert len(result.seen) > number / 2


@pytest.mark.long
def test_what_is_printed_of_a_figure_that_lacks_something_says_so(demonstration: Path, tmp_path: Path) -> None:
    lacks, *_ = rounds(demonstration, SEED)
    assert len(lacks) > 8, lacks
    with_gaps(demonstration, tmp_path / "home", lacks)
    assert unmarked(tmp_path / "home", 2020) == []


@pytest.mark.long
def test_nor_in_a_home_of_other_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_bytes(b"k" * 32)
    monkeypatch.setenv("MILLESIME_KEY_FILE", str(tmp_path / "key"))
    make_home(tmp_path / "home", SEED)
    done = millesime(tmp_path / "home", "run", "2022", "2023", "2024", "--full")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    invented = Campaign(tmp_path / "home", tmp_path / "rebuilt", SEED)
    result = invented.run(invented.sample(40))
    assert [str(violation) for violation in result.violations] == []
    assert len(result.seen) > 20


@pytest.mark.parametrize(
    ("text", "after", "said"),
    [
        ("27 agents", "", ["a.b is printed « 27 agents » as if it were whole"]),
        ("27\u202f(p)", "", []),
        ("27", "\u00a0(partiel).", []),
        ("1,5\u00a0To", "", ["a.c is printed « 1,5\u00a0To » as if it were whole"]),
        ("12", "", []),  # of another exercice, which is complete
        ("m", "", []),
    ],
)
def test_a_partial_number_printed_without_a_mark_is_found(text: str, after: str, said: list[str]) -> None:
    rows = [
        {"code": "a.b", "exercice": 2020, "valeur": Decimal("27.000000"), "etat": "partiel"},
        {"code": "a.b", "exercice": 2019, "valeur": Decimal("12.000000"), "etat": "complet"},
        {"code": "a.c", "exercice": 2020, "valeur": Decimal("1520.000000"), "etat": "partiel"},
    ]
    code = "a.c" if "To" in text else "a.b"
    assert list(bare([(code, text, after)], rows)) == said


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
    # what a finding says elsewhere is not what the figure says
    elsewhere = replace(campaign.before.findings[0], code="COL-FICHIERS", exercice=2019, ou="maelis/comptes")
    assert len(judged({figure: smaller}, [elsewhere])) == 1
    other = ("gouvernance.seances", 2020)  # rests on other tables: nobody looks there
    assert [violation.figure for violation in judged({other: replace(whole, valeur=Decimal(1))})] == [other]
    careful = replace(campaign.before.figures[other], etat="partiel")  # the same number, which says less of itself
    assert judged({other: careful}) == []
