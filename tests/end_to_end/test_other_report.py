"""The report of an organisation with one system that came, one that did not, and none of the others that are shipped."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines.catalogue.load import load_catalogue
from tests.end_to_end.conftest import millesime

OWN = {
    "catalogue/report/rapport.yml": (
        "rapport: rapport\ntitre: Bilan de l’année\nsommaire: Dans ce bilan\nannexe: D’où viennent les chiffres\n"
    ),
    "catalogue/report/01_edito.yml": "id: edito\nenabled: false\n",
    "catalogue/report/90_maison.yml": """\
id: maison
titre: La maison
sections:
  - id: maison-annee
    titre: L’année
    blocs: [{genre: contenu, fichier: maison.md, vide: Rien n’est écrit.}]
""",
}
DEMONSTRATION = re.compile(
    r"SICIO|Orly|Valenton|Bonneuil|Choisy|Villeneuve|Citrix|GLPI|Zimbra|Cegid|Ciril|Multifact|Teams|pôle|syndicat",
    re.IGNORECASE,
)


def follow_up(path: Path) -> None:
    """The workbook of the officer: one action, and neither request nor violation."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    export = load_catalogue().registry.export_of("rgpd/suivi").export
    for table in export.tables:
        sheet = book.create_sheet(table.sheet)
        sheet.append(["Suivi, exercice 2024"])
        sheet.append(table.headings_of(2024))
        if table.name == "actions":
            sheet.append(["A2024-01", "15/03/2024", "sensibilisation", "Atelier", "Agents", 12, "réalisée"])
        if table.name == "sous_traitants":
            sheet.append(["Un prestataire", "Hébergement", "Oui", None, None, None, None])
    book.save(path)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2024 with one export of two, 2023 with none."""
    home = tmp_path_factory.mktemp("other") / "home"
    named = ("--name", "Communauté de communes d’Essai", "--sigle", "CCE", "--siren", "200000008")
    made = millesime(
        home, "init", *named, "--first", "2023", "--last", "2024", "--system", "rgpd", "--system", "comite"
    )
    assert made.returncode == 0, made.stderr
    file = home / "organisation.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("article: le ", "article: la "), encoding="utf-8")
    for name, text in OWN.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    (home / "landing" / "2024" / "rgpd").mkdir(parents=True)
    follow_up(home / "landing" / "2024" / "rgpd" / "suivi_2024.xlsx")
    done = millesime(home, "run", "2024")
    assert done.returncode in (0, 3), f"{done.stdout}\n{done.stderr}"
    assert "published as" in done.stdout, f"{done.stdout}\n{done.stderr}"
    return home


@pytest.fixture(scope="module")
def model(home: Path) -> dict[str, Any]:
    """The report of 2024."""
    return json.loads((home / "published/report/2024/interne/modele.json").read_text(encoding="utf-8"))


def texts(part: Any) -> Iterator[str]:
    """Every text of a model."""
    if isinstance(part, str):
        yield part
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from texts(one)


def empty(model: dict[str, Any]) -> dict[str, str]:
    """Title of each block without rows → its sentence."""
    blocks = [b for chapter in model["chapitres"] for section in chapter["sections"] for b in section["blocs"]]
    return {b["titre"]: b["texte"].replace("\u00a0", " ") for b in blocks if b["genre"] == "vide"}


def test_it_has_its_own_title_and_the_chapters_that_it_follows(model: dict[str, Any], home: Path) -> None:
    assert model["titre"] == "Bilan de l’année 2024"
    assert [(c["numero"], c["id"]) for c in model["chapitres"]] == [(1, "comite"), (2, "rgpd"), (3, "maison")]
    page = (home / "published/report/2024/interne/rapport_activite_2024.html").read_text(encoding="utf-8")
    contents = re.search(r'<nav class="sommaire" aria-label="Dans ce bilan">.*?</nav>', page, re.DOTALL)
    assert contents and re.findall(r"<a [^>]*>(.*?)</a>", contents[0]) == [
        "1. Les membres du comité",
        "2. La protection des données",
        "3. La maison",
        "D’où viennent les chiffres",
    ]


def test_none_is_said_of_what_came_and_not_received_of_what_did_not(model: dict[str, Any]) -> None:
    said = empty(model)
    assert said["Violations de données"] == "Aucune violation de données en 2024."
    assert said["Demandes d’exercice des droits"] == "Aucune demande d’exercice des droits en 2024."
    assert said["Registres des activités de traitement"].startswith("Non reçu pour 2024 : Registre du responsable")
    assert said["Membres du comité"].startswith("Non reçu pour 2024 : Membres du comité")
    claims = [text for text in texts(model["chapitres"]) if re.match(r"Aucune?\b", text)]
    assert sorted(claims) == sorted(text for text in said.values() if text.startswith("Aucun"))


def test_the_annex_holds_the_figures_that_are_followed(model: dict[str, Any]) -> None:
    assert {one["code"].partition(".")[0] for one in model["chiffres"]} == {"rgpd", "gouvernance"}
    figures = {one["code"]: one for one in model["chiffres"]}
    assert (figures["rgpd.violations"]["affichage"], figures["rgpd.registres"]["affichage"]) == ("0", "m")


def test_nothing_claims_anything_of_a_year_of_which_nothing_came(home: Path, tmp_path: Path) -> None:
    done = millesime(home, "report", "2023", "--formats", "html", "--output", str(tmp_path))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    model = json.loads((tmp_path / "modele.json").read_text(encoding="utf-8"))
    assert [c["id"] for c in model["chapitres"]] == ["comite", "rgpd", "maison"]
    assert all(sentence.startswith("Non reçu pour 2023 : ") for sentence in empty(model).values())
    kinds = {b["genre"] for chapter in model["chapitres"] for section in chapter["sections"] for b in section["blocs"]}
    assert kinds == {"vide", "texte"}
    assert not [text for text in texts(model["chapitres"]) if re.search(r"\b[Aa]ucune?\b|\b0\b", text)]
    assert {one["affichage"] for one in model["chiffres"]} == {"m"}


def test_no_word_of_the_demonstration_is_printed(model: dict[str, Any]) -> None:
    shipped = {
        table.title for _, table in load_catalogue().registry.tables()
    }  # a table that did not come has its own name
    found = {
        text for text in texts([model["chapitres"], model["methode"], model["intitules"]]) if DEMONSTRATION.search(text)
    }
    assert {text for text in found if not any(title in text for title in shipped)} == set()
