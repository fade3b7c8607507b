"""An official chart of accounts (``planDeCompte.xml`` of the DGCL) as rows of the reference tables.

A plan is one form of a nomenclature for one exercice: ``Nomenclature@Norme @Declinaison @Exer``, its chapters
(``Nature/Chapitres/Chapitre@Code @Section @Libelle``) and its accounts, one inside the other
(``Nature/Comptes//Compte@Code @Libelle``), each with its chapter by side and kind of operation (``@DR @DOES @DOIS @RR @ROES
@ROIS``). An account that no budget line may use, without any chapter, is left out.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

from pipelines.catalogue.yaml_file import DeclarationError, shown

if TYPE_CHECKING:
    from lxml.etree import _Element

CHAPTERS, ACCOUNTS = "plan_comptes_chapitres", "plan_comptes_comptes"
SIDES = {
    "depense_reelle": "DR",
    "depense_ordre_entre_sections": "DOES",
    "depense_ordre_interieure": "DOIS",
    "recette_reelle": "RR",
    "recette_ordre_entre_sections": "ROES",
    "recette_ordre_interieure": "ROIS",
}
COLUMNS = {
    CHAPTERS: ["declinaisons", "code_chapitre", "code_section", "exercice_debut", "exercice_fin", "libelle_chapitre"],
    ACCOUNTS: ["declinaisons", "compte", "exercice_debut", "exercice_fin", *SIDES, "libelle_compte"],
}
Row = dict[str, str]


@dataclass(frozen=True)
class Plan:
    """One plan: ``M57_D``, its exercice, and its rows by reference table."""

    declinaison: str
    exercice: int
    rows: dict[str, list[Row]]

    def files(self) -> dict[str, str]:
        """Path inside a home → text of the CSV that adds the rows to a reference table."""
        files, name = {}, f"{self.declinaison}_{self.exercice}".lower()
        for table, rows in self.rows.items():
            text = io.StringIO(newline="")
            writer = csv.DictWriter(text, COLUMNS[table], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            files[f"catalogue/reference/{table}/{name}.csv"] = text.getvalue()
        return files


def read_plan(path: Path) -> Plan:
    """Read an official plan. Raises DeclarationError naming file and line."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        tree = etree.parse(str(path), parser)
    except etree.XMLSyntaxError as error:
        raise DeclarationError(f"{shown(path)}:{error.lineno or 1} ce n’est pas du XML bien formé") from None
    if tree.docinfo.doctype:
        raise DeclarationError(f"{shown(path)}:1 un DOCTYPE y est, ce qui est refusé")
    root = tree.getroot()
    head = next((one for one in _named(root, "Nomenclature") if one.get("Declinaison")), None)
    exercice = (head.get("Exer") or "") if head is not None else ""
    declinaison = re.sub("^.*-", "", (head.get("Declinaison") or "").strip()).upper() if head is not None else ""
    if head is None or not re.fullmatch("20[0-9]{2}", exercice) or not re.fullmatch("M[0-9A-Z_]+", declinaison):
        raise DeclarationError(
            f"{shown(path)}:1 ce n’est pas un plan de comptes : un élément Nomenclature avec Declinaison et Exer est attendu"
        )
    nature = next(_named(head, "Nature"), head)
    same = {"declinaisons": declinaison, "exercice_debut": exercice, "exercice_fin": exercice}
    chapters: dict[str, Row] = {}
    for one in _named(nature, "Chapitre"):
        if one.get("Section") in ("F", "I"):
            row = {"code_chapitre": one.get("Code", ""), "code_section": one.get("Section", "")}
            _enter(chapters, row["code_chapitre"], {**same, **row, **_label("chapitre", one)}, path, one)
    accounts: dict[str, Row] = {}
    for one in _named(nature, "Compte"):
        places = {column: one.get(side, "").strip() for column, side in SIDES.items()}
        if lost := sorted({place for place in places.values() if place} - chapters.keys()):
            raise DeclarationError(
                f"{_at(path, one)} Compte {one.get('Code')}: {', '.join(lost)} n’est pas un chapitre du plan"
            )
        if any(places.values()):
            row = {"compte": one.get("Code", ""), **places}
            _enter(accounts, row["compte"], {**same, **row, **_label("compte", one)}, path, one)
    if not (chapters and accounts):
        raise DeclarationError(
            f"{shown(path)}:1 chapitres : {len(chapters)}, comptes : {len(accounts)} ; il en faut des deux"
        )
    return Plan(declinaison, int(exercice), {CHAPTERS: list(chapters.values()), ACCOUNTS: list(accounts.values())})


def _named(element: "_Element", name: str) -> Iterator["_Element"]:
    """The element itself and those inside it of that name, whatever their namespace."""
    yield from element.iter(f"{{*}}{name}")


def _label(of: str, element: "_Element") -> Row:
    text = " ".join((element.get("Libelle") or element.get("Lib_court") or "").split())
    return {f"libelle_{of}": text.replace("'", "’")}


def _enter(rows: dict[str, Row], code: str, row: Row, path: Path, element: "_Element") -> None:
    """Enter one answer per code; two that differ are refused, since nothing says which is right."""
    if not code:
        raise DeclarationError(f"{_at(path, element)} un élément n’a pas de Code")
    if rows.setdefault(code, row) != row:
        raise DeclarationError(f"{_at(path, element)} {code} est donné deux fois, avec des contenus différents")


def _at(path: Path, element: "_Element") -> str:
    return f"{shown(path)}:{element.sourceline}"
