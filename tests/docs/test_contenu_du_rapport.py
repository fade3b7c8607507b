"""``docs/contenu-du-rapport.md`` names everything that exists, and nothing else; no line is empty."""

import csv
import re
from fnmatch import fnmatchcase

import pytest

from demo import flux
from demo.home import ORGANISATION
from pipelines.catalogue.dbt.generated import layers
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.catalogue.yaml_file import parse, read_mapping
from pipelines.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "contenu-du-rapport.md"
PUBLISHED = PROJECT_ROOT / "demo" / "published_figures.csv"
CATALOGUE = load_catalogue()
FIGURES, REGISTRY = CATALOGUE.figures, CATALOGUE.registry
ALL_EXPORTS = "every export"
TAKES_SEVERAL = {"comparaison/ratios"}  # organisations: the demonstration has one


def lines() -> list[tuple[str, str, str]]:
    """(what, given by, from) of every line of the page's tables."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]
    return [row for row in cells if row[1] != "Given by" and not set(row[0]) <= set("-")]


def names(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def given() -> list[str]:
    """Every table and figure named, in the tables or in the text above them."""
    return names(PAGE.read_text(encoding="utf-8"))


def report_tables() -> set[str]:
    return {name for name in layers(CATALOGUE) if name.startswith("rpt_")}


def test_no_line_is_empty() -> None:
    assert len(lines()) > 60
    for row in lines():
        assert len(row) == 3 and all(row), row
        assert names(row[1]), row
        assert names(row[2]) or row[2] == ALL_EXPORTS, row


def test_every_table_that_is_named_exists_and_every_table_is_named() -> None:
    named = {name for name in given() if name.startswith("rpt_")}
    assert sorted(named - report_tables()) == []
    assert sorted(report_tables() - named) == []


def test_every_figure_that_is_named_is_declared() -> None:
    codes = [name for row in lines() for name in names(row[1]) if not name.startswith("rpt_")]
    assert [code for code in codes if not any(fnmatchcase(declared, code) for declared in FIGURES.by_code)] == []


def test_every_published_figure_is_named() -> None:
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        published = {row["figure_id"] for row in csv.DictReader(file)}
    patterns = [name for name in given() if re.match(r"[a-z_]+\.", name)]
    silent = []
    for code in sorted(published):
        declared = FIGURES.declaration_of(code)[0].figure.code  # KeyError: the report's figure has no formula
        if not any(fnmatchcase(declared, pattern) for pattern in patterns):
            silent.append(code)
    assert silent == []


@pytest.mark.parametrize("source", sorted({name for row in lines() for name in names(row[2])}))
def test_every_source_is_declared_and_subscribed_by_a_demonstration(source: str) -> None:
    shown = [parse(Organisation, *read_mapping(path), path) for path in (ORGANISATION, flux.ORGANISATION)]
    assert source in {f"{system.system}/{table.name}" for system, table in REGISTRY.tables()}
    assert any(one.subscribes(source.split("/")[0]) for one in shown) or source in TAKES_SEVERAL


def test_every_declared_table_feeds_a_line_of_the_report() -> None:
    named = {name for row in lines() for name in names(row[2])}
    organisation = parse(Organisation, *read_mapping(ORGANISATION), ORGANISATION)
    subscribed = {
        f"{system.system}/{table.name}" for system, table in REGISTRY.tables() if organisation.subscribes(system.system)
    }
    assert sorted(subscribed - named) == []
