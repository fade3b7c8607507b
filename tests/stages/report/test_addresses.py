"""Every number that a report prints leads to how it was computed: tested on a small publication, from its page."""

import json
import re
from pathlib import Path

import pytest

from pipelines.stages.report.html import report_page, site_pages
from tests.addresses import Report
from tests.stages.report.publication import CHAPTER, Press


@pytest.fixture
def read(press: Press, cache: Path, tmp_path: Path):
    """The report of a press, read from its page."""

    def made() -> Report:
        model = press.model()
        (tmp_path / "rapport_activite_2040.html").write_text(report_page(model, cache), encoding="utf-8")
        (tmp_path / "modele.json").write_text(json.dumps(model), encoding="utf-8")
        return Report(tmp_path, press.publish(), CHAPTER)

    return made


def test_every_number_of_a_page_has_an_address_that_gives_it(press: Press, read):
    press.write("essai.md", 'Soit {{ f("a.montant") }}, contre {{ f("a.total", exercice=2039) }} en 2039.')
    report = read()
    assert report.wrong() == []
    assert report.entries["a1"]["commande"].startswith("millesime trace ")


def test_a_number_without_an_address_or_with_another_s_is_found(press: Press, read, monkeypatch):
    press.write("essai.md", "Un auteur a tapé 5 417 lui-même.".replace(" 417", "\u202f417"))
    assert [one.partition(" dans ")[0] for one in read().wrong()] == ["5\u202f417"]
    press.write("essai.md", "Soit [78](#c-a.total).")
    assert [one.partition(" dans ")[0] for one in read().wrong()] == ["78"]


def test_what_no_page_links_to_is_not_in_the_annex_and_every_link_leads_there(press: Press, cache: Path):
    model = press.model()
    page = report_page(model, cache)
    links, there = set(re.findall(r'href="#(a\d+)"', page)), set(re.findall(r'id="(a\d+)"', page))
    assert links and links == there
    pages = dict(site_pages(model, cache))
    led = {name for text in pages.values() for name in re.findall(r'href="sources-et-methode\.html#(a\d+)"', text)}
    assert led <= set(re.findall(r'id="(a\d+)"', pages["sources-et-methode.html"])) and led


def test_a_row_whose_key_the_public_profile_hides_is_named_by_its_words(press: Press):
    press.files["dbt_project/models/rapport/_rapport__models.yml"] = (
        "version: 2\nmodels:\n  - name: rpt_effectifs\n    data_tests:\n      - unique_combination_of_columns:\n"
        "          arguments: {combination_of_columns: [exercice, rang]}\n"
    )
    named = [
        one for table in press.model()["calculs"] if table["table"] == "rpt_effectifs" for one in table["adresses"]
    ]
    assert named and all(set(one["cle"]) == {"rang"} for one in named)
    _, rows = press.tables["rpt_effectifs"]
    press.replace("rpt_effectifs", [(row[0], row[1], None, *row[3:]) for row in rows])
    named = [
        one for table in press.model()["calculs"] if table["table"] == "rpt_effectifs" for one in table["adresses"]
    ]
    assert named and all("rang" not in one["cle"] and one["cle"] for one in named)
