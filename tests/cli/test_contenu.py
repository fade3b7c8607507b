"""``millesime contenu``: a year's texts are exported to Word, imported again, and their state is recorded."""

import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from docx import Document

from pipelines.catalogue.load import load_catalogue
from pipelines.cli.app import millesime
from pipelines.ledger.store import open_ledger
from pipelines.settings import Home
from tests.stages.report.publication import Press

ORGANISATION = """\
nom: Syndicat d’essai
sigle: SE
siren: "123456782"
exercices: {premier: 2038, dernier: 2040}
personnes: [{nom: B. Relectrice, fonction: directrice}]
"""
EDITO = 'Le syndicat compte {{ f("a.total") }} agents.\n\nIls sont **deux**.\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a small publication and a text."""
    press = Press(tmp_path_factory.mktemp("dossier"))
    with open_ledger(Home(press.root)) as ledger:  # it is there, and holds something, before anything is published
        ledger.record_build("b1", True, [], [])
    press.write("edito.md", EDITO)
    press.model()
    (press.root / "organisation.yml").write_text(ORGANISATION, encoding="utf-8")
    off = "".join(f"  {name}: {{enabled: false}}\n" for name in load_catalogue().alerts)
    (press.root / "catalogue").mkdir()
    (press.root / "catalogue/alertes.yml").write_text(f"alertes:\n{off}", encoding="utf-8")
    return press.root


@pytest.fixture
def home(made: Path) -> Path:
    """The home with the édito as it was first written."""
    (made / "contenu/2040/edito.md").write_text(EDITO, encoding="utf-8")
    return made


def contenu(home: Path, *arguments: object) -> Result:
    return CliRunner().invoke(millesime, ["--home", str(home), "contenu", *map(str, arguments)], prog_name="millesime")


def sent(home: Path, tmp_path: Path) -> Path:
    file = tmp_path / "textes.docx"
    done = contenu(home, "export", 2040, "--output", file)
    assert done.exit_code == 0, done.stderr
    assert "  edito.md\n" in done.stdout and "  rgpd.md (à écrire)\n" in done.stdout
    return file


def edit(file: Path, former: str, new: str) -> None:
    document = Document(io.BytesIO(file.read_bytes()))
    for one in (run for paragraph in document.paragraphs for run in paragraph.runs):
        one.text = one.text.replace(former, new)
    document.save(str(file))


def test_texts_go_to_word_and_what_changed_comes_back(home: Path, tmp_path: Path):
    file = sent(home, tmp_path)
    again = contenu(home, "export", 2040, "--output", file)
    assert again.exit_code == 2 and "ses changements seraient perdus" in again.stderr
    before = (home / "contenu/2040/edito.md").stat()
    same = contenu(home, "import", file)
    assert same.exit_code == 0 and "0 texte repris, " in same.stdout
    assert (home / "contenu/2040/edito.md").stat() == before  # not even written again
    edit(file, "deux", "trois")
    done = contenu(home, "import", file)
    assert done.exit_code == 0 and "edito.md : repris" in done.stdout and "1 texte repris, " in done.stdout
    assert (home / "contenu/2040/edito.md").read_text(encoding="utf-8") == EDITO.replace("deux", "trois")
    assert sorted(path.name for path in (home / "contenu/2040").iterdir()) == ["edito.md"]


def test_a_text_that_changed_since_is_refused_and_both_are_shown(home: Path, tmp_path: Path):
    file = sent(home, tmp_path)
    edit(file, "deux", "trois")
    source = home / "contenu/2040/edito.md"
    source.write_text(EDITO.replace("deux", "quatre"), encoding="utf-8")
    done = contenu(home, "import", file)
    assert done.exit_code == 1 and "rien n’est repris" in done.stderr
    assert "-Ils sont **quatre**." in done.stderr and "+Ils sont **trois**." in done.stderr
    assert source.read_text(encoding="utf-8") == EDITO.replace("deux", "quatre")


def test_a_number_that_is_typed_is_told_and_shown_to_who_validates(home: Path, tmp_path: Path):
    file = sent(home, tmp_path)
    edit(file, "deux", "27 et 28")
    done = contenu(home, "import", file)
    assert done.exit_code == 0, done.stderr
    assert "« 28 », chiffre écrit à la main\n" in done.stderr
    assert "« 27 », chiffre écrit à la main ; c’est la valeur de a.total (--link en fait ce chiffre)" in done.stderr
    assert "          chiffres écrits à la main : 27 ; 28\n" in contenu(home, "etat", 2040).stdout
    (home / "contenu/2040/edito.md").write_text(EDITO, encoding="utf-8")
    done = contenu(home, "import", file, "--link")
    assert done.exit_code == 0 and "« 27 »" not in done.stderr, done.stderr
    assert 'Ils sont **{{ f("a.total") }} et 28**.' in (home / "contenu/2040/edito.md").read_text(encoding="utf-8")


def test_texts_go_to_libreoffice_too(home: Path, tmp_path: Path):
    done = contenu(home, "export", 2040, "--output", tmp_path / "textes.odt")
    assert done.exit_code == 0, done.stderr
    same = contenu(home, "import", tmp_path / "textes.odt")
    assert same.exit_code == 0 and "0 texte repris, " in same.stdout
    done = contenu(home, "export", 2040, "--output", tmp_path / "textes.rtf")
    assert done.exit_code == 2 and "ni un .docx (Word) ni un .odt (LibreOffice)" in done.stderr


def test_any_other_document_is_refused(home: Path, tmp_path: Path):
    Document().save(str(tmp_path / "lettre.docx"))
    done = contenu(home, "import", tmp_path / "lettre.docx")
    assert done.exit_code == 2 and "n’est pas un document de `millesime contenu export`" in done.stderr


def test_somebody_says_how_far_a_text_is_and_a_change_takes_it_back(home: Path):
    assert "  rédigé  edito.md\n0 texte validé sur 1." in contenu(home, "etat", 2040).stdout
    done = contenu(home, "etat", 2040, "edito.md", "--to", "validé", "--by", "b. relectrice")
    assert done.exit_code == 0 and "  validé  edito.md par B. Relectrice, " in done.stdout, done.stderr
    assert "1 texte validé sur 1." in contenu(home, "etat", 2040).stdout
    (home / "contenu/2040/edito.md").write_text("Autre.", encoding="utf-8")
    assert "  rédigé  edito.md\n" in contenu(home, "etat", 2040).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["edito.md"], "--to rédigé, relu ou validé"),
        (["edito.md", "--to", "relu"], "--by NOM"),
        (["edit.md", "--to", "relu", "--by", "B. Relectrice"], "vouliez-vous dire « edito.md »"),
        (["--to", "relu", "--by", "B. Relectrice"], "--all pour tous"),
        (["--all", "--to", "relu", "--by", "X. Inconnue"], "n’est pas déclaré dans organisation.yml"),
    ],
)
def test_a_progress_that_cannot_be_recorded_is_refused(home: Path, arguments: list[str], said: str):
    done = contenu(home, "etat", 2040, *arguments)
    assert done.exit_code == 2 and said in done.stderr
