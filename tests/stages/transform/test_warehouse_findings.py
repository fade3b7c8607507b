"""The months and the members missing from what came, as findings, from the tables that a build makes."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.dbt.lines import NAMED_MEMBERS, ModelLines
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.needs import check
from pipelines.ledger.records import Finding
from pipelines.settings import Home
from pipelines.stages.transform.warehouse_findings import build_findings
from tests.layers import Layer

TABLES = """
create schema marts; create schema calculs;
create table marts.fct_collecte
    (source varchar, exercice integer, nature_morceau varchar, piece varchar, est_attendue boolean, est_acceptee boolean);
create table calculs.chiffres__pieces
    (code varchar, source varchar, exercice integer, nature varchar, piece varchar, est_couverte boolean);
"""
CAME = ("paie/heures", 2041, "livraison", "", True, True)


def month(number: int, *, there: bool = False, expected: bool = True) -> tuple:
    """A piece of the payroll: a month that is there, or not."""
    return ("paie/heures", 2041, "mois", f"2041-{number:02}", expected, there)


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., list[Finding]]:
    """Function: pieces of the collection; (figure, number of a month, is it covered?) → what is found."""

    def find(pieces: list[tuple], covered: tuple[tuple[str, int, bool], ...] = ()) -> list[Finding]:
        path = tmp_path / "entrepot.duckdb"
        path.unlink(missing_ok=True)
        with duckdb.connect(str(path)) as db:
            db.execute(TABLES)
            for piece in pieces:
                db.execute("insert into marts.fct_collecte values (?, ?, ?, ?, ?, ?)", piece)
            for code, number, is_covered in covered:
                db.execute(
                    "insert into calculs.chiffres__pieces values (?, 'paie/heures', 2041, 'mois', ?, ?)",
                    (code, f"2041-{number:02}", is_covered),
                )
        return build_findings(path, load_catalogue().rules)

    return find


def declare_members(db: duckdb.DuckDBPyConnection) -> None:
    """A syndicate of one town, and room for lines."""
    db.execute("create schema intermediate; create schema organisation")
    db.execute("create table organisation.profil as select 'SYN' as sigle")
    db.execute(
        "create table organisation.collectivites as select '94001' as code_collectivite, 'Ablon' as libelle_collectivite"
    )


def test_the_months_that_lack_are_one_finding_that_a_release_waits_for(found):
    (one,) = found([CAME, month(1, there=True), month(2), month(8), month(12)])
    assert (one.code, one.exercice, one.ou) == ("COL-MOIS", 2041, "paie/heures")
    assert one.recu == "aucune ligne en février, août et décembre 2041"
    assert load_catalogue().rules["COL-MOIS"].a_decider


def test_a_month_not_awaited_or_of_an_export_that_never_came_is_not_missing(found):
    assert found([CAME, month(1, expected=False)]) == []
    assert found([(*CAME[:-1], False), month(1)]) == []  # COL-MANQUANT says it


def test_a_month_that_an_alternative_fills_for_every_figure_is_not_missing(found):
    pieces = [CAME, month(3), month(4)]
    assert found(pieces, (("a.heures", 3, True), ("a.heures", 4, True))) == []
    (one,) = found(pieces, (("a.heures", 3, True), ("a.seule", 3, False), ("a.heures", 4, True)))
    assert one.recu == "aucune ligne en mars 2041"


def test_a_member_in_no_line_where_it_was_is_a_finding_that_says_how_many_it_had(tmp_path: Path) -> None:
    path, rows = tmp_path / "entrepot.duckdb", []
    rows += [(2040, "94001", 1)] * 7 + [(2040, "94002", 1), (2040, "ailleurs", 1), (2040, "94003", 0)]
    rows += [(2041, "94002", 1), (2041, "94001", 0)]  # a line that does not count is none
    with duckdb.connect(str(path)) as db:
        db.execute("create schema intermediate; create schema organisation")
        db.execute("create table organisation.profil as select 'SYN' as sigle")
        db.execute("create table organisation.collectivites (code_collectivite varchar, libelle_collectivite varchar)")
        db.execute(
            "insert into organisation.collectivites values ('94001', 'Ablon'), ('94002', 'Orly'), ('94003', 'Thiais')"
        )
        db.execute("create table intermediate.int_prets (exercice integer, code_collectivite varchar, poids integer)")
        db.executemany("insert into intermediate.int_prets values (?, ?, ?)", rows)
        db.execute("create table intermediate.int_sans_lignes as select * from intermediate.int_prets")
    lines = {"int_prets": ModelLines(source="'mediatheque/prets'", signalees=False)}
    (one,) = build_findings(path, load_catalogue().rules, lines)
    assert (one.code, one.exercice, one.ou, one.cle) == ("COL-COLLECTIVITE", 2041, "mediatheque/prets", "94001")
    assert one.attendu == "des lignes, comme en 2040, qui en a 7"
    assert one.recu == "aucune ligne en 2041"


def test_the_syndicate_itself_in_no_line_where_it_was_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "entrepot.duckdb"
    with duckdb.connect(str(path)) as db:
        declare_members(db)
        db.execute(
            "create table intermediate.int_prets as select * from (values (2040, '94001', 1), (2040, 'syndicat', 1), "
            "(2041, '94001', 1)) as of (exercice, code_collectivite, poids)"
        )
    lines = {"int_prets": ModelLines(source="'mediatheque/prets'", signalees=False)}
    (one,) = build_findings(path, load_catalogue().rules, lines)
    assert (one.code, one.exercice, one.cle) == ("COL-COLLECTIVITE", 2041, "syndicat")
    assert one.attendu == "des lignes, comme en 2040, qui en a 1"


def test_lines_of_an_unknown_member_are_reported_with_the_place_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "entrepot.duckdb"
    rows = [
        (2041, "94001", 1, "a.csv", 2),
        (2041, "inconnue", 1, "b.csv", 9),
        (2041, "inconnue", 1, "b.csv", 4),
        (2041, "inconnue", 0, "a.csv", 3),
        (2041, "non_repartie", 1, "a.csv", 4),
    ]
    with duckdb.connect(str(path)) as db:
        db.execute("create schema intermediate; create schema organisation")
        db.execute("create table organisation.profil as select 'SYN' as sigle")
        db.execute("create table organisation.collectivites (code_collectivite varchar, libelle_collectivite varchar)")
        db.execute(
            "create table intermediate.int_prets (exercice integer, code_collectivite varchar, poids integer, _fichier varchar, "
            "_ligne bigint)"
        )
        db.executemany("insert into intermediate.int_prets values (?, ?, ?, ?, ?)", rows)
    lines = {"int_prets": ModelLines(source="'mediatheque/prets'", signalees=False)}
    (one,) = build_findings(path, load_catalogue().rules, lines)
    assert (one.code, one.exercice, one.ou, one.fichier, one.ligne) == (
        *("COL-INCONNUE", 2041, "mediatheque/prets"),
        *("b.csv", 4),
    )
    assert one.recu == "2\u00a0lignes d’aucune, dont la première nommée ici"


def test_a_line_that_names_nobody_known_is_reported_once(tmp_path: Path) -> None:
    """When a model says which member its lines belong to, it prevails over the field."""
    path = tmp_path / "entrepot.duckdb"
    with duckdb.connect(str(path)) as db:
        declare_members(db)
        db.execute(
            "create table intermediate.int_prets as select * from (values (2041, 'inconnue', 1, 'a.csv', 2)) "
            "as of (exercice, code_collectivite, poids, _fichier, _ligne)"
        )
        db.execute(
            f"create table intermediate.{NAMED_MEMBERS} as select * from (values ('mediatheque/prets', 2041, 'inconnue', 'a.csv', null, 3), "
            "('parc/postes', 2041, 'inconnue', 'b.ods', 'Nord', 7), ('parc/postes', 2041, '94001', 'b.ods', 'Nord', 6)) "
            "as of (source, exercice, code_collectivite, _fichier, _feuille, _ligne)"
        )
    lines = {"int_prets": ModelLines(source="'mediatheque/prets'", signalees=False)}
    found = build_findings(path, load_catalogue().rules, lines)
    assert [(one.code, one.ou, one.fichier, one.ligne) for one in found] == [
        ("COL-INCONNUE", "mediatheque/prets", "a.csv", 2),
        ("COL-INCONNUE", "parc/postes", "b.ods, feuille « Nord »", 7),
    ]


def test_an_application_in_no_line_of_its_first_year_is_reported_by_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "entrepot.duckdb"
    rows = [(2040, "b", 1), (2041, "a", 1), (2041, "a", 1), (2041, "b", 1), (2042, "b", 1), (2042, "c", 1)]
    with duckdb.connect(str(path)) as db:
        db.execute("create schema intermediate; create schema organisation")
        db.execute("create table organisation.profil as select 'SYN' as sigle")
        db.execute(
            "create table organisation.applications as select * from (values ('a', 'Argos', null, 2041), ('b', 'Bora', null, null), "
            "('c', 'Cirrus', 2042, null)) as of (code_application, libelle_application, exercice_debut, exercice_fin)"
        )
        db.execute("create table intermediate.int_seances (exercice integer, code_application varchar, poids integer)")
        db.executemany("insert into intermediate.int_seances values (?, ?, ?)", rows)
    lines = {"int_seances": ModelLines(source="'ecole/seances'", signalees=False)}
    (one,) = build_findings(path, load_catalogue().rules, lines)  # a is gone in 2042, c was not there in 2041
    assert (one.code, one.exercice, one.ou, one.cle) == ("COL-APPLICATION", 2040, "ecole/seances", "a")
    assert one.attendu == "des lignes, comme en 2041, qui en a 2"
    with duckdb.connect(str(path)) as db:
        db.execute("create schema marts; create schema calculs")
        db.execute(
            "create table marts.fct_absences_declarees as select 'applications.a.eleves' as code_chiffre, 2040 as exercice"
        )
        db.execute(
            "create table calculs.chiffres__pieces as select 'applications.a.eleves' as code, 2040 as exercice, "
            "'ecole/comptes' as source"
        )
    assert len(build_findings(path, load_catalogue().rules, lines)) == 1  # another source is declared absent
    with duckdb.connect(str(path)) as db:
        db.execute("update calculs.chiffres__pieces set source = 'ecole/seances'")
    assert build_findings(path, load_catalogue().rules, lines) == []
    with duckdb.connect(str(path)) as db:  # one of two figures
        db.execute("insert into calculs.chiffres__pieces values ('applications.a.jours', 2040, 'ecole/seances')")
    assert len(build_findings(path, load_catalogue().rules, lines)) == 1


def test_a_member_without_lines_in_some_months_is_reported_with_them_and_may_be_explained(tmp_path: Path) -> None:
    path = tmp_path / "entrepot.duckdb"
    with duckdb.connect(str(path)) as db:
        declare_members(db)
        db.execute(
            "create table intermediate.int_communs__trous as select * from (values "
            "('aide/tickets', 2041, 'collectivite', '94001', false, 7, 10, 6.2, '7, 8'), "
            "('aide/tickets', 2041, 'collectivite', '94001', false, 8, 10, 6.2, '7, 8'), "
            "('paie/heures', 2041, 'fichier', 'paie.zip/orly.csv', true, 12, 11, 90, '12'), "
            "('paie/heures', 2041, 'statut', 'VACATAIRE', false, 12, 11, 30, '12')) as of "
            "(source, exercice, serie, membre, est_fichier, mois, nb_mois, nb_attendues, tous_les_mois)"
        )
    rules = load_catalogue().rules
    member, file, category = build_findings(path, rules)
    assert (member.code, member.ou, member.fichier) == ("COL-TROU", "aide/tickets", None)
    assert member.message.endswith(" : Ablon, aide/tickets")
    assert member.attendu == "environ 13\u00a0lignes, comme aux 10 autres mois"
    assert member.recu == "aucune ligne en juillet et août 2041"
    assert (
        member.cle == "aide/tickets 2041 collectivite 94001 7, 8"
    )  # what int_communs__trous looks for in the decisions
    assert category.message.endswith(" : statut VACATAIRE, paie/heures")
    assert (file.fichier, file.recu) == ("paie.zip/orly.csv", "aucune ligne en décembre 2041")
    assert rules["COL-TROU"].a_decider and rules["COL-TROU"].fait_compter


def found_in(folder: Path, tables: str) -> list[Finding]:
    """What a build finds in a warehouse of these tables."""
    path = folder / "entrepot.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute(tables)
    return build_findings(path, load_catalogue().rules)


def test_a_figure_that_is_declared_absent_and_that_a_build_gives_is_a_finding(tmp_path: Path) -> None:
    (one,) = found_in(
        tmp_path,
        "create schema rapport; create table rapport.rpt_absences_contredites as select 'paie.heures' as code_chiffre, "
        "2041 as exercice, 'non suivi' as code_manquant, 12.50 as valeur",
    )
    assert (one.code, one.exercice, one.ou) == ("ABS-CONTREDITE", 2041, "paie.heures")
    assert (one.attendu, one.recu) == ("« non suivi » (absence déclarée)", "12,5 (recalculé)")


def test_the_amount_of_an_unknown_account_is_the_largest_of_what_was_voted_and_done(tmp_path: Path) -> None:
    (one,) = found_in(
        tmp_path,
        "create schema marts; create table marts.fct_lignes_budgetaires as select 2041 as exercice, 'M57' as nomenclature, "
        "'6099' as compte, 'a#1' as document_id, 'fonctionnement' as section, 30.0 as credits_ouverts_eur, "
        "false as est_compte_administratif, -12.5 as realise_eur, 'a.xml' as fichier, 4 as ligne, 'compte inconnu' as anomalie",
    )
    assert (one.code, one.cle, one.ecart) == ("CPT-INCONNU", "M57 6099", "30")
    assert one.recu.replace("\u00a0", " ") == (
        "1 ligne dans 1 document, dont a.xml:4 ; rangées par leur chapitre de vote ; crédits 30 €, réalisé −12,5 €"
    )


def test_unknown_words_of_the_staff_are_reported_apart_and_a_release_waits_for_them(tmp_path):
    path, rules = tmp_path / "entrepot.duckdb", load_catalogue().rules
    with duckdb.connect(str(path)) as db:
        db.execute(
            "create schema rapport; create table rapport.rpt_rh__rapprochements as select * from (values "
            "('RH-LIGNES', 2041, 'cadre d’emplois non reconnu', 2.0, 0.0, 2.0, false), "
            "('RH-LIGNES', 2041, 'doublon', 1.0, 0.0, 1.0, false)) "
            "as t (code_controle, exercice, perimetre, valeur, valeur_attendue, ecart, est_egal)"
        )
    known, unknown = sorted(build_findings(path, rules), key=lambda one: one.code)
    assert (known.code, unknown.code) == ("RH-LIGNES", "RH-ORTHOGRAPHE")
    assert rules["RH-ORTHOGRAPHE"].a_decider and not rules["RH-LIGNES"].a_decider
    assert "catalogue/reference/rh_orthographes/<nom>.csv" in unknown.aide


def test_a_spelling_is_used_where_its_rule_says(tmp_path):
    """The path that the help gives is read from a home."""
    layer = Layer(tmp_path / "home")
    rows = "nomenclature,orthographe,code\ncadre_emplois,Adj adm,adjoints_administratifs\n"
    layer.write("catalogue/reference/rh_orthographes/synha.csv", rows)
    catalogue = load_catalogue(Home(layer.root))
    check(catalogue)
    added = [one for path, one in catalogue.references.items() if path.is_relative_to(layer.root)]
    assert [(one.table, "Adj adm" in one.rows) for one in added] == [("rh_orthographes", True)]
