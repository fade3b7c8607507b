"""Dagster's settings come from the program or the home."""

from pathlib import Path

import pytest
import yaml

from pipelines import settings
from pipelines.runs.instance import MADE, write_instance
from pipelines.settings import Home


def laid(home: Home) -> str:
    write_instance(home)
    return (home.dagster / "dagster.yaml").read_text(encoding="utf-8")


def test_what_is_shipped_tomorrow_is_taken_tomorrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    shipped = yaml.safe_load((settings.shipped() / "dagster.yaml").read_text())
    shipped["event_log_storage"]["config"]["base_dir"] = str(home.dagster)  # known without a variable
    assert yaml.safe_load(laid(home)) == shipped
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: true}\n")
    monkeypatch.setenv("MILLESIME_SHIPPED", str(tmp_path))
    assert yaml.safe_load(laid(home)) == {"telemetry": {"enabled": True}}
    assert [path.name for path in home.dagster.iterdir()] == ["dagster.yaml"]


def test_the_home_s_own_settings_count_instead(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: true}\n")
    assert laid(home) == f"{MADE}telemetry: {{enabled: true}}\n"


@pytest.mark.parametrize("written", ["{env: DAGSTER_HOME}", "\n  env: DAGSTER_HOME"])
def test_the_folder_of_the_instance_is_known_without_a_variable(tmp_path: Path, written: str) -> None:
    (tmp_path / "dagster.yaml").write_text(f"base_dir: {written}\n")
    assert yaml.safe_load(laid(Home(tmp_path))) == {"base_dir": str(tmp_path / "dagster")}


def test_the_folder_of_the_instance_is_its_owner_s(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    write_instance(home)
    assert home.dagster.stat().st_mode & 0o777 == 0o700


def test_runs_are_kept_in_postgresql_where_a_database_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    files = yaml.safe_load(laid(home))
    monkeypatch.setenv(settings.DAGSTER_URL, "postgresql://u:S3CRET@host/base")
    said = laid(home)
    kept = yaml.safe_load(said)
    assert kept.pop("storage") == {"postgres": {"postgres_url": {"env": settings.DAGSTER_URL}}}
    assert kept == {name: value for name, value in files.items() if name in kept} and "S3CRET" not in said
