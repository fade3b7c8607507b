"""The controls of the project, over small tables: what each finds, and what it leaves alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.needs import check
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.ledger.records import Finding
from pipelines.settings import Home
from tests.controls import controlled
from tests.layers import Layer, rules

COLLECTED = """
create schema collecte; create schema organisation;
create table collecte.pieces
    (systeme varchar, nom_table varchar, exercice integer, nature varchar, est_recue boolean, est_acceptee boolean);
create table collecte.mois_muets (source varchar, exercice integer, mois integer);
create table int_communs__collectivites (code_collectivite varchar, libelle_collectivite varchar);
insert into int_communs__collectivites values ('94001', 'Ablon'), ('94002', 'Orly'), ('94003', 'Thiais'), ('syndicat', 'SYN'),
    ('inconnue', 'Collectivité non reconnue'), ('non_repartie', 'Non réparti');
create table organisation.applications
    (code_application varchar, libelle_application varchar, exercice_debut integer, exercice_fin integer);
create table int_communs__collecte
    (source varchar, exercice integer, nature varchar, piece varchar, est_attendue boolean, est_acceptee boolean);
create table int_communs__hors_exercice (source varchar, exercice integer, annee integer, annee_comptee integer, _fichier varchar,
    _feuille varchar, _ligne bigint);
create table fct_lignes_signalees (source varchar, exercice integer, motif varchar, effet varchar, nb_lignes bigint,
    montant_eur decimal(20, 2), fichier varchar, feuille varchar, ligne bigint, nb_perdues bigint, somme_numeros bigint);
create table chiffres__pieces
    (code varchar, source varchar, exercice integer, nature varchar, piece varchar, est_couverte boolean);
create table fct_absences_declarees (code_chiffre varchar, exercice integer);
create table int_communs__membres (source varchar, exercice integer, code_collectivite varchar, code_application varchar,
    _fichier varchar, _feuille varchar, _ligne bigint);
create table int_communs__membres_nommes
    (source varchar, exercice integer, code_collectivite varchar, _fichier varchar, _feuille varchar, _ligne bigint);
create table int_communs__trous (source varchar, exercice integer, serie varchar, membre varchar, est_fichier boolean, mois varchar,
    nb_mois bigint, nb_attendues decimal(20, 2));
"""
CAME = ("paie/heures", 2041, "livraison", "", True, True)


def month(number: int, *, there: bool = False, expected: bool = True) -> tuple:
    """A piece of the payroll: a month that is there, or not."""
    return ("paie/heures", 2041, "mois", f"2041-{number:02}", expected, there)


@pytest.fixture
def collected(tmp_path: Path) -> Callable[..., list[Finding]]:
    """Function: table → its rows (the rest is empty); what the control of the collection finds."""

    def find(**rows: list[tuple]) -> list[Finding]:
        filled = "".join(
            f"insert into {name.replace('__of__', '.')} values {', '.join(map(literal, of))};"
            for name, of in rows.items()
        )
        return controlled(tmp_path / "warehouse.duckdb", "ctl_collecte", tables=COLLECTED + filled)

    return find


def literal(row: tuple) -> str:
    said = ("null" if one is None else repr(one).lower() if isinstance(one, bool) else repr(one) for one in row)
    return f"({', '.join(said)})"


def test_the_months_that_lack_are_one_finding_that_a_release_waits_for(collected):
    (one,) = collected(int_communs__collecte=[CAME, month(1, there=True), month(2), month(8), month(12)])
    assert (one.code, one.exercice, one.ou) == ("COL-MOIS", 2041, "paie/heures")
    assert one.recu == "aucune ligne en février, août et décembre 2041"
    assert rules()["COL-MOIS"].a_decider


def test_a_month_not_awaited_or_of_an_export_that_never_came_is_not_missing(collected):
    assert collected(int_communs__collecte=[CAME, month(1, expected=False)]) == []
    assert collected(int_communs__collecte=[(*CAME[:-1], False), month(1)]) == []  # COL-MANQUANT says it


def test_a_month_that_an_alternative_fills_for_every_figure_is_not_missing(collected):
    def covered(*said: tuple[str, int, bool]) -> list[tuple]:
        return [(code, "paie/heures", 2041, "mois", f"2041-{month:02}", is_covered) for code, month, is_covered in said]

    pieces = [CAME, month(3), month(4)]
    every = covered(("a.heures", 3, True), ("a.heures", 4, True))
    assert collected(int_communs__collecte=pieces, chiffres__pieces=every) == []
    (one,) = collected(int_communs__collecte=pieces, chiffres__pieces=[*every, *covered(("a.seule", 3, False))])
    assert one.recu == "aucune ligne en mars 2041"


def test_a_silent_month_of_a_table_without_a_period_is_missing(collected):
    (one,) = collected(collecte__of__mois_muets=[("aide/tickets", 2041, 8), ("aide/tickets", 2041, 2)])
    assert (one.code, one.ou, one.recu) == ("COL-MOIS", "aide/tickets", "aucune ligne en février et août 2041")


def test_a_delivery_that_can_no_longer_be_read_is_reported(collected):
    pieces = [
        ("paie", name, 2041, "livraison", True, counted) for name, counted in (("heures", True), ("agents", False))
    ]
    (one,) = collected(collecte__of__pieces=pieces)
    assert (one.code, one.exercice, one.ou) == ("COL-ANCIEN", 2041, "paie/agents")


def lines(source: str, *of: tuple[int, str]) -> list[tuple]:
    """Lines about a member, of an exercice."""
    return [(source, year, member, None, "a.csv", None, rank) for rank, (year, member) in enumerate(of, 2)]


def test_a_member_in_no_line_where_it_was_is_a_finding_that_says_how_many_it_had(collected) -> None:
    before = [(2040, "94001")] * 7 + [(2040, "94002"), (2040, "ailleurs"), (2040, "syndicat")]
    town, body = sorted(
        collected(int_communs__membres=lines("prets/prets", *before, (2041, "94002"))), key=lambda one: one.cle
    )
    assert (town.code, town.exercice, town.ou, town.cle) == ("COL-COLLECTIVITE", 2041, "prets/prets", "94001")
    assert (town.attendu, town.recu) == ("des lignes, comme en 2040, qui en a 7", "aucune ligne en 2041")
    assert (body.cle, body.message.endswith(" : SYN, prets/prets")) == ("syndicat", True)  # it has lines of its own


def test_a_year_whose_lines_name_nobody_lacks_every_member_it_had(collected) -> None:
    unnamed = ("prets/prets", 2041, None, None, "a.csv", None, 2)
    (one,) = collected(int_communs__membres=[*lines("prets/prets", (2040, "94001")), unnamed])
    assert (one.code, one.exercice, one.cle) == ("COL-COLLECTIVITE", 2041, "94001")


def test_lines_of_an_unknown_member_are_reported_with_the_place_of_the_first(collected) -> None:
    (one,) = collected(
        int_communs__membres=[
            ("prets/prets", 2041, "94001", None, "a.csv", None, 2),
            ("prets/prets", 2041, "inconnue", None, "b.csv", None, 9),
            ("prets/prets", 2041, "inconnue", None, "b.csv", None, 4),
            ("prets/prets", 2041, "non_repartie", None, "a.csv", None, 4),
        ]
    )
    assert (one.code, one.exercice, one.ou, one.fichier, one.ligne) == ("COL-INCONNUE", 2041, "prets/prets", "b.csv", 4)
    assert one.recu == "2\u00a0lignes d’aucune, dont la première nommée ici"


def test_a_line_that_names_nobody_known_is_reported_once(collected) -> None:
    """When a model says which member its lines belong to, it prevails over the field."""
    found = collected(
        int_communs__membres=[("prets/prets", 2041, "inconnue", None, "a.csv", None, 2)],
        int_communs__membres_nommes=[
            ("prets/prets", 2041, "inconnue", "a.csv", None, 3),
            ("parc/postes", 2041, "inconnue", "b.ods", "Nord", 7),
            ("parc/postes", 2041, "94001", "b.ods", "Nord", 6),
        ],
    )
    assert sorted((one.code, one.ou, one.fichier, one.ligne) for one in found) == [
        ("COL-INCONNUE", "parc/postes", "b.ods, feuille « Nord »", 7),
        ("COL-INCONNUE", "prets/prets", "a.csv", 2),
    ]


def test_an_application_in_no_line_of_its_first_year_is_reported_by_the_next_one(collected) -> None:
    lines = [(2040, "b"), (2041, "a"), (2041, "a"), (2041, "b"), (2042, "b"), (2042, "c")]
    rows = {
        "organisation__of__applications": [
            ("a", "Argos", None, 2041),
            ("b", "Bora", None, None),
            ("c", "Cirrus", 2042, None),
        ],
        "int_communs__membres": [("ecole/seances", year, None, one, "a.csv", None, 2) for year, one in lines],
    }
    (one,) = collected(**rows)  # a is gone in 2042, c was not there in 2041
    assert (one.code, one.exercice, one.ou, one.cle) == ("COL-APPLICATION", 2040, "ecole/seances", "a")
    assert one.attendu == "des lignes, comme en 2041, qui en a 2"

    def declared(*pieces: tuple[str, str]) -> list[Finding]:
        of = [(code, source, 2040, "livraison", "", False) for code, source in pieces]
        return collected(**rows, fct_absences_declarees=[("applications.a.eleves", 2040)], chiffres__pieces=of)

    assert len(declared(("applications.a.eleves", "ecole/comptes"))) == 1  # another source is declared absent
    assert declared(("applications.a.eleves", "ecole/seances")) == []
    both = (("applications.a.eleves", "ecole/seances"), ("applications.a.jours", "ecole/seances"))
    assert len(declared(*both)) == 1  # one of two figures


def test_a_member_without_lines_in_some_months_is_reported_with_them_and_may_be_explained(collected) -> None:
    holes = [
        ("aide/tickets", 2041, "collectivite", "94001", False, "7, 8", 10, 13),
        ("paie/heures", 2041, "fichier", "paie.zip/orly.csv", True, "12", 11, 90),
        ("paie/heures", 2041, "statut", "VACATAIRE", False, "12", 11, 30),
    ]
    member, file, category = sorted(collected(int_communs__trous=holes), key=lambda one: one.cle)
    assert (member.code, member.ou, member.fichier) == ("COL-TROU", "aide/tickets", None)
    assert member.message.endswith(" : Ablon, aide/tickets")
    assert member.attendu == "environ 13\u00a0lignes, comme aux 10 autres mois"
    assert member.recu == "aucune ligne en juillet et août 2041"
    assert member.cle == "aide/tickets 2041 collectivite 94001 7, 8"  # what a decision of a former version names
    assert category.message.endswith(" : statut VACATAIRE, paie/heures")
    assert (file.fichier, file.recu) == ("paie.zip/orly.csv", "aucune ligne en décembre 2041")
    assert rules()["COL-TROU"].a_decider and {one.effet for one in (member, file, category)} == {"manque"}


def test_lines_of_another_year_that_count_in_none_leave_a_doubt_with_their_number_and_the_first(collected) -> None:
    lines = [("aide/tickets", 2041, 2014, None, "b.csv", None, 4), ("aide/tickets", 2041, 2040, 2040, "a.csv", None, 3)]
    (one,) = collected(int_communs__hors_exercice=[*lines, ("aide/tickets", 2041, 2040, None, "a.csv", None, 9)])
    assert (one.code, one.effet, one.fichier, one.ligne) == ("COL-EXERCICE", "réserve", "a.csv", 9)
    assert one.recu == "2\u00a0lignes, dont la première, nommée ici, est de 2040"


def test_lines_set_aside_take_away_what_their_reason_says_and_a_double_nothing(collected) -> None:
    said = ("aide/tickets", 2041)
    rows = [
        (*said, "application inconnue", "manque", 3, 12.5, "a.csv", None, 7, 3, 24),
        (*said, "doublon", "rien", 1, None, "a.csv", None, 9, 0, 9),
        (*said, "annulé", "rien", 8, None, "a.csv", None, 2, 0, 44),
    ]
    double, aside = sorted(collected(fct_lignes_signalees=rows), key=lambda one: one.code)
    assert (double.code, double.effet, double.severity, double.ligne) == ("LIG-DOUBLE", "rien", "information", 9)
    assert (aside.code, aside.effet, aside.recu) == ("LIG-ECARTEE", "manque", "3\u00a0lignes : application inconnue")


def test_two_findings_at_one_place_are_told_apart_and_each_changes_its_mark_with_its_words(collected) -> None:
    said = ("aide/tickets", 2041, "sans séance", "manque")

    def found(*counted: tuple[int, int]) -> list[Finding]:
        """Of lines set aside: how many, and the sum of their numbers."""
        rows = [(*said, lines, None, None, None, None, lines, numbers) for lines, numbers in counted]
        return collected(fct_lignes_signalees=rows)

    first = found((1, 4), (2, 9))
    assert len({one.id for one in first}) == 2
    for again in (found((1, 4), (3, 9)), found((1, 4), (2, 11))):  # as many lines, and others
        assert {one.id for one in first} == {one.id for one in again}
        assert len({one.empreinte for one in first} & {one.empreinte for one in again}) == 1


def test_a_figure_that_is_declared_absent_and_that_a_build_gives_is_a_finding(tmp_path: Path) -> None:
    found = controlled(
        *(tmp_path / "warehouse.duckdb", "ctl_publication"),
        tables="create table chiffres as select 'paie.heures' as code, 2041 as exercice, 'Heures' as libelle, 'heures' as unite, "
        "'non suivi' as code_manquant, 12.50 as valeur_ecartee; create table fct_absences_declarees as select * from (values "
        "('paie.heures', 2041), ('paie.heurs', 2041)) as t (code_chiffre, exercice); create table rpt_rapprochement_publie "
        "(code_chiffre varchar, exercice integer, valeur_recalculee decimal(20, 6), valeur_publiee decimal(20, 6), "
        "texte_publie varchar, ecart decimal(20, 6), statut_rapprochement varchar)",
    )
    other, one = sorted(found, key=lambda one: one.code)
    assert (one.code, one.exercice, one.ou) == ("ABS-CONTREDITE", 2041, "paie.heures")
    assert (one.attendu, one.recu) == ("« non suivi » (absence déclarée)", "12,5 (recalculé)")
    assert (other.code, other.ou, other.recu) == ("ABS-CHIFFRE", "absences/absences", "paie.heurs")  # it has no effect


def test_unknown_words_of_the_staff_are_reported_apart_and_a_release_waits_for_them(tmp_path: Path) -> None:
    found = controlled(
        *(tmp_path / "warehouse.duckdb", "ctl_rh"),
        tables="create table stg_agents (exercice integer, systeme varchar, nom_table varchar); "
        "create table rpt_rh__rapprochements as select * from (values "
        "('RH-LIGNES', 2041, 'cadre d’emplois non reconnu', 2.0, 0.0, 2.0, false), ('RH-LIGNES', 2041, 'doublon', 1.0, 0.0, 1.0, false)) "
        "as t (code_controle, exercice, perimetre, valeur, valeur_attendue, ecart, est_egal)",
    )
    known, unknown = sorted(found, key=lambda one: one.code)
    assert (known.code, unknown.code) == ("RH-LIGNES", "RH-ORTHOGRAPHE")
    assert (known.attendu, known.recu, known.ecart) == ("0", "1", "1")
    assert rules()["RH-ORTHOGRAPHE"].a_decider and not rules()["RH-LIGNES"].a_decider
    assert "catalogue/reference/rh_orthographes/<nom>.csv" in unknown.aide


def test_a_licence_that_says_nothing_of_its_accounts_is_not_compared(tmp_path: Path) -> None:
    tables = (
        "create schema lake; create table lake.zimbra__comptes (exercice integer, domaine varchar); create table "
        "lake.zimbra__domaines (exercice integer, domaine varchar, nb_total bigint); create table fct_comptes_messagerie as "
        "select * from (values (2041, 5), (2042, 5)) as t (exercice, nb_comptes); create table fct_licences_messagerie as "
        "select * from (values (2041, null), (2042, 4)) as t (exercice, nb_licences_utilisees)"
    )
    (one,) = controlled(tmp_path / "warehouse.duckdb", "ctl_infrastructure", tables=tables)
    assert (one.code, one.exercice, one.ecart) == ("INF-COMPTES", 2042, "1")
    assert (one.attendu, one.recu) == ("4\u00a0comptes", "5\u00a0comptes")


CONTROL = "select {{{{ constat({}, ou='code') }}}}\nfrom {{{{ ref('chiffres') }}}}\n"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (CONTROL.format("'ESS-INCONNUE'"), "ctl_essai.sql:1 demande la règle « ESS-INCONNUE »"),
        (CONTROL.format('"ESS-INCONNUE"'), "ctl_essai.sql:1 demande la règle « ESS-INCONNUE »"),
        (CONTROL.format("\"case when valeur > 1 then 'ESS-AUTRE' else code end\""), "demande la règle « ESS-AUTRE »"),
        ("select 'ESS-VU' as code_regle\n", "un contrôle donne ses lignes par la macro constat"),
    ],
)
def test_a_control_of_a_home_names_a_rule_that_is_declared(tmp_path: Path, sql: str, said: str) -> None:
    layer = Layer(tmp_path / "home")
    layer.write("dbt_project/models/controles/ctl_essai.sql", sql)
    with pytest.raises(DeclarationError) as caught:
        check(load_catalogue(Home(layer.root)))
    assert said in str(caught.value)


def test_the_sentences_of_a_rule_use_what_controls_give_and_a_reworded_rule_keeps_those_it_had(tmp_path: Path) -> None:
    layer = Layer(tmp_path / "home")
    layer.write(
        "catalogue/rules.yml",
        {"regles": {"FIN-DETTE": {"titre": "Dette", "aide": "La demander.", "recu": "{{ reccu }}"}}},
    )
    with pytest.raises(DeclarationError, match="aucun contrôle ne donne « reccu »"):
        check(load_catalogue(Home(layer.root)))
    layer.write("catalogue/rules.yml", {"regles": {"FIN-DETTE": {"titre": "Dette", "aide": "La demander."}}})
    rule, shipped = load_catalogue(Home(layer.root)).rules["FIN-DETTE"], rules()["FIN-DETTE"]
    assert (rule.titre, rule.attendu, rule.recu) == ("Dette", shipped.attendu, shipped.recu)
    assert not rule.a_decider  # the rest is the home's


def test_a_spelling_is_used_where_its_rule_says(tmp_path):
    """The path that the help gives is read from a home."""
    layer = Layer(tmp_path / "home")
    rows = "nomenclature,orthographe,code\ncadre_emplois,Adj adm,adjoints_administratifs\n"
    layer.write("catalogue/reference/rh_orthographes/silpha.csv", rows)
    catalogue = load_catalogue(Home(layer.root))
    check(catalogue)
    added = [one for path, one in catalogue.references.items() if path.is_relative_to(layer.root)]
    assert [(one.table, "Adj adm" in one.rows) for one in added] == [("rh_orthographes", True)]
