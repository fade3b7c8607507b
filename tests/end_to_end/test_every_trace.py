"""Every figure of the demonstration is traced, and printed in every format."""

from pathlib import Path

from pipelines.cli.session import Session
from pipelines.evidence.traced_rows import published_version
from tests.end_to_end.traces import prove


def test_every_figure_is_traced_in_every_format(demonstration: Path) -> None:
    session = Session(chosen=demonstration)
    with session.ledger() as ledger:
        version = published_version(session.home, ledger, session.catalogue)
    assert prove(session, version, (2018, 2019, 2020)) > 50_000
