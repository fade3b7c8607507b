"""Decisions: one short page each, listed in their README."""

import re

from pipelines.settings import PROJECT_ROOT

DECISIONS = PROJECT_ROOT / "docs" / "decisions"
A_PAGE = 500  # words


def test_each_is_listed_and_fits_on_a_page() -> None:
    pages = sorted(DECISIONS.glob("[0-9]*.md"))
    assert re.findall(r"^\| \[\d+\]\((.+?)\)", (DECISIONS / "README.md").read_text(encoding="utf-8"), re.M) == [
        page.name for page in pages
    ]
    assert {
        page.name: words for page in pages if (words := len(page.read_text(encoding="utf-8").split())) > A_PAGE
    } == {}


def test_each_is_dated() -> None:
    undated = [
        page.name
        for page in DECISIONS.glob("[0-9]*.md")
        if not re.match(r"# \d{4}\. .+\n\n\d+ \w+ 20\d\d", page.read_text(encoding="utf-8"))
    ]
    assert undated == []
