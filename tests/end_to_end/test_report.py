"""The report of the demonstration: published with its tables, complete, accessible, and quickly made again."""

import io
import json
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pikepdf
import pytest

from pipelines import french
from pipelines.evidence.misprinted import misprinted
from pipelines.ledger.workspace import open_workspace
from pipelines.publication import INTERNE
from pipelines.settings import Home
from pipelines.stages.report.tables import read_publication
from pipelines.stages.report.write import edition_of, write_report
from tests import grammar
from tests.end_to_end.conftest import millesime
from tests.stages.report.browser import look


@pytest.fixture(scope="module")
def folder(demonstration: Path) -> Path:
    return demonstration / "published" / "report" / "2020" / "interne"


@pytest.fixture(scope="module")
def model(folder: Path) -> dict:
    return json.loads((folder / "modele.json").read_text(encoding="utf-8"))


@pytest.mark.campaign(minutes=1)
def test_the_report_of_a_publication_is_the_one_that_the_command_writes_from_it(
    demonstration: Path, folder: Path, tmp_path: Path
):
    home = Home(demonstration)
    with open_workspace(home) as work:
        build = work.ledger.last_build()["build"]
        edition = edition_of(work.ledger, home.published, INTERNE, build, None)
        written = write_report(home, work.organisation, edition, home.published, tmp_path, 2020, INTERNE)
        with read_publication(home.published, 2020, INTERNE) as publication:
            assert publication.files
    names = {path.relative_to(tmp_path) for path in written}
    assert names == {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert [name for name in sorted(names) if (tmp_path / name).read_bytes() != (folder / name).read_bytes()] == []


def test_every_chapter_of_the_report_is_there_and_filled(model: dict):
    assert [chapter["id"] for chapter in model["chapitres"]] == [
        "edito",
        "annee-en-une-page",
        "comite",
        "equipes",
        "finances",
        "rgpd",
        "projets",
        "distance",
        "indicateurs",
        "applications",
        "perspectives",
        "conseil",
    ]
    blocks = [b for chapter in model["chapitres"] for s in chapter["sections"] for b in s["blocs"]]
    assert [block["titre"] for block in blocks if block["genre"] == "vide"] == []


def test_what_each_town_pays_adds_up_to_the_account_and_stands_on_its_page(demonstration: Path, model: dict):
    paid = "select sum(montant_eur) from rapport.rpt_finances__contributions where exercice = 2020"
    account = "select sum(realise_eur) from marts.fct_lignes_documents where exercice = 2020 and compte = '74741'"
    with duckdb.connect(str(demonstration / "published" / "millesime.duckdb"), read_only=True) as db:
        assert db.execute(f"select ({paid}) = ({account})").fetchone() == (True,)
    (table,) = [
        b for c in model["chapitres"] for s in c["sections"] for b in s["blocs"] if b.get("id") == "contributions"
    ]
    assert [line["titre"] for line in table["lignes"]][-1] == "Ensemble"
    assert table["entete"] == ["2019", "2020", "Variation", "Part", "Habitants", "Par habitant"]
    assert [one["texte"] for one in table["lignes"][-1]["cellules"]][2:4] == ["−1,6\xa0%", "100,0\xa0%"]
    by_town = {line["titre"]: Decimal(line["cellules"][1]["valeur"]) for line in table["lignes"]}
    for town in model["collectivites"]:
        (cards,) = [b["chiffres"] for b in town["blocs"] if b["genre"] == "chiffres"]
        assert by_town[town["titre"]] in [Decimal(card["valeur"]) for card in cards]


def test_the_step_from_last_year_s_result_to_the_amount_carried_over_is_printed(
    demonstration: Path, folder: Path, model: dict
):
    asked = """
        select this.resultat_precedent_eur = former.resultat_cumule_eur, -this.non_reporte_eur = this.affecte_investissement_eur,
            this.resultat_precedent_eur + this.non_reporte_eur = this.report_eur, this.affecte_investissement_eur
        from rapport.rpt_finances__resultats as this inner join rapport.rpt_finances__resultats as former
            on former.exercice + 1 = this.exercice and former.siret = this.siret and former.section = this.section
        where this.exercice = 2020 and this.type_budget = 'principal' and this.section = 'fonctionnement'"""
    with duckdb.connect(str(demonstration / "published" / "millesime.duckdb"), read_only=True) as db:
        ((*holds, moved),) = db.execute(asked).fetchall()
    assert holds == [True, True, True]
    printed = french.rounded(moved, 2, "EUR")
    page = re.sub(
        "<[^>]+>", "", (folder / "rapport_activite_2020.html").read_text(encoding="utf-8")
    )  # without the links
    assert f"la part affectée à l’investissement (compte 1068) est de {printed}" in page
    (cascade,) = [
        b for c in model["chapitres"] for s in c["sections"] for b in s["blocs"] if b.get("id") == "principal-cascade"
    ]
    assert len(cascade["entete"]) == 5 and cascade["paliers"] == [0, 2, 4]


def test_nothing_is_printed_that_may_not_be(demonstration: Path):
    with open_workspace(Home(demonstration)) as work:
        assert [one.message for one in misprinted(work)] == []


def test_the_eighteen_applications_stand_in_the_order_of_the_report(model: dict):
    blocks = [b for chapter in model["chapitres"] for s in chapter["sections"] for b in s["blocs"]]
    (matrix,) = [one for one in blocks if one["genre"] == "matrice"]
    titles = [line["titre"] for line in matrix["lignes"]]
    assert len(titles) == 18
    assert (titles[0], titles[-1]) == ("Cegid RH", "Maestro")
    assert [one["titre"] for one in matrix["commentaires"]] == ["Cegid RH", "ESRI"]


BODY, ANNEX = 24, 5  # pages at most, the body with its cover and its contents


@pytest.mark.parametrize("profile", ["interne", "public"])
def test_the_report_is_short(folder: Path, profile: str):
    with pikepdf.open(folder.parent / profile / "rapport_activite_2020.pdf") as pdf, pdf.open_outline() as outline:
        (annex,) = [one for one in outline.root if one.title == "Sources et méthode"]
        body = [page.objgen for page in pdf.pages].index(annex.destination[0].objgen)
        assert body <= BODY and len(pdf.pages) - body <= ANNEX


@pytest.mark.parametrize("profile", ["interne", "public"])
def test_a_checker_of_pdf_ua_finds_nothing(folder: Path, profile: str):
    files = sorted((folder.parent / profile).rglob("*.pdf"))
    done = subprocess.run([sys.executable, "-m", "pdfua", "check", *files], capture_output=True, text=True, check=False)
    assert len(files) == 6 and done.returncode == 0, done.stdout


def test_every_alarming_row_of_the_demonstration_is_explained(folder: Path):
    page = (folder / "rapport_activite_2020.html").read_text(encoding="utf-8")
    assert "une, encore dans son délai, attendait sa réponse au 31 décembre" in page
    assert "72 heures" in page and "pas été notifiée" not in page  # a processor told it late
    assert "Sans explication fournie" not in page


def test_what_the_report_of_2020_printed_is_printed(folder: Path):
    page = (folder / "rapport_activite_2020.html").read_text(encoding="utf-8")
    for printed in (
        "4\u202f764\u202f020,26\u00a0€",
        "1\u202f686\u202f867,78\u00a0€",
        "111\u202f934,04\u00a0€",
        "26,24",
        "47\u202f757",
        "DÉMONSTRATION",
        "Elise GONZALES",
    ):
        assert printed in page, printed


def test_it_says_which_state_of_the_ledger_it_is(demonstration: Path, model: dict):
    edition = model["edition"]
    assert edition["nom"] == "projet" and len(edition["empreinte"]) == 64
    assert edition["registre"]["entrees"] > 0 and len(edition["registre"]["tete"]) == 64


def test_every_link_of_its_pages_leads_somewhere(folder: Path):
    texts = {path.resolve(): path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    for path, text in texts.items():
        for href in re.findall(r'href="(?!https?:|mailto:|data:)([^"]+)"', text):
            name, _, anchor = href.partition("#")
            target = (path.parent / name).resolve() if name else path
            assert target.exists(), (path.name, href)
            assert not anchor or f'id="{anchor}"' in texts[target], (path.name, href)


def test_each_collectivite_has_its_page(folder: Path, model: dict):
    assert len(model["collectivites"]) == 5
    assert len(list((folder / "collectivites").glob("*.html"))) == 5
    for path in (folder / "collectivites").glob("*.pdf"):
        import pikepdf

        with pikepdf.open(path) as opened:
            assert len(opened.pages) == 1, path.name


@pytest.mark.parametrize("width", [1280, 768, 320])
@pytest.mark.parametrize(
    "name",
    ["rapport_activite_2020.html", "collectivites/choisy-le-roi.html", "site/finances.html", "site/applications.html"],
)
def test_everybody_can_read_it(folder: Path, name: str, width: int):
    look(folder / name, width)


@pytest.mark.campaign(minutes=1)
def test_a_change_of_prose_is_read_at_once_and_no_change_gives_the_same_bytes(demonstration: Path, tmp_path: Path):
    published = demonstration / "published" / "report" / "2020" / "interne"
    done = millesime(demonstration, "report", "2020", "--output", str(tmp_path / "same"))
    assert done.returncode == 0, done.stderr
    for path in published.rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "same" / path.relative_to(published)).read_bytes(), path.name
    edito = demonstration / "contenu" / "2020" / "edito.md"
    former = edito.read_text(encoding="utf-8")
    try:
        edito.write_text(former + "\nUne phrase de plus.\n", encoding="utf-8")
        drawn = drawings(demonstration)
        millesime(demonstration, "report", "2020", "--output", str(tmp_path / "other"))
        assert "Une phrase de plus." in (tmp_path / "other" / "rapport_activite_2020.html").read_text(encoding="utf-8")
        assert len(drawn) > 20 and drawings(demonstration) == drawn  # nothing was drawn again
        edito.write_text(former + '\n{{ f("rh.effectif.totale") }}\n', encoding="utf-8")
        done = millesime(demonstration, "report", "2020", "--output", str(tmp_path / "wrong"))
        assert done.returncode == 2
        line = former.count("\n") + 2
        assert (
            f"contenu/2020/edito.md:{line} aucun chiffre « rh.effectif.totale » ; vouliez-vous dire « rh.effectif.total » ?"
            in done.stderr
        )
    finally:
        edito.write_text(former, encoding="utf-8")


def drawings(home: Path) -> dict[str, int]:
    """The cached drawings, fonts and pages of members, with the time when each was made."""
    return {path.name: path.stat().st_mtime_ns for path in (home / "cache").rglob("*.*") if path.is_file()}


def test_the_pdf_is_tagged(folder: Path):
    import pikepdf

    with pikepdf.open(io.BytesIO((folder / "rapport_activite_2020.pdf").read_bytes())) as opened:
        assert opened.Root.MarkInfo.Marked
        assert set(opened.attachments) == {"modele.json", "chiffres.csv"}
        assert len(opened.pages) > 20


@pytest.mark.skipif(shutil.which("grammalecte-cli") is None, reason="apt-get install grammalecte-cli")
def test_grammalecte_finds_nothing_that_is_not_accepted(demonstration: Path, capsys: pytest.CaptureFixture[str]):
    assert grammar.main(demonstration) == 0, capsys.readouterr().out
