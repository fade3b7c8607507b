"""Homes that use a single system: each is collected, built and published, with its own report.

The members of the first home are a commune and a communauté de communes, which has no code Insee and is followed from the
organisation's file to its page of the report.
"""

import json
from pathlib import Path

import pytest

from demo import exports_dsn, glpi
from tests.end_to_end.conftest import millesime
from tests.end_to_end.homes import ask, home_of

pytestmark = pytest.mark.long


def interne(home: Path, year: int) -> Path:
    return home / "published" / "report" / str(year) / "interne"


@pytest.fixture(scope="module")
def helped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_of(tmp_path_factory.mktemp("glpi"), "glpi", 2020, glpi.tickets)


def test_a_member_without_a_code_insee_is_known_by_its_siren_everywhere(helped: Path):
    assert ask(
        helped, "select code_collectivite, siren, type_collectivite from publie.marts.dim_collectivite order by all"
    )[:2] == [
        ("200043123", "200043123", "communauté de communes"),
        ("94054", "219400546", "commune"),
    ]
    tickets = (
        "select sum(nb_tickets) from publie.rapport.rpt_assistance__tickets_collectivites where code_collectivite = "
    )
    assert ask(helped, f"{tickets}'200043123'")[0][0] > 100 < ask(helped, f"{tickets}'94054'")[0][0]


def test_it_has_its_page_of_the_report(helped: Path):
    pages = {path.stem: path for path in (interne(helped, 2020) / "collectivites").glob("*.html")}
    assert set(pages) == {"orly", "communaute-dessai"}
    assert "Communauté d’essai" in pages["communaute-dessai"].read_text(encoding="utf-8")
    model = json.loads((interne(helped, 2020) / "modele.json").read_text(encoding="utf-8"))
    assert {section["id"].rpartition("-")[2] for section in model["collectivites"]} == {"200043123", "94054"}


def test_it_is_given_away_under_that_code(helped: Path):
    done = millesime(helped, "export", "2020")
    assert done.returncode == 0, done.stderr
    package = next((helped / "exports").rglob("datapackage.json"))
    (resource,) = [
        one for one in json.loads(package.read_text(encoding="utf-8"))["resources"]
        if one["name"] == "rpt_assistance__tickets_collectivites"
    ]  # fmt: skip
    assert "200043123" in (package.parent / resource["path"]).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_of(tmp_path_factory.mktemp("dsn"), "dsn", 2022, exports_dsn.dsn)


def test_social_declarations_alone_give_what_they_say(declared: Path):
    """Hours, and the persons paid on 31 December: without a list of agents nothing more is known, and the report says so."""
    rows = ask(declared, "select code, etat, valeur > 0 from publie.rapport.chiffres where domaine = 'rh' order by all")
    figures = {code: (state, is_some) for code, state, is_some in rows}
    for name in ("heures_remunerees", "etpr.total", "heures.fonctionnaire", "effectif_declare.total"):
        assert figures[f"rh.{name}"] == ("complet", True)
    for name in ("age_moyen_declare.total", "mouvement_declare.arrivees", "mouvement_declare.departs"):
        assert figures[f"rh.{name}"][0] == "complet"
    assert not any(code.startswith(("rh.effectif.", "rh.filiere.", "rh.mouvement.")) for code in figures)
    shown = "select libelle_statut, heures from publie.rapport.rpt_rh__etpr order by rang"
    by_statut = dict(ask(declared, shown))
    assert list(by_statut) == ["Fonctionnaires", "Contractuels, sur emploi permanent ou non", "Ensemble"]
    hours = ask(declared, "select valeur from publie.rapport.chiffres where code = 'rh.heures_remunerees'")[0][0]
    assert round(by_statut.pop("Ensemble")) == round(sum(by_statut.values())) == round(hours)
    page = (interne(declared, 2022) / "rapport_activite_2022.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    assert "d’après ses déclarations sociales" in " ".join(page.split())
    assert "demande un état du personnel" in " ".join(page.split())
    assert "Aucune heure rémunérée en" not in page
    assert "rh.effectif.total" not in page
    (formula,) = ask(declared, "select formule from publie.rapport.chiffres where code = 'rh.heures_remunerees'")[0]
    assert formula.endswith("Sources : dsn/declarations, dsn/contrats, dsn/activites.")


def test_social_declarations_alone_are_published(declared: Path):
    """Hours without any head count: what stays hidden among them reveals nobody."""
    home = declared
    assert ask(home, f"select count(*) > 0 from '{home}/published/restreint/fct_heures_remunerees.parquet'") == [
        (True,)
    ]
    assert (home / "published" / "public").is_dir()
    assert (interne(home, 2022) / "rapport_activite_2022.html").is_file()
    # of the list of agents, to which nobody subscribes, nothing is said to lack, nor compared with it
    pages = [path.read_text(encoding="utf-8") for path in interne(home, 2022).rglob("*.html")]
    assert not any("refusées ou écartées" in page or "Données incomplètes" in page for page in pages)
    said = millesime(home, "findings", "2022").stdout
    assert "un essai n’entre dans aucun chiffre" in said and "RH-" not in said
