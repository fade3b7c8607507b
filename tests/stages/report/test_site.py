"""The site: one page per chapter, whose figures open where they are, without a script; every link leads somewhere."""

import csv
import re
from pathlib import Path

import duckdb
import pytest

from pipelines.stages.report.html import ANNEX, site_pages
from tests.stages.report.browser import look, opened
from tests.stages.report.publication import CHAPTER, HOSTILE, Press

FIGURE = 'Soit {{ f("a.montant") }}.'


@pytest.fixture
def site(press: Press, cache: Path, tmp_path: Path) -> Path:
    """The folder of a site."""
    press.write("essai.md", FIGURE)
    folder = tmp_path / "site"
    (folder / "tableaux").mkdir(parents=True)
    for name, content in site_pages(press.model(), cache):
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def test_it_has_a_page_for_each_chapter_its_contents_its_annex_and_a_file_for_each_table(site: Path):
    found = {path.relative_to(site).as_posix() for path in site.rglob("*.*")}
    assert found == {"index.html", "essai.html", ANNEX, "tableaux/effectifs.csv", "tableaux/series.csv"}


def test_every_link_leads_somewhere_and_no_page_needs_a_script(site: Path):
    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        for href in re.findall(r'href="([^"]+)"', text):
            name, _, anchor = href.partition("#")
            target = site / name if name else page
            assert target.exists(), href
            assert not anchor or f'id="{anchor}"' in target.read_text(encoding="utf-8"), href


def test_a_link_to_a_title_leads_to_its_page_and_the_contents_to_that_of_each_member(press: Press, cache: Path):
    press.files["catalogue/report/texte/ailleurs.md"] = "Voir [la partie](#partie)."
    beside = "      - {genre: texte, fichier: ailleurs.md}\n      - genre: chiffres"
    press.chapter = CHAPTER.replace("      - genre: chiffres", beside, 1)
    model = press.model() | {"collectivites": [{"titre": "Ville-Haute", "blocs": []}]}
    pages = dict(site_pages(model, cache))
    assert 'href="essai.html#partie"' in pages["essai.html"]
    assert 'href="../collectivites/ville-haute.html">Ville-Haute<' in pages["index.html"]


def test_the_home_offers_the_formats_that_are_beside_it(press: Press, cache: Path):
    model = press.model()
    for formats in (["html"], ["html", "pdf"], ["html", "pdf", "xlsx"]):
        home = dict(site_pages(model, cache, formats))["index.html"]
        offered = re.findall(r'href="\.\./rapport_activite_2040\.(\w+)"', home)
        assert offered == formats[1:]


def test_a_figure_opens_its_provenance_where_it_is(site: Path):
    with opened(site / "essai.html", 1280) as tab:
        button, bubble = (
            tab.query_selector('button[popovertarget="p-a.montant"]'),
            tab.query_selector("[id='p-a.montant']"),
        )
        assert not bubble.is_visible()
        button.click()
        assert bubble.is_visible() and "Somme." in bubble.inner_text()


def test_every_button_has_its_provenance_and_there_is_no_other(site: Path):
    text = (site / "essai.html").read_text(encoding="utf-8")
    figures = set(re.findall(r'popovertarget="(p-[^"]+)"', text))
    assert figures == set(re.findall(r'popover id="([^"]+)"', text))
    annex = (site / ANNEX).read_text(encoding="utf-8")
    assert re.findall(r'popovertarget="([^"]+)"', annex) == ["menu"]  # a narrow screen folds it


def test_a_table_is_given_as_csv_with_its_numbers_exact(site: Path):
    with (site / "tableaux" / "series.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["Indicateur", "2038", "2039", "2040"],
            ["Agents formés", "NC", "0", "4"],
            ["Jours", "—", "4.5", "12"],
        ]


def test_every_text_is_escaped(press: Press, cache: Path):
    press.replace("rpt_effectifs", [(2040, HOSTILE, 1, 3)])
    _, rows = press.tables["chiffres"]
    press.replace("chiffres", [(*row[:8], HOSTILE, HOSTILE, HOSTILE) for row in rows])
    for name, content in site_pages(press.model(), cache):
        assert not name.endswith(".html") or "<img" not in content


@pytest.mark.parametrize("width", [1280, 768, 320])
@pytest.mark.parametrize("name", ["index.html", "essai.html", ANNEX])
def test_everybody_can_read_it(site: Path, name: str, width: int):
    look(site / name, width)


def audited(press: Press) -> None:
    """What was delivered, beside the tables of the report."""
    folder = press.root / "published" / "audit"
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as db:
        rows = "('1', 2040, 'a.csv', true), ('2', 2040, 'former.csv', false), ('3', 2039, 'b.csv', true)"
        db.execute(
            f"copy (from (values {rows}) t(livraison, exercice, fichier, est_courante)) to '{folder}/livraisons.parquet'"
        )
        rows = "('1', 's', 't', 2040), ('2', 's', 't', 2040), ('3', 's', 't', 2039)"
        db.execute(
            f"copy (from (values {rows}) t(livraison, systeme, nom_table, exercice)) to '{folder}/tables_livrees.parquet'"
        )


@pytest.mark.parametrize("profile", ["interne", "public"])
def test_a_figure_opens_on_its_files_inside_and_on_none_outside(press: Press, cache: Path, profile: str):
    press.profile = profile
    audited(press)
    pages = dict(site_pages(press.model(), cache))
    assert ("a.csv" in pages["essai.html"]) == (profile == "interne")
    assert not any(name in page for page in pages.values() for name in ("former.csv", "b.csv"))


def test_who_hears_a_link_knows_which_figure_it_is(press: Press, cache: Path):
    press.write("essai.md", '{{ f("a.total") }} agents.')
    pages = dict(site_pages(press.model(), cache))
    assert 'aria-label="27, Agents"' in pages["essai.html"]
