"""The event log of a home's instance is kept open, and later readers find everything in it."""

import dagster as dg

from pipelines.settings import PROJECT_ROOT


def test_what_one_process_logs_the_next_one_reads(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text((PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8"))

    @dg.asset
    def un_chiffre() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"valeur": 42})

    with dg.DagsterInstance.get() as instance:
        assert dg.materialize([un_chiffre], instance=instance).success
        engine = instance.event_log_storage._engine
        assert instance.event_log_storage.has_table("event_logs")
        assert not instance.event_log_storage.has_table("rien")
        assert engine.pool.checkedout() == 0
        with engine.connect() as connection:
            assert connection.exec_driver_sql("pragma synchronous").scalar() == 0
    assert engine.pool.checkedin() == 0  # closed with the instance
    with dg.DagsterInstance.get() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("un_chiffre"))
        assert event.asset_materialization.metadata["valeur"].value == 42
