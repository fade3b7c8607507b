"""Each number of the demonstration's report, in both editions, has an address that gives the value that is printed."""

from pathlib import Path

import pytest

from pipelines.settings import shipped
from tests.addresses import Report

pytestmark = pytest.mark.campaign(minutes=1)
TYPED = (
    "catalogue/report/**/*.yml",
    "catalogue/report/**/*.md",
    "catalogue/alertes.yml",
    "contenu/**/*.md",
    "organisation.yml",
)


@pytest.mark.parametrize(("profile", "tables", "least"), [("interne", ".", 860), ("public", "public", 700)])
def test_every_printed_number_has_an_address(demonstration: Path, profile: str, tables: str, least: int):
    files = [path for root in (shipped(), demonstration) for pattern in TYPED for path in sorted(root.glob(pattern))]
    typed = "\n".join(path.read_text(encoding="utf-8") for path in files)
    published = demonstration / "published"
    report = Report(published / "report" / "2020" / profile, published / tables, typed)
    assert report.wrong() == []
    assert len(report.columns) > least
