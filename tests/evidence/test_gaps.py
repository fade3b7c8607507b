"""Why a figure is missing or partial, in words: what a shape's systems cover together."""

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.evidence.arrivals import ExportStatus
from pipelines.evidence.gaps import Gaps, figures_by_table
from pipelines.ledger.records import TableCounts

AGENTS, HOURS = "rh.effectif.total", "rh.heures_remunerees"


def gaps(accepted: list[str], awaited: list[str], optional: tuple[str, ...] = ()) -> Gaps:
    catalogue = load_catalogue()
    counts = TableCounts(lues=1, acceptees=1, refusees=0, ignorees=0, parquet="x", parquet_sha256="x")
    exports = {
        key: ExportStatus(key, key, "x", "2043-01-31", key in optional, "received" if key in accepted else "late")
        for key in [*accepted, *awaited]
    }
    return Gaps(
        catalogue.figures,
        catalogue.registry,
        accepted=dict.fromkeys(accepted, counts),
        exports=exports,
        absences={},
        published={},
    )


@pytest.mark.parametrize(
    ("accepted", "awaited", "state", "reasons"),
    [
        ([], [], "missing", ["agents (tout système) : système non souscrit pour cet exercice"]),
        ([], ["ciril_rh/agents"], "missing", ["ciril_rh/agents : non reçu, attendu avant le 2043-01-31"]),
        (["ciril_rh/agents"], [], "computed", []),
        (
            ["ciril_rh/agents"],
            ["cegid_rh/agents"],
            "partial",
            ["cegid_rh/agents : non reçu, attendu avant le 2043-01-31"],
        ),
        (["ciril_rh/agents", "cegid_rh/agents"], [], "computed", []),
    ],
)
def test_the_systems_of_a_shape_cover_it_together(accepted, awaited, state, reasons):
    status = gaps(accepted, awaited).status(AGENTS)
    assert (status.state, status.reasons) == (state, reasons)


def test_an_export_that_nobody_must_send_is_no_gap_and_an_alternative_may_be_whole():
    assert gaps(["ciril_rh/agents"], ["cegid_rh/agents"], ("cegid_rh/agents",)).status(AGENTS).state == "computed"
    agents = ["ciril_rh/agents"]
    assert gaps([*agents, "ciril_rh/heures"], ["cegid_rh/heures"]).status(HOURS).state == "partial"
    assert gaps([*agents, "ciril_rh/heures"], ["dsn/declarations"]).status(HOURS).state == "computed"
    assert gaps([*agents, "dsn/activites"], ["ciril_rh/heures"]).status(HOURS).state == "computed"


def test_the_figures_of_a_shape_rest_on_each_of_its_tables():
    from pipelines.catalogue.organisation import Exercices, Organisation

    organisation = Organisation(nom="S", sigle="S", siren="123456789", exercices=Exercices(premier=2042, dernier=2042))
    needed = figures_by_table(load_catalogue().figures, organisation, 2042)
    assert AGENTS in needed["ciril_rh/agents"] & needed["cegid_rh/agents"]
    assert "*/agents" not in needed
