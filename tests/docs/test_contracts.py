"""What was promised to readers goes only with a new major version, and the changelog names it."""

import subprocess
import tomllib
from pathlib import Path

import pytest

from pipelines.catalogue.contracts import SNAPSHOT, Promise, Shape, broken, differences, snapshot
from pipelines.catalogue.load import load_catalogue
from pipelines.settings import PROJECT_ROOT
from pipelines.stages.publish.published_shape import shape_to_publish

CHANGELOG = (PROJECT_ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def major(text: str) -> int:
    """The major version in the first line of a snapshot (``# 1.0.0: …``), or of a version."""
    return int(text.removeprefix("# ").partition(".")[0])


def unannounced(before: Shape, after: Shape, changelog: str, *, is_major: bool) -> list[str]:
    """What readers lose without a new major version, or without the changelog naming it (``table`` or ``table.column``)."""
    lost = [one.name for one in broken(before, after)]
    return [
        name
        for name in lost
        if not is_major or (f"`{name.partition('.')[2]}`" not in changelog and f"`{name}`" not in changelog)
    ]


def test_every_column_that_is_shipped_is_as_it_was_promised_or_the_version_is_another():
    """`millesime contracts record --shipped` records what is new, and with --withdraw what goes."""
    version = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    file, shape = PROJECT_ROOT / SNAPSHOT, shape_to_publish(load_catalogue())
    is_major = major(version) > major(file.read_text(encoding="utf-8"))
    assert unannounced(snapshot(file), shape, CHANGELOG, is_major=is_major) == []
    assert is_major or differences(snapshot(file), shape) == []  # nothing new is unpromised
    assert sum(map(len, shape.values())) > 1000


def git(*command: str) -> str:
    done = subprocess.run(["git", "-C", str(PROJECT_ROOT), *command], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a checkout with its history")
    return done.stdout


def test_what_was_promised_since_the_last_major_version_is_still_there_and_what_went_with_it_is_in_the_changelog(
    tmp_path: Path,
):
    file = PROJECT_ROOT / SNAPSHOT
    now, is_now = snapshot(file), major(file.read_text(encoding="utf-8"))
    for commit in git("log", "--format=%H", "--", SNAPSHOT).split():
        text = git("show", f"{commit}:{SNAPSHOT}")
        (tmp_path / "then.csv").write_text(text, encoding="utf-8")
        then, is_older = snapshot(tmp_path / "then.csv"), major(text) < is_now
        assert unannounced(then, now, CHANGELOG, is_major=is_older) == [], commit
        if is_older:  # those before it were compared with it
            break


CHIFFRES = {"code": Promise("VARCHAR NOT NULL", "", "1"), "valeur": Promise("BIGINT", "EUR")}


@pytest.mark.parametrize(
    ("after", "name"),
    [
        ({"code": CHIFFRES["code"]}, "rapport.chiffres.valeur"),
        (CHIFFRES | {"valeur": Promise("DOUBLE", "EUR")}, "rapport.chiffres.valeur"),
        (CHIFFRES | {"valeur": Promise("BIGINT", "Go")}, "rapport.chiffres.valeur"),
        (CHIFFRES | {"code": Promise("VARCHAR", "", "1")}, "rapport.chiffres.code"),
        (CHIFFRES | {"code": Promise("VARCHAR NOT NULL")}, "rapport.chiffres.code"),
        ({}, "rapport.chiffres"),
    ],
)
def test_the_version_and_the_changelog_are_read(after: dict[str, Promise], name: str):
    before, now = {"rapport.chiffres": CHIFFRES}, {"rapport.chiffres": after} if after else {}
    told = f"- `{name.partition('.')[2]}` goes.\n"
    assert unannounced(before, now, told, is_major=False) == [name]
    assert unannounced(before, now, "# Changelog\n", is_major=True) == [name]
    assert unannounced(before, now, told, is_major=True) == []


def test_a_reader_loses_nothing_by_what_is_added():
    more = CHIFFRES | {"valeur": Promise("BIGINT NOT NULL", "EUR"), "autre": Promise("VARCHAR", "%")}
    assert unannounced({"rapport.chiffres": CHIFFRES}, {"rapport.chiffres": more}, "", is_major=False) == []
