"""``check`` says what will happen to a budget document: it may be accepted with its delivery and still count nowhere."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli.app import millesime
from tests.stages.ingest.budget_documents import SIRET, SIRET_ANNEXE, budget, document, line

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


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (document(budget("09", YEAR, VOTED, siret="99900000000011")), "FIN-ORGANISME"),
        (document(budget("09", YEAR, VOTED, siret=SIRET_ANNEXE, nomenclature="M832-M832")), "FIN-NOMENCLATURE"),
        (document(budget("09", YEAR, [*VOTED, line("6156", "D", MtReal="x")], siret=SIRET_ANNEXE)), "FIN-ILLISIBLE"),
        (document(budget("09", YEAR, VOTED, siret=SIRET_ANNEXE))[:-60], "LIG-DOCUMENT"),
        (document(budget("09", YEAR - 1, VOTED, siret=SIRET_ANNEXE)), "FIN-EXERCICE"),
        (document(budget("09", YEAR, VOTED, siret=SIRET_ANNEXE, draft=True)), "FIN-PROJET"),
    ],
)
def test_a_document_that_counts_nowhere_is_reported(tmp_path: Path, broken: bytes, said: str) -> None:
    output = checked(tmp_path, {"ca.xml": document(budget("09", YEAR, VOTED)), "autre.xml": broken})
    assert said in output
    assert "autre.xml" in output
    assert "serait acceptée, mais 1 de ses documents ne compterait nulle part, comme il est dit plus haut." in output


def test_an_unforeseen_value_is_shown(tmp_path: Path) -> None:
    wrong = document(budget("09", YEAR, [*VOTED, line("6156", "Z", MtReal="x")], siret=SIRET_ANNEXE))
    output = checked(tmp_path, {"ca.xml": document(budget("09", YEAR, VOTED)), "autre.xml": wrong})
    assert "CodRD" in output
    assert re.search(r"reçu\s+Z\b", output)
    assert "élément ou attribut" in output


def test_documents_that_count_are_accepted_without_more(tmp_path: Path) -> None:
    output = checked(tmp_path, {"ca.xml": document(budget("09", YEAR, VOTED, siret=SIRET))})
    assert "Cette livraison serait acceptée. Rien n’est chargé." in output
