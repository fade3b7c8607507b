"""A line inside an XML element or a quoted cell leads to the record that holds it."""

import hashlib
import io
import zipfile
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
        (b'n;t\n1;"un\ndeux"', {2}, 3, 2),  # without a line end
        (b'n;t\n1;"un";"de\nux"\n', {2}, 3, 2),  # after a cell that closes
        (b"n;t\n1;un\n", {2}, 3, None),
        (b"PK\x03\x04", {1}, 2, None),
    ],
)
def test_the_record_of_a_line(tmp_path: Path, data: bytes, begins: set[int], line: int, found: int | None):
    home, sha256 = Home(tmp_path), hashlib.sha256(data).hexdigest()
    home.archive.mkdir()
    (home.archive / sha256).write_bytes(data)
    manifest = Manifest("d", "s", "e", 2020, [DeliveredFile("f", sha256, len(data))], {})
    assert record_line(home, manifest, "f", line, begins) == found


@pytest.mark.parametrize("member", ["d/été.csv", "d/autre.csv"])
def test_the_record_of_a_line_of_an_archive_is_looked_for_in_its_member(tmp_path: Path, member: str):
    home, held = Home(tmp_path), io.BytesIO()
    home.archive.mkdir()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("d/une.csv", b"n;t\n1;un\n2;x\n")
        archive.writestr("d/été.csv", CSV)
    sha256 = hashlib.sha256(held.getvalue()).hexdigest()
    (home.archive / sha256).write_bytes(held.getvalue())
    manifest = Manifest("d", "s", "e", 2020, [DeliveredFile("f.zip", sha256, 1)], {})
    assert record_line(home, manifest, f"f.zip/{member}", 4, {2, 5, 7}) == (2 if member == "d/été.csv" else None)
    (home.archive / sha256).write_bytes(b"PK\x03\x04 no more an archive")
    assert record_line(home, manifest, f"f.zip/{member}", 4, {2, 5, 7}) is None


def test_a_purged_original_reveals_nothing(tmp_path: Path):
    manifest = Manifest("d", "s", "e", 2020, [DeliveredFile("f", "0" * 64, 1)], {})
    assert record_line(Home(tmp_path), manifest, "f", 4, {3}) is None
    assert record_line(Home(tmp_path), manifest, "f", 3, {3}) == 3
