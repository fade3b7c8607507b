"""A release of the program: of its tag alone, with what it says about its dependencies."""

import csv
import email
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pipelines.settings import PROJECT_ROOT

spec = importlib.util.spec_from_file_location("release", PROJECT_ROOT / "deploy" / "release.py")
release = importlib.util.module_from_spec(spec)
spec.loader.exec_module(release)

CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\n- next\n\n## 0.2.0, 26 November 2026\n\n"
    "- this ([how](docs/a.md))\n- [and](https://a.fr) that\n\n## 0.1.0\n\n- before\n"
)


def test_notes_are_the_section_of_the_version():
    assert release.notes(CHANGELOG, "0.2.0") == (
        f"# 0.2.0\n\n- this (how)\n- [and](https://a.fr) that\n\n{release.UNCHECKED}\n"
    )
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


CYCLONEDX = PROJECT_ROOT / ".venv-release" / "bin" / "cyclonedx-py"  # `make test-full` installs it


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of what is committed, at the tag of its version."""
    clone = tmp_path_factory.mktemp("release") / "clone"
    git(PROJECT_ROOT, "clone", "--quiet", "--no-tags", str(PROJECT_ROOT), str(clone))
    git(clone, "tag", f"v{metadata.version('millesime')}")
    return clone


def released(clone: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "deploy/release.py", str(CYCLONEDX)], cwd=clone, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def dist(tagged: Path) -> Path:
    """What its release made."""
    done = released(tagged)
    assert done.returncode == 0, done.stderr
    return shutil.copytree(tagged / "dist", tagged.parent / "dist")


def locked() -> dict[str, str]:
    """Package → the version that the lock installs, wherever it installs it."""
    lock = (PROJECT_ROOT / "requirements.lock").read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^\s;\\]+)", lock, re.MULTILINE))


def installed(package: str) -> str:
    """Its version here, or nothing."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


@pytest.mark.campaign(minutes=1)
def test_the_wheel_holds_the_program_and_asks_for_what_the_lock_installs(dist: Path):
    version = metadata.version("millesime")
    with zipfile.ZipFile(dist / f"millesime-{version}-py3-none-any.whl") as archive:
        held = set(archive.namelist())
        said = email.message_from_bytes(archive.read(f"millesime-{version}.dist-info/METADATA"))
    assert {"pipelines/cli/app.py", "pipelines/shipped/catalogue/rules.yml", "demo/home.py"} <= held
    assert not [name for name in held if name.startswith("tests/") or "/.venv" in name]
    asked = [Requirement(one) for one in said.get_all("Requires-Dist")]
    assert len(asked) > 25
    assert [str(one) for one in asked if not one.specifier.contains(locked()[one.name])] == []
    in_turn = [Requirement(one) for name in locked() if installed(name) for one in metadata.requires(name) or ()]
    needed = [one for one in in_turn if not one.marker or one.marker.evaluate({"extra": ""})]
    assert len(needed) > 200
    assert [str(one) for one in needed if not one.specifier.contains(installed(one.name), prereleases=True)] == []


@pytest.mark.campaign(minutes=1)
def test_each_package_of_the_lock_is_in_the_sbom_and_has_its_licence(dist: Path):
    sbom = json.loads((dist / "sbom.cdx.json").read_text(encoding="utf-8"))
    assert (sbom["bomFormat"], sbom["metadata"]["component"]["name"]) == ("CycloneDX", "millesime")
    assert {one["name"]: one["version"] for one in sbom["components"]} == locked()
    assert all(one["purl"].startswith("pkg:pypi/") for one in sbom["components"])
    with (dist / "licences.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["package"]: row["version"] for row in rows} == locked()
    assert {row["package"] for row in rows if row["licence"] == release.ELSEWHERE} == {
        name for name in locked() if not installed(name)
    }


@pytest.mark.campaign(minutes=1)
def test_the_notes_are_those_of_the_version(dist: Path):
    notes = (dist / "notes.md").read_text(encoding="utf-8")
    assert notes.startswith(f"# {metadata.version('millesime')}\n") and notes.endswith(f"{release.UNCHECKED}\n")
    assert len(notes) > 500


@pytest.mark.campaign(minutes=1)
def test_the_same_tag_gives_the_same_release_again(tagged: Path, dist: Path):
    done = released(tagged)
    assert done.stdout.split() == [f"dist/{path.name}" for path in sorted(dist.iterdir())]
    assert len(done.stdout.split()) == 4
    assert [
        path.name for path in dist.iterdir() if path.read_bytes() != (tagged / "dist" / path.name).read_bytes()
    ] == []


@pytest.mark.campaign(minutes=1)
def test_a_changed_checkout_is_not_released(tagged: Path):
    (tagged / "README.md").write_text("changed\n", encoding="utf-8")
    done = released(tagged)
    git(tagged, "checkout", "README.md")
    assert done.returncode == 1 and "changes that are not committed" in done.stderr
