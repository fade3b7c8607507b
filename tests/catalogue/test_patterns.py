"""Names are compared as people read them, whatever system wrote them."""

import unicodedata
import zipfile
from pathlib import Path

import pytest

from pipelines.catalogue.patterns import NAMED_IN_UTF8, is_named, is_one_of, member_name, same


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("Élus 2020.CSV", "elus*.csv", False),  # an accent is another letter
        ("Élus 2020.CSV", "élus*.csv", True),
        (unicodedata.normalize("NFD", "Élus 2020.csv"), "Élus  2020.csv", True),
        ("export/2020/agents.csv", "agents.csv", True),
        ("export/2020/agents.csv", "export/*/agents.csv", True),
        ("autre/2020/agents.csv", "export/*/agents.csv", False),
        ("agents1.csv", "agents?.csv", True),
        ("agents.csv", "agents?.csv", False),
    ],
)
def test_a_name_matches_whatever_its_case_its_spaces_and_the_form_of_its_accents(name, pattern, expected):
    assert is_named(name, pattern) is expected
    assert is_one_of(name, ["rien", pattern]) is expected and not is_one_of(name, [])


def test_names_that_look_the_same_are_the_same():
    assert same(" Libellé  du\tcompte ") == same("LIBELLE\u0301 du compte") == "libellé du compte"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("été.csv".encode(), "été.csv"), ("été.csv".encode("cp437"), "été.csv"), (b"a.csv", "a.csv")],
)
def test_a_member_without_an_encoding_is_named_in_utf8_where_its_bytes_are(tmp_path: Path, raw: bytes, expected: str):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x" * len(raw), b"")
    content = (tmp_path / "a.zip").read_bytes().replace(b"x" * len(raw), raw)
    (tmp_path / "a.zip").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert [member_name(one) for one in archive.infolist()] == [expected]


def test_a_member_that_says_that_its_name_is_utf8_is_believed():
    member = zipfile.ZipInfo("├⌐")
    assert member_name(member) == "é"
    member.flag_bits |= NAMED_IN_UTF8
    assert member_name(member) == "├⌐"
