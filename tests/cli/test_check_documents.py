"""``check`` says what is read of budget documents; which of them count is for the models to say."""

import re
from pathlib import Path

from click.testing import CliRunner

from pipelines.cli.app import millesime
from tests.stages.ingest.budget_documents import SIRET_ANNEXE, budget, document, line

YEAR = 2020
VOTED = [line("6064", "D", MtReal="1.00"), line("7588", "R", MtReal="1.00")]


def checked(root: Path, files: dict[str, bytes]) -> str:
    home = root / "home"
    made = ["init", str(home), "--name", "Essai", "--sigle", "E", "--siren", "210000006", "--first", str(YEAR)]
    assert CliRunner().invoke(millesime, [*made, "--system", "budget"]).exit_code == 0
    paths = []
    for name, content in files.items():
        (root / name).write_bytes(content)
        paths.append(str(root / name))
    asked = ["--home", str(home), "check", *paths, "--source", "budget/documents", "--exercice", str(YEAR)]
    result = CliRunner().invoke(millesime, asked)
    assert result.exit_code == 0, result.output
    return result.output.replace("\n", " ")


def test_a_document_that_is_cut_short_is_refused_and_the_others_would_be_accepted(tmp_path: Path) -> None:
    broken = document(budget("09", YEAR, VOTED, siret=SIRET_ANNEXE))[:-60]
    output = checked(tmp_path, {"ca.xml": document(budget("09", YEAR, VOTED)), "autre.xml": broken})
    assert "LIG-DOCUMENT" in output
    assert "autre.xml" in output
    assert "serait acceptée, mais c’est la construction qui dira quels documents comptent." in output


def test_an_unforeseen_value_is_shown(tmp_path: Path) -> None:
    wrong = document(budget("09", YEAR, [*VOTED, line("6156", "Z", MtReal="x")], siret=SIRET_ANNEXE))
    output = checked(tmp_path, {"ca.xml": document(budget("09", YEAR, VOTED)), "autre.xml": wrong})
    assert "CodRD" in output
    assert re.search(r"reçu\s+Z\b", output)
    assert "élément ou attribut" in output
