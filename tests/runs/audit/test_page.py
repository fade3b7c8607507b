"""The audit page: well formed, without scripts or external addresses, escaped, and as complete as its JSON."""

import io
import json
import re
from pathlib import Path

import pikepdf
import pytest
from lxml import html

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.ledger.records import Finding
from pipelines.runs.audit.reconciliations import STATUSES
from pipelines.runs.pages import DATA, write_states
from pipelines.stages.report.etat.page import render, segments, share
from tests.cli.conftest import Bench, check
from tests.runs.audit.findings import FIGURE, contradiction
from tests.runs.audit.pages import assert_same_content, assert_sound
from tests.stages.report.browser import opened, violations

HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture
def hostile(filled: Bench) -> Bench:
    """A home where every free text is an attack: file names, reasons, owners, findings, decisions."""
    for path in (filled.home.organisation_file,):
        path.write_text(path.read_text(encoding="utf-8").replace("Syndicat d’essai", f"'Essai {HOSTILE}'"), "utf-8")
    name = f"ventes{HOSTILE.replace('/', '')}.csv"
    filled.drop(f"2019/ventes/{name}", f"N°;Jour;Montant\nV1;02/01/2019;1,50\nV2;{HOSTILE};2,00\n")
    (filled.home.landing / "2019" / "ventes" / "ventes_2019.csv").unlink()
    odd = check(f"regle{HOSTILE}", False, severity="warning")
    filled.receive("ventes/ventes", 2019, odd, check("ok", None))
    filled.refuse("personnel/agents", 2019, DeliveryRefused("FIC-VIDE", fichier=HOSTILE, recu=HOSTILE), "abc")
    found = Finding("PUB-ECART", "alerte", 2019, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, 3)
    filled.publish(FIGURE.replace("'Total'", f"'{HOSTILE}'"), found, contradiction())
    with filled.ledger() as ledger:
        ledger.record_decision(contradiction(), "accepted", HOSTILE, HOSTILE)
    return filled


@pytest.fixture
def write():
    """Write the page of 2019; returns (path, text, JSON)."""

    def written(bench: Bench) -> tuple[Path, str, dict]:
        with bench.work() as work:
            (page,) = write_states(work, [2019])
        data = json.loads(page.with_name(DATA).read_text(encoding="utf-8"))
        return page, page.read_text(encoding="utf-8"), data

    return written


def test_the_page_is_sound_and_says_what_the_json_says(filled, write):
    filled.publish(FIGURE, contradiction())
    _, text, data = write(filled)
    page = assert_sound(text)
    assert_same_content(page, data)
    assert not [name for name in ("adurand", "Durand", "bpetit", "Petit") if name in page.text_content()]


def test_the_printed_page_is_a_summary_of_six_pages_at_most(filled, write, tmp_path):
    found = [Finding("PUB-ECART", "alerte", 2019, f"essai.{n}", "Écart " * 20, "a" * 200, "b" * 200) for n in range(80)]
    changed = [Finding("REL-DIFFERENCE", "alerte", 2019, "2019-v2", "Différences", recu="une de plus ; " * 500)]
    filled.publish(FIGURE, contradiction(), *found, *changed)
    page, _, data = write(filled)
    assert len(data["constats"]) > 80
    visas = {"prepared_by": "A", "reviewed_by": "B", "approved_by": "C", "motif": "corrigé", "modifies": []}
    head = {"entries": 900, "hash": "c" * 64}
    data["versions"] = [
        {
            "version": f"2019-v{n}",
            "empreinte": "e" * 64,
            "figee_le": "2020-05-01T10:00:00+00:00",
            **visas,
            "registre": head,
        }
        | {"erratum": "- une ligne d’erratum\n" * 60 if n > 1 else None}
        for n in (1, 2, 3)
    ]
    other = {
        "nature": "déclaration modifiée",
        "quoi": "chiffre " * 9,
        "avant": "a" * 60,
        "apres": "b" * 60,
        "pourquoi": "",
    }
    data["changements"] = {"version": "2019-v2", "differences": [other] * 200}
    data["reproduire"]["verification"]["dates"] = ["une écriture datée d’avant la précédente"] * 90
    page.write_text(render(data, tmp_path / "cache"), encoding="utf-8")
    assert_sound(page.read_text("utf-8"))
    with opened(page, 1280) as tab:
        printed = tab.pdf(prefer_css_page_size=True)
    with pikepdf.open(io.BytesIO(printed)) as document:
        assert len(document.pages) <= 6


def test_numbers_of_the_page_are_put_into_words(filled, write, tmp_path):
    filled.publish(FIGURE)
    _, _, data = write(filled)
    line = {
        "code": "essai.a",
        "libelle": "A",
        "unite": "",
        "decimales": 0,
        "formule": "F",
        "recalcule": "1",
        "code_manquant": None,
    }
    line |= {"publie": "2", "ecart": "-1", "statut": "écart", "remarque": None}
    counts = dict.fromkeys(STATUSES, 0) | {"écart": 1, "égal": 2, "égal à l’arrondi imprimé": 1}
    equal = {"table": "rpt_x__rapprochements", "total": 68, "egaux": 68, "lignes": []}
    data["rapprochements"] = {"publies": {"total": 4, "statuts": counts, "lignes": [line]}, "autres": [equal]}
    text = re.sub(r"\s+", " ", html.fromstring(render(data, tmp_path / "cache")).text_content())
    assert "Sur 4 chiffres que le rapport imprime :" in text
    assert "2 sont égaux au chiffre recalculé 1 est l’arrondi du chiffre recalculé" in text
    assert "1 en diffère : c’est un écart, à décider" in text
    assert "manque des deux côtés" not in text
    assert "rapport.rpt_x__rapprochements : 68 comparaisons égales sur 68." in text
    assert "Elle résume tout ce qui a été reçu, jugé, décidé et écrit jusqu’à cette publication" in text


def test_no_text_of_others_becomes_a_tag(hostile, write):
    _, text, data = write(hostile)
    page = assert_sound(text)
    assert_same_content(page, data)
    assert "<img" not in text
    assert text.count("&lt;img src=x onerror=") > 12


def test_the_page_of_an_empty_home_says_so(bench, write):
    _, text, data = write(bench)
    page = assert_sound(text)
    assert_same_content(page, data)
    assert "Aucune ligne n’est acceptée" in text and "Cet exercice n’est pas figé" in text


def test_a_demonstration_says_so(make_bench, write):
    assert "DÉMONSTRATION" in write(make_bench("demo", demonstration=True))[1]
    assert "DÉMONSTRATION" not in write(make_bench("vrai"))[1]


def test_a_failed_build_and_an_expired_decision_show(filled, write):
    filled.publish(FIGURE, contradiction())
    with filled.ledger() as ledger:
        ledger.record_decision(contradiction(), "accepted", "arrondi", "A. Martin", "2019-12-31")
        ledger.record_build("x2", False, [], [{"name": "cle", "kind": "test", "status": "fail", "failures": 3}])
        ledger.record_findings("x2", [Finding("DBT-ECHEC", "bloquant", 0, "cle", "Règle en échec"), contradiction()])
    page = assert_sound(write(filled)[1])
    assert "la dernière construction de l’entrepôt a échoué" in page.get_element_by_id("verdict").text_content()
    (expired,) = page.xpath("//tr[contains(@class, 'expire')]")
    assert "décision expirée par A. Martin" in expired.text_content()


@pytest.mark.parametrize("width", [1280, 320])
def test_the_page_is_accessible_and_fits_its_width(hostile, write, width):
    with opened(write(hostile)[0], width) as tab:
        assert violations(tab) == []
        assert tab.evaluate("document.documentElement.scrollWidth") == width


def test_a_share_never_says_all_when_something_failed():
    assert share({"total": 0, "reussis": 0}) == "—"
    assert share({"total": 300, "reussis": 299}) == "99\u00a0%"
    assert share({"total": 3, "reussis": 3}) == "100\u00a0%"


def test_a_bar_fills_its_width_and_a_small_part_shows():
    parts = segments({"total": 1000, "reussis": 999, "alertes": 0, "echecs": 1})
    assert [p["classe"] for p in parts] == ["ok", "echec"]
    assert sum(p["largeur"] for p in parts) == pytest.approx(100, abs=0.1)
    assert parts[1]["largeur"] > 3
    assert segments({"total": 0, "reussis": 0, "alertes": 0, "echecs": 0}) == []
