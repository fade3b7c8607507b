"""The page is self-contained, escapes everything and is accessible: tested in a real browser."""

import re
from pathlib import Path

import pytest

from pipelines.stages.report.html import report_page, summary_page
from tests.stages.report.browser import look
from tests.stages.report.publication import HOSTILE, Press


def page_of(press: Press, cache: Path) -> str:
    return report_page(press.model(), cache)


def test_it_refers_to_nothing_outside(press: Press, cache: Path):
    page = page_of(press, cache)
    assert "<script" not in page and "<link" not in page and "@import" not in page
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r"https?://[^\s\"')]+", page)) <= namespaces
    assert set(re.findall(r"url\((.{5})", page)) <= {"data:", "#effe", "#seri"}


def test_every_text_is_escaped(press: Press, cache: Path):
    press.replace("rpt_effectifs", [(2040, HOSTILE, 1, 3)])
    press.replace("rpt_series", [(2040, HOSTILE, 1, 3, "agents", 0, None, HOSTILE)])
    _, rows = press.tables["chiffres"]
    press.replace("chiffres", [(*row[:8], HOSTILE, HOSTILE, HOSTILE) for row in rows])
    press.write("essai.md", HOSTILE.replace("{{ 7*7 }}", "") + "\n\n<b onclick=alert(1)>gras</b>")
    page = page_of(press, cache)
    assert "<img" not in page and "<b onclick" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 8
    assert "{{ 7*7 }}" in page


def test_every_header_cell_says_what_it_heads(press: Press, cache: Path):
    headers = re.findall(r"<th\b([^>]*)>", page_of(press, cache))
    assert headers and all(re.match(r' scope="(col|row)"', attributes) for attributes in headers)


def test_a_figure_leads_to_its_source(press: Press, cache: Path):
    page = page_of(press, cache)
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert {"c-a.total"} <= targets
    assert targets <= set(re.findall(r'id="([^"]+)"', page))


def test_a_report_that_nobody_received_is_not_named(press: Press, cache: Path):
    assert "Rapport publié : égal." in page_of(press, cache).replace("\u00a0", " ")
    press.replace("rpt_rapprochement_publie", [])
    page = page_of(press, cache)
    assert "Rapport publié" not in page and "None" not in page


def test_tables_are_named_only_in_the_annex_where_each_block_leads(press: Press, cache: Path):
    body, _, annex = page_of(press, cache).partition('<h2 id="sources-et-methode">')
    assert "rapport.rpt_" not in body and "rapport.rpt_series" in annex
    assert 'href="#source-effectifs"' in body and 'id="source-effectifs"' in annex


def test_no_line_of_the_page_can_begin_with_a_french_sign(press: Press, cache: Path):
    page = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", page_of(press, cache), flags=re.DOTALL)
    said = re.sub(r"<[^>]+>", "", page) + " ".join(re.findall(r'aria-label="([^"]*)"', page))
    assert re.findall(r".{20} [:;!?»%].{5}", said) == []


def test_a_missing_value_is_read_aloud_and_never_drawn_as_zero(press: Press, cache: Path):
    page = page_of(press, cache)
    assert '<span class="manque" aria-hidden="true">NC</span><span class="cache">non communiqué</span>' in page
    (drawing,) = re.findall(r'<div class="large"[^>]*Indicateurs.*?</svg>', page, flags=re.DOTALL)
    assert drawing.count(">NC</text>") == 1 and drawing.index(">NC</text>") > 0


def test_the_same_model_gives_the_same_bytes_with_or_without_the_cache(press: Press, cache: Path, tmp_path: Path):
    assert page_of(press, cache) == page_of(press, tmp_path / "other")


# in a browser ------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 320])
def test_it_has_no_fault_of_access_and_fits(press: Press, cache: Path, tmp_path: Path, width: int):
    file = tmp_path / "page.html"
    file.write_text(page_of(press, cache), encoding="utf-8")
    look(file, width)


def test_the_page_of_a_member_has_its_own_drawings(press: Press, cache: Path):
    model = press.model()
    (section,) = model["chapitres"][0]["sections"]
    charts = [{**one, "id": f"orly-{one['id']}"} for one in section["blocs"] if one["genre"] == "graphique"]
    model["collectivites"] = [orly := {**section, "titre": "Orly", "blocs": charts}]
    page = summary_page(model, orly, cache)
    assert len(charts) == 2 and page.count("<svg ") == 4  # each wide and narrow
