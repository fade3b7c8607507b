"""The folders of a home whose ledger knew no list are closed upon what that ledger recorded: what was changed since still shows."""

import shutil
from pathlib import Path

import pytest

from pipelines.disk import sha256_of
from pipelines.evidence.verify import verify
from pipelines.ledger.closing import names_in
from pipelines.ledger.former_homes import close_former
from pipelines.ledger.store import open_ledger
from pipelines.settings import Home
from tests.evidence import test_verify as today

PAGES = {  # folder → what its pages were entered for
    "releases/2020-v1": "2020-v1",
    "builds/une": "une",
    "builds/deux": "deux",
    "audit/2020": "deux",
    "exports/2020/public": "deux",
    "reports/2020/interne": "deux",
    "docs": "deux",
}


@pytest.fixture
def former(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home as versions without lists made it: pages and databases are in ``writings``, what was sent in ``sendings``."""
    for name in ("close", "close_delivery", "close_originals"):
        monkeypatch.setattr(today, name, lambda *_: None)
    home = today.make(Home(tmp_path / "home"))
    with open_ledger(home) as ledger:
        for place, subject in PAGES.items():
            shown = place.replace(f"builds/{subject}", "published")
            of_state = ("state.json", "ledger.db", "rapport/chiffres.parquet")
            names = [name for name in names_in(home.root / place) if name not in of_state]
            files = {f"{shown}/{name}": sha256_of(home.root / place / name) for name in names}
            ledger._add("writings", subject=subject, files=files, written_at="2026-01-01T00:00:00+00:00")
        sent = home.root / today.SENT
        files = {f"{today.SENT}/{name}": sha256_of(sent / name) for name in names_in(sent)}
        ledger._add("writings", subject="deux", files=files, written_at="2026-01-01T00:00:00+00:00")
    for place in ("exports/superset", "actes"):  # nothing was entered of them
        shutil.rmtree(home.root / place)
    return home


def told(home: Home) -> list[str]:
    with open_ledger(home) as ledger:
        close_former(home, ledger)
        return [one.replace("\u00a0", " ") for one in verify(home, ledger).problems]


def test_an_honest_one_raises_nothing(former: Home):
    assert told(former) == []


@pytest.mark.parametrize("place", [*PAGES, "lake", "archive", today.SENT])
def test_what_was_changed_or_added_before_it_was_closed_shows(former: Home, place: str):
    first, second = today.named(former, place)
    today.put(former.root / place / first, "faux")
    (former.root / place / second).unlink()
    today.put(former.root / place / "autre.csv", "faux")
    found = told(former)
    expected = {f"{place}/{first} : {today.CHANGED}", f"{place}/autre.csv : {today.FILE}"}
    assert expected <= set(found), found
    assert [one for one in found if one.startswith(f"{place}/{second} : ")] or place in ("lake", "archive"), found
