"""Why a figure is missing or partial, in words: the pieces that the build found missing, and what the ledger knows of them."""

from typing import Any

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.evidence.arrivals import ExportStatus
from pipelines.evidence.gaps import Gaps, figures_by_table

AGENTS, HOURS = "rh.effectif.total", "rh.heures_remunerees"


def gaps(etat: str, *lacks: dict[str, Any], code: str = AGENTS, **exports: str) -> Gaps:
    """One published figure in this state; ``exports``: ``ciril_rh__agents`` → the state of the export ``ciril_rh/agents``."""
    catalogue = load_catalogue()
    statuses = {
        key: ExportStatus(key, key, "x", "2043-01-31", False, state)
        for key, state in ((name.replace("__", "/"), state) for name, state in exports.items())
    }
    return Gaps(
        catalogue.figures,
        catalogue.registry,
        exports=statuses,
        absences={},
        published={code: {"etat": etat, "code_manquant": "m" if etat == "manquant" else None}},
        lacks=[{"code_chiffre": code, **row} for row in lacks],
    )


def delivery(source: str, lost: int | None = None, why: str = "non reçu") -> dict[str, Any]:
    """A delivery that did not come, or that came without some of its lines."""
    return {"source": source, "nature_morceau": "livraison", "piece": "", "motif": why, "nb_perdues": lost}


def month(source: str, piece: str) -> dict[str, Any]:
    """A month that is in no line."""
    return {"source": source, "nature_morceau": "mois", "piece": piece, "motif": "mois absent", "nb_perdues": None}


@pytest.mark.parametrize(
    ("exports", "why"),
    [
        ({}, "non reçu"),
        ({"ciril_rh__agents": "late"}, "non reçu, attendu avant le 31/01/2043"),
        ({"ciril_rh__agents": "waiting"}, "déposé, pas encore collecté"),
        ({"ciril_rh__agents": "not sent"}, "non reçu"),
    ],
)
def test_of_a_delivery_that_did_not_come_the_ledger_knows_what_came_since_and_when_it_is_due(exports, why):
    status = gaps("manquant", delivery("ciril_rh/agents"), **exports).status(AGENTS)
    assert (status.state, status.mark, status.reasons) == ("missing", "m", [f"ciril_rh/agents : {why}"])


def test_a_shape_of_which_one_system_is_awaited_is_partial_and_names_it():
    status = gaps("partiel", delivery("cegid_rh/agents"), ciril_rh__agents="received", cegid_rh__agents="late").status(
        AGENTS
    )
    assert (status.state, status.mark) == ("partial", None)
    assert status.reasons == ["cegid_rh/agents : non reçu, attendu avant le 31/01/2043"]


def test_tables_that_lack_for_one_reason_share_a_sentence_and_each_names_its_pieces():
    lacks = [
        *(month("ciril_rh/heures", f"2042-{number:02}") for number in (3, 5)),
        month("dsn/activites", "2042-05"),
        delivery("ciril_rh/heures", 2, "2 lignes refusées"),  # it came: the build knows what was lost of it
    ]
    status = gaps("partiel", *lacks, code=HOURS, ciril_rh__heures="received", dsn__declarations="late").status(HOURS)
    assert status.reasons == [
        "ciril_rh/heures 2042-03, 2042-05, dsn/activites 2042-05 : mois absent",
        "ciril_rh/heures : 2 lignes refusées",
    ]


def test_a_figure_is_what_the_build_says_and_nothing_before_it():
    assert gaps("complet").status(AGENTS).state == "computed"
    assert gaps("complet").status(HOURS).state == "not built"


def test_the_figures_of_a_shape_rest_on_each_of_its_tables():
    from pipelines.catalogue.organisation import Exercices, Organisation

    organisation = Organisation(nom="S", sigle="S", siren="123456782", exercices=Exercices(premier=2042, dernier=2042))
    needed = figures_by_table(load_catalogue().figures, organisation, 2042)
    assert AGENTS in needed["ciril_rh/agents"] & needed["cegid_rh/agents"]
    assert "*/agents" not in needed
