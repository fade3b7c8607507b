"""Figures that ``millesime figure new`` drafts are run as they are written, and count what their files say."""

import json
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import millesime, opened

pytestmark = pytest.mark.long
ORGANISATION = """\
nom: Syndicat de la vallée
sigle: SV
siren: "254300916"
exercices: {premier: 2023, dernier: 2024}
systemes: [quai]
personnes:
  - {nom: Odile Garde, fonction: directrice}
collectivites:
  - {code_insee: "43901", siren: "214309015", nom: Montcelaigue}
  - {code_insee: "43902", siren: "214309023", nom: Saint-Ferriol-la-Roche, alias: [Saint-Ferriol]}
"""
SYSTEM = """\
system: quai
title: Quai
owner: Exploitation
valid: {first: 2024}
exports:
  - name: pesees
    title: Pesées
    files: "pesees*.csv"
    format: {type: csv}
    tables:
      - name: pesees
        title: Pesées du quai
        primaryKey: [bon]
        fields:
          - {name: bon, title: Bon, constraints: {required: true}}
          - {name: jour, title: Jour, type: date, format: "%d/%m/%Y"}
          - {name: commune, title: Commune, member: true}
          - {name: flux, title: Flux}
          - {name: est_trie, title: Trié, type: boolean, trueValues: [oui], falseValues: [non]}
          - {name: tonnage_t, title: Tonnage, type: number, decimalChar: ",", decimals: 3}
          - {name: bennes, title: Bennes, type: integer}
        exercice: {column: jour, rule: within}
  - name: stocks
    title: Stocks
    files: "stocks*.csv"
    format: {type: csv}
    tables:
      - name: stocks
        title: Stocks
        primaryKey: [site, mois]
        header:
          2024: {site: Site, mois: {heading: '(\\S+)'}, volume: {under: mois}}
        fields:
          - {name: site, title: Site, severity: warning, constraints: {required: true}}
          - {name: mois, title: Mois, type: date, format: "%B", severity: warning, constraints: {required: true}}
          - {name: volume, title: Volume, type: integer, constraints: {required: true}}
        exercice: {column: mois, rule: within}
"""
WEIGHINGS = [  # bon, jour, commune, flux, trié, tonnage, bennes
    ("1", "03/01/2024", "Montcelaigue", "Verre", "oui", "1,250", "2"),
    ("2", "05/01/2024", "Saint-Ferriol", "Verre", "oui", "0,750", "1"),
    ("3", "06/02/2024", "Montcelaigue", "Papier", "non", "2,005", ""),
    ("4", "07/02/2024", "Saint-Ferriol", "", "", "0,100", "1"),
    ("5", "08/02/2024", "Saint-Ferriol", "Papier", "non", "", "4"),  # nobody weighed it
    ("6", "", "Montcelaigue", "Papier", "non", "5,000", "1"),  # nobody dated it
]
COUNTED = WEIGHINGS[:4]
STOCKS = "Site;janvier;février\nDépôt;10;20\nDépôt;10;20\nHangar;1;2\n"  # the first line came twice
FIGURES = [
    ("dechets.tonnages", "--table", "pesees", "--sum", "tonnage_t", "--by", "flux", "--unit", "t"),
    ("dechets.passages", "--table", "quai/pesees", "--by", "commune", "--unit", "passages", "--label", "Passages"),
    ("dechets.rythme", "--table", "pesees", "--by", "jour", "--unit", "passages"),
    ("dechets.bennes", "--table", "pesees", "--sum", "bennes", "--by", "est_trie", "--unit", "bennes"),
    (
        "dechets.verre",
        "--table",
        "pesees",
        "--sum",
        "tonnage_t",
        "--only",
        "flux=Verre",
        "--by",
        "commune",
        "--unit",
        "t",
    ),
    ("stocks.volume", "--table", "stocks", "--sum", "volume", "--by", "mois", "--unit", "m³"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home after its run, with each kind of figure."""
    home = tmp_path_factory.mktemp("figures") / "home"
    landing = home / "landing/2024/quai"
    landing.mkdir(parents=True)
    (home.parent / "key").write_bytes(b"k" * 32)
    (home / "organisation.yml").write_text(ORGANISATION, encoding="utf-8")
    (home / "catalogue/systems").mkdir(parents=True)
    (home / "catalogue/systems/quai.yml").write_text(SYSTEM, encoding="utf-8")
    lines = ["Bon;Jour;Commune;Flux;Trié;Tonnage;Bennes", *map(";".join, WEIGHINGS)]
    (landing / "pesees_2024.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (landing / "stocks_2024.csv").write_text(STOCKS, encoding="utf-8")
    for asked in FIGURES:
        done = millesime(home, "figure", "new", *asked)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    done = millesime(home, "run", "2024")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return home


@pytest.fixture(scope="module")
def published(home: Path) -> duckdb.DuckDBPyConnection:
    return opened(home)


def rows(published: duckdb.DuckDBPyConnection, query: str) -> dict:
    return dict(published.execute(query).fetchall())


def test_each_figure_is_what_its_file_says(published: duckdb.DuckDBPyConnection) -> None:
    values = rows(published, "select code, valeur from rapport.chiffres where exercice = 2024")
    assert values == {
        "dechets.tonnages": sum(Decimal(line[5].replace(",", ".")) for line in COUNTED),
        "dechets.passages": len(COUNTED),
        "dechets.rythme": len(COUNTED),
        "dechets.bennes": None,  # a line that counts does not say how many
        "dechets.verre": sum(Decimal(line[5].replace(",", ".")) for line in COUNTED if line[3] == "Verre"),
        "stocks.volume": 10 + 20 + 1 + 2,
    }


def test_a_line_that_is_left_out_makes_the_figures_of_its_table_partial(published: duckdb.DuckDBPyConnection) -> None:
    states = rows(published, "select code, etat from rapport.chiffres where exercice = 2024")
    assert {states.pop(f"dechets.{name}") for name in ("tonnages", "passages", "rythme")} == {"partiel"}
    assert states["stocks.volume"] == "complet"  # a line that came twice takes nothing away


def test_each_breakdown_adds_up_to_its_figure(published: duckdb.DuckDBPyConnection) -> None:
    kinds = Counter({kind: Decimal(0) for kind in ("Verre", "Papier", "non précisé")})
    for line in COUNTED:
        kinds[line[3] or "non précisé"] += Decimal(line[5].replace(",", "."))
    assert rows(published, "select flux, tonnage_t from rapport.rpt_dechets__tonnages") == kinds
    towns = {"Montcelaigue": 2, "Saint-Ferriol-la-Roche": 2}
    assert rows(published, "select libelle_collectivite, nb_pesees from rapport.rpt_dechets__passages") == towns
    assert rows(published, "select mois, nb_pesees from rapport.rpt_dechets__rythme") == {1: 2, 2: 2}
    sorted_out = {"oui": 3, "non": None, "non précisé": 1}
    assert rows(published, "select est_trie, bennes from rapport.rpt_dechets__bennes") == sorted_out
    assert rows(published, "select mois, volume from rapport.rpt_stocks__volume") == {1: 11, 2: 22}


def test_a_figure_is_traced_to_its_lines_and_to_those_left_out(home: Path) -> None:
    done = millesime(home, "trace", "dechets.tonnages", "2024", "--format", "json")
    assert done.returncode == 0, done.stderr
    for reason in ("sans valeur", "sans date", "pesees_2024.csv"):
        assert reason in done.stdout
    done = millesime(home, "trace", "stocks.volume", "2024")
    assert "stocks_2024.csv:3" in done.stdout and "doublon" in done.stdout


def test_the_chapter_prints_each_sentence_and_chart(home: Path) -> None:
    model = json.loads((home / "published/report/2024/interne/modele.json").read_text(encoding="utf-8"))
    printed = {chapter["id"]: chapter for chapter in model["chapitres"]}
    page = (home / "published/report/2024/interne/rapport_activite_2024.html").read_text(encoding="utf-8")
    text = " ".join(re.sub(r"<[^>]+>", "", page).split())
    assert "Tonnage en 2024 : 4,105 t (partiel)." in text
    assert "Bennes : le chiffre de 2024 n’est pas connu." in text
    charts = [bloc["id"] for section in printed["dechets"]["sections"] for bloc in section["blocs"] if bloc.get("id")]
    assert charts == [
        *("dechets-tonnages-par-flux", "dechets-passages-par-code-collectivite"),
        *("dechets-rythme-par-mois", "dechets-bennes-par-est-trie", "dechets-verre-par-code-collectivite"),
    ]


def test_what_is_there_is_not_written_over(home: Path) -> None:
    done = millesime(home, "figure", "new", "dechets.tonnages", "--table", "pesees")
    assert done.returncode == 2 and "déclare déjà le chiffre « dechets.tonnages »" in done.stderr


def test_a_dry_run_shows_the_files_and_writes_none(home: Path) -> None:
    before = {path: path.read_bytes() for path in (home / "catalogue").rglob("*.*")}
    done = millesime(home, "figure", "new", "dechets.nombre", "--table", "pesees", "--dry-run")
    assert done.returncode == 0 and "À écrire" in done.stdout and "- code: dechets.nombre" in done.stdout
    assert {path: path.read_bytes() for path in (home / "catalogue").rglob("*.*")} == before


def test_a_draft_that_dbt_cannot_read_is_not_written(home: Path) -> None:
    wrong = home / "dbt_project/models/marts/fct_a_nous.sql"
    wrong.write_text("select {% if %}\n", encoding="utf-8")
    try:
        done = millesime(home, "figure", "new", "dechets.nombre", "--table", "pesees")
    finally:
        wrong.unlink()
    assert done.returncode == 2 and "dbt ne peut pas lire" in done.stderr and "millesime-draft-" not in done.stderr
    assert not (home / "catalogue/figures/dechets_nombre.yml").exists()
