"""Each number of the demonstration's report, in both editions, has an address that gives the value that is printed."""

from pathlib import Path

import pytest

from pipelines.address import FIGURES
from pipelines.catalogue.load import load_catalogue
from pipelines.disk import read_json
from pipelines.evidence.trace_row import trace_row
from pipelines.evidence.traced_rows import published_version
from pipelines.ledger.store import open_ledger
from pipelines.settings import Home, shipped
from tests.addresses import Report, asked

pytestmark = pytest.mark.campaign(minutes=3)
TYPED = (
    "catalogue/report/**/*.yml",
    "catalogue/report/**/*.md",
    "catalogue/alertes.yml",
    "catalogue/reference/quorums.csv",
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


@pytest.mark.long
def test_every_row_that_the_report_names_is_traced_to_its_lines(demonstration: Path):
    home = Home(demonstration)
    year = read_json(home.published / "report/2020/interne/modele.json")
    named = [one["commande"] for table in year["calculs"] for one in table["adresses"] if one.get("table")]
    addresses = [address for address in map(asked, named) if address.table != FIGURES]
    with open_ledger(home) as ledger:
        version = published_version(home, ledger, load_catalogue(home))
        traces = [trace_row(ledger, version, address) for address in addresses]
    assert [trace.cle for trace in traces if not trace.agrees] == []
    assert sum(trace.rangs > 1 for trace in traces) > 50
