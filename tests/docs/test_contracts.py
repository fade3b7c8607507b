"""Withdrawing something that was promised must be announced to readers, in the changelog."""

import subprocess
from collections.abc import Iterator

import pytest
import yaml

from pipelines.catalogue.contracts import Contracts, Table, differences, make_contracts, promised
from pipelines.catalogue.load import load_catalogue
from pipelines.settings import PROJECT_ROOT

CHANGELOG = (PROJECT_ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def taken_back(before: Contracts, after: Contracts) -> Iterator[str]:
    """The names of what is no longer promised, is promised differently, or is declared obsolete."""
    for one in differences(promised(before), promised(after)):
        if one.kind != "added":
            yield one.name
    for name, table in after.items():
        if table.obsolete:
            yield name
        yield from (f"{name}.{column}" for column, said in table.columns.items() if said.obsolete)


def untold(names: Iterator[str], changelog: str) -> list[str]:
    """The names that the changelog does not mention, as ``table`` or ``table.column`` between backquotes."""
    return [name for name in names if f"`{name.partition('.')[2]}`" not in changelog and f"`{name}`" not in changelog]


def git(*command: str) -> str:
    done = subprocess.run(["git", "-C", str(PROJECT_ROOT), *command], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a checkout with its history")
    return done.stdout


def at(commit: str) -> Contracts:
    """The contracts of a commit."""
    found = {}
    for path in (name for name in git("ls-tree", "--name-only", commit, "contracts/").split() if name.endswith(".yml")):
        tables = yaml.safe_load(git("show", f"{commit}:{path}")) or {}
        schema = path.rpartition("/")[2].removesuffix(".yml")
        found |= {f"{schema}.{name}": Table.model_validate(said) for name, said in tables.items()}
    return found


def test_what_is_taken_back_is_in_the_changelog():
    """It checks the last change of the contracts, committed or not."""
    now = make_contracts(load_catalogue().contracts_declared)
    commits = git("log", "-2", "--format=%H", "--", "contracts/*.yml").split()
    before = next((found for commit in commits if (found := at(commit)) != now), {})
    assert untold(taken_back(before, now), CHANGELOG) == []


def test_every_column_that_is_shipped_is_promised():
    """A column that is not promised could disappear without notice: `millesime contracts record --shipped` adds it."""
    catalogue = load_catalogue()
    project = catalogue.project
    columns = [
        (f"{layer}.{thing.name}", column["name"])
        for thing in project.said
        if (layer := project.folder_of[thing.path].parts[1]) in ("marts", "rapport", "restreint")
        for column in thing.data["columns"]
    ]
    assert len(columns) > 1000
    contracts = catalogue.contracts
    assert [one for one in columns if one[0] not in contracts or one[1] not in contracts[one[0]].columns] == []


CHIFFRES = Table.model_validate({"key": ["code"], "columns": {"code": "VARCHAR NOT NULL", "valeur": "BIGINT"}})


@pytest.mark.parametrize(
    ("after", "name"),
    [
        ({"key": ["code"], "columns": {"code": "VARCHAR NOT NULL"}}, "rapport.chiffres.valeur"),
        ({"key": ["code"], "columns": {"code": "VARCHAR NOT NULL", "valeur": "DOUBLE"}}, "rapport.chiffres.valeur"),
        ({"columns": {"code": "VARCHAR NOT NULL", "valeur": "BIGINT"}}, "rapport.chiffres"),
        (
            {
                "key": ["code"],
                "columns": {"code": "VARCHAR NOT NULL", "valeur": {"type": "BIGINT", "obsolete": {"since": 2026}}},
            },
            "rapport.chiffres.valeur",
        ),
        (None, "rapport.chiffres"),
    ],
)
def test_the_changelog_is_read(after: dict | None, name: str):
    table = {"rapport.chiffres": Table.model_validate(after)} if after else {}
    missing = untold(taken_back({"rapport.chiffres": CHIFFRES}, table), "# Changelog\n")
    assert missing == [name]
    told = f"- `{name.partition('.')[2]}` goes.\n"
    assert untold(taken_back({"rapport.chiffres": CHIFFRES}, table), told) == []
