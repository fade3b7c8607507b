"""``millesime replay`` says which program made a version, and how to install it."""

from pathlib import Path

import pytest

from pipelines.cli.releasing import _maker, _show_released
from pipelines.cli.session import Session
from pipelines.ledger.chain import Head
from pipelines.runs.release import Released
from tests.cli.conftest import Bench

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("made_by", "told"),
    [
        ({}, [", qui ne dit pas lequel"]),
        ({"number": "0.1.0", "commit": None, "is_clean": None}, ["millesime 0.1.0 ;", "../millesime-0.1.0 v0.1.0 "]),
        (
            {"number": "0.1.0", "commit": COMMIT, "is_clean": False},
            [
                "commit 0123456789ab, fichiers modifiés",
                "git worktree add ../millesime-0123456789ab 0123456789ab && make",
            ],
        ),
    ],
)
def test_the_code_of_a_version_is_named(tmp_path: Path, made_by: dict, told: list[str]):
    said = _maker(Session(chosen=tmp_path), "2020-v1", made_by)
    assert all(one in said for one in told), said
    assert not made_by or said.endswith(f"--home {tmp_path} replay 2020-v1")


@pytest.mark.parametrize(("unread", "told"), [(0, None), (1, "1 texte que personne n’a relu"), (3, "3 textes que")])
def test_a_release_says_how_many_texts_nobody_has_read(bench: Bench, capsys, unread: int, told: str | None):
    done = Released("2019-v1", "f" * 64, Head(1, "a" * 64), None, None, unread)
    _show_released(Session(chosen=bench.home.root), done)
    said = capsys.readouterr().out
    assert ("à relire" in said) == bool(unread)
    assert told is None or (told in said and "textes 2019`" in said)
