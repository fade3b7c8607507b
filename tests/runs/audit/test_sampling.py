"""The sample: proportional, drawn again the same, original beside warehouse, no personal cell."""

import shutil

import pytest

from pipelines.runs.audit.sampling import HIDDEN, allocate, default_seed
from tests.cli.conftest import PERSONNEL


def test_each_table_takes_part_in_proportion_and_the_sum_is_exact():
    shares = allocate({"a": 700, "b": 200, "c": 99, "d": 1, "e": 0}, 25)
    assert shares == {"a": 18, "b": 5, "c": 2, "d": 0, "e": 0}
    for size in range(0, 60):
        counts = {"a": 13, "b": 13, "c": 13, "d": 2, "e": 0}
        shares = allocate(counts, size)
        assert sum(shares.values()) == min(size, 41)
        assert all(shares[key] <= counts[key] for key in counts)


def test_few_lines_are_all_drawn():
    assert allocate({"a": 3, "b": 2}, 25) == {"a": 3, "b": 2}
    assert allocate({}, 25) == {}


def test_the_seed_is_the_last_day_of_the_exercice():
    assert default_seed(2020) == 20201231


def places(sample: dict) -> list[tuple[str, int]]:
    return [(line["table"], line["ligne"]) for line in sample["lignes"]]


def test_the_same_seed_draws_the_same_lines_and_another_one_others(bench, state_of):
    rows = "".join(f"V{n};02/01/2019;{n},00\n" for n in range(400))
    bench.drop("2019/ventes/ventes_2019.csv", "N°;Jour;Montant\n" + rows)
    bench.receive("ventes/ventes", 2019)
    first = state_of(bench)["echantillon"]
    assert (first["graine"], first["tires"], first["population"]) == (20191231, 25, 400)
    assert state_of(bench)["echantillon"] == first
    other = state_of(bench, seed=7)["echantillon"]
    assert len(set(places(other))) == 25 and set(places(other)) != set(places(first))
    assert state_of(bench, size=3)["echantillon"]["lignes"] == first["lignes"][:3]


def test_a_line_of_the_original_stands_beside_its_row(filled, state_of):
    lines = {(line["table"], line["ligne"]): line for line in state_of(filled)["echantillon"]["lignes"]}
    cells = {c["champ"]: c for c in lines["ventes/ventes", 2]["cellules"]}
    assert (cells["montant"]["cellule"], cells["montant"]["valeur"]) == ("10,50", "10.50")
    assert (cells["jour"]["cellule"], cells["jour"]["valeur"]) == ("02/01/2019", "2019-01-02")
    assert cells["numero"]["colonne"] == "N°"


def test_no_personal_cell_is_shown(filled, state_of):
    (line,) = [one for one in state_of(filled)["echantillon"]["lignes"] if one["table"] == "personnel/agents"]
    cells = {c["champ"]: c for c in line["cellules"]}
    assert cells["login"]["cellule"] == cells["login"]["valeur"] == HIDDEN
    assert "nom" not in cells  # dropped before the lake
    assert cells["entree"]["cellule"] == "01/02/2010"  # what reads as a date is no name


def test_a_free_text_beside_a_personal_column_is_hidden(bench, declared, state_of):
    declared.write("catalogue/systems/personnel.yml", PERSONNEL + "          - {name: service, title: Service}\n")
    bench.drop(
        "2019/personnel/agents_2019.csv", "Login;Nom;Entrée;Service\nadurand;Durand;01/02/2010;Mme Durand\n", "cp1252"
    )
    bench.receive("personnel/agents", 2019)
    assert "Durand" not in str(state_of(bench))


WIDE = """
system: heures
title: Heures
owner: Pôle RH
exports:
  - name: heures
    title: Heures
    files: "heures*.csv"
    format: {type: csv}
    tables:
      - name: heures
        title: Heures
        header:
          2019:
            login: {column: Adresse, pattern: "([^@]+)@.+"}
            est_interne: {column: Adresse, pattern: ".+@.*(fr|com)"}
            mois: {heading: '(\\d{2}/\\d{4})'}
            heures: {under: mois}
        fields:
          - {name: login, title: Login, personal: pseudonymise}
          - {name: est_interne, title: Interne, type: boolean, trueValues: [fr], falseValues: [com]}
          - {name: mois, title: Mois, type: date, format: "%m/%Y"}
          - {name: heures, title: Heures, type: integer}
"""


def test_a_cell_that_a_person_s_name_is_taken_from_is_hidden_wherever_it_is_read(bench, declared, state_of):
    declared.write("catalogue/systems/heures.yml", WIDE)
    bench.drop("2019/heures/heures.csv", "Adresse;01/2019;02/2019\na.durand@ville.fr;10;12\n")
    bench.receive("heures/heures", 2019)
    found = state_of(bench)
    assert "durand" not in str(found)
    rows = [
        [(c["colonne"], c["cellule"], c["valeur"]) for c in line["cellules"]] for line in found["echantillon"]["lignes"]
    ]
    (row,) = rows  # as many as there are lines, each by one of its rows
    assert row[:2] == [("Adresse", HIDDEN, HIDDEN), ("Adresse", HIDDEN, "vrai")]
    assert row[2:] in ([("01/2019", "10", "10")], [("02/2019", "12", "12")])


def test_a_purged_original_leaves_the_row_alone(filled, state_of):
    before = state_of(filled)
    shutil.rmtree(filled.home.archive)
    after = state_of(filled, former=before)["echantillon"]  # the cells of the former page are not kept either
    lines = {(line["table"], line["ligne"]): line for line in after["lignes"]}
    cells = {c["champ"]: c for c in lines["ventes/ventes", 2]["cellules"]}
    assert (cells["montant"]["cellule"], cells["montant"]["valeur"]) == (None, "10.50")


def test_a_field_that_a_later_declaration_adds_is_in_no_row_of_a_purged_original(bench, declared, state_of):
    declared.write("catalogue/systems/heures.yml", WIDE)
    bench.drop("2019/heures/heures.csv", "Adresse;01/2019;02/2019\na.durand@ville.fr;10;12\n")
    bench.receive("heures/heures", 2019)
    shutil.rmtree(bench.home.archive)
    later = WIDE.replace("          2019:\n", "          2019:\n            est_elu: Élu\n")
    declared.write("catalogue/systems/heures.yml", f"{later}          - {{name: est_elu, title: Élu, type: boolean}}\n")
    shown = [cell["champ"] for line in state_of(bench)["echantillon"]["lignes"] for cell in line["cellules"]]
    assert "heures" in shown
    assert "est_elu" not in shown


@pytest.mark.parametrize("former", [None, {}, {"echantillon": {"tables": {"ventes/ventes": "other"}}}])
def test_lines_of_the_former_sample_serve_again_only_when_they_are_of_the_same_rows(filled, state_of, former):
    drawn = state_of(filled, former=former)["echantillon"]
    assert drawn["tires"] == 3
    lines = [{**line, "cellules": f"as before {number}"} for number, line in enumerate(drawn["lignes"])]
    marked = {"echantillon": {**drawn, "lignes": lines}}
    assert state_of(filled, former=marked)["echantillon"]["lignes"] == lines
    filled.drop("2019/ventes/ventes_2019.csv", "N°;Jour;Montant\nV9;02/01/2019;1,00\n")
    filled.receive("ventes/ventes", 2019)
    again = state_of(filled, former=marked)["echantillon"]["lignes"]
    assert len(again) == 2
    assert {line["table"]: str(line["cellules"]).startswith("as before") for line in again} == {
        "personnel/agents": True,  # nothing of it changed
        "ventes/ventes": False,
    }
