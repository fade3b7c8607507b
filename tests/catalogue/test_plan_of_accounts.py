"""An official chart of accounts becomes rows of the home, beside the shipped ones."""

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.plan_of_accounts import ACCOUNTS, CHAPTERS, read_plan
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.cli.app import millesime
from pipelines.settings import Home

PLAN = """\
<?xml version="1.0" encoding="ISO-8859-1"?>
<Nomenclature xmlns="http://www.minefi.gouv.fr/cp/demat/plan" Norme="M57" Declinaison="M57-M57_D" Exer="2025">
 <Nature>
  <Chapitres>
   <Chapitre Code="011" Libelle="Charges à caractère général" Section="F" TypeChapitre="G"/>
   <Chapitre Code="042" Libelle="Opérations d'ordre" Section="F" TypeChapitre="C"/>
   <Chapitre Code="21" Libelle="Immobilisations" Section="I"/>
  </Chapitres>
  <Comptes>
   <Compte Code="6" Libelle="Charges">
    <Compte Code="60" Libelle="Achats" DR="011">
     <Compte Code="6064" Lib_court="Fournitures" DR="011" DOES="042"/>
    </Compte>
   </Compte>
   <Compte Code="2183" Libelle="Matériel" DR="21" RR="21"/>
  </Comptes>
 </Nature>
</Nomenclature>
"""


def plan(tmp_path: Path, text: str = PLAN) -> Path:
    path = tmp_path / "planDeCompte.xml"
    path.write_bytes(text.encode("iso-8859-1"))
    return path


def test_the_rows_of_a_plan(tmp_path: Path) -> None:
    found = read_plan(plan(tmp_path))
    assert (found.declinaison, found.exercice) == ("M57_D", 2025)
    files = {path: list(csv.DictReader(io.StringIO(text))) for path, text in found.files().items()}
    chapters = files[f"catalogue/reference/{CHAPTERS}/m57_d_2025.csv"]
    assert [(row["code_chapitre"], row["code_section"], row["libelle_chapitre"]) for row in chapters] == [
        ("011", "F", "Charges à caractère général"),
        ("042", "F", "Opérations d’ordre"),
        ("21", "I", "Immobilisations"),
    ]
    accounts = files[f"catalogue/reference/{ACCOUNTS}/m57_d_2025.csv"]
    assert [(row["compte"], row["depense_reelle"], row["depense_ordre_entre_sections"]) for row in accounts] == [
        ("60", "011", ""),
        ("6064", "011", "042"),
        ("2183", "21", ""),
    ]
    assert [row["libelle_compte"] for row in accounts] == ["Achats", "Fournitures", "Matériel"]  # or the short label
    assert {(row["declinaisons"], row["exercice_debut"], row["exercice_fin"]) for row in chapters + accounts} == {
        ("M57_D", "2025", "2025")
    }


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        ('Exer="2025"', "", "n’est pas un plan de comptes"),
        ('Declinaison="M57-M57_D"', "", "n’est pas un plan de comptes"),
        ('DR="21"', 'DR="99"', "99 n’est pas un chapitre du plan"),
        ('<Compte Code="60"', '<Compte Code="6064"', "est donné deux fois"),
        ("</Nomenclature>", "", "n’est pas du XML bien formé"),
        ("<Nomenclature ", "<!DOCTYPE x>\n<Nomenclature ", "DOCTYPE"),
    ],
)
def test_what_is_no_plan_is_refused_in_words(tmp_path: Path, was: str, becomes: str, words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        read_plan(plan(tmp_path, PLAN.replace(was, becomes)))


def test_the_command_adds_a_plan_to_the_home_and_copies_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    command = ["--home", str(home.root), "reference", "plan", str(plan(tmp_path))]
    for _ in range(2):  # the home's own is replaced
        done = CliRunner().invoke(millesime, command)
        assert done.exit_code == 0, done.output
    assert "M57_D de 2025 : 3 chapitres, 3 comptes." in done.stdout
    catalogue = load_catalogue(home)
    rows = [one for one in catalogue.references.values() if one.table == ACCOUNTS]
    assert [one.rows.count("\n") for one in rows] == [10807, 4]
    assert "reference rows" in catalogue.overlays
    assert catalogue.fingerprint != load_catalogue().fingerprint


def test_a_plan_that_is_shipped_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    known = plan(tmp_path, PLAN.replace('Exer="2025"', 'Exer="2024"'))
    done = CliRunner().invoke(millesime, ["--home", str(home.root), "reference", "plan", str(known)])
    assert (done.exit_code, "déjà connu" in done.output) == (2, True)
    assert not (home.root / "catalogue").exists()


def test_rows_of_no_table_and_a_wrong_cell_are_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    folder = home.root / "catalogue" / "reference" / "inconnue"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("x\n1\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match="qui n’est pas une table de référence"):
        _ = load_catalogue(home).references
    folder.rename(folder.with_name(CHAPTERS))
    header = "declinaisons,code_chapitre,code_section,exercice_debut,exercice_fin,libelle_chapitre\n"
    (folder.with_name(CHAPTERS) / "a.csv").write_text(header + "M57_D,011,F,hier,2025,Charges\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"a\.csv:2 exercice_debut: « hier » n’est pas du type year"):
        _ = load_catalogue(home).references
