"""The numbers in tables, as sums over persons: each one is compared with the facts, and a difference stops the publication."""

from decimal import Decimal

import duckdb
import pytest

from pipelines.stages.publish.secret.cells import Numbers, SecrecyBroken, _half_unit, read_numbers
from tests.stages.publish.secret.office import FLOW_TABLES, FLOWS, THRESHOLD, Publisher, office

ORDINARY = office(1, 8, 4, 7, 4, 3)
AGES = """
populations:
  effectif:
    fact: marts.fct_effectifs
    measure: nb_agents
    axes: {statut: {statut: statut}, service: {service: service, filiere: filiere}}
    means: {ages: service}
tables:
  rpt_ages:
    parts:
      - {where: statut is not null, population: effectif, levels: {statut: statut}, means: {age_moyen: ages}}
      - {where: statut is null, population: effectif, choice: {filiere: technique}, counts: {nb: }, occupied: true}
"""
TOTAL = """
  rpt_total:
    parts:
      - {population: effectif, counts: {nb: }}
"""
AGES_TABLES = """
create schema marts; create schema rapport;
create table marts.fct_effectifs (exercice integer, statut varchar, service varchar, filiere varchar, nb_agents bigint,
    ages decimal(18, 2));
insert into marts.fct_effectifs values (2020, 'f', 'paie', 'administrative', 4, 160), (2020, 'c', 'reseau', 'technique', 6, 150),
    (2020, 'f', 'reseau', 'technique', 0, 0);
create table rapport.rpt_ages (exercice integer, statut varchar, age_moyen decimal(6, 1), nb bigint);
insert into rapport.rpt_ages values (2020, 'f', 40.0, null), (2020, 'c', 25.0, null), (2020, null, null, 6);
"""


@pytest.fixture
def publisher(tmp_path) -> Publisher:
    return Publisher(tmp_path)


@pytest.fixture
def flows(publisher: Publisher) -> Publisher:
    publisher.layer.write("catalogue/secrecy.yml", FLOWS)
    publisher.tables = FLOW_TABLES
    return publisher


@pytest.fixture
def ages(publisher: Publisher) -> Publisher:
    publisher.layer.write("catalogue/secrecy.yml", AGES)
    publisher.tables = AGES_TABLES
    return publisher


def values(numbers: Numbers) -> dict[str, Decimal]:
    return {f"{cell.exercice} {cell.label}": cell.value for cell in numbers.cells.values()}


def test_a_number_is_a_sum_of_the_unknowns_and_bears_every_name_it_goes_by(publisher):
    numbers = publisher.numbers(ORDINARY)
    assert values(numbers) == {
        "2020 effectif, filiere administrative, statut contractuel": 7,
        "2020 effectif, filiere administrative, statut fonctionnaire": 1,
        "2020 effectif, filiere administrative, statut tous": 8,
        "2020 effectif, filiere technique, statut contractuel": 7,
        "2020 effectif, filiere technique, statut fonctionnaire": 12,
        "2020 effectif, filiere technique, statut tous": 19,
        "2020 effectif, statut contractuel": 14,
        "2020 effectif, statut fonctionnaire": 13,
        "2020 effectif, statut tous": 27,
        "2020 effectif, service bureautique": 7,
        "2020 effectif, service reseau": 12,
    }
    for cell in numbers.cells.values():
        known = sum(numbers.unknowns.truth[unknown] * weight for unknown, weight in cell.form.items())
        assert (known, cell.exercice, cell.population, cell.unit) == (cell.value, 2020, "effectif", 1)
        assert not cell.is_mean and cell.key[:2] == ("effectif", 2020) and cell.key[3] is None
    by_label = {cell.label.removeprefix("effectif, "): cell for cell in numbers.cells.values()}
    assert {label: by_label[label].detail for label in ("statut tous", "filiere technique, statut tous")} == {
        "statut tous": 0,
        "filiere technique, statut tous": 1,
    }
    assert by_label["filiere technique, statut contractuel"].detail == 2
    total = by_label["statut tous"].key
    assert numbers.names[total] == [
        "2020 effectif, statut tous",
        "2020 effectif, filiere total, statut tous",
        "2020 effectif",
    ]
    paie = by_label["filiere administrative, statut tous"].key  # the only service of its filière
    assert "2020 effectif, service paie" in numbers.names[paie]
    assert sorted(table for table, *_ in numbers.occupied) == ["rpt_services"] * 3
    assert {key for *_, key in numbers.occupied} == {
        paie,
        by_label["service reseau"].key,
        by_label["service bureautique"].key,
    }
    assert (numbers.same, numbers.follows, numbers.compared, numbers.moved) == ([], {}, {}, set())


def test_what_a_line_prints_gives_its_cells_away(publisher):
    numbers = publisher.numbers(ORDINARY)
    printed = {
        (item.table, item.column, item.printed, tuple(numbers.cells[key].value for key in item.cells))
        for item in numbers.items
        if numbers.lines[item.table, item.row][1].get("statut", "contractuel") == "contractuel"
    }
    assert printed == {
        ("rpt_filieres", "nb_agents", 7, (7,)),
        ("rpt_filieres", "part_pct", 50, (7, 14)),
        ("rpt_filieres", "nb_agents", 14, (14,)),
        ("rpt_filieres", "part_pct", 100, (14, 14)),
        ("rpt_services", "part_pct", 30, (8, 27)),
        ("rpt_services", "part_pct", 44, (12, 27)),
        ("rpt_services", "part_pct", 26, (7, 27)),
    }
    assert {item.exercice for item in numbers.items} == {2020} and len(numbers.items) == 21


def test_a_ratio_of_nobody_is_empty(publisher):
    numbers = publisher.numbers(office(1, 8, 4, 0, 0, 0))
    shares = {
        item.printed for item in numbers.items if item.column == "part_pct" and not numbers.cells[item.cells[1]].value
    }
    assert shares <= {None}


@pytest.mark.parametrize(
    "change",
    [
        "update rapport.rpt_filieres set nb_agents = 8 where nb_agents = 7;",
        "update rapport.rpt_filieres set part_pct = 51 where part_pct = 50;",
        "update rapport.rpt_services set part_pct = 29 where part_pct = 30;",
    ],
)
def test_a_number_that_is_not_what_was_declared_stops_everything(publisher, change):
    with pytest.raises(SecrecyBroken, match="n’est pas ce que la déclaration décrit") as stopped:
        publisher.numbers(ORDINARY, change)
    column = "nb_agents" if "nb_agents" in change else "part_pct"
    assert (stopped.value.code, stopped.value.exercice) == ("SEC-COHERENCE", 2020)
    assert stopped.value.where == f"rapport.rpt_x.{column}".replace("rapport.rpt_x", change.split(".")[1].split()[0])
    assert str(stopped.value).startswith("la ligne ") and "ligne 0" not in str(stopped.value)


def test_a_line_that_two_parts_describe_stops_everything(publisher):
    declared = (publisher.layer.root / "catalogue/secrecy.yml").read_text(encoding="utf-8")
    twice = declared.replace(
        "        levels: {service: service}", "        levels: {service: service}\n        where: part_pct > 0"
    )
    part = twice.partition("  rpt_services:\n    plain: [libelle]\n    parts:\n")[2].partition("figures:")[0]
    publisher.layer.write(
        "catalogue/secrecy.yml", twice.replace(part, part + part.replace("part_pct > 0", "part_pct > 40"))
    )
    with pytest.raises(SecrecyBroken) as stopped:
        publisher.numbers(ORDINARY)
    assert (stopped.value.code, stopped.value.where) == ("SEC-TABLE", "rpt_services")
    assert str(stopped.value) == "une ligne relève de deux parties de la déclaration"
    assert stopped.value.exercice == 0  # of no year, and none is said


def test_a_combination_adds_its_populations_and_is_that_of_the_year_before(flows):
    numbers = flows.numbers({})
    cells = {f"{cell.exercice} {cell.label}": cell for cell in numbers.cells.values()}
    theoretical, before = cells["2020 theorique, statut c"], cells["2019 effectif, statut c"]
    assert (theoretical.value, theoretical.unit, theoretical.detail, theoretical.population) == (12, 1, 1, "theorique")
    assert cells["2020 theorique, statut tous"].value == 25 and cells["2020 theorique, statut tous"].detail == 0
    assert sorted(theoretical.form.values()) == [-1, 1, 1]
    known = sum(numbers.unknowns.truth[unknown] * weight for unknown, weight in theoretical.form.items())
    assert known == theoretical.value
    assert numbers.compared[theoretical.key] == before.key
    assert (theoretical.key, before.key) in numbers.same
    assert not [one for one in numbers.compared if one[1] == 2019]  # nothing comes before it
    tied = numbers.unknowns.equations[-len(dict.fromkeys(numbers.same)) :]
    for form in tied:
        assert sum(numbers.unknowns.truth[unknown] * weight for unknown, weight in form.items()) == 0
    assert {tuple(sorted(form.values())) for form in tied if len(form) == 4} == {(-1, -1, 1, 1)}


def test_a_year_that_does_not_follow_from_the_one_before_is_compared_with_it_and_not_the_same(flows):
    flows.tables = FLOW_TABLES.replace("(2020, 'c', 14)", "(2020, 'c', 20)")
    numbers = flows.numbers({})
    cells = {f"{cell.exercice} {cell.label}": cell.key for cell in numbers.cells.values()}
    pair = (cells["2020 theorique, statut c"], cells["2019 effectif, statut c"])
    assert numbers.compared[pair[0]] == pair[1] and pair not in numbers.same


def test_hours_follow_the_heads_that_they_pay_and_may_be_divided(flows):
    numbers = flows.numbers({})
    cells = {f"{cell.exercice} {cell.label}": cell for cell in numbers.cells.values()}
    hours = cells["2020 heures, statut f"]
    assert (hours.value, hours.unit) == (23478, 1820)
    assert numbers.follows[hours.key] == cells["2020 effectif, statut f"].key
    assert {item.column: item.printed for item in numbers.items if item.cells == (hours.key,)} == {
        "heures": 23478,
        "etpr": Decimal("12.90"),
    }
    change = {item.printed for item in numbers.items if item.column == "variation_pct" and item.exercice == 2020}
    assert change == {Decimal("0.0"), Decimal("16.7"), Decimal("8.0")}
    missing = cells["2020 effectif, statut np"]  # hours of somebody whom no head count knows
    assert (missing.value, missing.detail) == (0, 1)


def test_nobody_is_no_hour_and_no_etpr(flows):
    numbers = flows.numbers({}, "insert into rapport.rpt_etpr values (2020, 'apprenti', 0, 0);")
    (nobody,) = [cell for cell in numbers.cells.values() if cell.label == "heures, statut apprenti"]
    assert [(item.column, item.printed) for item in numbers.items if item.cells == (nobody.key,)] == [
        ("heures", 0),
        ("etpr", 0),
    ]
    assert nobody.value == 0


def test_a_mean_weighs_each_person(ages):
    numbers = ages.numbers({})
    cells = {cell.label: cell for cell in numbers.cells.values()}
    sums = cells["effectif, statut f, ages"]
    assert (sums.value, sums.is_mean, sums.key[3], sums.detail) == (160, True, "ages", 1)
    assert sums.key != cells["effectif, statut f"].key and not cells["effectif, statut f"].is_mean
    known = sum(numbers.unknowns.truth[unknown] * weight for unknown, weight in sums.form.items())
    assert known == 160
    assert {item.printed: tuple(numbers.cells[key].value for key in item.cells) for item in numbers.items} == {
        Decimal(40): (4, 160),
        Decimal(25): (6, 150),
        Decimal(6): (6,),
    }
    assert cells["effectif, filiere technique"].value == 6 and len(numbers.occupied) == 1


def test_a_mean_that_is_not_that_of_the_facts_stops_everything(ages):
    with pytest.raises(SecrecyBroken) as stopped:
        ages.numbers({}, "update rapport.rpt_ages set age_moyen = 40.2 where statut = 'f';")
    assert stopped.value.where == "rpt_ages.age_moyen" and str(stopped.value).startswith("la ligne 1 n’est pas")


def test_a_year_whose_facts_did_not_come_has_nobody(ages):
    numbers = ages.numbers({}, "insert into rapport.rpt_ages values (2018, 'f', null, null);")
    nobody = {cell.key: cell for cell in numbers.cells.values() if cell.exercice == 2018}
    assert set(nobody) == {("effectif", 2018, (), None), ("effectif", 2018, (), "ages")}
    for (*_, sums), cell in nobody.items():
        assert (cell.population, cell.form, cell.value, cell.unit, cell.detail) == ("effectif", {}, 0, 1, 0)
        assert cell.label == "effectif, statut f" + (", ages" if sums else "") and cell.is_mean is bool(sums)


def test_a_table_that_narrows_nothing_counts_everybody(ages):
    ages.layer.write("catalogue/secrecy.yml", AGES.partition("  rpt_ages:")[0] + TOTAL)
    numbers = ages.numbers({}, "create table rapport.rpt_total as select 2020 as exercice, 10 as nb;")
    assert [(cell.label, cell.value) for cell in numbers.cells.values()] == [("effectif", 10)]
    assert numbers.unknowns.groups == {("effectif", 2020): [("statut",)]}


def test_a_number_may_be_rounded_up_from_the_middle(publisher):
    numbers = publisher.numbers(office(1, 7, 0, 0, 0, 0))  # 12.5 % is printed 13
    assert 13 in {item.printed for item in numbers.items if item.column == "part_pct"}


@pytest.mark.parametrize(
    ("printed", "half"),
    [("12.9", "0.05"), ("50", "0.5"), ("7", "0.5"), ("12.90", "0.05"), ("0.25", "0.005"), ("100", "0.5")],
)
def test_a_printed_number_is_known_to_half_its_last_digit(printed, half):
    assert _half_unit(Decimal(printed)) == Decimal(half)


def test_only_the_populations_of_tables_that_are_there_are_read(flows):
    numbers = flows.numbers({}, "drop table rapport.rpt_etpr;")
    assert {cell.population for cell in numbers.cells.values()} == {"effectif", "arrivees", "departs", "theorique"}
    assert {name for name, _ in numbers.unknowns.groups} == {"effectif", "arrivees", "departs"}
    numbers = flows.numbers({}, "drop table rapport.rpt_variations;")
    assert {name for name, _ in numbers.unknowns.groups} == {"effectif", "heures"}  # which the hours follow


def test_the_tables_of_another_database_are_compared_with_the_same_facts(publisher):
    with duckdb.connect() as db:
        db.execute(f"attach '{publisher.warehouse(ORDINARY)}' as source (read_only); attach ':memory:' as cible")
        db.execute("create schema cible.rapport")
        db.execute("create table cible.rapport.rpt_filieres as from source.rapport.rpt_filieres")
        numbers = read_numbers(db, publisher.layer.catalogue().secrecy, THRESHOLD, "cible")
    assert {item.table for item in numbers.items} == {"rpt_filieres"} and len(numbers.items) == 18
