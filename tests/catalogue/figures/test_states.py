"""How missing pieces of a source determine the state of figures, tested with the real models."""

from decimal import Decimal

import duckdb
import pytest

from pipelines.catalogue.yaml_file import DeclarationError
from tests.catalogue.figures.sql import DOCUMENTS, delivered, figures_of, month, warehouse_of

FIGURES = """\
domaine: essai
titre: Un essai
chiffres:
  - {code: essai.heures, libelle: Heures, unite: heures, decimales: 0, sources: [[cegid_rh/heures, dsn/activites]],
     mesure: {fait: fct_flux, agregat: somme, colonne: quantite, si_vide: zero}}
  - {code: essai.bulletins, libelle: Bulletins, unite: EUR, decimales: 0, sources: [cegid_rh/bulletins],
     mesure: {fait: fct_flux, agregat: somme, colonne: quantite, si_vide: zero}}
  - {code: essai.stock, libelle: Stock, unite: Go, decimales: 0, sources: [stockage/volumes], indispensables: [mois],
     mesure: {fait: fct_flux, agregat: somme, colonne: quantite, filtre: {mois: 12}, si_vide: zero}}
  - {code: essai.entrees, libelle: Entrées, unite: EUR, decimales: 0, sources: [budget/lignes], indispensables: [document],
     mesure: {fait: fct_flux, agregat: somme, colonne: quantite, filtre: {sens: [E, X]}, si_vide: zero}}
  - {code: essai.toutes, libelle: Toutes, unite: EUR, decimales: 0, sources: [budget/lignes], pieces: {sens: E},
     mesure: {fait: fct_flux, agregat: somme, colonne: quantite, si_vide: zero}}
  - {code: essai.sorties, libelle: Sorties, unite: EUR, decimales: 0, sources: [budget/lignes],
     mesure: {fait: fct_flux, agregat: somme, colonne: quantite, filtre: {sens: S}, si_vide: zero}}
  - {code: essai.solde, libelle: Solde, unite: EUR, decimales: 0, expression: entrees - sorties,
     operandes: {entrees: essai.entrees, sorties: essai.sorties}}
  - {code: essai.incidents, libelle: Incidents, unite: tickets, decimales: 0, sources: [glpi/tickets],
     champs: [type, [date_resolution, date_cloture]],
     mesure: {fait: fct_flux, agregat: nombre, filtre: {sens: X}, si_vide: zero}}
  - {code: essai.rares, libelle: Rares, unite: tickets, decimales: 0, sources: [glpi/tickets],
     mesure: {fait: fct_flux, agregat: nombre, filtre: {sens: Z}, si_vide: zero}}
  - {code: essai.agents, libelle: Agents, unite: agents, decimales: 0, sources: [[ciril_rh/agents, cegid_rh/agents]],
     champs: [cadre_emplois], mesure: {fait: fct_flux, agregat: nombre, filtre: {sens: E}, si_vide: zero}}
  - {code: essai.cout, libelle: Coût, unite: EUR, decimales: 2, expression: bulletins + sorties,
     operandes: {bulletins: essai.bulletins, sorties: essai.sorties}}
"""
TABLES = """\
create table dim_exercice as select 2041 as exercice;
create table fct_flux (exercice integer, sens varchar, mois integer, quantite decimal(18, 2));
insert into fct_flux values (2041, 'E', 12, 7), (2041, 'S', 12, 4), (2041, 'X', 1, 1);
create table fct_absences_declarees (code_chiffre varchar, exercice integer, code_manquant varchar);
create table fct_chiffres_publies (code_chiffre varchar, exercice integer, valeur_publiee decimal(20, 6));
"""
MONTHS = [f"2041-{number:02}" for number in range(1, 13)]
DELIVERED = [
    *(delivered(f"cegid_rh/{table}", 2041, read=24) for table in ("heures", "bulletins")),
    *(delivered(source, 2041) for source in ("dsn/activites", "stockage/volumes", "budget/lignes", "glpi/tickets")),
    *(delivered(source, 2041) for source in ("ciril_rh/agents", "cegid_rh/agents")),
]

NOTHING = delivered("cegid_rh/bulletins", 2041, accepted=False)


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    loaded, made = warehouse_of(figures_of(tmp_path_factory.mktemp("figures"), essai=FIGURES))
    return TABLES + loaded, made


@pytest.fixture
def states(script):
    """Function: rows of pieces, documents, findings and decisions → {code: row of chiffres}, with ``manques``: [(source, piece, motif)]."""

    def compute(
        pieces=(),
        documents=(),
        found=(),
        delivered=DELIVERED,
        absences=(),
        ungiven=(),
        refused=(),
        known=(),
        decided=(),
    ):
        db = duckdb.connect()
        db.execute(script[0])
        for table, rows in (
            ("collecte.pieces", [*delivered, *pieces]),
            (DOCUMENTS, documents),
            ("controles__entrees", found),
            ("collecte.constats", known),
            ("collecte.lignes_refusees", refused),
            ("collecte.decisions", decided),
            ("fct_absences_declarees", absences),
            ("collecte.champs_absents", ungiven),
        ):
            for row in rows:
                db.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)
        db.execute(script[1])
        found = {row["code"]: row for row in _dicts(db.execute("from chiffres"))}
        for row in found.values():
            row["manques"] = []
        for lack in _dicts(db.execute("from rpt_manques order by all")):
            found[lack["code_chiffre"]]["manques"].append((lack["source"], lack["piece"], lack["motif"]))
        return found

    return compute


def _dicts(result):
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def document(name, sens, *, accepted=True, received=True, expected=True, read=5, why=None):
    """A row of the model of documents."""
    numbers = (read, read if accepted else 0, 0, 0) if received else (None,) * 4
    there = (expected, received, accepted and received)
    return (
        "budget/lignes",
        2041,
        "document",
        name,
        *there,
        "d",
        *numbers,
        why,
        sens,
    )


def state(row):
    return row["etat"], row["part_manquante"], row["montant_manquant_eur"]


def test_all_there_is_complete(states):
    rows = states([month("stockage/volumes", one) for one in MONTHS], [document("E1", "E"), document("S1", "S")])
    assert {row["etat"] for row in rows.values()} == {"complet"}
    assert state(rows["essai.bulletins"]) == ("complet", 0, 0)
    assert state(rows["essai.heures"]) == ("complet", 0, None)  # no amount
    assert not any(row["manques"] for row in rows.values())


def test_a_source_that_did_not_come_is_missing_and_so_is_what_is_computed_from_it(states):
    rows = states(delivered=[*(row for row in DELIVERED if row[1] != "bulletins"), NOTHING])
    assert rows["essai.bulletins"]["manques"] == [("cegid_rh/bulletins", "", "non reçu")]
    for code in ("essai.bulletins", "essai.cout"):
        assert state(rows[code]) == ("manquant", None, None)
        assert (rows[code]["valeur"], rows[code]["code_manquant"]) == (None, "m")
    assert rows["essai.sorties"]["etat"] == "complet"


def test_a_missing_month_makes_a_flow_partial_by_a_share_that_nobody_knows(states):
    rows = states([month("cegid_rh/bulletins", one, there=one != "2041-03") for one in MONTHS])
    assert state(rows["essai.bulletins"]) == ("partiel", None, None)
    assert rows["essai.bulletins"]["valeur"] == 12
    assert rows["essai.bulletins"]["manques"] == [("cegid_rh/bulletins", "2041-03", "mois absent")]
    assert state(rows["essai.cout"]) == ("partiel", None, None)  # an expression, by its operand
    assert rows["essai.heures"]["etat"] == "complet"


def test_months_outside_of_the_use_of_a_system_are_not_awaited(states):
    before = [month("cegid_rh/bulletins", one, there=one > "2041-03", expected=one > "2041-03") for one in MONTHS]
    assert states(before)["essai.bulletins"]["etat"] == "complet"


def test_no_month_at_all_means_no_figure(states):
    rows = states([month("cegid_rh/bulletins", one, there=False) for one in MONTHS])
    assert (rows["essai.bulletins"]["etat"], rows["essai.bulletins"]["code_manquant"]) == ("manquant", "m")


def test_alternatives_cover_the_months_jointly(states):
    declared = [month("dsn/activites", one, there=one < "2041-05") for one in MONTHS]
    paid = [month("cegid_rh/heures", one, there=one > "2041-04") for one in MONTHS]
    assert states([*declared, *paid])["essai.heures"]["etat"] == "complet"
    gap = [month("cegid_rh/heures", one, there=one > "2041-05") for one in MONTHS]
    rows = states([*declared, *gap])
    assert rows["essai.heures"]["etat"] == "partiel"
    assert rows["essai.heures"]["manques"] == [
        ("cegid_rh/heures", "2041-05", "mois absent"),
        ("dsn/activites", "2041-05", "mois absent"),
    ]


def test_an_alternative_without_months_of_its_own_covers_all(states):
    declared = [month("dsn/activites", one, there=one < "2041-05") for one in MONTHS]
    assert states(declared)["essai.heures"]["etat"] == "complet"  # payroll, not divided into months, came whole
    alone = [row for row in DELIVERED if row[:2] != ("cegid_rh", "heures")]
    assert states(declared, delivered=alone)["essai.heures"]["etat"] == "partiel"


def test_the_month_of_a_stock_is_indispensable_and_the_others_say_nothing_of_it(states):
    but_march = [month("stockage/volumes", one, there=one != "2041-03") for one in MONTHS]
    assert states(but_march)["essai.stock"]["etat"] == "complet"
    but_december = [month("stockage/volumes", one, there=one != "2041-12") for one in MONTHS]
    row = states(but_december)["essai.stock"]
    assert (row["etat"], row["valeur"], row["code_manquant"]) == ("manquant", None, "m")
    assert row["manques"] == [("stockage/volumes", "2041-12", "mois absent")]


def finding(source, effect, *, rule="FIN-ESSAI", piece=None, axes=None, lines=None, amount=None, name="e"):
    """A row of the controls of inputs."""
    return (rule, "cle", source, 2041, piece, axes, effect, lines, amount, name)


def refused_line(source, line, amount=None, reasons=1, rule="LIG-TYPE"):
    return (*source.split("/"), 2041, "d", "f.csv", line, rule, amount, "Montant", f"e{line}", reasons)


def test_refused_lines_make_a_share_and_an_amount_where_it_is_known(states):
    came = [row for row in DELIVERED if row[1] != "bulletins"] + [
        delivered("cegid_rh/bulletins", 2041, refused=6, read=24)
    ]
    row = states(delivered=came, refused=[refused_line("cegid_rh/bulletins", n) for n in range(6)])["essai.bulletins"]
    assert state(row) == (
        "partiel",
        None,
        None,
    )  # what a refused line holds cannot be read: neither can the share of an amount
    assert row["manques"] == [("cegid_rh/bulletins", "", "lignes refusées (6 lignes)")]
    lines = [refused_line("cegid_rh/bulletins", n, Decimal(1)) for n in range(6)]
    assert state(states(delivered=came, refused=lines)["essai.bulletins"]) == (
        "partiel",
        Decimal("0.333333"),
        Decimal(6),
    )
    tickets = [row for row in DELIVERED if row[1] != "tickets"] + [delivered("glpi/tickets", 2041, refused=1, read=300)]
    rows = states(delivered=tickets, refused=[refused_line("glpi/tickets", 7)])
    said = {
        code: (*state(rows[code]), rows[code]["est_perte_significative"]) for code in ("essai.incidents", "essai.rares")
    }
    assert said == {
        "essai.incidents": ("partiel", Decimal("0.003333"), None, False),
        "essai.rares": ("partiel", Decimal(1), None, True),  # it counts nothing: what is lost may be all
    }


def test_a_line_without_a_place_lacks_to_the_figures_of_its_document_alone(states):
    rows = states(
        documents=[document("E1", "E"), document("S1", "S")],
        found=[finding("budget/lignes", "manque", piece="E0|E1", lines=2, amount=Decimal("12.50"))],
    )
    assert state(rows["essai.entrees"]) == ("partiel", Decimal("0.609756"), Decimal("12.50"))  # of 12.50 + 8
    assert rows["essai.entrees"]["manques"] == [("budget/lignes", "E1", "document douteux (2 lignes)")]
    assert state(rows["essai.sorties"]) == ("complet", 0, 0)


def test_a_refused_document_takes_its_own_figures_alone(states):
    lost = document("E1", "E", accepted=False, why="document refusé : ligne illisible")
    rows = states(documents=[lost, document("S1", "S")])
    assert (rows["essai.entrees"]["etat"], rows["essai.entrees"]["code_manquant"]) == ("manquant", "m")
    assert rows["essai.entrees"]["manques"] == [("budget/lignes", "E1", "document refusé : ligne illisible")]
    assert state(rows["essai.sorties"]) == ("complet", 0, 0)
    assert rows["essai.solde"]["etat"] == "manquant"  # a term is missing


def test_pieces_narrow_what_a_figure_lacks_and_not_its_rows(states):
    rows = states(documents=[document("E1", "E"), document("S1", "S", received=False)])
    assert (rows["essai.toutes"]["valeur"], rows["essai.toutes"]["etat"]) == (12, "complet")
    rows = states(documents=[document("E1", "E", received=False), document("S1", "S")])
    assert (rows["essai.toutes"]["valeur"], rows["essai.toutes"]["etat"]) == (None, "manquant")
    assert [piece for _, piece, _ in rows["essai.toutes"]["manques"]] == ["E1"]


def test_a_document_that_is_not_indispensable_makes_its_figures_partial(states):
    lost = document("S2", "S", accepted=False, read=4, why="document refusé")
    rows = states(documents=[document("E1", "E"), document("S1", "S"), lost])
    assert state(rows["essai.sorties"]) == (
        "partiel",
        None,
        None,
    )  # its lines are 4 of 10, and what they hold is not known
    assert rows["essai.entrees"]["etat"] == "complet"
    never = states(documents=[document("S1", "S"), document("S2", "S", received=False)])
    assert state(never["essai.sorties"]) == ("partiel", None, None)


def test_an_unidentifiable_document_blocks_every_figure(states):
    rows = states(documents=[document("?", None, accepted=False), document("S1", "S")])
    assert rows["essai.entrees"]["etat"] == "manquant"
    assert rows["essai.sorties"]["etat"] == "partiel"


def test_refused_lines_of_a_delivery_of_documents_are_those_of_its_documents(states):
    refused = [row for row in DELIVERED if row[1] != "lignes"] + [delivered("budget/lignes", 2041, refused=1)]
    lost = document("E1", "E", accepted=False)
    rows = states(documents=[lost, document("S1", "S")], delivered=refused)
    assert rows["essai.sorties"]["etat"] == "complet"
    assert rows["essai.entrees"]["etat"] == "manquant"


def test_a_declared_absence_is_missing_whatever_came(states):
    rows = states(absences=[("essai.sorties", 2041, "NC")])
    assert state(rows["essai.sorties"]) == state(rows["essai.cout"]) == ("manquant", None, None)


def test_an_expression_declares_nothing_indispensable(tmp_path):
    text = FIGURES.replace("expression: bulletins + sorties", "expression: bulletins + sorties, indispensables: [mois]")
    with pytest.raises(DeclarationError, match="une expression est incomplète quand un opérande l’est"):
        figures_of(tmp_path, essai=text)


def ungiven(source, field, title, exercice=2041, lines=None):
    """``lines``: those of the files without it; None when none has it."""
    return (source, exercice, field, title, lines)


def test_what_came_without_a_needed_field_is_not_zero_but_missing(states):
    assert state(states()["essai.incidents"]) == ("complet", 0, None)
    one = states(ungiven=[ungiven("glpi/tickets", "type", "Type")])["essai.incidents"]
    assert (one["etat"], one["valeur"], one["code_manquant"]) == ("manquant", None, "m")
    assert one["manques"] == [("glpi/tickets", "", "champ « Type » non fourni")]
    assert states(ungiven=[ungiven("glpi/tickets", "type", "Type", 2040)])["essai.incidents"]["etat"] == "complet"
    assert states(ungiven=[ungiven("glpi/tickets", "categorie", "Catégorie")])["essai.incidents"]["etat"] == "complet"


def test_what_some_files_lack_makes_a_partial_figure(states):
    one = states(ungiven=[ungiven("glpi/tickets", "type", "Type", lines=4)])["essai.incidents"]
    assert one["etat"] == "partiel"
    assert one["manques"] == [("glpi/tickets", "", "champ « Type » non fourni par tous les fichiers (4 lignes)")]


def test_of_fields_that_serve_alike_one_is_enough(states):
    resolved, closed = (
        ungiven("glpi/tickets", "date_resolution", "Date de résolution"),
        ungiven("glpi/tickets", "date_cloture", "Date de clôture"),
    )
    assert states(ungiven=[resolved])["essai.incidents"]["etat"] == "complet"
    both = states(ungiven=[resolved, closed])["essai.incidents"]
    assert both["manques"] == [("glpi/tickets", "", "champ « Date de clôture » ou « Date de résolution » non fourni")]


def test_an_alternative_that_gives_the_field_covers_one_that_does_not(states):
    one, other = (
        ungiven(f"{system}/agents", "cadre_emplois", "Cadre d’emplois") for system in ("ciril_rh", "cegid_rh")
    )
    assert states(ungiven=[one])["essai.agents"]["etat"] != "manquant"
    assert states(ungiven=[one, other])["essai.agents"]["etat"] == "manquant"


def test_a_needed_field_is_one_of_a_source(tmp_path):
    with pytest.raises(
        DeclarationError,
        match=r"essai.yml:\d+ champs: aucune source de « essai.agents » n’a de colonne « cadre_emploi ».*cadre_emplois",
    ):
        figures_of(tmp_path, essai=FIGURES.replace("champs: [cadre_emplois]", "champs: [cadre_emploi]"))
    with pytest.raises(DeclarationError, match="une expression demande ce que demandent ses opérandes"):
        figures_of(
            tmp_path,
            essai=FIGURES.replace("expression: bulletins + sorties", "expression: bulletins + sorties, champs: [type]"),
        )


def test_lines_that_a_member_should_have_had_make_a_partial_figure_until_somebody_explains_them(states):
    hole = finding("glpi/tickets", "manque", rule="COL-TROU", lines=6, axes="|mois=8|mois=9|")
    row = states(found=[hole])["essai.incidents"]
    assert state(row) == ("partiel", Decimal("0.6"), None)
    assert row["manques"] == [("glpi/tickets", "", "lignes attendues et absentes (6 lignes)")]
    for decision in [
        (None, None, "e", "un déménagement"),
        ("COL-TROU", "cle", None, "un déménagement"),
    ]:  # now, formerly
        row = states(found=[hole], decided=[decision])["essai.incidents"]
        assert state(row) == ("complet", 0, None)
        assert row["manques"] == [
            ("glpi/tickets", "", "lignes attendues et absentes (6 lignes)")
        ]  # and why it is nothing
    assert states(found=[hole], decided=[(None, None, "another", "rien")])["essai.incidents"]["etat"] == "partiel"


def test_a_figure_of_a_month_lacks_nothing_of_the_others(states):
    months = [month("stockage/volumes", one) for one in MONTHS]
    august, december = (finding("stockage/volumes", "manque", axes=f"|mois={one}|", lines=1) for one in (8, 12))
    assert states(months, found=[august])["essai.stock"]["etat"] == "complet"
    assert states(months, found=[december])["essai.stock"]["etat"] == "partiel"


@pytest.mark.parametrize("where", ["found", "known"])
def test_a_doubt_stands_on_every_figure_of_the_table_whatever_found_it(states, where):
    said = {
        "found": [finding("cegid_rh/bulletins", "réserve")],
        "known": [("TOTAL", "cegid_rh/bulletins", 2041, "réserve", "total différent", "e")],
    }
    rows = states(**{where: said[where]})
    for code in ("essai.bulletins", "essai.cout"):
        assert (*state(rows[code]), rows[code]["est_perte_significative"]) == ("partiel", None, None, True)
    assert rows["essai.heures"]["etat"] == "complet"
    assert states(**{where: said[where]}, decided=[(None, None, "e", "vu")])["essai.bulletins"]["etat"] == "complet"


def test_a_finding_about_several_tables_stands_on_all_of_them(states):
    rows = states(found=[finding("cegid_rh/bulletins|glpi/tickets", "réserve")])
    assert {code for code, row in rows.items() if row["etat"] != "complet"} == {
        "essai.bulletins",
        "essai.cout",
        "essai.incidents",
        "essai.rares",
    }


def test_what_is_lost_whole_leaves_nothing(states):
    row = states(found=[finding("glpi/tickets", "manque")])["essai.incidents"]
    assert (row["etat"], row["valeur"], row["code_manquant"]) == ("manquant", None, "m")
    documents = [document("E1", "E"), document("S1", "S"), document("S2", "S")]
    rows = states(documents=documents, found=[finding("budget/lignes", "manque", piece="S2")])
    assert rows["essai.sorties"]["etat"] == "partiel"
    rows = states(documents=documents, found=[finding("budget/lignes", "manque", piece="E1")])
    assert rows["essai.entrees"]["etat"] == "manquant"  # its document is indispensable


def test_lines_that_name_nobody_stand_on_the_figures_that_tell_members_apart(states):
    rows = states(found=[finding("budget/lignes", "manque", axes="|sens=|", lines=1, amount=Decimal(1))])
    assert rows["essai.sorties"]["etat"] == "partiel"
    rows = states(found=[finding("cegid_rh/bulletins", "manque", axes="|sens=|", lines=1, amount=Decimal(1))])
    assert rows["essai.bulletins"]["etat"] == "complet"


def test_nobody_knows_how_many_lines_a_quotation_mark_closed_over(states):
    came = [row for row in DELIVERED if row[1] != "tickets"] + [delivered("glpi/tickets", 2041, refused=1, read=300)]
    row = states(delivered=came, refused=[refused_line("glpi/tickets", 7, rule="LIG-GUILLEMETS")])["essai.incidents"]
    assert (*state(row), row["est_perte_significative"]) == ("partiel", None, None, True)


def test_a_line_refused_for_two_reasons_is_nothing_once_both_are_decided(states):
    lines, one = [refused_line("glpi/tickets", 7, reasons=2)], [(None, None, "e7", "ligne de total")]
    assert states(refused=lines, decided=one)["essai.incidents"]["etat"] == "partiel"
    assert states(refused=lines, decided=[*one, *one])["essai.incidents"]["etat"] == "complet"


def test_a_missing_piece_is_nothing_once_all_that_is_found_of_it_is_decided(states):
    documents = [document("E1", "E"), document("S1", "S"), document("S2", "S", received=False)]
    absent = [finding("budget/lignes", "manque", piece="S2", name=name) for name in ("a", "b")]
    assert states(documents=documents, found=absent)["essai.sorties"]["etat"] == "partiel"
    one = [(None, None, "a", "pas de DM cette année")]
    assert states(documents=documents, found=absent, decided=one)["essai.sorties"]["etat"] == "partiel"
    both = [*one, (None, None, "b", "pas de DM cette année")]
    assert states(documents=documents, found=absent, decided=both)["essai.sorties"]["etat"] == "complet"


def test_a_calculation_lacks_the_share_of_the_worst_of_its_operands(states):
    rows = states(
        documents=[document("E1", "E"), document("S1", "S")],
        found=[
            finding("budget/lignes", "manque", piece="E1", lines=1, amount=Decimal(2), name="a"),
            finding("budget/lignes", "manque", piece="S1", lines=1, amount=Decimal(1), name="b"),
        ],
    )
    shares = {code: rows[code]["part_manquante"] for code in ("essai.entrees", "essai.sorties", "essai.solde")}
    assert shares["essai.solde"] == max(shares["essai.entrees"], shares["essai.sorties"])
    assert rows["essai.solde"]["montant_manquant_eur"] == 3
