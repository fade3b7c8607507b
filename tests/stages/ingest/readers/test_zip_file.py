"""Archives: their members are read as if they were in landing, and no archive can do harm or hide anything."""

import io
import stat
import zipfile
from pathlib import Path

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.evidence.record_line import record_line
from pipelines.ledger.records import Unread
from tests.deliveries import HEADER, Depot

ROW = "A1;x;1,50;03/02/2020\n"


def declare(depot: Depot, *, kind: dict | None = None, member: str | None = "Agents*.csv", **export):
    table = {"member": member} if member else {}
    return depot.declare(kind=kind, table=table, export={"archive": "zip", **export})


def zipped(depot: Depot, members: dict[str | zipfile.ZipInfo, str | bytes], name: str = "exports.zip") -> Path:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, text in members.items():
            archive.writestr(member, text)
    return depot.drop(content.getvalue(), name)


def refusal(depot: Depot, path: Path) -> DeliveryRefused:
    with pytest.raises(DeliveryRefused) as raised:
        depot.ingest(path)
    return raised.value


def test_every_member_that_the_pattern_names_is_read(depot: Depot):
    declare(depot, unread=["*.pdf"])
    path = zipped(
        depot,
        {
            "2020/agents_orly.csv": HEADER + ROW,
            "2020/AGENTS_valenton.CSV": HEADER + ROW + ROW,
            "2020/services.csv": "Code\nA\n\nB\n",
            "lisez-moi.pdf": b"%PDF-1.4\n\0",
            "vide.txt": "",
            "__MACOSX/2020/._agents_orly.csv": b"\0\1",
            "2020/": "",
        },
    )
    read = depot.ingest(path)
    assert [(r["_fichier"], r["_feuille"], r["_ligne"]) for r in read.rows] == [
        ("exports.zip/2020/AGENTS_valenton.CSV", None, 2),
        ("exports.zip/2020/AGENTS_valenton.CSV", None, 3),
        ("exports.zip/2020/agents_orly.csv", None, 2),
    ]
    assert read.manifest.non_lus == [
        Unread("exports.zip/2020/services.csv", None, 3),
        Unread("exports.zip/lisez-moi.pdf", None, 1, ecartee=True),
        Unread("exports.zip/vide.txt", None, 0),
        Unread("exports.zip/__MACOSX/2020/._agents_orly.csv", None, 1, ecartee=True),
    ]
    assert [file.name for file in read.manifest.files] == ["exports.zip"]
    assert read.manifest.original("exports.zip/2020/agents_orly.csv").name == "exports.zip"


def test_a_workbook_in_an_archive_names_member_and_sheet(depot: Depot):
    declare(depot, kind={"type": "xlsx"}, member=None)
    book = depot.workbook(
        {"F": [["Code", "Libellé", "Montant", "Jour"], ["A1"]], "G": [["x"]]}, "book.xlsx"
    ).read_bytes()
    read = depot.ingest(zipped(depot, {"a/book.xlsx": book}))
    assert [(r["_fichier"], r["_feuille"], r["_ligne"]) for r in read.rows] == [("exports.zip/a/book.xlsx", "F", 2)]
    assert read.manifest.non_lus == [Unread("exports.zip/a/book.xlsx", "G", 1)]


class Unflagged(zipfile.ZipInfo):
    """A member whose name is of raw bytes, and says no encoding."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("latin-1"), self.flag_bits & ~0x800


def test_a_name_that_says_no_encoding_is_read_as_utf_8_where_it_is(depot: Depot):
    declare(depot, member="Agents*.csv")
    names = ("agents_état.csv".encode(), "agents_été.csv".encode("cp437"))
    two_lines = HEADER + 'A1;"x\ny";1,50;03/02/2020\n'
    read = depot.ingest(zipped(depot, {Unflagged(name.decode("latin-1")): two_lines for name in names}))
    shown = ["exports.zip/agents_état.csv", "exports.zip/agents_été.csv"]
    assert read.column("_fichier") == shown
    assert [record_line(depot.home, read.manifest, fichier, 3, {2}) for fichier in shown] == [2, 2]


def test_a_member_that_must_be_there(depot: Depot):
    declare(depot)
    refused = refusal(depot, zipped(depot, {"services.csv": "x"}))
    assert (refused.code, refused.attendu) == ("FIC-MEMBRE", "un fichier « Agents*.csv » ; présents : services.csv")


def test_what_is_wrong_in_a_member_names_it(depot: Depot):
    declare(depot)
    refused = refusal(depot, zipped(depot, {"agents.csv": HEADER.encode() + b"A1;\xe9;;\n"}))
    assert (refused.code, refused.fichier, refused.ligne) == ("FIC-ENCODAGE", "exports.zip/agents.csv", 2)


def _link() -> zipfile.ZipInfo:
    link = zipfile.ZipInfo("agents.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return link


@pytest.mark.parametrize(
    "members",
    [
        {"../agents.csv": ROW},
        {"/etc/agents.csv": ROW},
        {"a/../../agents.csv": ROW},
        {"..\\agents.csv": ROW},
        {"C:/agents.csv": ROW},
        {_link(): "/etc/passwd"},
        {"agents.csv": HEADER + ROW, "autre.ZIP": "x"},
        {"agents.csv": HEADER + ROW, "autre.tar.gz": "x"},
    ],
)
def test_a_hostile_name_is_refused_before_anything_is_written(depot: Depot, members):
    declare(depot)
    path = zipped(depot, members)
    before = sorted(depot.root.rglob("*"))
    assert refusal(depot, path).code == "FIC-ARCHIVE"
    after = {p for p in depot.root.rglob("*") if p.is_file()} - {p for p in before if p.is_file()}
    assert {p.parent.name for p in after} <= {"archive"}


def test_two_members_of_one_name_are_refused_and_two_cases_are_two_files(depot: Depot):
    declare(depot)
    with pytest.warns(UserWarning, match="Duplicate"):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for _ in range(2):
                archive.writestr("agents.csv", HEADER + ROW)
    assert refusal(depot, depot.drop(content.getvalue(), "double.zip")).code == "FIC-ARCHIVE"
    both = zipped(depot, {"agents.csv": HEADER + ROW, "AGENTS.csv": HEADER + ROW})
    assert depot.ingest(both).counts == (4, 2, 0, 2)


def test_a_bomb_a_locked_a_cut_an_empty_and_no_archive(depot: Depot):
    declare(depot)
    assert refusal(depot, zipped(depot, {"agents.csv": b"0" * 60_000_000}, "bombe.zip")).code == "FIC-TAILLE"
    whole = zipped(depot, {"agents.csv": HEADER + ROW * 100}).read_bytes()
    locked = bytearray(whole)
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[whole.index(mark) + flags] |= 1
    spoiled = bytearray(whole)
    spoiled[60] ^= 0xFF
    unusual = bytearray(whole)
    for mark, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        unusual[whole.index(mark) + method] = 9  # Deflate64
    for name, content, code in (
        ("verrou.zip", bytes(locked), "FIC-PROTEGE"),
        ("coupe.zip", whole[:-30], "FIC-TRONQUE"),
        ("gate.zip", bytes(spoiled), "FIC-TRONQUE"),
        ("rare.zip", bytes(unusual), "FIC-NATURE"),
        ("vide.zip", b"", "FIC-VIDE"),
        ("autre.zip", b"Code;x\n", "FIC-NATURE"),
    ):
        assert refusal(depot, depot.drop(content, name)).code == code
    assert refusal(depot, zipped(depot, {}, "rien.zip")).code == "FIC-VIDE"


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_data_that_its_compression_cannot_have_written_is_a_cut_archive(depot: Depot, method: int):
    declare(depot)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        archive.writestr("Agents.csv", HEADER + ROW * 50)
    data = bytearray(content.getvalue())
    data[60:90] = bytes(255 - byte for byte in data[60:90])
    assert refusal(depot, depot.drop(bytes(data), "exports.zip")).code == "FIC-TRONQUE"


def test_a_directory_said_to_begin_beyond_the_end_is_a_cut_archive(depot: Depot):
    declare(depot)
    data = zipped(depot, {"Agents.csv": HEADER + ROW}).read_bytes()
    beyond = data[:-6] + b"\xff\xff\xff\x7f" + data[-2:]  # the place of the directory
    assert refusal(depot, depot.drop(beyond, "exports.zip")).code == "FIC-TRONQUE"
