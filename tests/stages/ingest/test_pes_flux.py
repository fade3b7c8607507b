"""PES flows through reading, typing and SQL: every case of the flow, whole bordereaux chosen, and what the controls say."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest

from tests.controls import found
from tests.dbt.compiled import Compiled
from tests.stages.ingest.budget_documents import budget, document, line
from tests.stages.ingest.pes_warehouse import COMMUNE, transformed
from tests.stages.ingest.pes_writer import acquit, bordereau, flux, ligne, piece, tiers

ORDINAIRES = bordereau(
    1,
    piece(1, ligne("60612", "1200.00"), ligne("6156", "300.50", 2)),  # two accounts
    piece(2, ligne("2183", "10000", tva="2000"), kind="09", nature="02"),
    piece(3, ligne("6156", "5000.00"), kind="10"),  # rattachement
    piece(4, ligne("6811", "2500.00", payment="08"), kind="03"),  # ordre
    piece(
        5, ligne("673", "150.00", origin=("02", 2015, 55, 1)), kind="02", nature="09"
    ),  # cancels a titre of a closed year
    piece(6, ligne("6064", "120.00", invoiced="100.00")),
    ht="19270.50",
    tva="2000",
    cumul="19270.50",
)
ANNULATIONS = bordereau(
    1,
    piece(1, ligne("60612", "200.00", origin=("01", 2016, 1, 1)), kind="02", nature="06"),  # a part
    piece(2, ligne("60612", "1000.00", origin=("01", 2016, 1, 1)), kind="02", nature="06"),  # all that was left
    piece(3, ligne("6064", "7.00", origin=("01", 2016, 99, 1)), kind="02", nature="06"),  # of a piece that did not come
    piece(4, ligne("6156", "4000.00", origin=("01", 2015, 980, 1)), kind="02", nature="10"),  # contre-passation
    kind="02",
)
TITRES = bordereau(
    7,
    piece(31, ligne("74741", "125000.00", who=tiers(f"{COMMUNE}00010", "01", "23"))),
    piece(32, ligne("74758", "98000.00", who=tiers(COMMUNE, "02", "23"))),
    piece(33, ligne("74758", "640.00", who=tiers(category="01") + tiers(COMMUNE, "02", "23", role="03"))),
    piece(34, ligne("7478", "1000.00"), kind="11"),
    piece(35, ligne("7062", "900.00"), kind="06", more='<IdRol V="5"/>'),
    ht="225540.00",
)
ROLE = bordereau(5, piece(1, ligne("588", "900.00"), kind="15"), kind="06")
ORDRES = bordereau(9, piece(1, ligne("6064", "80.00"), kind="11"), kind="03")

CASES = {
    "cas.xml": flux("CAS", [ORDINAIRES, ANNULATIONS, ORDRES], [TITRES, ROLE], encoding="UTF-8", prefix="p"),
    # the same number twice with the same content, then with another; the accepted one wins, whatever its date
    "deux.xml": flux("DEUX", [bordereau(2, piece(10, ligne("6064", "10.00")), cumul="19280.50")]),
    "deux_encore.xml": flux(
        "DEUX-B", [bordereau(2, piece(10, ligne("6064", "10.00")), cumul="19280.50")], day="2016-06-03"
    ),
    "trois.xml": flux("TROIS", [bordereau(3, piece(11, ligne("6064", "33.00")))], day="2016-06-05"),
    "trois_corrige.xml": flux("TROIS-B", [bordereau(3, piece(11, ligne("6064", "30.00")))], day="2016-06-09"),
    "quatre.xml": flux("QUATRE", [bordereau(4, piece(12, ligne("6064", "40.00")))]),
    "quatre_tard.xml": flux("QUATRE-B", [bordereau(4, piece(12, ligne("6064", "44.00")))], day="2016-07-01"),
    "quatre.acquit.xml": acquit("QUATRE", (5, 1, 4, None), (4, 0, None, "ERREUR_DOUBLON_PJ")),
    # refused, and its PJ accepted; refused because it was sent before: the first stays
    "cinq.xml": flux("CINQ", [bordereau(5, piece(13, ligne("6064", "5000.00")))]),
    "cinq.acquit.xml": acquit("CINQ", (4, 1, None, None), (5, 0, 5, "ERREUR_AUTRE")),
    "six.xml": flux("SIX", [bordereau(6, piece(14, ligne("6064", "60.00")))]),
    "six_renvoye.xml": flux("SIX", [bordereau(6, piece(14, ligne("6064", "66.00")))], day="2016-06-02"),
    "six.acquit.xml": acquit("SIX", (5, 0, 6, "ERREUR_DOUBLON_BORDEREAU")),
    # 7 and 8 did not come; another series beside it; a total that is wrong; running totals that leave 5.00 and 579.83 out
    "neuf.xml": flux("NEUF", [bordereau(9, piece(15, ligne("6064", "9.00")), cumul="100.00", ht="75724.75", count=2)]),
    "dix.xml": flux("DIX", [bordereau(10, piece(16, ligne("6064", "1.00")), cumul="106.00")]),
    "serie.xml": flux("SERIE", [bordereau(100003, piece(100003, ligne("6064", "3.00")), cumul="688.83")]),
    # of the year before, sent in January
    "janvier.xml": flux("JANVIER", [bordereau(88, piece(900, ligne("6064", "77.00")), exer=2015)], day="2016-01-12"),
}
# of the year before: no titre came
BEFORE = {"un.xml": flux("UN", [bordereau(1, piece(1, ligne("6064", "1.00")), exer=2015)])}
COUNTED = ("cas.xml", "deux.xml", "trois_corrige.xml", "quatre.xml", "six.xml", "neuf.xml", "dix.xml", "serie.xml")
ACCOUNTS = document(
    budget(
        "09",
        2016,
        [line("6064", "D", MtReal="250.00"), line("60612", "D", MtReal="0.00"), line("2183", "D", MtReal="10000.00")],
    )
)


@pytest.fixture(scope="module")
def warehouse(compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The flows of 2016, with the accounts of that year, through the models of the budget chapter and the controls."""
    deliveries = [
        ("pes/flux", 2016, CASES),
        ("pes/flux", 2015, BEFORE),
        ("budget/documents", 2016, {"CA.xml": ACCOUNTS}),
    ]
    path = transformed(compiled, tmp_path_factory.mktemp("pes"), deliveries)
    with duckdb.connect(str(path), read_only=True) as db:
        yield db


def ask(db: duckdb.DuckDBPyConnection, query: str) -> list[tuple]:
    return db.execute(query).fetchall()


def independent() -> dict[tuple[str, str], Decimal]:
    """(Side, account) → what is charged to it, from the trees of the files that count; ordre apart, as the ledger leaves it out."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for name in COUNTED:
        for side in ("Depense", "Recette"):
            for one in ElementTree.fromstring(CASES[name]).iterfind(f"PES_{side}Aller/Bordereau"):
                kind = one.find("BlocBordereau/TypBord").get("V")
                for item in one.iterfind("Piece"):
                    is_ordre = item.find(".//TypPce").get("V") in ("03", "04")
                    for row in item.iterfind("LigneDePiece"):
                        account, amount = row.find(".//Nature").get("V"), Decimal(row.find(".//MtHT").get("V"))
                        if kind in ("01", "02") and not is_ordre:
                            sums[side[0], account] += -amount if kind == "02" else amount
    return dict(sums)


def test_the_amounts_of_each_side_and_account_are_those_of_another_program(warehouse):
    found = ask(
        warehouse,
        "select upper(left(sens_budgetaire, 1)), compte, sum(montant_eur) from marts.fct_ecritures where exercice = 2016 group by all",
    )
    assert {(side, account): amount for side, account, amount in found} == independent()
    assert ask(warehouse, "select fichier from marts.fct_ecritures where exercice <> 2016") == [("un.xml",)]


def test_each_piece_has_its_type_its_section_and_its_amounts(warehouse):
    rows = ask(
        warehouse,
        "select nature_piece, numero_piece, numero_ligne, type_piece, left(section, 1), montant_eur, montant_ttc_eur "
        "from marts.fct_ecritures where fichier = 'cas.xml' and compte in ('60612', '2183', '6156', '6064', '7478') order by ligne",
    )
    assert [(n[0], p, li, t, s, str(m), str(c)) for n, p, li, t, s, m, c in rows] == [
        ("m", 1, 1, "ordinaire", "f", "1200.00", "1200.00"),
        ("m", 1, 2, "ordinaire", "f", "300.50", "300.50"),
        ("m", 2, 1, "ordinaire", "i", "10000.00", "12000.00"),
        ("m", 3, 1, "rattachement", "f", "5000.00", "5000.00"),
        ("m", 6, 1, "ordinaire", "f", "120.00", "120.00"),
        ("m", 1, 1, "réduction", "f", "-200.00", "-200.00"),
        ("m", 2, 1, "annulation", "f", "-1000.00", "-1000.00"),
        ("m", 3, 1, "annulation ou réduction", "f", "-7.00", "-7.00"),
        ("m", 4, 1, "annulation", "f", "-4000.00", "-4000.00"),
        ("t", 34, 1, "rattachement", "f", "1000.00", "1000.00"),
    ]


def test_a_member_is_found_by_its_siren_among_those_who_owe_together(warehouse):
    rows = ask(
        warehouse,
        "select numero_piece, code_collectivite, est_contribution from marts.fct_ecritures where nature_piece = 'titre' order by 1",
    )
    assert rows == [(31, "94054", True), (32, "94054", True), (33, None, False), (34, None, False), (35, None, False)]


def test_whole_bordereaux_are_chosen_and_the_others_say_why(warehouse):
    reasons = ask(
        warehouse,
        "select _fichier, motif, count(*) from intermediate.int_finances__ecritures where poids = 0 group by all order by all",
    )
    assert reasons == [
        ("cas.xml", "opération d’ordre", 1),
        ("cas.xml", "ordres de paiement ou de recette, hors budget", 1),
        ("cas.xml", "rôle, hors budget", 1),
        ("cinq.xml", "bordereau refusé par le comptable", 1),
        ("deux.xml", "bordereau envoyé deux fois", 1),
        ("janvier.xml", "bordereau d’un autre exercice", 1),
        ("quatre_tard.xml", "bordereau remplacé par un autre envoi", 1),
        ("six_renvoye.xml", "bordereau refusé par le comptable", 1),
        ("trois.xml", "bordereau remplacé par un autre envoi", 1),
    ]


def test_the_controls_say_what_is_missing_wrong_or_elsewhere(warehouse):
    (path,) = warehouse.execute("select path from duckdb_databases() where not internal").fetchone()
    said = sorted(
        (one.code, one.exercice, one.fichier, one.recu.replace("\xa0", " ").replace("\u202f", " "))
        for one in found(Path(path))
    )
    assert said == [
        ("PES-COMPTE", 2016, None, "3 comptes en écart : 6064 : 16,00 € ; 6156 : 1 300,50 € ; 673 : 150,00 €"),
        ("PES-COTE", 2015, None, "aucun"),
        ("PES-CUMUL", 2016, "dix.xml", "106,00 €"),
        ("PES-CUMUL", 2016, "serie.xml", "688,83 €"),
        ("PES-DOUBLE", 2016, "deux.xml", "le même contenu qu’un autre envoi, qui compte"),
        ("PES-DOUBLE", 2016, "quatre_tard.xml", "un autre contenu que l’envoi accepté, qui compte"),
        ("PES-DOUBLE", 2016, "trois.xml", "un autre contenu que le dernier envoi, qui compte"),
        ("PES-EXERCICE", 2015, "janvier.xml", "un bordereau de 2015 dans le dossier 2016"),
        ("PES-REFUSE", 2016, "cinq.xml", "un refus (5 000,00 € en tout), sans autre envoi"),
        ("PES-REFUSE", 2016, "six_renvoye.xml", "un refus (66,00 € en tout)"),
        ("PES-TOTAL", 2016, "neuf.xml", "1 pièce"),
        ("PES-TOTAL", 2016, "neuf.xml", "9,00 €"),
        ("PES-TROU", 2016, "cas.xml", "aucun"),  # titres 1 to 6
        ("PES-TROU", 2016, "neuf.xml", "aucun"),
    ]


def test_what_a_missing_bordereau_takes_away_shows_in_the_figures(warehouse):
    states = dict(
        ask(
            warehouse,
            "select code, etat from calculs.chiffres__etats where exercice = 2016 and code = 'finances.titres'",
        )
    )
    states |= dict(
        ask(
            warehouse,
            "select code, etat from calculs.chiffres__etats where exercice = 2016 and code = 'finances.mandats'",
        )
    )
    assert states == {"finances.mandats": "partiel", "finances.titres": "partiel"}
    assert ask(
        warehouse,
        "select effet, montant_perdu_eur from controles.controles__entrees where code_regle = 'PES-CUMUL' order by 2",
    ) == [("réserve", Decimal("5.00")), ("réserve", Decimal("579.83"))]
    gap = "select effet, montant_perdu_eur from controles.controles__entrees where code_regle = 'PES-COMPTE'"
    assert ask(warehouse, gap) == [("réserve", Decimal("1466.50"))]
