"""``millesime replay`` says which program made a version, and how to install it."""

from pathlib import Path

import pytest

from pipelines.cli.releasing import _maker
from pipelines.cli.session import Session

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
