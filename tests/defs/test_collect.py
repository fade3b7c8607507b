"""What is reported to Dagster: an exercice without an export ends normally, and an out-of-date publication is shown."""

import os

import dagster as dg
import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.defs import jobs
from pipelines.defs.collect import asides_of, export_assets
from pipelines.defs.home import HomeResource
from pipelines.defs.workspace import PUBLISHED, UP_TO_DATE, exercices, organisation_of, publication_lag
from pipelines.runs.outcome import Ending
from tests.cli.conftest import VENTES_2019, Bench, bench, check, declared, filled, make_bench  # noqa: F401

TOTAL = "('essai.ventes.total', 2019, 14.50::decimal(20,6), 'EUR', 2, 'calculé', null, 'partiel', 'T', 'essai', 'f')"


@pytest.fixture
def collected(filled: Bench):  # noqa: F811
    """Run the op of the sales, on the small home."""
    organisation = organisation_of(filled.home)
    ref = organisation.applied(load_catalogue(filled.home).registry).export_of("ventes/ventes")
    sales, resources = export_assets(ref, exercices(organisation)), {"home": HomeResource(root=str(filled.home.root))}
    return lambda **asked: dg.materialize([sales], resources=resources, **asked)


def stamp(bench: Bench, quiet: float = jobs.QUIET_SECONDS) -> str | None:  # noqa: F811
    return jobs.landing_stamp(bench.home, organisation_of(bench.home), 2019, quiet)


def rows(instance: dg.DagsterInstance, year: int) -> tuple[int, str] | None:
    """What was last reported of an exercice: its rows, its state."""
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(dg.AssetKey(["ventes", "ventes"]), asset_partitions=[str(year)]), limit=1
    ).records
    if not records:
        return None
    told = records[0].asset_materialization.metadata
    return told["dagster/partition_row_count"].value, told["état"].value


def test_a_backfill_reports_each_exercice_without_an_export(collected):
    with dg.DagsterInstance.ephemeral() as instance:
        tags = {"dagster/asset_partition_range_start": "2019", "dagster/asset_partition_range_end": "2022"}
        done = collected(instance=instance, tags=tags)
        assert done.success
        assert [rows(instance, year) for year in range(2019, 2023)] == [(2, "accepted"), *[(0, "non reçu")] * 3]


def test_a_delivery_is_told_with_its_files_and_each_check_with_what_it_counts(collected):
    with dg.DagsterInstance.ephemeral() as instance:
        done = collected(instance=instance, partition_key="2019")
    (told,) = [one for one in done.asset_materializations_for_node("ventes__ventes") if one.partition == "2019"]
    assert told.metadata["fichiers"].value.startswith("ventes_2019.csv (")
    checks = {one.check_name: one.metadata for one in done.get_asset_check_evaluations()}
    assert (checks["bilan"]["exercices"].value, checks["bilan"]["lignes refusées"].value) == (1, 1)
    assert [row.data["code"] for row in checks["bilan"]["refus"].records] == ["LIG-TYPE"]
    assert checks["echeance"]["exercices manquants"].value.startswith("2020, 2021, ")


def test_a_refused_exercice_fails_the_op_which_says_its_rule(filled, collected):  # noqa: F811
    filled.drop("2020/ventes/ventes_2020.csv", "")
    with dg.DagsterInstance.ephemeral() as instance:
        done = collected(instance=instance, partition_key="2020", raise_on_error=False)
        assert rows(instance, 2020) is None
    (failed,) = [event for event in done.all_node_events if event.is_step_failure]
    told = failed.step_failure_data.user_failure_data.metadata
    assert {name: one.value for name, one in told.items()} == {"ending": Ending.REFUSED.value, "2020": "FIC-VIDE"}


def test_a_publication_older_than_an_accepted_delivery_fails_its_check(filled, collected):  # noqa: F811
    filled.publish(TOTAL)
    with filled.ledger() as ledger:
        assert publication_lag(ledger)["passed"]
    filled.drop("2020/ventes/ventes_2020.csv", VENTES_2019.replace("2019", "2020"))
    with dg.DagsterInstance.ephemeral() as instance:
        assert collected(instance=instance, partition_key="2020").success
        key = dg.AssetCheckKey(PUBLISHED, UP_TO_DATE)
        (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=5)
        told = record.event.dagster_event.event_specific_data
        assert not told.passed
        assert (
            told.metadata["raison"].value
            == "ce qui est publié est en retard sur ce qui est accepté : ventes/ventes 2020"
        )


def test_an_export_that_is_still_arriving_is_left_aside_and_named_and_what_counts_stays(filled, collected, monkeypatch):  # noqa: F811
    filled.drop("2020/ventes/ventes_2020.csv", VENTES_2019.replace("2019", "2020"))
    monkeypatch.setenv("MILLESIME_QUIET", "60")
    tags = {"dagster/asset_partition_range_start": "2019", "dagster/asset_partition_range_end": "2020"}
    with dg.DagsterInstance.ephemeral() as instance:
        done = collected(instance=instance, tags=tags)
        assert done.success
        assert [rows(instance, year) for year in (2019, 2020)] == [(2, "unchanged"), (0, "non reçu")]
    named = [(one.exercice, one.fichier) for one in asides_of(done.all_events)]
    assert (2020, "landing/2020/ventes/ventes_2020.csv") in named
    monkeypatch.setenv("MILLESIME_QUIET", "0")
    with dg.DagsterInstance.ephemeral() as instance:
        assert collected(instance=instance, tags=tags).success
        assert rows(instance, 2020) == (2, "accepted")


def test_the_sensor_waits_for_what_is_still_arriving(filled):  # noqa: F811
    assert stamp(filled) is None
    for path in filled.home.landing.rglob("*.csv"):
        ago = path.stat().st_ctime - 3600
        os.utime(path, (ago, ago))
    assert stamp(filled) is None, "the date that a copy bears is not that of the copy"


def test_the_sensor_leaves_out_what_is_locked(filled):  # noqa: F811
    whole = stamp(filled, quiet=0)
    filled.drop("2019/personnel/~$agents_2019.csv", "")
    left = stamp(filled, quiet=0)
    filled.drop("2019/ventes/ventes_2019.csv.part", "")
    assert None not in (whole, left) and whole != left
    assert stamp(filled) is None
