"""Headings over several lines, and columns with the same heading: read as declared, or the file is refused."""

import datetime as dt

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.yaml_file import DeclarationError
from tests.deliveries import Depot

TOWN = {"name": "commune", "title": "Commune", "constraints": {"required": True}}
FIXED = {"name": "fixe", "title": "Fixe"}
MOBILE = {"name": "mobile", "title": "Mobile"}
LOANS = [
    {"name": "prets_a", "title": "Adultes", "type": "integer"},
    {"name": "prets_j", "title": "Jeunes", "type": "integer"},
]
GROUPED = {
    "headerRows": 2,
    "header": {2019: {"commune": "Commune", "prets_a": "Prêts Adultes", "prets_j": "Prêts Jeunes"}},
}
TWICE = {
    "header": {
        2019: {
            "commune": "Commune",
            "fixe": {"column": "Tél", "occurrence": "1/2"},
            "mobile": {"column": "Tél", "occurrence": "2/2"},
        }
    }
}


def refusal(depot: Depot, content: str) -> DeliveryRefused:
    with pytest.raises(DeliveryRefused) as raised:
        depot.csv(content)
    return raised.value


def test_a_group_and_what_it_holds_name_a_column(depot: Depot):
    depot.declare([TOWN, *LOANS], table=GROUPED)
    read = depot.csv("État des prêts;;\nCommune;Prêts;\n;Adultes;Jeunes\nOrly;3;4\nThiais;x;6\n")
    assert [(row["commune"], row["prets_a"], row["prets_j"], row["_ligne"]) for row in read.rows] == [("Orly", 3, 4, 4)]
    assert read.ignored == [(1, "titre"), (2, "en-tête"), (3, "en-tête")]
    (wrong,) = read.refused
    assert (wrong["_ligne"], wrong["colonne"]) == (5, "Prêts Adultes")
    assert read.counts == (5, 1, 1, 3)


def test_a_blank_line_between_two_lines_of_headings_is_not_a_heading(depot: Depot):
    depot.declare([TOWN, *LOANS], table=GROUPED)
    read = depot.csv("Commune;Prêts;\n;;\n;Adultes;Jeunes\n\nOrly;3;4\n")
    assert [(row["prets_j"], row["_ligne"]) for row in read.rows] == [(4, 5)]
    assert read.ignored == [(1, "en-tête"), (2, "ligne vide"), (3, "en-tête"), (4, "ligne vide")]


def test_a_heading_written_over_two_lines_is_one_line_of_headings(depot: Depot):
    layout = {**GROUPED["header"][2019], "commune": "Commune membre"}
    depot.declare([TOWN, *LOANS], table={**GROUPED, "header": {2019: layout}})
    read = depot.csv('"Commune\nmembre";Prêts;\n;Adultes;Jeunes\nOrly;3;4\n')
    assert [(row["commune"], row["_ligne"]) for row in read.rows] == [("Orly", 4)]


def test_a_workbook_with_merged_headings(depot: Depot):
    depot.declare([TOWN, *LOANS], kind={"type": "xlsx"}, table=GROUPED)
    rows = [["Prêts de l’année"], ["Commune", "Prêts"], [None, "Adultes", "Jeunes"], ["Orly", 3, 4]]
    read = depot.ingest(depot.workbook({"F": rows}))
    assert [(row["prets_a"], row["prets_j"], row["_ligne"]) for row in read.rows] == [(3, 4, 4)]
    assert read.ignored == [(1, "titre"), (2, "en-tête"), (3, "en-tête")]


def test_one_line_of_headings_does_not_do_for_two(depot: Depot):
    depot.declare([TOWN, *LOANS], table=GROUPED)
    wrong = refusal(depot, "Commune;Adultes;Jeunes\nOrly;3;4\n")
    assert (wrong.code, wrong.attendu) == ("FIC-ENTETE", "colonnes Commune, Prêts Adultes, Prêts Jeunes")
    assert refusal(depot, "Commune\n").code == "FIC-ENTETE"


def test_the_number_of_lines_may_change_with_the_layout(depot: Depot):
    header = {2019: {"commune": "Commune", "prets_a": "Adultes"}, 2020: GROUPED["header"][2019]}
    depot.declare([TOWN, *LOANS], table={"headerRows": {2020: 2}, "header": header})
    assert depot.csv("Commune;Prêts;\n;Adultes;Jeunes\nOrly;3;4\n").column("prets_j") == [4]
    assert depot.csv("Commune;Adultes\nOrly;3\n", exercice=2019).column("prets_a") == [3]
    two = depot.ref.layout(2020)["tables"][0]
    assert two["headerRows"] == 2 and "headerRows" not in depot.ref.layout(2019)["tables"][0]


def test_a_heading_may_give_several_fields(depot: Depot):
    fields = [
        TOWN,
        {"name": "mesure", "title": "Mesure", "constraints": {"required": True}},
        {"name": "mois", "title": "Mois", "type": "date", "format": "%B", "constraints": {"required": True}},
        {"name": "nb", "title": "Nombre", "type": "integer"},
    ]
    header = {
        "commune": "Commune",
        "mesure": {"heading": "(Prêts|Retours) .+", "ignore": "Total .*"},
        "mois": {"heading": "(?:Prêts|Retours) (.+)"},
        "nb": {"under": "mois"},
    }
    table = {"headerRows": 2, "header": {2019: header}, "primaryKey": ["commune", "mesure", "mois"]}
    depot.declare(fields, table=table)
    text = "Commune;Prêts;;Retours;;Total\n;Janvier;Février;Janvier;Février;Tout\nOrly;1;2;3;4;10\n"
    read = depot.csv(text)
    assert [(row["mesure"], row["mois"], row["nb"]) for row in read.rows] == [
        ("Prêts", dt.date(2020, 1, 1), 1),
        ("Prêts", dt.date(2020, 2, 1), 2),
        ("Retours", dt.date(2020, 1, 1), 3),
        ("Retours", dt.date(2020, 2, 1), 4),
    ]
    assert read.counts == (3, 1, 0, 2)
    wrong = refusal(depot, text.replace("Retours;;", "Retour;;"))
    assert (wrong.code, wrong.colonne) == ("FIC-ENTETE", "Retour Janvier")
    assert refusal(depot, text.replace(";Janvier;Février;Tout", ";Janvier;Janvier;Tout")).code == "FIC-COLONNE-DOUBLE"
    with pytest.raises(DeclarationError, match="primaryKey contient mesure"):
        depot.declare(fields, table={**table, "primaryKey": ["commune", "mois"]})


def test_columns_of_one_heading_are_read_by_their_rank(depot: Depot):
    depot.declare([TOWN, FIXED, MOBILE], table=TWICE)
    read = depot.csv("Tél;Commune;TÉL\n01;Orly;06\n")
    assert [(row["fixe"], row["mobile"]) for row in read.rows] == [("01", "06")]


@pytest.mark.parametrize("header", ["Tél;Commune", "Tél;Commune;Tél;Tél"])
def test_another_number_of_them_is_refused(depot: Depot, header: str):
    depot.declare([TOWN, FIXED, MOBILE], table=TWICE)
    wrong = refusal(depot, f"{header}\n01;Orly;06;07\n")
    assert (wrong.code, "Tél (1/2), Tél (2/2)" in wrong.attendu) == ("FIC-ENTETE", True)


def test_a_heading_that_a_file_may_lack_is_not_read_of_two_columns(depot: Depot):
    depot.declare([TOWN, FIXED], table={"header": {2019: {"commune": "Commune", "fixe": "Tél"}}, "optional": ["fixe"]})
    assert refusal(depot, "Tél;Commune;Tél\n01;Orly;06\n").code == "FIC-COLONNE-DOUBLE"


@pytest.mark.parametrize(
    ("table", "kind", "said"),
    [
        ({**GROUPED, "headerRows": 0}, None, "headerRows"),
        ({**GROUPED, "headerRows": {2019: 9}}, None, "headerRows"),
        (GROUPED, {"type": "json"}, "headerRows: pour un csv ou un classeur"),
        (
            {"header": {2019: {"commune": {"column": "C", "occurrence": "3/2"}}}},
            None,
            "le rang de la colonne, puis combien",
        ),
        ({"header": {2019: {"commune": {"column": "C", "occurrence": "deux"}}}}, None, "occurrence"),
        ({"header": {2019: {"commune": {"column": ["C", "D"], "occurrence": "1/2"}}}}, None, "d’un seul intitulé"),
        ({"header": {2019: {"commune": {"constant": "C", "occurrence": "1/2"}}}}, None, "occurrence va avec column"),
        (
            {"header": {2019: {n: {"column": "C", "occurrence": "1/2"} for n in ("commune", "prets_a")}}},
            None,
            "ont le même intitulé",
        ),
    ],
)
def test_a_declaration_of_headings_that_makes_no_sense_is_refused(depot: Depot, table: dict, kind, said: str):
    with pytest.raises(DeclarationError, match=said):
        depot.declare([TOWN, *LOANS], kind=kind, table=table)


DATED = [
    {"name": "code", "title": "Code", "constraints": {"required": True, "pattern": "[A-Z][0-9]"}},
    {"name": "jour", "title": "Jour", "type": "date", "format": "%d/%m/%Y"},
    {"name": "libelle", "title": "Libellé"},
    {"name": "nb", "title": "Nombre", "type": "integer"},
]
SOUND = "A1;01/02/2020;Un;1\nB2;02/02/2020;Deux;2\nC3;03/02/2020;Trois;3\n"


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("Jour;Code;Libellé;Nombre", "« Jour » et « Code »"),  # each breaks the other's form
        ("Code;Libellé;Jour;Nombre", "« Libellé » et « Jour »"),  # a text takes a date, and a date no text
        ("Nombre;Jour;Libellé;Code", "« Nombre » et « Code »"),
    ],
)
@pytest.mark.parametrize("personal", [None, "drop"])
def test_headings_in_each_other_s_place_are_recognised(depot: Depot, header: str, named: str, personal: str | None):
    """Once, for the file; no cell is shown."""
    depot.declare([*DATED[:2], {**DATED[2], **({"personal": personal} if personal else {})}, DATED[3]])
    wrong = refusal(depot, f"{header}\n{SOUND}")
    assert (wrong.code, wrong.recu) == ("FIC-INTERVERTIES", f"les colonnes {named} sont sans doute interverties")


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        (f"Code;Jour;Libellé;Nombre\n{SOUND}", 0),
        (f"Jour;Code;Libellé;Nombre\n{SOUND}01/02/2020;A1;Un;1\n", 3),  # a line is right: not a heading
        ("Jour;Code;Libellé;Nombre\nA1;01/02/2020;Un;1\n", 1),  # too few to tell
        (f"Code;Nombre;Jour;Libellé\n{SOUND}", 3),  # three columns turned: no pair explains it
        (f"Code;Jour;Libellé;Nombre\n{SOUND.replace('2020', 'MMXX')}", 3),
    ],
)
def test_nothing_is_guessed_of_lines_that_another_order_of_columns_does_not_make_right(
    depot: Depot, text: str, lost: int
):
    depot.declare(DATED)
    assert depot.csv(text).counts[2] == lost
