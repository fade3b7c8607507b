"""Follows ``docs/new-organisation.md`` up to its run: its declarations load, and its sample is accepted."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.needs import check, unsummable
from pipelines.catalogue.organisation import load_organisation
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.cli.app import millesime
from pipelines.settings import PROJECT_ROOT, Home

PAGE = (PROJECT_ROOT / "docs" / "new-organisation.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(?:yaml|sql)\n(.*?)```", PAGE, re.DOTALL)
FILES = re.findall(r"\*\*[^*]+\*\* \(\d\), `([^`]+)`.*?```(?:yaml|sql)\n(.*?)```", PAGE, re.DOTALL)


def command(begins: str) -> list[str]:
    """The arguments of the only command of the page that begins so, without the program's name."""
    joined = PAGE.replace("\\\n", " ")
    (line,) = [line.strip() for line in joined.splitlines() if line.startswith(f"    millesime {begins}")]
    return shlex.split(line.partition("  #")[0])[1:]


def block(begins: str) -> str:
    (text,) = [text for text in BLOCKS if text.lstrip().startswith(begins)]
    return text


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home as the page leaves it before its run."""
    root = tmp_path_factory.mktemp("page") / "synha"

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(
            millesime, ["--home", str(root), *(a.replace("$MILLESIME_HOME", str(root)) for a in arguments)]
        )
        assert result.exit_code == 0, result.output
        return result

    run(*command("init"))
    organisation = root / "organisation.yml"
    text = organisation.read_text(encoding="utf-8").replace("collectivites: []\n", block("collectivites:"), 1)
    text = text.replace("personnes: []\n", block("personnes:"), 1)
    organisation.write_text(text.replace("systemes: [rgpd]", "systemes: [rgpd, nanook]"), encoding="utf-8")
    sample = re.search(r"    mkdir -p .*?prets_2024\.csv\n", PAGE, re.DOTALL)
    assert sample
    subprocess.run(["bash", "-ec", sample[0]], env={"MILLESIME_HOME": str(root), "PATH": "/usr/bin:/bin"}, check=True)
    run(*command("source new"))
    system = root / "catalogue/systems/nanook.yml"
    before, kept, _ = system.read_text(encoding="utf-8").partition("    tables:\n")
    system.write_text(before + kept + block("- name: prets"), encoding="utf-8")
    for name, text in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    run(*command("check"))
    return root


def test_the_files_are_five(home: Path) -> None:
    declared = {
        str(path.relative_to(home))
        for folder in ("catalogue", "dbt_project", "expectations")
        for path in (home / folder).rglob("*.*")
    }
    assert len(FILES) == 4  # beside the system
    assert declared == {"catalogue/systems/nanook.yml", *(name for name, _ in FILES)}


def test_what_the_page_gives_to_write_loads(home: Path) -> None:
    catalogue = load_catalogue(Home(home))
    check(catalogue)
    organisation = load_organisation(Home(home), catalogue)
    assert [member.code for member in organisation.collectivites] == ["43901", "43902", "200071439"]
    assert "mediatheques" in [chapter.id for chapter in catalogue.chapters]
    assert list(unsummable(catalogue)) == []
    assert catalogue.secrecy.tables["rpt_mediatheques__prets"].free == "activité des médiathèques"


@pytest.mark.parametrize(
    ("file", "right", "wrong", "line"),
    [
        ("catalogue/report/40_mediatheques.yml", "nom: nb_prets", "nom: nb_pret", 14),
        ("catalogue/report/40_mediatheques.yml", "table: rpt_mediatheques__prets", "table: rpt_mediatheque__prets", 7),
    ],
)
def test_a_wrong_name_is_reported_with_its_place_and_the_one_that_was_meant(
    home: Path, file: str, right: str, wrong: str, line: int
) -> None:
    path = home / file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    try:
        with pytest.raises(DeclarationError) as refused:
            check(load_catalogue(Home(home)))
    finally:
        path.write_text(text, encoding="utf-8")
    assert f"{file}:{line}" in str(refused.value)
    assert f"vouliez-vous dire « {right.rpartition(' ')[2]} »" in str(refused.value)


def test_the_layout_of_the_next_year_loads_too(home: Path) -> None:
    path = home / "catalogue/systems/nanook.yml"
    declared = path.read_text(encoding="utf-8")
    said = yaml.safe_load(block("header:"))
    (table,) = yaml.safe_load(declared)["exports"][0]["tables"]
    assert said["header"][2024] == table["header"][2024]
    own = yaml.safe_load(declared)
    own["exports"][0]["tables"][0] |= {"header": said["header"], "fields": [*table["fields"], *said["fields"]]}
    path.write_text(yaml.safe_dump(own, allow_unicode=True), encoding="utf-8")
    try:
        (read,) = load_catalogue(Home(home)).registry.export_of("nanook/prets").export.tables
    finally:
        path.write_text(declared, encoding="utf-8")
    assert read.headings_of(2024) == ["Médiathèque"]
    assert read.headings_of(2025) == ["Bibliothèque", "Emprunteurs"]


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (
            "catalogue/secrecy.yml",
            "tables:\n  rpt_mediatheques__prets: {free: rien}\n",
            "mediatheques.yml:4 secret: {root}/catalogue/secrecy.yml:2 dit déjà de qui parle « rpt_mediatheques__prets »",
        ),
        (
            "dbt_project/models/rapport/mediatheques.yml",
            "models:\n  - name: rpt_mediatheques__prets\n    config:\n      meta:\n        secret: {fre: rien}\n",
            "mediatheques.yml:5 fre: cette clé n’existe pas ici ; vouliez-vous dire « free » ?",
        ),
    ],
)
def test_the_people_a_table_is_about_are_stated_once_and_rightly(home: Path, file: str, text: str, said: str) -> None:
    path = home / file
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(text, encoding="utf-8")
    try:
        with pytest.raises(DeclarationError) as refused:
            _ = load_catalogue(Home(home)).secrecy
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")
    assert said.format(root=home) in str(refused.value)
