"""``dbt build`` on the hand-made case (``case.py``): the rules, and what every model must provide to its readers.

One file, so that a parallel run builds the warehouse once.
"""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.catalogue.dbt.compose import ENTREPOT
from pipelines.catalogue.load import load_catalogue
from pipelines.stages.transform.dbt import run_dbt
from tests.dbt import case

LAYERS = ("staging", "intermediate", "marts", "restreint", "calculs", "rapport", "controles")
READABLE = {  # a layer reads itself and the layer before it; what the engine loads is before staging and beside it
    "staging": {"sources"},
    # what is found of an input (int_communs__constats) is found anywhere, and figures follow from it
    "intermediate": {"sources", "staging", "intermediate", "controles"},
    "marts": {"intermediate", "marts"},
    "restreint": {"intermediate", "marts", "restreint"},  # never a mart of it
    "calculs": {"sources", "intermediate", "marts", "restreint", "calculs"},
    "rapport": {"sources", "marts", "restreint", "calculs", "rapport"},
    "controles": {"sources", "staging", "intermediate", "marts", "restreint", "calculs", "rapport", "controles"},
}
DUCKDB_TYPES_WITHOUT_EXACTNESS = ("DOUBLE", "FLOAT")


# --- the rules


def test_every_node_of_the_build_passes(warehouse):
    statuses = {result["status"] for result in warehouse.results}
    assert statuses <= {"success", "pass", "no-op"}
    assert sum(result["unique_id"].startswith("unit_test.") for result in warehouse.results) >= 2


def test_person_with_two_open_accounts_counts_once(warehouse):
    rows = warehouse.rows(
        "select _ligne, poids, motif, code_collectivite from intermediate.int_applications__comptes "
        "where code_application = 'elise' and exercice = 2041 order by _ligne"
    )
    assert rows == [
        (2, 0, "doublon", "99001"),
        (3, 1, "compté", "99002"),
        (4, 0, "désactivé", "99001"),
        (5, 0, "désactivé", "99001"),
        (6, 1, "compté", "99001"),
        (7, 0, "hors période", "99001"),
        (8, 1, "compté", "inconnue"),
    ]


def test_marts_hold_no_pseudonym(warehouse):
    columns = warehouse.rows(
        "select column_name from duckdb_columns() "
        "where schema_name in ('marts', 'restreint', 'rapport') and column_name like '%identifiant%'"
    )
    assert columns == []


def test_sessions_are_weighed_with_a_motive(warehouse):
    rows = warehouse.rows(
        "select exercice, reference_session, code_application, poids, motif "
        "from intermediate.int_applications__sessions order by _ligne"
    )
    assert rows == [
        (2041, "F2041-001", "elise", 1, "compté"),
        (2041, "F2041-002", "elise", 1, "compté"),
        (2041, "F2041-003", None, 0, "application inconnue"),
        (2041, "F2041-004", "elise", 0, "hors période"),
        (2041, "F2041-005", "gma", 1, "compté"),
        (2041, "F2041-006", "gma", 1, "compté"),
        (2041, "F2041-007", "kolok", 0, "application hors service"),
        (2042, "F2042-001", "kolok", 1, "compté"),
        (2042, "F2042-001", "kolok", 0, "doublon"),
    ]


@pytest.mark.parametrize(
    ("code", "exercice", "expected"),
    [
        ("elise.agents_utilisateurs", 2041, "3"),
        ("elise.agents_utilisateurs", 2042, "1"),
        ("elise.agents_utilisateurs", 2043, "m"),
        ("elise.agents_formes", 2041, "7"),
        ("elise.jours_formation", 2041, "1.35"),
        ("elise.jours_formation", 2042, "0"),  # delivered, no session: zero
        ("elise.jours_formation", 2043, "m"),  # not delivered: never zero
        ("gma.agents_formes", 2041, "?"),  # one session without attendance sheet
        ("gma.jours_formation", 2041, "3.5"),
        ("gma.agents_utilisateurs", 2041, "NC"),
        ("kolok.jours_formation", 2042, "2.5"),
        ("kolok.agents_utilisateurs", 2043, "0"),
        ("elise.jours_assistance", 2041, "?"),
        ("ciril_elections.jours_traitement_elections", 2041, "NC"),
        ("ciril_elections.jours_traitement_elections", 2042, "m"),
    ],
)
def test_figure(warehouse, code, exercice, expected):
    [(value, missing)] = warehouse.rows(
        "select valeur, code_manquant from rapport.chiffres "
        f"where code = 'applications.{code}' and exercice = {exercice}"
    )
    assert (missing or value) == (expected if missing else Decimal(expected))


def test_application_has_no_figure_out_of_service(warehouse):
    for application, years in (("gma", [2041, 2042]), ("kolok", [2042, 2043])):
        rows = warehouse.rows(
            f"select distinct exercice from rapport.chiffres where code like 'applications.{application}.%'"
        )
        assert sorted(rows) == [(year,) for year in years]


def test_lines_refused_or_not_understood_make_a_figure_partial(warehouse):
    partial = (
        "select code from rapport.chiffres where etat = 'partiel' and domaine = '{}' and exercice = {} order by code"
    )
    applications, staff = "applications", "rh"
    # no training of two applications in a year, though there was one the year before: a zero that nobody counted
    trained = ("agents_formes", "jours_formation")
    assert set(warehouse.rows(partial.format(applications, 2042))) == {
        ("applications.elise.agents_utilisateurs",),
        *((f"applications.{name}.{what}",) for name in ("elise", "gma") for what in trained),
    }
    # a training whose application nobody knows may be of any of them
    assert warehouse.rows(partial.format(applications, 2041)) == [
        ("applications.elise.agents_formes",),
        ("applications.elise.agents_utilisateurs",),  # the accounts of a town are in the next year's list alone
        ("applications.elise.jours_formation",),
        ("applications.gma.jours_formation",),
    ]
    # an agent whose statut nobody knows is in no head count; hours that nobody can place are in no total
    assert ("rh.effectif.total",) in warehouse.rows(partial.format(staff, 2041))
    lacking = "select code_chiffre from rapport.rpt_manques where effet = 'manque' and exercice = 2042 and code_chiffre like 'rh.%'"
    hours = {code.split(".")[1] for (code,) in warehouse.rows(lacking)}
    assert hours == {"etpr", "heures", "heures_remunerees"}


def test_contradicted_absence_is_reported_with_its_value(warehouse):
    rows = warehouse.rows(
        "select code_chiffre, exercice, code_manquant, valeur, nb_lignes from rapport.rpt_absences_contredites"
    )
    assert rows == [("applications.elise.jours_assistance", 2041, "?", Decimal("0.75"), 2)]


def test_published_figures_are_compared_at_the_printed_precision(warehouse):
    rows = warehouse.rows(
        "select code_chiffre, valeur_recalculee, valeur_publiee, nb_decimales_publiees, ecart, est_egal, statut_rapprochement "
        "from rapport.rpt_rapprochement_publie order by code_chiffre"
    )
    assert rows == [
        (
            "applications.ciril_elections.jours_traitement_elections",
            None,
            None,
            None,
            None,
            True,
            "manquant des deux côtés",
        ),
        ("applications.elise.agents_utilisateurs", Decimal(3), Decimal(4), 0, Decimal(-1), False, "écart"),
        (
            "applications.elise.jours_formation",
            Decimal("1.35"),
            Decimal("1.4"),
            1,
            Decimal("-0.05"),
            True,
            "égal à l’arrondi imprimé",
        ),
        ("applications.gma.agents_formes", None, Decimal(6), 0, None, False, "non recalculé"),
        ("chapitre.chiffre_sans_formule", None, Decimal(12), 0, None, False, "non recalculé"),
        ("gouvernance.comite.membres", None, Decimal(4), 0, None, False, "non recalculé"),
        ("rh.effectif.fonctionnaire", Decimal(2), Decimal(2), 0, Decimal(0), True, "égal"),
        ("rh.effectif_permanent.total", Decimal(4), Decimal(5), 0, Decimal(-1), False, "écart"),
        ("rh.filiere.police.tous", None, None, None, None, True, "manquant des deux côtés"),
    ]


def test_a_published_figure_replaces_one_that_nothing_gives(warehouse):
    rows = warehouse.rows(
        "select exercice, valeur, statut, code_manquant from rapport.chiffres "
        "where code = 'gouvernance.comite.membres' order by exercice"
    )
    assert rows == [(2041, 4, "publié", None), (2042, 3, "calculé", None), (2043, None, "manquant", "m")]
    [(received,)] = warehouse.rows(
        "select est_acceptee from rapport.rpt_collecte "
        "where nom_table = 'membres' and exercice = 2041 and nature_morceau = 'livraison'"
    )
    assert received is False  # the missing delivery is still reported


def test_lines_left_out_are_reported(warehouse):
    rows = warehouse.rows("select source, exercice, motif, est_comptee, nb_lignes from rapport.rpt_lignes_signalees")
    assert sorted(rows) == [
        ("ciril_finances/titres", 2041, "pièce d’un autre exercice", False, 1),
        ("ciril_rh/agents", 2041, "cadre d’emplois non reconnu", False, 1),
        ("ciril_rh/agents", 2041, "statut non reconnu", False, 1),
        ("ciril_rh/agents", 2042, "doublon", False, 1),
        ("ciril_rh/bulletins", 2041, "collectivité inconnue", True, 1),
        ("ciril_rh/heures", 2041, "agent absent de l’état du personnel", False, 1),
        ("ciril_rh/heures", 2042, "remplacée par les déclarations sociales", False, 3),
        ("comite/deliberations", 2042, "sans séance", False, 1),
        ("comite/membres", 2042, "collectivité inconnue", True, 1),
        ("comite/membres", 2042, "mandat terminé", False, 1),
        ("comite/seances", 2042, "doublon", False, 1),
        ("dsn/activites", 2042, "absence non rémunérée", False, 1),
        ("dsn/activites", 2042, "contrat absent de la déclaration", False, 1),
        ("dsn/activites", 2042, "déclaration écartée", False, 2),
        ("dsn/activites", 2042, "exercice sans déclarations", False, 1),
        ("dsn/activites", 2042, "mandat, stage ou volontariat", False, 1),
        ("dsn/activites", 2042, "unité qui n’est pas une durée", False, 1),
        ("dsn/contrats", 2042, "autre contrat du même agent", False, 1),  # "avant décembre" is none: December's speaks
        ("dsn/contrats", 2042, "contrat pas encore commencé", False, 1),
        ("dsn/contrats", 2042, "contrat suspendu sans rémunération", False, 1),
        ("dsn/contrats", 2042, "contrat terminé", False, 2),
        ("dsn/contrats", 2042, "déclaration écartée", False, 2),
        ("dsn/contrats", 2042, "mandat, stage ou volontariat", False, 1),
        ("dsn/declarations", 2042, "déclaration d’un autre employeur", False, 1),
        ("dsn/declarations", 2042, "déclaration remplacée par une plus récente", False, 1),
        ("dsn/declarations", 2042, "envoi d’essai", False, 1),
        ("elise/comptes", 2041, "collectivité inconnue", True, 1),
        ("elise/comptes", 2041, "doublon", False, 1),
        ("elise/comptes", 2041, "désactivé", False, 2),
        ("elise/comptes", 2041, "hors période", False, 1),
        ("glpi/tickets", 2041, "collectivité inconnue", True, 1),
        ("glpi/tickets", 2041, "doublon", False, 1),
        ("glpi/tickets", 2041, "hors période", False, 1),
        ("journal_assistance/interventions", 2041, "collectivité inconnue", True, 1),
        ("journal_formations/sessions", 2041, "application hors service", False, 1),
        ("journal_formations/sessions", 2041, "application inconnue", False, 1),
        ("journal_formations/sessions", 2041, "hors période", False, 1),
        ("journal_formations/sessions", 2042, "doublon", False, 1),
        ("multifact/factures", 2041, "collectivité inconnue", True, 1),
        ("projets/faits_marquants", 2042, "doublon", False, 1),
        ("projets/projets", 2042, "doublon", False, 1),
        ("rgpd/sous_traitants", 2042, "doublon", False, 1),
        ("rgpd/traitements_responsable", 2042, "hors période", False, 1),
    ]


def test_collection_shows_every_declared_table_of_every_exercice(warehouse):
    [(count, received, left_out)] = warehouse.rows(
        "select count(*), count(*) filter (where statut_collecte = 'reçue'), sum(nb_ecartees) from rapport.rpt_collecte"
    )
    assert count % len(case.YEARS) == 0
    assert (received, left_out) == (len(case.ACCEPTED), 43)


def test_what_came_and_was_refused_is_not_shown_as_never_received(warehouse):
    of = "where source = '{}' and exercice = 2041"
    sources = "select statut_collecte from rapport.rpt_sources " + of
    reasons = "select distinct motif from marts.fct_collecte " + of
    assert warehouse.rows(sources.format("gma/comptes")) == [("refusée",)]
    assert warehouse.rows(reasons.format("gma/comptes")) == [("reçu et refusé (FIC-ENTETE)",)]
    assert warehouse.rows(sources.format("orphee/comptes")) == [("manquante",)]
    assert warehouse.rows(reasons.format("orphee/comptes")) == [("non reçu",)]


def test_what_came_in_part_says_why(warehouse):
    """With no number: every reader has it."""
    rows = warehouse.rows(
        "select distinct raisons from rapport.rpt_sources where statut_collecte = 'partielle' order by all"
    )
    assert rows == [("doute",), ("incomplet",), ("lignes refusées",)]
    assert warehouse.rows(
        "select count(*) from rapport.rpt_sources where statut_collecte <> 'partielle' and raisons <> ''"
    ) == [(0,)]


def test_application_table_has_a_row_per_indicator_and_exercice(warehouse):
    rows = warehouse.rows(
        "select indicateur, exercice from rapport.rpt_applications__indicateurs "
        "where code_application = 'gma' order by all"
    )
    assert rows == [
        (i, year) for i in ("agents_formes", "agents_utilisateurs", "jours_formation") for year in (2041, 2042)
    ]


# --- the help desk


def test_ticket_belongs_to_its_entity_and_its_delay_leaves_waiting_out(warehouse):
    rows = warehouse.rows(
        "select numero_ticket, code_collectivite, delai_minutes, est_rouvert, poids, motif "
        "from intermediate.int_assistance__tickets where exercice = 2041 order by _ligne"
    )
    assert rows == [
        ("1", "99001", 60, False, 1, "compté"),
        ("2", "99001", 60, False, 1, "compté"),
        ("3", "99002", 1441, False, 1, "compté"),
        ("4", "99002", None, False, 1, "compté"),  # more waiting than time: unknown, never zero
        ("5", "99002", None, False, 1, "compté"),
        ("6", "non_repartie", None, True, 1, "compté"),
        ("7", "inconnue", None, True, 1, "compté"),  # the first level below the root, not the last
        ("8", "99001", None, False, 0, "hors période"),
        ("1", "99001", None, False, 0, "doublon"),
    ]


@pytest.mark.parametrize(
    ("code", "exercice", "expected"),
    [
        ("nombre", 2041, "7"),
        ("demandes", 2041, "2"),
        ("part_resolus", 2041, "71.4"),  # 5 of 7
        ("rouverts", 2041, "2"),
        ("rouverts", 2042, "?"),  # the export does not show what became of the solutions
        ("part_rouverts", 2042, "?"),
        ("minutes_medianes", 2041, "60"),
        ("delai_median", 2041, "1"),
        ("delai_moyen", 2041, "8.7"),  # 1561 / 3 / 60 = 8.672
        ("delai_median", 2042, "1"),
        ("nombre", 2043, "m"),
    ],
)
def test_figure_of_the_help_desk(warehouse, code, exercice, expected):
    [(value, missing)] = warehouse.rows(
        "select valeur, code_manquant from rapport.chiffres "
        f"where code = 'assistance.tickets.{code}' and exercice = {exercice}"
    )
    assert (missing or value) == (expected if missing else Decimal(expected))


def test_every_month_and_member_of_a_received_year_has_its_line(warehouse):
    months = warehouse.rows(
        "select exercice, mois, nb_tickets from rapport.rpt_assistance__tickets_mois "
        "where nb_tickets > 0 or mois = 12 order by all"
    )
    assert months == [
        *((2041, 1, 2), (2041, 3, 1), (2041, 4, 2), (2041, 5, 2), (2041, 12, 0)),
        *((2042, 1, 1), (2042, 12, 0)),
    ]
    members = warehouse.rows(
        "select code_collectivite, nb_tickets, part_tickets_pct from rapport.rpt_assistance__tickets_collectivites "
        "where exercice = 2042 order by all"
    )
    assert members == [
        ("99001", 1, Decimal(100)),
        *((code, 0, Decimal(0)) for code in ("99002", "inconnue", "non_repartie", "syndicat")),
    ]


def test_delays_by_type_and_priority_with_their_totals(warehouse):
    rows = warehouse.rows(
        "select type_ticket, priorite, nb_tickets, nb_rouverts, nb_delais, nb_delais_sans_attente, delai_median_heures "
        "from rapport.rpt_assistance__delais where exercice = 2041 order by all"
    )
    assert rows == [
        ("demande", "Haute", 1, 0, 0, 0, None),
        ("demande", "Moyenne", 1, 0, 1, 1, Decimal("24.0")),
        ("demande", "toutes", 2, 0, 1, 1, Decimal("24.0")),
        ("incident", "Moyenne", 5, 2, 2, 1, Decimal("1.0")),
        ("incident", "toutes", 5, 2, 2, 1, Decimal("1.0")),
        ("tous", "Haute", 1, 0, 0, 0, None),
        ("tous", "Moyenne", 6, 2, 3, 2, Decimal("1.0")),
        ("tous", "toutes", 7, 2, 3, 2, Decimal("1.0")),
    ]


def test_no_inexact_number_in_the_warehouse(warehouse):
    rows = warehouse.rows("select distinct data_type from duckdb_columns() where not internal")
    assert not {row[0] for row in rows} & set(DUCKDB_TYPES_WITHOUT_EXACTNESS)


def test_descriptions_reach_the_readers_as_comments(warehouse):
    for relation, catalogue in (("table_name", "duckdb_tables()"), ("column_name", "duckdb_columns()")):
        rows = warehouse.rows(
            f"select {relation} from {catalogue} "
            "where schema_name in ('marts', 'restreint', 'rapport') and coalesce(comment, '') = ''"
        )
        assert rows == []


def test_build_leaves_no_write_ahead_log(warehouse):
    assert not Path(f"{warehouse.path}.wal").exists()


# --- what every model owes its readers


def _models(warehouse) -> list[dict]:
    return [node for node in warehouse.manifest["nodes"].values() if node["resource_type"] == "model"]


def _place(node: dict) -> list[str]:
    """The project, the layer and the folders that a node is in, composed or not."""
    return [folder for folder in node["fqn"] if folder != "composed"]


def _key_tested(warehouse) -> set[str]:
    return {
        node["attached_node"]
        for node in warehouse.manifest["nodes"].values()
        if node["resource_type"] == "test"
        and node.get("test_metadata", {}).get("name") == "unique_combination_of_columns"
    }


def test_every_model_and_column_is_described(warehouse):
    for model in _models(warehouse):
        assert model["description"], model["name"]
        undescribed = [name for name, column in model["columns"].items() if not column["description"]]
        assert undescribed == [], model["name"]


def test_a_table_whose_rows_do_not_simply_add_up_says_so_first(warehouse):
    for model in _models(warehouse):
        if "role_ligne" in model["columns"]:
            roles = warehouse.rows(f"select distinct role_ligne from rapport.{model['name']}")
            is_said = (
                model["description"].startswith("Comporte ") and "role_ligne est « detail »" in model["description"]
            )
            assert is_said or roles in ([], [("detail",)]), model["name"]


def test_every_column_of_the_warehouse_is_documented(warehouse):
    fields = load_catalogue().fields
    unknown = {}
    for model in _models(warehouse):
        rows = warehouse.rows(
            "select column_name from duckdb_columns() "
            f"where schema_name = '{model['schema']}' and table_name = '{model['name']}'"
        )
        columns = {row[0] for row in rows}
        unknown |= {(model["name"], c): None for c in columns if fields.of(model["name"], c) is None}
        if _place(model)[1] in ("marts", "restreint", "rapport"):  # promised to readers, one by one
            assert columns == set(model["columns"]), model["name"]
    assert sorted(unknown) == []


def test_every_described_column_exists(warehouse):
    catalogue = load_catalogue()
    columns = set(warehouse.rows("select table_name, column_name from duckdb_columns() where not internal"))
    columns |= {(shape.shape, field.name) for shape in catalogue.registry.shapes.values() for field in shape.fields}
    said = {tuple(key.split(".")) for key in catalogue.fields.entries if "." in key}
    assert said - columns == set()


def test_marts_and_rapport_have_a_contract_and_a_tested_key(warehouse):
    tested = _key_tested(warehouse)
    for model in _models(warehouse):
        if _place(model)[1] in ("marts", "restreint", "rapport"):
            assert model["config"]["contract"]["enforced"], model["name"]
            assert model["access"] == "public", model["name"]
            assert model["config"]["materialized"] == "table", model["name"]
            assert all(column["data_type"] for column in model["columns"].values()), model["name"]
            assert model["unique_id"] in tested, f"{model['name']} has no key test"


def test_line_grain_models_have_a_tested_key(warehouse):
    tested = _key_tested(warehouse)
    for model in _models(warehouse):
        if _place(model)[1] == "intermediate" and {"poids", "motif"} <= set(model["columns"]):
            assert model["unique_id"] in tested, f"{model['name']} has no key test"


def test_every_weighed_model_says_of_its_lines_what_becomes_of_them(warehouse):
    """Which facts they make, and whether those that do not count are reported to readers."""
    weighed = warehouse.rows(
        "select table_name from duckdb_columns() where schema_name = 'intermediate' "
        "and column_name in ('poids', 'motif') group by table_name having count(*) = 2"
    )
    assert sorted(name for (name,) in weighed) == sorted(load_catalogue().lines_declared)


def test_every_motive_that_is_read_is_one_that_a_model_gives(warehouse):
    given = "\n".join(
        [node["raw_code"] for node in _models(warehouse) if _place(node)[1] == "intermediate"]
        + [macro["macro_sql"] for macro in warehouse.manifest["macros"].values()]
    )
    for model, lines in load_catalogue().lines_declared.items():
        if lines.signalees:
            for motive in (*lines.signalees.motifs, *lines.signalees.sauf):
                assert f"'{motive}'" in given, f"{model}: {motive}"


def test_no_piece_of_the_figures_is_longer_than_a_planner_reads(warehouse):
    pieces = [model for model in _models(warehouse) if _place(model)[1] == "calculs" or model["name"] == "chiffres"]
    assert len(pieces) > 10
    assert {model["name"]: n for model in pieces if (n := len(model["raw_code"].splitlines())) > 500} == {}


def test_layer_reads_only_itself_or_the_layer_before(warehouse):
    nodes = warehouse.manifest["nodes"]
    for model in _models(warehouse):
        layer = _place(model)[1]
        assert layer in LAYERS
        assert model["schema"] == layer, model["name"]
        for parent in model["depends_on"]["nodes"]:
            of = "sources" if parent.startswith("source.") else _place(nodes[parent])[1]
            assert of in READABLE[layer], f"{model['name']} reads {parent}"


@pytest.mark.parametrize(
    ("layer", "pattern"),
    [
        ("staging", r"stg_\w+"),
        ("intermediate", r"int_(?P<folder>[a-z]+)__\w+"),
        ("marts", r"(dim|fct)_\w+"),
        ("restreint", r"fct_\w+"),
        ("calculs", r"(agregats|expressions|chiffres)__\w+"),
        ("rapport", r"rpt_\w+|chiffres"),
        ("controles", r"ctl_\w+|controles(__entrees)?"),
    ],
)
def test_model_names_follow_their_layer(warehouse, layer, pattern):
    for model in _models(warehouse):
        if _place(model)[1] == layer:
            match = re.fullmatch(pattern, model["name"])
            assert match, model["name"]
            if "folder" in match.groupdict():
                assert match["folder"] == _place(model)[2], model["name"]


def test_every_chapter_has_an_exposure_with_an_owner(warehouse):
    exposures = {exposure["name"]: exposure for exposure in warehouse.manifest["exposures"].values()}
    assert {"chapitre_comite", "chapitre_rgpd", "chapitre_projets"} <= set(exposures)
    assert {"chapitre_applications", "chapitre_finances", "annexe_sources", "annexe_collecte"} <= set(exposures)
    for exposure in exposures.values():
        assert exposure["owner"]["name"] and exposure["description"] and exposure["depends_on"]["nodes"]


def test_every_report_table_is_used_by_an_exposure(warehouse):
    used = {node for exposure in warehouse.manifest["exposures"].values() for node in exposure["depends_on"]["nodes"]}
    for model in _models(warehouse):
        if _place(model)[1] == "rapport":
            assert model["unique_id"] in used, model["name"]


def test_sources_bear_the_name_of_the_asset_that_collects_them(warehouse):
    for source in warehouse.manifest["sources"].values():
        if source["source_name"] == "lake":
            key = source["config"]["meta"]["dagster"]["asset_key"]
            assert "__".join(key) == source["name"]


def test_unknown_selection_is_an_error(dbt_home, dbt_built):  # not while another worker builds in that home
    run = run_dbt(
        ["--quiet", "--no-write-json", "build", "--select", "fct_formatoins"], dbt_home, ENTREPOT, capture=True
    )
    assert run.returncode != 0
    assert "fct_formatoins" in run.stdout
