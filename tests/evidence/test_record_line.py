"""A line inside an XML element or a quoted cell leads to the record that holds it."""

import hashlib
from pathlib import Path

import pytest

from pipelines.evidence.record_line import record_line
from pipelines.ledger.records import DeliveredFile, Manifest
from pipelines.settings import Home

XML = b"<?xml version='1.0'?>\n<a>\n<b>\n<c>1</c>\n</b>\n\n<b x='1'\n y='2'/>\n</a>\n"
CSV = b'n;t\n1;"un\ndeux\ntrois"\n2;x\n\n3;y\n'


@pytest.mark.parametrize(
    ("data", "begins", "line", "found"),
    [
        (XML, {3, 7}, 3, 3),
        (XML, {3, 7}, 4, 3),
        (XML, {3, 7}, 5, 3),
        (XML, {3, 7}, 6, None),  # between two records
        (XML, {3, 7}, 8, 8 - 1),
        (XML, {2, 3}, 4, 3),  # the smallest element
        (XML, {2, 3}, 8, 2),
        (CSV, {2, 5, 7}, 3, 2),
        (CSV, {2, 5, 7}, 4, 2),
        (CSV, {2, 5, 7}, 5, 5),
        (CSV, {2, 5, 7}, 6, None),  # an empty line
        (CSV, {2, 5, 7}, 9, None),
        (b"PK\x03\x04", {1}, 2, None),
    ],
)
def test_the_record_of_a_line(tmp_path: Path, data: bytes, begins: set[int], line: int, found: int | None):
    home, sha256 = Home(tmp_path), hashlib.sha256(data).hexdigest()
    home.archive.mkdir()
    (home.archive / sha256).write_bytes(data)
    manifest = Manifest("d", "s", "e", 2020, [DeliveredFile("f", sha256, len(data))], {})
    assert record_line(home, manifest, "f", line, begins) == found


def test_an_original_that_was_purged_tells_nothing(tmp_path: Path):
    manifest = Manifest("d", "s", "e", 2020, [DeliveredFile("f", "0" * 64, 1)], {})
    assert record_line(Home(tmp_path), manifest, "f", 4, {3}) is None
    assert record_line(Home(tmp_path), manifest, "f", 3, {3}) == 3
