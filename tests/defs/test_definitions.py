"""The Dagster graph loads, is a single lineage, and shows every check."""

import json
import shutil
from collections.abc import Iterator

import dagster as dg
import duckdb
import pytest

from demo.home import ORGANISATION
from pipelines.catalogue.load import load_catalogue
from pipelines.defs.code_location import definitions_of
from pipelines.defs.collect import SHOWN, _balance_check, _expectations_check
from pipelines.defs.publish import findings_check
from pipelines.defs.workspace import PUBLISHED, WEEKLY, organisation_of
from pipelines.ledger.records import (
    CheckResult,
    Decision,
    DeliveredFile,
    Finding,
    Manifest,
    Standing,
    TableCounts,
    Verdict,
)
from pipelines.ledger.workspace import Workspace, open_workspace
from pipelines.settings import Home
from tests.layers import rules


@pytest.fixture(scope="module")
def loaded(dbt_home: Home) -> dg.Definitions:
    return definitions_of(dbt_home)  # no organisation yet: the demonstration's


@pytest.fixture(scope="module")
def graph(loaded: dg.Definitions):
    return loaded.resolve_asset_graph()


@pytest.fixture
def work(tmp_path) -> Iterator[Workspace]:
    """An empty home of the demonstration's organisation."""
    shutil.copy(ORGANISATION, tmp_path)
    with open_workspace(Home(tmp_path)) as opened:
        yield opened


def test_what_is_collected_and_published_is_to_be_so_each_week_of_the_window(graph, dbt_home: Home) -> None:
    organisation = organisation_of(dbt_home)
    expected = {
        dg.AssetKey([s.system, t.name])
        for s, t in load_catalogue().registry.tables()
        if organisation.subscribes(s.system)
    }
    followed = {key for key in graph.get_all_asset_keys() if graph.get(key).freshness_policy == WEEKLY}
    assert followed == expected | {PUBLISHED}


def test_every_table_of_every_subscribed_source_is_a_partitioned_asset_with_three_checks(graph, dbt_home: Home) -> None:
    organisation = organisation_of(dbt_home)
    for system, table in load_catalogue().registry.tables():
        if not organisation.subscribes(system.system):
            continue
        key = dg.AssetKey([system.system, table.name])
        assert graph.get(key).partitions_def is not None
        assert {check.name for check in graph.get_check_keys_for_assets({key})} == {
            "bilan",
            "attentes",
            "echeance",
        }


def test_every_dbt_test_is_an_asset_check(graph, dbt_home: Home) -> None:
    nodes = json.loads(dbt_home.dbt_manifest.read_text(encoding="utf-8"))["nodes"]
    tests = {node["name"] for node in nodes.values() if node["resource_type"] == "test"}
    checks = {key.name for key in graph.asset_check_keys}
    assert tests, "dbt declares no test"
    assert tests - checks == set()


def test_a_model_is_in_the_group_of_its_layer_composed_or_not(graph) -> None:
    said = {"stg_agents": "staging", "fct_lignes_signalees": "marts", "dim_statut": "marts", "chiffres": "rapport"}
    assert {name: graph.get(dg.AssetKey([layer, name])).group_name for name, layer in said.items()} == said


def test_lineage_runs_from_an_export_to_the_publication(graph) -> None:
    published = dg.AssetKey(["publication", "published"])
    upstream = dg.AssetSelection.assets(published).upstream().resolve(graph)
    assert {dg.AssetKey(["cegid_rh", "comptes"]), dg.AssetKey(["budget", "lignes"])} <= upstream
    assert {
        dg.AssetKey(["rapport", "chiffres"]),
        dg.AssetKey(["marts", "fct_lignes_documents"]),
    } <= upstream


def test_jobs_schedule_and_sensors_exist(loaded: dg.Definitions) -> None:
    repository = loaded.get_repository_def()
    assert {"collect", "build", "purge"} == {name for name in repository.job_names if not name.startswith("__")}
    assert [s.name for s in repository.schedule_defs] == ["collecte_quotidienne", "purge_hebdomadaire"]
    assert {s.name for s in repository.sensor_defs} == {
        "alerte_echec",
        "construction_apres_collecte",
        "courriels",
        "depot_dans_landing",
    }


def test_everything_that_the_interface_lists_says_what_it_is(loaded: dg.Definitions, graph) -> None:
    keys = graph.get_all_asset_keys()
    assert {dg.AssetKey(["collecte", "pieces"]), dg.AssetKey(["rapport", "chiffres"])} <= keys
    assert [key for key in keys if not graph.get(key).description] == []
    repository = loaded.get_repository_def()
    assert [job for job in ("collect", "build", "purge") if not repository.get_job(job).description] == []


def test_runs_happen_in_one_process(loaded: dg.Definitions) -> None:
    assert loaded.executor is dg.in_process_executor


# what a check of the web interface shows ------------------------------------------------------------------------


def delivered(refused: int = 0) -> Manifest:
    counts = TableCounts(10, 8 - refused, refused, 2, "kolok/comptes/2020/d.parquet", "0")
    return Manifest("d", "kolok", "comptes", 2020, [DeliveredFile("kolok.csv", "0" * 64, 1)], {"comptes": counts})


def records(result: dg.AssetCheckResult, name: str) -> list[dict]:
    return [record.data for record in result.metadata[name].records]


def test_a_failed_expectation_is_shown_with_its_number_its_code_its_place_and_how_to_fix_it() -> None:
    bad = CheckResult(
        "unique.login", "t", "login", "warning", False, "2 lignes", 2, "Un compte par personne.", "Trier."
    )
    good = CheckResult("non_vide", "t", None, "critical", True, None, None, "La table n’est pas vide.", "Exporter.")
    verdict = Verdict("v", "d", "comptes", "s", [bad, good])
    result = _expectations_check(dg.AssetKey(["kolok", "comptes"]), {2020: delivered()}, {2020: verdict}, rules())
    assert not result.passed and result.severity == dg.AssetCheckSeverity.WARN
    (row,) = records(result, "en défaut")
    assert (row["code"], row["exercice"], row["où"]) == ("ATT-ALERTE", 2020, "kolok.csv")
    assert (row["pour corriger"], row["reçu"]) == ("Trier.", "2 lignes")
    assert len(row["constat"]) == 12
    passed = _expectations_check(
        dg.AssetKey(["kolok", "comptes"]),
        {2020: delivered()},
        {2020: Verdict("v", "d", "comptes", "s", [good])},
        rules(),
    )
    assert passed.passed and "en défaut" not in passed.metadata


def test_refused_lines_are_shown_up_to_a_number_and_counted(tmp_path) -> None:
    path = tmp_path / "lake" / "kolok" / "comptes" / "2020" / "d.refus.parquet"
    path.parent.mkdir(parents=True)

    def refuse(lines: int) -> None:
        duckdb.sql(
            "select 'kolok.csv' as _fichier, null::varchar as _feuille, n as _ligne, 'Actif' as colonne, 3 as position, "
            f"'LIG-TYPE' as regle, 'O ou N' as attendu, null::varchar as recu from range(2, {lines + 2}) as t(n)"
        ).write_parquet(str(path))

    refuse(SHOWN + 5)
    table = next(t for s, t in load_catalogue().registry.tables() if s.system == "kolok")
    result = _balance_check(
        Home(tmp_path), dg.AssetKey(["kolok", "comptes"]), table, {2020: delivered(refused=5)}, rules()
    )
    assert result.passed and result.metadata["lignes refusées"].value == SHOWN + 5
    rows = records(result, "refus")
    assert len(rows) == SHOWN
    assert (rows[0]["où"], rows[0]["attendu"], rows[0]["pour corriger"]) == (
        "kolok.csv:2",
        "O ou N",
        rules()["LIG-TYPE"].aide,
    )
    refuse(1)  # what was read of a file that has changed is not repeated
    result = _balance_check(
        Home(tmp_path), dg.AssetKey(["kolok", "comptes"]), table, {2020: delivered(refused=5)}, rules()
    )
    assert result.metadata["lignes refusées"].value == 1


def test_what_is_to_decide_is_a_check_of_the_publication(graph, work: Workspace) -> None:
    published = dg.AssetKey(["publication", "published"])
    assert sorted(key.name for key in graph.get_check_keys_for_assets({published})) == ["a_jour", "constats"]
    gap = Finding("PUB-ECART", "alerte", 2020, "x.y", "Écart", attendu="1", recu="2", ecart="1")
    alert = Finding("ATT-ALERTE", "alerte", 2020, "kolok/comptes", "Alerte")
    shown = findings_check([Standing(gap, None), Standing(alert, None)], work)
    assert not shown.passed and shown.severity == dg.AssetCheckSeverity.WARN
    assert [row["constat"] for row in records(shown, "à décider")] == [gap.id]
    assert [row["constat"] for row in records(shown, "ouverts")] == [alert.id]
    accepted = Decision(gap.id, "accepted", "arrondi", "A. Martin", "2020-01-01T00:00:00+00:00", ecart="1")
    shown = findings_check([Standing(gap, None, accepted), Standing(alert, None)], work)
    assert shown.passed and shown.metadata["acceptés"].value == 1 and "à décider" not in shown.metadata
    ended = Decision(gap.id, "accepted", "arrondi", "A. Martin", "2020-01-01T00:00:00+00:00", "2020-06-30", "1")
    assert not findings_check([Standing(gap, None, ended)], work).passed
    frozen = Finding("REL-ECART", "bloquant", 2020, "x.y", "Chiffre figé")
    assert not findings_check([Standing(frozen, None)], work).passed
    awaited = Finding("COL-MANQUANT", "bloquant", 2999, "kolok/comptes", "Export attendu")
    assert findings_check([Standing(awaited, None)], work).metadata["constats"].value == 0
