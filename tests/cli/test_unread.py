"""A sheet or archive member that nothing reads is reported before it is loaded, then is a finding until it is decided."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from tests.cli.conftest import Bench, check
from tests.layers import Layer

HEAD = ["Code", "Montant"]
SHEETS = {
    "Prêts": [HEAD, ["A", 1]],
    "Retours": [HEAD, ["B", 2], ["C", 3]],
    "Paramètres": [["x", "y"]],
    "Vide": [],
    "Notice": [["à lire"]],
}
FIELDS = [{"name": "code", "title": "Code"}, {"name": "montant", "title": "Montant", "type": "number"}]


@pytest.fixture
def library(bench: Bench, declared: Layer) -> Bench:
    """A home with a library's tool, one sheet of which is declared."""
    declare(declared)
    text = bench.home.organisation_file.read_text(encoding="utf-8")
    bench.home.organisation_file.write_text(text.replace("[ventes,", "[livres, ventes,"), encoding="utf-8")
    return bench


def declare(layer: Layer, *more: dict, **export) -> None:
    table = {"name": "prets", "title": "Prêts", "sheet": "Prêts", "fields": FIELDS}
    first = {"name": "prets", "title": "Prêts", "files": "livres*.xlsx", "format": {"type": "xlsx"}, "tables": [table]}
    exports = [{**first, **export}, *more]
    layer.write("catalogue/systems/livres.yml", {"system": "livres", "title": "L", "owner": "M", "exports": exports})


def workbook(bench: Bench, name: str = "livres.xlsx") -> Path:
    path = bench.drop(f"2019/livres/{name}", "")
    with xlsxwriter.Workbook(str(path)) as book:
        for title, rows in SHEETS.items():
            sheet = book.add_worksheet(title)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            if title == "Paramètres":
                sheet.hide()
    return path


def findings(bench: Bench) -> list[dict]:
    rows = json.loads(bench.millesime("findings", 2019, "--format", "json").stdout)["constats"]
    return [row for row in rows if row["code"] == "FIC-NON-LU"]


def test_check_says_what_nothing_reads(library: Bench):
    result = library.millesime("check", workbook(library))
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert "livres.xlsx, feuille « Retours » — reçu : 3 lignes non lues" in said
    assert "feuille « Paramètres » (masquée) — reçu : 1 ligne non lue" in said
    assert 'attendu : une table avec sheet: "Notice", ou unread: ["Notice"] à l’export livres/prets' in said
    assert "Vide" not in said
    assert "serait acceptée, mais la version attendra 3 feuilles, membres ou éléments que rien ne lit" in said


def waiting(bench: Bench) -> int:
    said = bench.millesime("findings", 2019).stdout
    found = re.search(r"dont (\d+) à corriger ou à décider avant de figer", said)
    assert found, said
    return int(found[1])


def test_each_is_a_finding_that_a_release_waits_for_until_it_is_decided(library: Bench):
    before = waiting(library) - 1  # the export is missing until it is received
    workbook(library)
    library.receive("livres/prets", 2019, check("ok", True))
    found = findings(library)
    assert [(one["fichier"], one["recu"], one["etat"]) for one in found] == [
        ("livres.xlsx, feuille « Notice »", "1 ligne non lue", "ouvert"),
        ("livres.xlsx, feuille « Paramètres »", "1 ligne non lue", "ouvert"),
        ("livres.xlsx, feuille « Retours »", "3 lignes non lues", "ouvert"),
    ]
    assert waiting(library) == before + 3
    done = library.millesime(
        "decide", found[0]["constat"], "--because", "mode d’emploi", "--by", "C. Durand", "--missing", "rien"
    )
    assert done.exit_code == 0, done.output
    assert [one["etat"] for one in findings(library)] == ["rien ne manque", "ouvert", "ouvert"]
    assert waiting(library) == before + 2


def test_a_file_declared_useless_or_read_by_another_export_is_not_unclaimed(library: Bench, declared: Layer):
    workbook(library)
    other = {"name": "retours", "title": "Retours", "files": "LIVRES*.XLSX", "format": {"type": "xlsx"}}
    table = {"name": "retours", "title": "Retours", "sheet": "ret*", "fields": FIELDS}
    declare(declared, {**other, "tables": [table], "unread": ["Prêts"]}, unread=["notice", "Param*"])
    manifest = library.receive("livres/prets", 2019, check("ok", True))
    assert findings(library) == []
    assert [(one.feuille, one.ecartee) for one in manifest.non_lus if one.lignes] == [
        ("Retours", False),
        ("Paramètres", True),
        ("Notice", True),
    ]


def test_a_member_that_nothing_reads(library: Bench, declared: Layer):
    table = {"name": "prets", "title": "Prêts", "member": "prets*.csv", "fields": FIELDS}
    declare(declared, files="*.zip", archive="zip", format={"type": "csv"}, tables=[table])
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("2019/prets.csv", "Code;Montant\nA;1\n")
        archive.writestr("2019/retours.csv", "Code;Montant\nB;2\n")
    library.drop("2019/livres/LIVRES.ZIP", "").write_bytes(content.getvalue())
    library.receive("livres/prets", 2019, check("ok", True))
    (found,) = findings(library)
    assert (found["fichier"], found["recu"]) == ("LIVRES.ZIP/2019/retours.csv", "2 lignes non lues")
    assert 'member: "2019/retours.csv"' in found["attendu"]
