"""Who is counted, read from facts, and the unknown numbers that stand for them: each sum of these is what a reader knows."""

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from pipelines.catalogue.secrecy import Population
from pipelines.stages.publish.secret.population import People, Unknowns, _distinct, cliques, read_people

THRESHOLD = 4
DECLARED: dict[str, Any] = {
    "fact": "marts.fct_effectifs",
    "measure": "nb",
    "axes": {
        "statut": {"statut": "statut"},
        "emploi": {"cadre": "cadre", "filiere": "filiere"},
        "sexe": {"sexe": "sexe"},
    },
    "groups": {"statut": {"tous": "*"}, "filiere": {"hors administrative": ["sport", "culture"]}},
    "means": {"ages": "emploi"},
}
EMPLOIS: list[tuple[str | None, ...]] = [
    (None, None),
    ("animateur", "sport"),
    ("bibliothecaire", "culture"),
    ("redacteur", "administrative"),
]
STATUTS: list[tuple[str | None, ...]] = [("c",), ("f",)]
SEXES: list[tuple[str | None, ...]] = [("F",), ("H",)]


def people(*rows: tuple[tuple[int, int, int], int, int], **changed: Any) -> People:
    """Rows are (statut, emploi, sexe), persons, the sum of their ages."""
    return People(
        Population.model_validate(DECLARED | changed),
        {"statut": STATUTS, "emploi": EMPLOIS, "sexe": SEXES},
        [(leaf, Decimal(measure), {"ages": Decimal(ages)}) for leaf, measure, ages in rows],
    )


SOME = people(((0, 1, 0), 4, 160), ((0, 1, 1), 2, 50), ((1, 1, 0), 3, 150), ((1, 3, 1), 5, 200), ((1, 2, 0), 0, 0))


# people ------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        ({}, {}),
        ({"statut": "tous"}, {}),
        ({"statut": "f"}, {"statut": (1,)}),
        ({"statut": "np"}, {"statut": ()}),
        ({"filiere": "hors administrative"}, {"emploi": (1, 2)}),
        ({"filiere": "hors administrative", "cadre": "bibliothecaire"}, {"emploi": (2,)}),
        ({"cadre": "bibliothecaire", "filiere": "hors administrative"}, {"emploi": (2,)}),
        ({"cadre": None, "statut": "c"}, {"statut": (0,), "emploi": (0,)}),
    ],
)
def test_a_choice_of_levels_keeps_the_leaves_that_have_them(choice, kept):
    assert SOME.chosen(choice) == kept


def test_where_nobody_was_ever_counted_a_choice_still_narrows():
    nobody = People(SOME.declared, {"statut": [], "emploi": [], "sexe": []}, [])
    assert nobody.chosen({"statut": "f", "sexe": "F"}) == {"statut": (), "sexe": ()}
    assert nobody.chosen({"statut": "tous"}) == {}
    assert nobody.total == 0


def test_a_level_that_is_not_declared_is_refused():
    with pytest.raises(KeyError, match="age"):
        SOME.chosen({"age": "25"})


def test_a_crossing_counts_everybody_and_nobody_too():
    assert SOME.crossing(()) == {(): SOME.total} == {(): 14}
    assert SOME.crossing(("emploi",)) == {(0,): 0, (1,): 9, (2,): 0, (3,): 5}
    assert SOME.crossing(("statut", "sexe")) == {(0, 0): 4, (0, 1): 2, (1, 0): 3, (1, 1): 5}


def test_a_person_weighs_the_mean_of_those_of_the_same_leaf():
    assert SOME.weights("ages") == {1: 40, 3: 40}  # (160 + 50 + 150) / 9, and nobody in the others
    assert people(((0, 1, 0), 4, 100), ((0, 1, 1), 4, 120)).weights("ages") == {1: Decimal("27.5")}


# unknowns ------------------------------------------------------------


def test_there_is_an_unknown_for_each_crossing_of_the_axes_that_tables_cross():
    unknowns = Unknowns()
    crossed = [frozenset({"statut", "emploi"}), frozenset({"statut", "sexe"})]
    unknowns.add("effectif", 2020, SOME, crossed, THRESHOLD)
    unknowns.add("heures", 2021, people(((0, 0, 1), 3000, 0), per_person=1820), [], THRESHOLD)
    assert unknowns.groups == {("effectif", 2020): [("statut", "emploi"), ("statut", "sexe")], ("heures", 2021): [()]}
    by_emploi, by_sexe = unknowns.crossings["effectif", 2020]
    assert by_emploi == {(statut, emploi): 4 * statut + emploi for statut in range(2) for emploi in range(4)}
    assert by_sexe == {(statut, sexe): 8 + 2 * statut + sexe for statut in range(2) for sexe in range(2)}
    assert unknowns.crossings["heures", 2021] == [{(): 12}]
    assert unknowns.truth == [0, 6, 0, 0, 0, 3, 0, 5, 4, 2, 3, 5, 3000]
    assert unknowns.size == 13
    assert unknowns.counted == [True] * 12 + [False]
    assert unknowns.greatest == [22] * 12 + [3000 + 8 * 1820]
    assert unknowns.exercices == [2020] * 12 + [2021]
    assert unknowns.units == [1] * 12 + [1820]
    # as many of each statut, whichever way they are counted
    agents = [dict.fromkeys(range(4 * s, 4 * s + 4), 1) | dict.fromkeys((8 + 2 * s, 9 + 2 * s), -1) for s in range(2)]
    assert unknowns.equations == agents


def test_groups_that_share_no_axis_have_the_same_total():
    unknowns = Unknowns()
    unknowns.add("effectif", 2020, SOME, [frozenset({"sexe"}), frozenset({"statut"})], THRESHOLD)
    assert unknowns.equations == [{0: 1, 1: 1, 2: -1, 3: -1}]
    unknowns.add("effectif", 2021, SOME, [frozenset({"sexe"}), frozenset({"statut"})], THRESHOLD)
    assert unknowns.equations == [{0: 1, 1: 1, 2: -1, 3: -1}, {4: 1, 5: 1, 6: -1, 7: -1}]


def test_a_number_is_a_sum_over_the_first_group_that_has_its_axes():
    unknowns = Unknowns()
    crossed = [frozenset({"statut", "emploi"}), frozenset({"statut", "sexe"})]
    unknowns.add("effectif", 2020, SOME, crossed, THRESHOLD)
    assert unknowns.form("effectif", 2020, {}) == dict.fromkeys(range(8), 1)
    assert unknowns.form("effectif", 2020, {"statut": (1,), "emploi": (1, 2)}) == {5: 1, 6: 1}
    assert unknowns.form("effectif", 2020, {"sexe": (0,)}) == {8: 1, 10: 1}
    assert unknowns.form("effectif", 2020, {"statut": ()}) == {}
    ages = ("emploi", {1: Decimal(40), 3: Decimal(30)})
    assert unknowns.form("effectif", 2020, {"statut": (1,)}, ages) == {4: 0, 5: 40, 6: 0, 7: 30}
    sexes = ("sexe", {0: Decimal(2), 1: Decimal(5)})
    assert unknowns.form("effectif", 2020, {"statut": (0,)}, sexes) == {8: 2, 9: 5}


def tied(*, before: tuple[int, int], after: tuple[int, int], unit: int = 1) -> Unknowns:
    """So many of each statut in one version, then in another."""
    unknowns = Unknowns(equations=[{0: Decimal(1)}])
    for version, (c, f) in enumerate((before, after)):
        of = people(((0, 1, 0), c, 0), ((1, 1, 0), f, 0), per_person=unit)
        unknowns.add("effectif", version, of, [frozenset({"statut"})], THRESHOLD)
    unknowns.tie("effectif", 0, 1, THRESHOLD)
    return unknowns


def test_who_came_and_who_left_between_two_versions_are_unknown():
    unknowns = tied(before=(4, 5), after=(1, 7))
    assert unknowns.truth == [4, 5, 1, 7, 0, 2, 2, 3, 0, 1]  # came: 0 and 2, of 4 at most; left: 3 and 0, of 4
    assert unknowns.size == 10 and unknowns.greatest[4:] == [4] * 6
    assert unknowns.equations == [
        {0: 1},
        {4: 1, 5: 1, 6: 1},
        {7: 1, 8: 1, 9: 1},
        {2: 1, 0: -1, 4: -1, 7: 1},
        {3: 1, 1: -1, 5: -1, 8: 1},
    ]
    assert unknowns.counted == [True] * 10 and unknowns.units == [1] * 10
    assert unknowns.exercices == [0, 0, *[1] * 8]


def test_that_nobody_came_or_that_nobody_left_is_known():
    assert tied(before=(4, 5), after=(4, 5)).equations == [{0: 1}, {2: 1, 0: -1}, {3: 1, 1: -1}]
    left = tied(before=(40, 5), after=(33, 5))  # more than the threshold: no more than that
    assert left.truth[4:] == [7, 0, 0] and left.greatest[4:] == [7] * 3
    assert left.equations[1:] == [{4: 1, 5: 1, 6: 1}, {2: 1, 0: -1, 4: 1}, {3: 1, 1: -1, 5: 1}]
    came = tied(before=(4, 5), after=(4, 6))
    assert came.equations[1:] == [{4: 1, 5: 1, 6: 1}, {2: 1, 0: -1, 4: -1}, {3: 1, 1: -1, 5: -1}]


def test_what_changed_is_counted_in_the_unit_of_its_population():
    hours = tied(before=(1820, 910), after=(1820, 1000), unit=1820)
    assert hours.truth[4:] == [0, 90, 4 * 1820 - 90] and hours.greatest[4:] == [4 * 1820] * 3
    assert hours.counted == [False] * 7 and hours.units == [1820] * 7


def test_versions_whose_tables_do_not_cross_the_same_axes_are_not_tied():
    unknowns = Unknowns()
    unknowns.add("effectif", 0, SOME, [frozenset({"statut"})], THRESHOLD)
    unknowns.add("effectif", 1, SOME, [frozenset({"statut"}), frozenset({"sexe"})], THRESHOLD)
    with pytest.raises(ValueError, match="zip"):
        unknowns.tie("effectif", 0, 1, THRESHOLD)


def test_the_axes_are_grouped_as_the_tables_cross_them():
    crossed = [frozenset("se"), frozenset("sx"), frozenset("sa"), frozenset("xa"), frozenset("st")]
    assert cliques(crossed) == [frozenset("asx"), frozenset("es"), frozenset("st")]
    square = [frozenset("ab"), frozenset("bc"), frozenset("cd"), frozenset("da")]
    assert all(len(group) == 3 for group in cliques(square))  # a chord is added: else a population might not exist
    first = [frozenset("b"), *square]  # the least connected goes first; of two alike, the first by its name
    assert cliques(first) == [frozenset("abd"), frozenset("bcd")]
    assert cliques([]) == []


# facts ------------------------------------------------------------


def test_leaves_are_sorted_and_what_is_empty_comes_first():
    sorted_: list[tuple[str | None, ...]] = [
        (None, None),
        (None, "b"),
        ("a", None),
        ("a", "b"),
        *[(c, "z") for c in "cdefgh"],
    ]
    assert _distinct([*reversed(sorted_), ("a", "b")]) == sorted_


def test_who_is_counted_is_read_from_the_facts_of_each_exercice():
    declared = Population.model_validate(DECLARED)
    some = Population.model_validate(
        DECLARED | {"where": "sexe = 'F'", "axes": {"statut": {"statut": "upper(statut)"}}, "groups": {}, "means": {}}
    )
    both = Population.model_validate({"combination": {"effectif": 1, "femmes": -1}})
    with duckdb.connect() as db:
        db.execute("""attach ':memory:' as source; create schema source.marts;
            create table source.marts.fct_effectifs
                (exercice integer, statut varchar, cadre varchar, filiere varchar, sexe varchar, nb integer, ages integer);
            insert into source.marts.fct_effectifs values
                (2020, 'f', 'redacteur', 'administrative', 'H', 2, 70), (2020, 'f', 'redacteur', 'administrative', 'H', 3, 80),
                (2020, 'c', null, null, 'F', 1, 25), (2019, 'c', 'animateur', 'sport', 'H', 4, 100)""")
        found = read_people(db, {"effectif": declared, "femmes": some, "ecart": both}, "source")
    assert list(found) == [("effectif", 2019), ("effectif", 2020), ("femmes", 2019), ("femmes", 2020)]
    of_2019, of_2020 = found["effectif", 2019], found["effectif", 2020]
    assert of_2019.declared is declared
    assert (
        of_2019.axes
        == of_2020.axes
        == {
            "statut": [("c",), ("f",)],
            "emploi": [(None, None), ("animateur", "sport"), ("redacteur", "administrative")],
            "sexe": [("F",), ("H",)],
        }
    )
    assert of_2019.rows == [((0, 1, 1), 4, {"ages": 100})]
    assert of_2020.rows == [((0, 0, 0), 1, {"ages": 25}), ((1, 2, 1), 5, {"ages": 150})]
    assert found["femmes", 2019] == People(some, {"statut": [("C",)]}, [])  # nobody, which is to be hidden as well
    assert found["femmes", 2020].rows == [((0,), 1, {})]
    assert read_people(db, {}, "source") == {}
