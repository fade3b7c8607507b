"""What a release of the program says about its dependencies."""

import importlib.util
from importlib import metadata

import pytest

from pipelines.settings import PROJECT_ROOT

spec = importlib.util.spec_from_file_location("release", PROJECT_ROOT / "deploy" / "release.py")
release = importlib.util.module_from_spec(spec)
spec.loader.exec_module(release)

CHANGELOG = "# Changelog\n\n## Unreleased\n\n- next\n\n## 0.2.0, 26 November 2026\n\n- this\n- and that\n\n## 0.1.0\n\n- before\n"


def test_notes_are_the_section_of_the_version():
    assert release.notes(CHANGELOG, "0.2.0") == f"# 0.2.0\n\n- this\n- and that\n\n{release.UNCHECKED}\n"
    assert "before" in release.notes(CHANGELOG, "0.1.0")
    with pytest.raises(SystemExit, match="no section « 0.3.0 »"):
        release.notes(CHANGELOG, "0.3.0")


def test_every_package_of_the_lock_has_its_licence():
    lock = (PROJECT_ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = {name: (version, licence) for name, version, licence in release.licences(lock)}
    assert found["duckdb"] == (metadata.version("duckdb"), "MIT License")
    assert len(found) > 100
    assert not [name for name, (_, licence) in found.items() if licence == release.UNSAID]


def test_a_release_is_of_its_tag():
    with pytest.raises(SystemExit, match=r"not tagged v99\.0"):
        release.refuse_untagged("99.0")
