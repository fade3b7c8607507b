"""Follows ``docs/new-organisation.md`` up to its run, which ``tests/end_to_end/test_organisation.py`` makes of the same files."""

import re
import shlex
import shutil
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
from tests.conftest import READ

PAGE = (PROJECT_ROOT / "docs" / "new-organisation.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(?:yaml|sql|jinja)\n(.*?)```", re.DOTALL)
BLOCKS = BLOCK.findall(PAGE)
FIXTURE = PROJECT_ROOT / "tests" / "fixtures" / "organisation"
WRITTEN = re.findall(r"^\| `(\S+)` \| [^|]+ \|$", PAGE.partition("From the lines to the sentence:")[2], re.MULTILINE)
DECLARED = ["catalogue/systems/bibliobus.yml", *WRITTEN]
SENTENCE = "catalogue/report/texte/bibliobus_prets.md"


def command(begins: str) -> list[str]:
    """The arguments of the only command of the page that begins so, without the program's name."""
    joined = PAGE.replace("\\\n", " ")
    (line,) = [line.strip() for line in joined.splitlines() if line.startswith(f"    millesime {begins}")]
    return shlex.split(line.partition("  #")[0])[1:]


def block(begins: str) -> str:
    (text,) = [text for text in BLOCKS if text.lstrip().startswith(begins)]
    return text


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, dbt_home: Home) -> Path:
    """The home as the page leaves it before its run."""
    root = tmp_path_factory.mktemp("page") / "silpha"

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
    organisation.write_text(text, encoding="utf-8")
    sample = re.search(r"    mkdir -p .*?tournees_2024\.csv\n", PAGE, re.DOTALL)
    assert sample
    subprocess.run(["bash", "-ec", sample[0]], env={"MILLESIME_HOME": str(root), "PATH": "/usr/bin:/bin"}, check=True)
    run(*command("source new"))
    run(*command("check"))
    shutil.copytree(dbt_home.root.with_name(READ), root / "dbt")  # what is shipped, which dbt read already
    assert "systemes: [..., bibliobus]" in run(*command("figure new")).output
    for name in ("catalogue/figures/bibliobus_prets.yml", "dbt_project/models/marts/bibliobus_prets.yml"):
        proposed, asked = re.subn(
            r"# TODO (compte: choses|config: .*}})  # .*", r"\1", (root / name).read_text(encoding="utf-8")
        )
        assert asked == 1, name
        (root / name).write_text(proposed, encoding="utf-8")
    organisation.write_text(text.replace("systemes: [rgpd]", "systemes: [rgpd, bibliobus]"), encoding="utf-8")
    return root


def settled(text: str) -> str:
    """A draft whose TODOs are settled as they are proposed: only the comments that ask are left out."""
    kept = [line for line in text.splitlines() if not re.match(r"\s*(--|#) (TODO|Brouillon)", line)]
    return "\n".join(re.sub(r"  # TODO.*", "", line) for line in kept) + "\n"


def test_the_page_names_each_file_that_the_command_writes(home: Path) -> None:
    declared = {
        str(path.relative_to(home))
        for folder in ("catalogue", "dbt_project", "expectations")
        for path in (home / folder).rglob("*.*")
    }
    assert declared == {*DECLARED}
    assert len(WRITTEN) == 9 and "two commands | 10 |" in PAGE


def test_what_the_page_shows_is_what_is_written(home: Path) -> None:
    written = [settled((home / name).read_text(encoding="utf-8")) for name in DECLARED]
    shown = BLOCK.findall(PAGE.partition("## 3.")[2].partition("**The sentence**")[0])
    assert len(shown) == 6
    for text in shown:
        assert any(text in one for one in written), text


def test_the_fixture_is_the_home_of_the_page(home: Path) -> None:
    """Its drafts are settled as proposed, and its sentence is written as the page says."""
    for name in DECLARED:
        drafted, kept = (settled((root / name).read_text(encoding="utf-8")) for root in (home, FIXTURE))
        if name == SENTENCE:
            assert kept == block('{% if connu("bibliobus.prets")')
        else:
            assert drafted in kept, name  # its fields.yml has more
    sample = "landing/2024/bibliobus/tournees_2024.csv"
    assert (FIXTURE / sample).read_bytes() == (home / sample).read_bytes()
    said = yaml.safe_load((FIXTURE / "organisation.yml").read_text(encoding="utf-8"))
    assert {said["nom"], said["sigle"], said["siren"]} <= set(command("init"))


def test_what_the_page_gives_to_write_loads(home: Path) -> None:
    catalogue = load_catalogue(Home(home))
    check(catalogue)
    organisation = load_organisation(Home(home), catalogue)
    assert [member.code for member in organisation.collectivites] == ["43901", "43902", "200071439"]
    assert "bibliobus" in [chapter.id for chapter in catalogue.chapters]
    assert list(unsummable(catalogue)) == []
    assert catalogue.secrecy.tables["rpt_bibliobus__prets"].free == "Documents prêtés par le bibliobus"


@pytest.mark.parametrize(
    ("file", "right", "wrong", "line"),
    [
        ("catalogue/report/50_bibliobus.yml", "{nom: documents_pretes", "{nom: documents_prete", 18),
        ("catalogue/report/50_bibliobus.yml", "table: rpt_bibliobus__prets", "table: rpt_bibliobu__prets", 11),
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
    path = home / "catalogue/systems/bibliobus.yml"
    declared = path.read_text(encoding="utf-8")
    (text,) = [text for text in BLOCKS if "2025:" in text]
    said = yaml.safe_load(text)
    (table,) = yaml.safe_load(declared)["exports"][0]["tables"]
    assert said["header"][2024] == table["header"][2024]
    own = yaml.safe_load(declared)
    own["exports"][0]["tables"][0] |= {"header": said["header"], "fields": [*table["fields"], *said["fields"]]}
    path.write_text(yaml.safe_dump(own, allow_unicode=True), encoding="utf-8")
    try:
        (read,) = load_catalogue(Home(home)).registry.export_of("bibliobus/tournees").export.tables
    finally:
        path.write_text(declared, encoding="utf-8")
    assert {*read.headings_of(2024)} == {"Date", "Commune", "Lieu", "Documents prêtés"}
    assert {*read.headings_of(2025)} == {"Date", "Commune", "Arrêt", "Documents prêtés", "Lecteurs"}


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (
            "catalogue/secrecy.yml",
            "tables:\n  rpt_bibliobus__prets: {free: rien}\n",
            "bibliobus_prets.yml:25 secret: {root}/catalogue/secrecy.yml:2 dit déjà de qui parle « rpt_bibliobus__prets »",
        ),
        (
            "dbt_project/models/marts/bibliobus_prets.yml",
            "models:\n  - name: rpt_bibliobus__prets\n    config:\n      meta:\n        secret: {fre: rien}\n",
            "bibliobus_prets.yml:5 fre: cette clé n’existe pas ici ; vouliez-vous dire « free » ?",
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
