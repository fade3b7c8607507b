"""The sample: proportional, drawn again the same, original beside warehouse, no personal cell."""

import shutil

import duckdb
import pytest

from pipelines.runs.audit import sampling
from pipelines.runs.audit.sampling import HIDDEN, allocate, default_seed
from pipelines.runs.pages import DATA, write_states
from tests.cli.conftest import PERSONNEL, VENTES


def test_each_export_takes_part_and_one_that_holds_amounts_twice():
    counts = {("a/a", "a"): 700, ("b/b", "lignes"): 200, ("b/b", "entetes"): 2, ("c/c", "c"): 1, ("d/d", "d"): 0}
    shares = allocate(counts, {("b/b", "lignes")}, 4, 7)
    assert shares == {("a/a", "a"): 1, ("b/b", "lignes"): 2, ("b/b", "entetes"): 0, ("c/c", "c"): 1, ("d/d", "d"): 0}
    more = allocate(counts, {("b/b", "lignes")}, 25, 7)
    assert more["a/a", "a"] == 8 and more["b/b", "lignes"] == 16 and more["c/c", "c"] == 1
    for size in range(0, 60):
        counts = {("a", "t"): 13, ("b", "t"): 13, ("b", "u"): 13, ("c", "t"): 2, ("d", "t"): 0}
        shares = allocate(counts, {("b", "u")}, size, 7)
        assert sum(shares.values()) == min(size, 41)
        assert all(shares[key] <= counts[key] for key in counts)


def test_few_lines_are_all_drawn():
    assert allocate({("a", "t"): 3, ("b", "t"): 2}, set(), 25, 7) == {("a", "t"): 3, ("b", "t"): 2}
    assert allocate({}, set(), 25, 7) == {}


def test_amounts_are_drawn_by_strata_of_the_same_money(bench, declared, state_of):
    """One line holds half of the money and ten the other half: it is always drawn, and the small ones hardly ever."""
    declared.write("catalogue/systems/ventes.yml", VENTES.replace("montant", "montant_eur"))
    amounts = [10_000, *[1000] * 10, *[1] * 400]
    rows = "".join(f"V{n};02/01/2019;{amount},00\n" for n, amount in enumerate(amounts))
    bench.drop("2019/ventes/ventes_2019.csv", "N°;Jour;Montant\n" + rows)
    bench.receive("ventes/ventes", 2019)
    for seed in range(5):
        drawn = [line["ligne"] for line in state_of(bench, seed=seed, size=4)["echantillon"]["lignes"]]
        assert len(drawn) == 4 and 2 in drawn and sum(line <= 12 for line in drawn) >= 3, drawn


def test_the_seed_is_the_last_day_of_the_exercice():
    assert default_seed(2020) == 20201231


def places(sample: dict) -> list[tuple[str, int]]:
    return [(line["table"], line["ligne"]) for line in sample["lignes"]]


def test_the_same_seed_draws_the_same_lines_and_another_one_others(bench, state_of):
    rows = "".join(f"V{n};02/01/2019;{n},00\n" for n in range(400))
    bench.drop("2019/ventes/ventes_2019.csv", "N°;Jour;Montant\n" + rows)
    bench.receive("ventes/ventes", 2019)
    first = state_of(bench)["echantillon"]
    assert (first["graine"], first["tires"], first["population"]) == (20191231, 60, 400)
    assert state_of(bench)["echantillon"] == first
    other = state_of(bench, seed=7)["echantillon"]
    assert len(set(places(other))) == 60 and set(places(other)) != set(places(first))
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


def test_only_what_the_catalogue_declares_personal_is_hidden(bench, declared, state_of):
    more = "          - {name: service, title: Service, personal: keep}\n          - {name: compte, title: Compte}\n"
    declared.write("catalogue/systems/personnel.yml", PERSONNEL + more)
    text = "Login;Nom;Entrée;Service;Compte\nadurand;Durand;01/02/2010;Mme Durand;6411\n"
    bench.drop("2019/personnel/agents_2019.csv", text, "cp1252")
    bench.receive("personnel/agents", 2019)
    found = state_of(bench)
    assert "Durand" not in str(found)
    cells = {c["champ"]: c["cellule"] for line in found["echantillon"]["lignes"] for c in line["cellules"]}
    assert (cells["service"], cells["compte"]) == (HIDDEN, "6411")


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
    after = state_of(filled, former=before["echantillon"])[
        "echantillon"
    ]  # the cells of the former page are not kept either
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


@pytest.mark.parametrize("former", [None, {}, {"tables": {"ventes/ventes": "other"}}])
def test_lines_of_the_former_sample_serve_again_only_when_they_are_of_the_same_rows(filled, state_of, former):
    drawn = state_of(filled, former=former)["echantillon"]
    assert drawn["tires"] == 3
    lines = [{**line, "cellules": f"as before {number}"} for number, line in enumerate(drawn["lignes"])]
    marked = {**drawn, "lignes": lines}
    assert state_of(filled, former=marked)["echantillon"]["lignes"] == lines
    filled.drop("2019/ventes/ventes_2019.csv", "N°;Jour;Montant\nV9;02/01/2019;1,00\n")
    filled.receive("ventes/ventes", 2019)
    again = state_of(filled, former=marked)["echantillon"]["lignes"]
    assert len(again) == 2
    assert {line["table"]: str(line["cellules"]).startswith("as before") for line in again} == {
        "personnel/agents": True,  # nothing of it changed
        "ventes/ventes": False,
    }


def test_what_would_be_drawn_the_same_is_not_drawn_again(filled):
    with filled.work() as work:

        def drawn(former: dict | None, seed: int = 7, size: int = 60) -> dict:
            return sampling.sample(work.home, work.ledger, work.registry, 2019, seed, size, former)

        before, other, fewer = drawn(None), drawn(None, seed=3), drawn(None, size=1)
        assert (drawn(before, seed=3), drawn(before, size=1)) == (other, fewer)
        shutil.rmtree(work.home.lake)  # nothing can be drawn any more
        assert drawn(before) == before
        with pytest.raises(duckdb.Error):
            drawn(before, size=2)


def test_a_page_that_was_edited_is_not_built_upon(filled):
    file = filled.home.audit / "2019" / DATA
    with filled.work() as work:
        write_states(work, [2019])
        written = file.read_text(encoding="utf-8")
        file.write_text(written.replace('"10.50"', '"99.50"'), encoding="utf-8")
        assert file.read_text(encoding="utf-8") != written
        write_states(work, [2019])
    assert "99.50" not in file.read_text(encoding="utf-8")
