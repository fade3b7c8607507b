"""The settings of Dagster follow the program, or the home; a copy of before is kept beside."""

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
    assert yaml.safe_load(laid(home)) == yaml.safe_load((settings.shipped() / "dagster.yaml").read_text())
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: true}\n")
    monkeypatch.setenv("MILLESIME_SHIPPED", str(tmp_path))
    assert yaml.safe_load(laid(home)) == {"telemetry": {"enabled": True}}
    assert [path.name for path in home.dagster.iterdir()] == ["dagster.yaml"]


def test_the_home_s_own_settings_count_instead(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: true}\n")
    assert laid(home) == f"{MADE}telemetry: {{enabled: true}}\n"


def test_a_copy_of_a_former_program_is_kept_beside(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.dagster.mkdir()
    (home.dagster / "dagster.yaml").write_text("telemetry: {enabled: true}\n")
    for _ in range(2):
        assert laid(home).startswith(MADE)
    assert (home.dagster / "dagster.yaml.before").read_text() == "telemetry: {enabled: true}\n"
