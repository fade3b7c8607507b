"""A row of a control becomes a finding, in the words of its rule."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.ledger.records import Finding
from pipelines.stages.transform.warehouse_findings import printed_values
from tests.controls import NONE, found
from tests.layers import rules


def of(folder: Path, code: str, **said: Any) -> Finding:
    """The finding of one row."""
    path, row = folder / "warehouse.duckdb", {"severite": "alerte", "exercice": 2041, "ou": "a/b"} | said
    if "valeurs" in row:
        row["valeurs"] = json.dumps(row["valeurs"])
    with duckdb.connect(str(path)) as db:
        db.execute(NONE)
        names = ["code_regle", *row]
        db.execute(
            f"insert into controles.controles ({', '.join(names)}) values ({', '.join('?' * len(names))})",
            [code, *row.values()],
        )
    (one,) = found(path)
    return one


def test_a_warehouse_whose_controls_have_no_row_has_no_finding(tmp_path: Path):
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as db:
        db.execute(NONE)
    assert found(tmp_path / "warehouse.duckdb") == []


def test_a_row_with_a_gap_compares_two_numbers_in_the_unit_that_it_gives(tmp_path: Path):
    one = of(
        *(tmp_path, "FIN-CREDITS"),
        sujet="Budget principal",
        attendu="41490.16",
        recu="-12.500000",
        ecart="-41502.66",
        valeurs={"unite": "EUR"},
    )
    assert (one.attendu.replace("\u202f", " "), one.recu, one.ecart) == (
        "41 490,16\u00a0€",
        "−12,50\u00a0€",
        "-41502,66",
    )
    assert one.message == f"{rules()['FIN-CREDITS'].titre} : Budget principal"
    assert one.aide == rules()["FIN-CREDITS"].aide


def test_a_number_that_is_a_name_is_shown_as_it_is(tmp_path: Path):
    assert of(tmp_path, "FIN-ORGANISME", recu="20002317700012").recu == "20002317700012"


def test_a_row_without_a_subject_or_a_value_says_nothing_of_them(tmp_path: Path):
    one = of(tmp_path, "FIN-ORGANISME", fichier="a.ods", feuille="Nord", ligne=7)
    assert (one.message, one.recu, one.ecart) == (rules()["FIN-ORGANISME"].titre, None, None)
    assert (one.fichier, one.ligne) == ("a.ods, feuille « Nord »", 7)


@pytest.mark.parametrize(
    ("code", "row", "attendu", "recu"),
    [
        (
            *("COL-TROU", {"attendu": "13", "periode": "7, 8", "valeurs": {"nb_mois": 10}}),
            *("environ 13\u00a0lignes, comme aux 10 autres mois", "aucune ligne en juillet et août 2041"),
        ),
        (
            *("COL-TROU", {"attendu": "1", "periode": "7", "valeurs": {"nb_mois": 1}}),
            *("environ 1\u00a0ligne, comme au mois où il y en a", "aucune ligne en juillet 2041"),
        ),
        (
            *("COL-COLLECTIVITE", {"attendu": "7", "valeurs": {"voisin": 2040}}),
            *("des lignes, comme en 2040, qui en a 7", "aucune ligne en 2041"),
        ),
        (
            *("ABS-CONTREDITE", {"attendu": "NC", "recu": "12.500000"}),
            *("« NC » (absence déclarée)", "12,5 (recalculé)"),
        ),
        (
            *("PUB-ECART", {"attendu": "3.25", "recu": "3", "valeurs": {"texte": "3 k€", "unite": "EUR"}}),
            *("3,25\u00a0€ (recalculé)", "3 k€ (publié)"),
        ),
        (
            *("FIN-ILLISIBLE", {"recu": "1", "ligne": 4, "valeurs": {"table": "lignes", "colonnes": None, "regle": "LIG-TYPE"}}),
            *("un document dont chaque ligne se lit", "1\u00a0ligne refusée, la ligne 4 (lignes, LIG-TYPE)"),
        ),
        (
            *("FIN-ILLISIBLE", {"recu": "3", "ligne": 4, "valeurs": {"table": "lignes", "colonnes": "a", "regle": "LIG-TYPE"}}),
            *("un document dont chaque ligne se lit", "3\u00a0lignes refusées, dont la ligne 4 (lignes, a, LIG-TYPE)"),
        ),
        (
            *("FIN-NON-DIT", {"valeurs": {"sans_type": True, "sans_restes": True}}),
            "type de budget (principal ou annexe), crédits ouverts en fonctionnement, crédits ouverts en investissement, "
            "montants réalisés en fonctionnement, montants réalisés en investissement et restes à réaliser",
            "ni type de budget (principal ou annexe), ni restes à réaliser",
        ),
        (
            *("FIN-SANS-TOTAUX", {"valeurs": {"en_avait": True, "sens": "recette"}}),
            "les totaux du budget par section et par sens (éléments CONSOLIDATION), comme en 2040",
            "aucun total de ce budget, et aucun reste à réaliser dit en recettes d’investissement : compté 0",
        ),
        (
            *("CPT-PLAN", {"attendu": "M57", "recu": "2", "valeurs": {"declinaison": "M57", "annee": 2040, "nb_comptes": 1}}),
            "le plan de comptes M57 de 2041",
            "2\u00a0documents : le plan M57 de 2040 a servi, 1 compte n’y figure pas",
        ),
    ],
)  # fmt: skip
def test_a_rule_words_its_rows(tmp_path: Path, code: str, row: dict[str, Any], attendu: str, recu: str):
    one = of(tmp_path, code, **row)
    assert (one.attendu, one.recu) == (attendu, recu)


@pytest.mark.parametrize("periode", [None, "13", "0", "juin"])
def test_words_that_a_row_makes_fail_leave_its_value(tmp_path: Path, periode: str | None):
    one = of(tmp_path, "COL-MOIS", periode=periode, recu="7")
    assert (one.code, one.recu) == ("COL-MOIS", "7")


def test_a_rule_that_nothing_declares_is_named(tmp_path: Path):
    with pytest.raises(DeclarationError, match="un contrôle donne la règle « ESS-X »"):
        of(tmp_path, "ESS-X")


def test_a_budget_that_is_not_declared_comes_with_the_line_to_declare_it(tmp_path: Path):
    values = {"siret": "21000000600012", "code": "", "libelle": "Chauffage « d'ici »", "type": "annexe"}
    one = of(tmp_path, "FIN-NON-DECLARE", recu="2", valeurs=values | {"nomenclature": "M4"})
    assert one.aide.endswith(
        '\n  - {siret: "21000000600012", libelle: "Chauffage « d\'ici »", type: "annexe", nomenclature: M4, debut: 2041}'
    )


def test_a_printed_value_is_worded_as_in_the_finding_about_it(tmp_path: Path):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute(
            "create schema rapport; create table rapport.rpt_rapprochement_publie as select * from (values "
            "(2041, 'a.b', 3.5, null), (2041, 'a.c', null, 'une centaine')) as t (exercice, code_chiffre, valeur_publiee, texte_publie); "
            "create table rapport.chiffres as select 'a.b' as code, 2041 as exercice, 'EUR' as unite"
        )
    assert printed_values(path, rules()) == {
        (2041, "a.b"): "3,50\u00a0€ (publié)",
        (2041, "a.c"): "une centaine (publié)",
    }
