"""Makes the release of a tagged version in ``dist/``: ``make release``.

    millesime-<version>-py3-none-any.whl   the wheel
    sbom.cdx.json                          its dependencies, as CycloneDX, from ``requirements.lock``
    licences.csv                           the package, version and licence of each dependency
    notes.md                               the section of the changelog, and what was not checked

Run by the environment's own Python, whose packages are those of the lock.
"""

import csv
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from pipelines.catalogue.contracts import SNAPSHOT, written
from pipelines.catalogue.load import load_catalogue
from pipelines.stages.publish.published_shape import shape_to_publish

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
UNCHECKED = (
    "Security advisories were not checked, because that needs a network: "
    "look up the packages of `sbom.cdx.json` in a database of advisories."
)
UNSAID = "not said by the package"
ELSEWHERE = "not looked up: installed on other platforms only"


def main(cyclonedx: str) -> None:
    """Make the release of the tag that the checkout is at; ``cyclonedx`` is the program ``cyclonedx-py``."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    refuse_untagged(version)
    refuse_unrecorded(version)
    dist = ROOT / "dist"
    dist.mkdir(exist_ok=True)
    for old in dist.iterdir():
        old.unlink()
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(dist))
    _run(
        str(Path(cyclonedx).resolve()),
        *("requirements", str(LOCK), "--pyproject", str(ROOT / "pyproject.toml")),
        *("--output-reproducible", "--of", "JSON", "-o", str(dist / "sbom.cdx.json")),
    )
    with (dist / "licences.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("package", "version", "licence"), *licences(LOCK.read_text(encoding="utf-8"))])
    (dist / "notes.md").write_text(
        notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version), encoding="utf-8"
    )
    print("\n".join(str(path.relative_to(ROOT)) for path in sorted(dist.iterdir())))


def refuse_untagged(version: str) -> None:
    """Stop unless what would be released is the tag of that version, with nothing changed."""
    tags = _run("git", "tag", "--points-at", "HEAD").split()
    if f"v{version}" not in tags:
        raise SystemExit(f"HEAD is not tagged v{version}: git tag v{version}, or check out the tag")
    if _run("git", "status", "--porcelain"):
        raise SystemExit("the checkout holds changes that are not committed")


def refuse_unrecorded(version: str) -> None:
    """Stop unless the snapshot of what readers are promised is that of this version."""
    if (ROOT / SNAPSHOT).read_text(encoding="utf-8") != written(shape_to_publish(load_catalogue()), version):
        raise SystemExit(f"{SNAPSHOT} is not what this version publishes: millesime contracts record --shipped")


def licences(lock: str) -> list[tuple[str, str, str]]:
    """(package, version, licence) of every package of a lock, in its order."""
    found = []
    for name, version in re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^\s;\\]+)", lock, re.MULTILINE):
        try:
            licence = licence_of(metadata.metadata(name))
        except metadata.PackageNotFoundError:
            licence = ELSEWHERE
        found.append((name, version, licence))
    return found


def licence_of(said: metadata.PackageMetadata) -> str:
    """The licence that a package declares: an SPDX expression, else its classifiers, else the first line of its own words."""
    classifiers = [
        one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or [] if one.startswith("License ::")
    ]
    own = (said.get("License") or "").strip().splitlines()
    return said.get("License-Expression") or ", ".join(classifiers) or (own[0] if own else UNSAID)


def notes(changelog: str, version: str) -> str:
    """The section of a version in the changelog, without its links to other files of the checkout. Stops when there is none."""
    found = re.search(rf"^## {re.escape(version)}\b.*?$(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if not found:
        raise SystemExit(f"CHANGELOG.md has no section « {version} »")
    said = re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]+\)", r"\1", found[1].strip())
    return f"# {version}\n\n{said}\n\n{UNCHECKED}\n"


def _run(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main(sys.argv[1])
