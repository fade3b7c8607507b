"""The compiled SQL of small invented figures, run in DuckDB: nothing here comes from the demonstration."""

from decimal import Decimal

import duckdb
import pytest

from tests.catalogue.figures.sql import delivered, figures_of, warehouse_of

FIGURES = """\
domaine: essai
titre: Un essai
familles:
  application:
    relation: dim_application
    code: code_application
    libelle: libelle_application
    en_mots: de l’application
    debut: exercice_debut
    fin: exercice_fin
    indicateurs: dim_application_indicateur
  sens:
    relation: dim_sens
    code: sens
    libelle: libelle
    en_mots: du sens
    filtre: {domaine: [a, b]}
  sens_vu:
    relation: dim_sens_annuel
    code: sens
    libelle: libelle
    en_mots: du sens
    exercice: annee
    presents_dans: {fait: fct_flux, filtre: {quantite: [1, 2, "10.25", "1.5"]}}
chiffres:
  - code: essai.entrees
    libelle: Entrées
    unite: u
    decimales: 2
    sources: [elise/comptes]
    mesure: {fait: fct_flux, agregat: somme, colonne: quantite, filtre: {sens: E}, si_vide: zero}
  - code: essai.sorties
    libelle: Sorties
    unite: u
    decimales: 0
    sources: [elise/comptes, gma/comptes]
    mesure:
      fait: fct_flux
      agregat: somme
      colonne: quantite
      filtre: {sens: [S, X], est_clos: true}
  - code: essai.lignes
    libelle: L’ensemble
    unite: u
    decimales: 0
    sources: [gma/comptes]
    mesure: {fait: fct_flux, agregat: nombre, si_vide: zero}
  - code: essai.sens
    libelle: Sens
    unite: u
    decimales: 0
    sources: [gma/comptes]
    mesure: {fait: fct_flux, agregat: nombre_distinct, colonne: sens, si_vide: zero}
  - code: essai.record
    libelle: Record
    unite: u
    decimales: 0
    sources: [gma/comptes]
    mesure: {fait: fct_flux, agregat: maximum, colonne: quantite, filtre: {code_application: elise}}
  - code: essai.solde
    libelle: Solde
    unite: u
    decimales: 2
    expression: entrees - sorties
    operandes: {entrees: essai.entrees, sorties: essai.sorties}
  - code: essai.part
    libelle: Part
    unite: "%"
    decimales: 1
    expression: sorties / entrees * 100
    operandes: {entrees: essai.entrees, sorties: essai.sorties}
  - code: essai.part_du_solde
    libelle: Part du solde
    unite: "%"
    decimales: 3
    expression: solde / sorties / 3 + part / 100
    operandes: {solde: essai.solde, sorties: essai.sorties, part: essai.part}
  - code: lieux.{application}.quantite
    libelle: Quantité de {application}
    unite: u
    decimales: 1
    sources: ["{application}/comptes"]
    mesure: {fait: fct_flux, agregat: somme, colonne: quantite, si_vide: zero}
  - code: lieux.{application}.moyenne
    libelle: Moyenne de {application}
    unite: u
    decimales: 2
    expression: quantite / lignes
    operandes: {quantite: "lieux.{application}.quantite", lignes: essai.lignes}
  - code: sens.{sens}.lignes
    libelle: Lignes de {sens}
    unite: u
    decimales: 0
    sources: [[elise/comptes, gma/comptes]]
    mesure: {fait: fct_flux, agregat: nombre, si_vide: sans_objet}
  - code: sens.{sens}.part
    libelle: Part de {sens}
    unite: "%"
    decimales: 0
    expression: lignes / ensemble * 100
    operandes: {lignes: "sens.{sens}.lignes", ensemble: essai.lignes}
  - code: essai.agents
    libelle: Agents
    unite: u
    decimales: 0
    sources: ["*/agents"]
    mesure: {fait: fct_flux, agregat: nombre, si_vide: zero}
  - code: essai.heures
    libelle: Heures
    unite: u
    decimales: 0
    sources: [["*/heures_remunerees", dsn/activites]]
    mesure: {fait: fct_flux, agregat: nombre, si_vide: zero}
  - code: vus.{sens_vu}
    libelle: Quantité de {sens_vu}
    unite: u
    decimales: 2
    sources: [elise/comptes]
    mesure: {fait: fct_flux, agregat: somme, colonne: quantite}
"""
OTHER_DOMAIN = """\
domaine: autre
titre: Un autre
chiffres:
  - code: autre.double
    libelle: Double des entrées
    unite: u
    decimales: 1
    expression: entrees * 2
    operandes: {entrees: essai.entrees}
"""

TABLES = """\
create table dim_exercice as select unnest([3001, 3002]) as exercice;
create table dim_application
    (code_application varchar, libelle_application varchar, exercice_debut integer, exercice_fin integer);
insert into dim_application values ('elise', 'L''Élise', null, 3001), ('gma', 'GMA', null, null);
create table dim_application_indicateur (code_application varchar, indicateur varchar);
insert into dim_application_indicateur values ('elise', 'quantite'), ('gma', 'quantite'), ('gma', 'moyenne');
create table dim_sens (sens varchar, libelle varchar, domaine varchar);
insert into dim_sens values ('E', 'Entrée', 'a'), ('S', 'Sortie', 'b'), ('X', 'Autre', 'c'), ('Z', 'Rien', 'b');
create table dim_sens_annuel (sens varchar, libelle varchar, annee integer);
insert into dim_sens_annuel values
    ('E', 'Entrée', 3001), ('S', 'Sortie', 3001), ('S', 'Sortie', 3002), ('X', 'Autre', 3002), ('Z', 'Rien', 3001);
create table fct_flux
    (exercice integer, code_application varchar, sens varchar, quantite decimal(18, 2), est_clos boolean);
create table fct_absences_declarees (code_chiffre varchar, exercice integer, code_manquant varchar);
create table fct_chiffres_publies (code_chiffre varchar, exercice integer, valeur_publiee decimal(20, 6));
"""
ALL_ACCEPTED = [(source, year, True, 0, True) for source in ("elise/comptes", "gma/comptes") for year in (3001, 3002)]
FOLLOWED = ("elise/comptes", "gma/comptes", "cegid_rh/agents", "cegid_rh/heures")
FLOWS = [  # of 3001
    (3001, "elise", "E", "10.25", False),
    (3001, "elise", "S", "1.5", True),
    (3001, "gma", "X", "2", True),
    (3001, "gma", "X", "50", False),
]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The tables of the marts and the declared figures, empty; then the models that compute them."""
    figures = figures_of(tmp_path_factory.mktemp("figures"), essai=FIGURES, autre=OTHER_DOMAIN)
    loaded, made = warehouse_of(figures)
    return TABLES + loaded, made


@pytest.fixture
def computed(compiled):
    """Function: rows of facts, collection, declared absences and printed figures → {(code, exercice): row}."""

    def compute(flows=FLOWS, collected=ALL_ACCEPTED, absences=(), published=(), found=(), unfollowed=()):
        came = {row[:2]: row for row in collected}
        lacking = {(source, year): (source, year, False, 0, False) for source in FOLLOWED for year in (3001, 3002)}
        off = [*unfollowed, *(row[0] for row in collected if row[2:] == (False, 0, False))]
        pieces = [delivered(*row, row[0] not in off) for row in (lacking | came).values()]
        refused = [
            (*row[0].split("/"), row[1], "d", "f.csv", line, "LIG-TYPE", None, "Montant", f"{row[0]} {line}", 1)
            for row in came.values()
            for line in range(row[3])
        ]
        db = duckdb.connect()
        db.execute(compiled[0])
        for table, rows in (
            ("fct_flux", flows),
            ("collecte.pieces", pieces),
            ("fct_absences_declarees", absences),
            ("fct_chiffres_publies", published),
            ("controles__entrees", found),
            ("collecte.lignes_refusees", refused),
        ):
            for row in rows:
                db.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)
        db.execute(compiled[1])
        result = db.execute("from chiffres")
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        assert len({(row["code"], row["exercice"]) for row in rows}) == len(rows)
        for row in rows:
            assert (row["valeur"] is None) == (row["code_manquant"] is not None) == (row["statut"] == "manquant")
        return {(row["code"], row["exercice"]): row for row in rows}

    return compute


def value(rows, code, exercice=3001):
    row = rows[code, exercice]
    return row["code_manquant"] or row["valeur"]


def test_values_of_measures_and_expressions(computed):
    rows = computed()
    assert value(rows, "essai.entrees") == Decimal("10.25")
    assert value(rows, "essai.sorties") == Decimal("4")  # 1.5 + 2, rounded half up
    assert value(rows, "essai.lignes") == 4
    assert value(rows, "essai.sens") == 3
    assert value(rows, "essai.record") == 10  # 10.25, not the 50 of another application
    assert rows["essai.record", 3001]["formule"].startswith("Plus grande valeur de « quantite » dans les fct_flux")
    assert value(rows, "essai.solde") == Decimal("6.75")  # from the exact 3.5, not from the rounded 4
    assert value(rows, "essai.part") == Decimal("34.1")  # 34.146…
    assert value(rows, "essai.part_du_solde") == Decimal("0.984")  # 6.75/3.5/3 + 3.5/10.25 = 0.98432…, from 34.146…


def test_an_expression_may_rest_on_the_figures_of_another_domain(computed):
    assert value(computed(), "autre.double") == Decimal("20.5")
    assert value(computed(absences=[("essai.entrees", 3001, "NC")]), "autre.double") == "NC"


def test_value_type_is_an_exact_decimal(compiled):
    db = duckdb.connect()
    db.execute("".join(compiled))
    types = {row[0]: row[1] for row in db.execute("describe chiffres").fetchall()}
    assert types["valeur"] == types["valeur_ecartee"] == "DECIMAL(20,6)"
    assert "DOUBLE" not in types.values()


def test_ratio_rounds_half_up(computed):
    rows = computed([(3001, "gma", "E", "8", False), (3001, "gma", "S", "0.01", True)])
    assert value(rows, "essai.part") == Decimal("0.1")  # 0.125
    rows = computed([(3001, "gma", "E", "80", False), (3001, "gma", "S", "0.36", True)])
    assert value(rows, "essai.part") == Decimal("0.5")  # 0.45


def test_no_row_is_zero_or_missing_as_declared(computed):
    rows = computed([])
    assert value(rows, "essai.entrees") == 0
    assert value(rows, "essai.sorties") == "m"
    assert value(rows, "essai.solde") == "m"


def test_missing_delivery_is_never_zero(computed):
    collected = [row for row in ALL_ACCEPTED if row[:2] != ("gma/comptes", 3001)]
    rows = computed(collected=collected)
    assert value(rows, "essai.entrees") == Decimal("10.25")
    assert value(rows, "essai.sorties") == "m"  # one of its two tables is missing
    assert value(rows, "essai.part") == "m"
    assert value(rows, "lieux.elise.quantite") == Decimal("11.8")  # 11.75
    assert value(rows, "lieux.gma.quantite") == "m"
    refused = [(*row[:2], row[:2] != ("gma/comptes", 3001), 0, True) for row in ALL_ACCEPTED]
    assert value(computed(collected=refused), "essai.sorties") == "m"


@pytest.mark.parametrize(
    ("tables", "agents", "heures"),
    [
        # source, accepted, expected
        ([], "m", "m"),
        ([("cegid_rh/agents", False, True)], "m", "m"),
        ([("cegid_rh/agents", True, True), ("ciril_rh/agents", False, False)], "whole", "m"),  # nobody uses the other
        ([("cegid_rh/agents", True, True), ("ciril_rh/agents", False, True)], "partial", "m"),  # two cover one year
        ([("cegid_rh/agents", True, True), ("ciril_rh/agents", True, True)], "whole", "m"),
        ([("cegid_rh/heures", True, True), ("ciril_rh/heures", False, True)], "m", "partial"),
        ([("cegid_rh/heures", False, True), ("dsn/activites", True, True)], "m", "whole"),  # an alternative is whole
        ([("cegid_rh/heures", True, True), ("dsn/activites", False, True)], "m", "whole"),
    ],
)
def test_the_systems_of_a_shape_cover_it_together(computed, tables, agents, heures):
    rows = computed(collected=[(source, 3001, accepted, 0, expected) for source, accepted, expected in tables])
    for code, expected in (("essai.agents", agents), ("essai.heures", heures)):
        row = rows[code, 3001]
        state = "partial" if row["etat"] == "partiel" else "whole"
        assert (row["code_manquant"] or state, value(rows, code, 3002)) == (expected, "m")
    assert rows["essai.heures", 3001]["formule"].endswith(
        "Sources : heures_remunerees (tout système) ou dsn/activites."
    )


def test_unknown_term_makes_the_sum_unknown(computed):
    rows = computed([*FLOWS, (3001, "gma", "E", None, False)])
    assert value(rows, "essai.entrees") == "?"
    assert value(rows, "essai.solde") == "?"
    assert value(rows, "essai.lignes") == 5


def test_division_by_zero_is_not_applicable(computed):
    rows = computed([(3001, "gma", "S", "4", True)])
    assert value(rows, "essai.entrees") == 0
    assert value(rows, "essai.part") == "—"
    assert value(rows, "essai.part_du_solde") == "—"
    assert value(rows, "essai.solde") == -4


def test_refused_lines_make_a_figure_partial(computed):
    collected = [(*row[:3], 2 if row[:2] == ("gma/comptes", 3001) else 0, True) for row in ALL_ACCEPTED]
    rows = computed(collected=collected)
    partial = {code for (code, exercice), row in rows.items() if exercice == 3001 and row["etat"] == "partiel"}
    assert partial == {
        "essai.sorties", "essai.lignes", "essai.sens", "essai.record", "essai.solde", "essai.part", "essai.part_du_solde",
        "lieux.gma.quantite", "lieux.gma.moyenne",
        "sens.E.lignes", "sens.S.lignes", "sens.E.part", "sens.S.part",
        "sens.Z.lignes", "sens.Z.part",  # nobody is in it, unless a refused line was
    }  # fmt: skip
    assert not any(row["etat"] == "partiel" for (_, exercice), row in rows.items() if exercice == 3002)


def test_accepted_lines_that_were_not_understood_make_a_figure_partial(computed):
    said = [("gma/comptes", "manque"), ("elise/comptes", "rien")]
    rows = computed(found=[("LIG-ECARTEE", "a", one, 3001, None, None, effect, 2, None, one) for one, effect in said])
    partial = {code for (code, exercice), row in rows.items() if row["etat"] == "partiel" and code.startswith("lieux.")}
    assert partial == {"lieux.gma.quantite", "lieux.gma.moyenne"}
    assert value(rows, "essai.lignes") == 4


def test_declared_absence_wins_and_makes_its_dependents_missing(computed):
    rows = computed([], absences=[("essai.entrees", 3001, "NC")])
    assert value(rows, "essai.entrees") == "NC"
    assert value(rows, "essai.entrees", 3002) == 0
    assert value(rows, "essai.solde") == "NC"
    assert rows["essai.entrees", 3001]["valeur_ecartee"] is None  # nothing contradicts it
    missing = computed([], collected=[], absences=[("essai.entrees", 3001, "?")])
    assert value(missing, "essai.entrees") == "?"


def test_a_published_figure_is_used_where_a_source_was_never_accepted(computed):
    collected = [row for row in ALL_ACCEPTED if row[:2] != ("gma/comptes", 3001)]
    printed = [("essai.sorties", 3001, "7.5"), ("essai.entrees", 3001, "9"), ("essai.sens", 3001, None)]
    rows = computed(collected=collected, published=printed)
    sorties = rows["essai.sorties", 3001]
    assert (sorties["valeur"], sorties["statut"], sorties["code_manquant"]) == (Decimal("7.5"), "publié", None)
    assert sorties["etat"] == "manquant"  # it is not ours
    assert rows["essai.entrees", 3001]["statut"] == "calculé"  # what was received is never printed over
    assert value(rows, "essai.entrees") == Decimal("10.25")
    assert value(rows, "essai.sens") == "m"  # the report printed no number
    assert value(rows, "essai.solde") == "m"  # nothing is computed from a published number
    assert value(rows, "essai.sorties", 3002) == "m"  # another exercice


def test_the_published_figure_of_an_expression_is_its_own_source(computed):
    rows = computed(collected=[], published=[("essai.part", 3001, "34")])
    assert (value(rows, "essai.part"), rows["essai.part", 3001]["statut"]) == (34, "publié")
    assert value(rows, "essai.part_du_solde") == "m"


def test_published_figure_hides_neither_an_absence_nor_accepted_rows_that_say_nothing(computed):
    printed = [("essai.sorties", 3001, "7"), ("essai.entrees", 3001, "9")]
    unknown = computed([(3001, "gma", "E", None, False)], published=printed)
    assert value(unknown, "essai.entrees") == "?"
    assert value(unknown, "essai.sorties") == "m"  # its tables were accepted, no row was in them
    absent = computed(collected=[], absences=[("essai.sorties", 3001, "NC")], published=printed)
    assert value(absent, "essai.sorties") == "NC"
    assert absent["essai.sorties", 3001]["statut"] == "manquant"


def test_a_figure_of_an_unused_system_does_not_exist(computed):
    """Not even a missing one, unless somebody declares it absent or a report printed it; a figure on it neither."""
    rows = computed(collected=[], unfollowed=["gma/comptes"])
    assert {code for code, _ in rows} & {"essai.sorties", "essai.sens", "essai.solde", "essai.part"} == set()
    assert value(rows, "sens.S.lignes") == "m"  # of two alternatives, one is followed
    said = computed(
        collected=[],
        unfollowed=["gma/comptes"],
        absences=[("essai.sorties", 3001, "NC")],
        published=[("essai.sens", 3001, "2")],
    )
    assert value(said, "essai.sorties") == "NC"
    assert (said["essai.sens", 3001]["statut"], value(said, "essai.sens")) == ("publié", 2)


def test_absence_of_an_expression_makes_its_dependents_missing(computed):
    rows = computed(absences=[("essai.solde", 3001, "NC")])
    assert value(rows, "essai.solde") == "NC"
    assert value(rows, "essai.part_du_solde") == "NC"
    assert value(rows, "essai.part") == Decimal("34.1")


def test_contradicted_absence_keeps_its_code_and_shows_the_value_aside(computed):
    rows = computed(absences=[("essai.sorties", 3001, "NC"), ("essai.part", 3001, "?")])
    assert value(rows, "essai.sorties") == "NC"
    assert rows["essai.sorties", 3001]["valeur_ecartee"] == 4
    assert rows["essai.sorties", 3001]["nb_lignes"] == 2
    assert rows["essai.part", 3001]["valeur_ecartee"] is None  # an operand is missing: nothing could be computed
    assert rows["essai.entrees", 3001]["valeur_ecartee"] is None


def test_family_has_a_figure_per_application_in_use_that_names_it(computed):
    rows = computed()
    family = sorted(key for key in rows if key[0].startswith("lieux."))
    assert family == [
        ("lieux.elise.quantite", 3001),
        ("lieux.gma.moyenne", 3001),
        ("lieux.gma.moyenne", 3002),
        ("lieux.gma.quantite", 3001),
        ("lieux.gma.quantite", 3002),
    ]
    assert value(rows, "lieux.elise.quantite") == Decimal("11.8")
    assert value(rows, "lieux.gma.moyenne") == 13  # 52 over the four lines of every place
    assert rows["lieux.elise.quantite", 3001]["libelle"] == "Quantité de L'Élise"
    assert rows["lieux.gma.moyenne", 3001]["formule"].startswith("« Quantité de GMA » ÷ « L’ensemble »")
    assert rows["lieux.gma.quantite", 3001]["formule"].endswith("Sources : gma/comptes.")


def test_family_lists_the_members_that_its_relation_holds(computed):
    rows = computed()
    members = {code for code, exercice in rows if code.startswith("sens.") and exercice == 3001}
    assert members == {f"sens.{sens}.{figure}" for sens in "ESZ" for figure in ("lignes", "part")}  # X: domain c
    assert value(rows, "sens.S.lignes") == 1
    assert value(rows, "sens.S.part") == 25
    assert rows["sens.S.part", 3001]["libelle"] == "Part de Sortie"
    assert rows["sens.S.lignes", 3001]["formule"] == (
        "Nombre de fct_flux du sens et de l’exercice ; sans objet si les exports reçus n’ont aucune ligne ; arrondi à l’unité. "
        "Sources : elise/comptes ou gma/comptes."
    )


def test_family_present_in_a_fact_has_the_members_of_its_exercice(computed):
    rows = computed([*FLOWS, (3002, "gma", "E", "1", True), (3002, "gma", "S", "2", True)])
    seen = {(code, exercice): value(rows, code, exercice) for code, exercice in rows if code.startswith("vus.")}
    # in 3001 E and S; Z is in no row, X is not a member that year; in 3002 E is not
    assert seen == {("vus.E", 3001): Decimal("10.25"), ("vus.S", 3001): Decimal("1.5"), ("vus.S", 3002): Decimal(2)}


def test_every_published_number_has_its_figure_without_exports(computed):
    printed = [
        *(("essai.entrees", 3001, "9"), ("essai.part", 3001, "34"), ("lieux.gma.moyenne", 3001, "12.5")),
        *(("sens.S.part", 3001, "25"), ("vus.E", 3001, "10"), ("vus.S", 3002, "3"), ("vus.Z", 3001, None)),
    ]
    rows = computed([], collected=[], published=printed)
    shown = {key: row["valeur"] for key, row in rows.items() if row["statut"] == "publié"}
    assert shown == {(code, exercice): Decimal(text) for code, exercice, text in printed if text}
    # neither the other members, nor those of another exercice, nor the one whose number was not printed
    assert {key for key in rows if key[0].startswith("vus.")} == {("vus.E", 3001), ("vus.S", 3002)}


def test_nobody_is_not_applicable_rather_than_zero(computed):
    rows = computed()
    assert value(rows, "sens.Z.lignes") == value(rows, "sens.Z.part") == "—"
    missing = computed(collected=[])
    assert value(missing, "sens.Z.lignes") == value(missing, "sens.Z.part") == "m"


def test_what_a_figure_rests_on_is_all_there_or_missing(computed):
    assert {row["etat"] for (code, _), row in computed().items() if value({(code, 3001): row}, code) != "m"} == {
        "complet"
    }
    assert {row["etat"] for row in computed([], collected=[]).values()} == {"manquant"}


def test_one_of_the_alternatives_of_a_source_is_enough(computed):
    for source in ("elise/comptes", "gma/comptes"):
        rows = computed(collected=[row for row in ALL_ACCEPTED if row[0] == source])
        assert value(rows, "sens.S.lignes") == 1
        assert value(rows, "sens.S.part") == (25 if source == "gma/comptes" else "m")  # its total needs this one
    assert value(computed(collected=[]), "sens.S.lignes") == "m"


def test_a_greatest_value_is_unknown_when_a_value_is_and_missing_without_rows(computed):
    unknown = computed([*FLOWS, (3001, "elise", "E", None, False)])
    assert value(unknown, "essai.record") == "?"
    assert value(computed([]), "essai.record") == "m"
