"""``rejects``, ``findings`` and ``figures``: texts for people, CSV for a spreadsheet, JSON for programs."""

import csv
import io
import json

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.cli.rejects import letters
from pipelines.ledger.records import CheckResult
from tests.cli.conftest import VENTES_2019, check
from tests.cli.rows import ROWS


def read_csv(text: str) -> list[dict]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


def test_a_refused_line_says_where_which_rule_received_expected_and_how_to_fix_it(filled) -> None:
    result = filled.millesime("rejects", 2019)
    assert result.exit_code == 0  # no whole delivery is refused
    assert "ventes_2019.csv:3:3 LIG-TYPE Valeur illisible dans le type déclaré — colonne « Montant »" in result.stdout
    assert "reçu    =1+1" in result.stdout
    assert "attendu un nombre d’au plus 2 décimales" in result.stdout
    assert "aide    Corriger la valeur (cellule" in result.stdout
    assert "2 lignes refusées, 0 livraison refusée, 1 contrôle à vérifier." in result.stdout


def test_nothing_received_is_shown_of_a_table_with_personal_columns(filled) -> None:
    for form in ("text", "csv", "json"):
        said = filled.millesime("rejects", 2019, "--format", form).stdout
        assert "31/02/2015" not in said
        assert "bpetit" not in said
        assert "Petit" not in said
    assert "agents_2019.csv:3:3 LIG-TYPE" in filled.millesime("rejects", 2019).stdout
    assert "masqué (table à données personnelles)" in filled.millesime("rejects", 2019).stdout


def test_csv_opens_in_a_french_spreadsheet_and_runs_nothing(filled) -> None:
    result = filled.millesime("rejects", 2019, "--source", "ventes", "--format", "csv")
    row = read_csv(result.stdout)[-1]
    assert (row["fichier"], row["ligne"], row["position"], row["colonne"]) == (
        "ventes_2019.csv",
        "3",
        "3",
        "Montant",
    )
    assert row["recu"] == "'=1+1"
    assert (row["gravite"], row["table"], row["mention"]) == ("ligne refusée", "Ventes", "")
    assert row["attendu"] == "un nombre d’au plus 2 décimales (« , »), comme 12,5"


def test_json_holds_what_was_received_as_it_was(filled) -> None:
    said = json.loads(filled.millesime("rejects", 2019, "--source", "ventes", "--format", "json").stdout)["rejets"]
    assert [(one["recu"], one["ligne"], one["masque"], one["gravite"]) for one in said] == [
        (None, None, False, "à vérifier"),
        ("=1+1", 3, False, "ligne refusée"),
    ]


def test_a_refused_delivery_ends_with_1(bench) -> None:
    refusal = DeliveryRefused("FIC-EXERCICE", fichier="v.csv", ligne=1, recu="2018", attendu="2019")
    bench.refuse("ventes/ventes", 2019, refusal, "abc")
    result = bench.millesime("rejects", 2019)
    assert result.exit_code == 1
    assert "v.csv:1 FIC-EXERCICE Fichier d’un autre exercice  [ventes/ventes]" in result.stdout
    assert "0 ligne refusée, 1 livraison refusée, 0 contrôle à vérifier." in result.stdout
    assert bench.millesime("rejects", 2019, "--source", "personnel").exit_code == 0
    bench.refuse("personnel/agents", 2019, DeliveryRefused("FIC-VIDE", fichier="a.csv"), "def")
    assert "0 ligne refusée, 2 livraisons refusées, 0 contrôle" in bench.millesime("rejects", 2019).stdout


def test_a_required_cell_that_is_empty_is_said_to_hold_nothing(filled) -> None:
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + ";05/01/2019;1,00\n")
    filled.receive("ventes/ventes", 2019, check("ok", True))
    (said,) = [one for one in filled.millesime("rejects", 2019).stdout.split("\n\n") if "LIG-OBLIGATOIRE" in one]
    assert said.splitlines()[1] == "  reçu    rien"


def test_a_failed_critical_check_shows_the_lines_that_break_it(filled) -> None:
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V1;05/01/2019;1,00\n")
    result = CheckResult("primary_key", "t", "numero", "critical", False, "2", 2, "Numéros uniques.", "Dédoublonner.")
    filled.receive("ventes/ventes", 2019, result)
    said = filled.millesime("rejects", 2019).stdout
    assert "ventes_2019.csv:2 ATT-CRITIQUE" in said
    assert "ventes_2019.csv:5 ATT-CRITIQUE" in said
    assert "attendu Numéros uniques." in said
    assert "aide    Dédoublonner." in said
    assert "ventes_2019.csv:3:3 LIG-TYPE" in said  # the refused lines of that same delivery


def test_a_failed_check_that_refuses_nothing_is_told_too_up_to_a_number_of_lines(filled) -> None:
    lines = "".join(f"V{n};05/01/2019;-1,00\n" for n in range(10, 40))
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + lines)
    result = CheckResult(
        "range.montant",
        "t",
        "montant",
        "warning",
        False,
        "30 lignes sur 32",
        30,
        "« Montant » : d’au moins 0.",
        "Corriger.",
    )
    filled.receive("ventes/ventes", 2019, result)
    done = filled.millesime("rejects", 2019, "--source", "ventes", "--format", "csv")
    assert done.exit_code == 0  # nothing but a line is refused
    rows = [row for row in read_csv(done.stdout) if row["regle"] == "ATT-ALERTE"]
    assert len(rows) == 21 and {row["gravite"] for row in rows} == {"à vérifier"}
    assert (rows[0]["ligne"], rows[0]["colonne"], rows[0]["recu"]) == ("5", "Montant", "−1")
    assert (rows[-1]["fichier"], rows[-1]["ligne"]) == ("ventes_2019.csv", "")
    assert rows[-1]["recu"] == "10 autres lignes (en tout : 30 lignes sur 32)"


def test_a_check_that_the_suite_no_longer_has_is_shown_without_lines(filled) -> None:
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V9;05/01/2019;1,00\n")
    filled.receive("ventes/ventes", 2019, check("disparue", False))
    assert "ventes_2019.csv ATT-CRITIQUE" in filled.millesime("rejects", 2019).stdout


def test_findings_gather_everything_and_end_with_1_or_3(filled) -> None:
    result = filled.millesime("findings", 2019)
    assert result.exit_code == 0
    assert "ATT-ALERTE" in result.stdout
    assert filled.millesime("findings", 2020).exit_code == 3  # nothing arrived for 2020
    assert filled.millesime("findings", 2030).exit_code == 0  # nothing is due yet
    filled.refuse("ventes/ventes", 2020, DeliveryRefused("FIC-VIDE", fichier="v.csv"), "abc")
    assert filled.millesime("findings", 2020).exit_code == 1
    rows = read_csv(filled.millesime("findings", 2019, "--format", "csv").stdout)
    assert {row["code"] for row in rows} >= {"LIG-TYPE", "ATT-ALERTE"}


def test_figures_are_printed_as_the_report_prints_them(filled) -> None:
    filled.publish(ROWS)
    result = filled.millesime("figures", 2019)
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.startswith("essai.")}
    assert "4\u202f764\u202f020,26" in lines["essai.ventes.total"]
    assert "partiel" in lines["essai.ventes.total"]
    assert "Total [brut]" in lines["essai.ventes.total"]  # brackets are text
    assert " NC " in lines["essai.agents.nombre"]


def test_figures_as_csv_and_json(filled) -> None:
    filled.publish(ROWS)
    rows = read_csv(filled.millesime("figures", 2019, "--format", "csv").stdout)
    assert [(row["valeur"], row["code_manquant"]) for row in rows] == [("", "NC"), ("4764020,26", "")]
    assert rows[1]["formule"] == "'=f"
    found = json.loads(filled.millesime("figures", 2019, "--format", "json").stdout)["chiffres"]
    assert [figure["valeur"] for figure in found] == [None, 4764020.26]


def test_a_figure_taken_from_the_published_report_is_never_shown_as_computed(filled) -> None:
    filled.publish(
        """
        ('essai.agents.nombre', 2019, 27::decimal(20,6), 'agents', 0, 'publié', null, 'manquant', 'A', 'essai', 'f'),
        ('essai.ventes.total', 2019, 1, 'EUR', 2, 'calculé', null, 'complet', 'Total', 'essai', 'f')
        """
    )
    lines = {
        line.split()[0]: line for line in filled.millesime("figures", 2019).stdout.splitlines() if "essai." in line
    }
    assert "imprimé" in lines["essai.agents.nombre"]
    assert "calculé" in lines["essai.ventes.total"]
    rows = read_csv(filled.millesime("figures", 2019, "--format", "csv").stdout)
    assert [row["statut"] for row in rows] == ["publié", "calculé"]


def test_figures_can_be_narrowed_by_a_code_or_its_beginning(filled) -> None:
    filled.publish(ROWS)
    assert "essai.agents.nombre" not in filled.millesime("figures", 2019, "essai.ventes").stdout
    result = filled.millesime("figures", 2019, "essai.vente.total")
    assert result.exit_code == 2
    assert "vouliez-vous dire « essai.ventes.total » ?" in result.stderr


def test_figures_that_lag_behind_are_reported_on_stderr(filled) -> None:
    filled.publish(ROWS)
    filled.drop("2020/ventes/v.csv", VENTES_2019)
    filled.drop("2020/ventes/ventes_2020.csv", VENTES_2019.replace("2019", "2020"))
    filled.receive("ventes/ventes", 2020, check("ok", True))
    assert "en retard sur ce qui est accepté" in filled.millesime("figures", 2019).stderr


@pytest.mark.parametrize(("position", "name"), [(1, "A"), (26, "Z"), (27, "AA"), (703, "AAA")])
def test_columns_of_a_workbook_have_letters(position: int, name: str) -> None:
    assert letters(position) == name
