"""A hostile cell can stop a line or a delivery, but never a build, a page or a publication."""

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from tests.deliveries import Depot

COLUMNS = [
    {"name": "categorie", "title": "Catégorie"},
    {"name": "montant_eur", "title": "Montant", "type": "number", "decimalChar": ","},
    {"name": "nb_pages", "title": "Pages", "type": "integer"},
    {"name": "numero_piece", "title": "Pièce", "type": "integer"},
]
HEAD = "Catégorie;Montant;Pages;Pièce\n"


@pytest.fixture
def declared(depot: Depot) -> Depot:
    depot.declare(COLUMNS)
    return depot


def test_a_control_character_refuses_its_line_and_says_where(declared: Depot):
    read = declared.csv(HEAD + "Réseau;1;1;1\nImpri\x1b[2Jmante;1;1;2\n\x9bPoste;1;1;3\n")
    assert read.column("categorie") == ["Réseau"]
    assert [(one["_ligne"], one["colonne"], one["regle"], one["attendu"], one["recu"]) for one in read.refused] == [
        (3, "Catégorie", "LIG-COMMANDE", "un texte sans caractère de commande", "Impri\ufffd[2Jmante"),
        (4, "Catégorie", "LIG-COMMANDE", "un texte sans caractère de commande", "\ufffdPoste"),
    ]


def test_what_a_refused_number_held_is_shown_without_its_control_characters(declared: Depot):
    (refused,) = declared.csv(HEAD + "Réseau;1\x1b]0;1;1\n".replace("]0;", "]0") + "Poste;1;1;2\n").refused
    assert "\x1b" not in (refused["recu"] or "")


def test_a_number_that_its_type_cannot_hold_is_a_refused_line(declared: Depot):
    read = declared.csv(HEAD + "Réseau;1;1;1\nPoste;1234567890123456;1;2\nPoste;1;99999999999999999999;3\n")
    assert [(one["_ligne"], one["colonne"], one["regle"]) for one in read.refused] == [
        (3, "Montant", "LIG-TYPE"),
        (4, "Pages", "LIG-TYPE"),
    ]


@pytest.mark.parametrize(
    "line", ["Poste;999999999999999;1;2\n", "Poste;-10000000000000;1;2\n", "Poste;1;10000000000000;2\n"]
)
def test_a_total_that_no_figure_holds_refuses_the_delivery_and_names_the_line(declared: Depot, line: str):
    with pytest.raises(DeliveryRefused) as refused:
        declared.csv(HEAD + "Réseau;1;1;1\n" + line)
    assert (refused.value.code, refused.value.ligne) == ("FIC-DEMESURE", 3)


def test_a_number_that_names_something_may_be_long(declared: Depot):
    assert declared.csv(HEAD + "Réseau;1;1;999999999999999\n" * 3).counts == (4, 3, 0, 1)
