"""The comité, data protection and projects of the hand-made case (``case_gouvernance.py``), and what the report prints."""

from decimal import Decimal

import pytest

from tests.controls import found


def test_comite_is_listed_by_period_in_the_order_of_the_table(warehouse):
    rows = warehouse.rows(
        "select periode, strftime(date_debut_periode, '%m-%d'), strftime(date_fin_periode, '%m-%d'), "
        "est_au_31_decembre, rang, nom_elu, libelle_fonction, code_collectivite "
        "from rapport.rpt_gouvernance__comite where exercice = 2042 order by periode, rang"
    )
    first, second = (1, "01-01", "05-31", False), (2, "06-01", "12-31", True)
    assert rows == [
        (*first, 1, "Zéphyr", "Président", "99001"),
        (*first, 2, "Brume", "1er vice-président", "99001"),
        (*first, 3, "Aube", "Membre", "99001"),
        (*first, 4, "Éclair", "Membre", "inconnue"),
        (*second, 1, "Givre", "Présidente", "99001"),
        (*second, 2, "Brume", "1re vice-présidente", "99002"),
        (*second, 3, "Nuage", "2e vice-présidente", "99001"),
    ]


def test_quorum_is_that_of_the_members_in_office_on_the_day(warehouse):
    rows = warehouse.rows(
        "select strftime(date_seance, '%m-%d'), nb_en_exercice, quorum_requis, est_quorum_atteint, est_quorum_declare, "
        "nb_deliberations, nb_adoptees, nb_unanimes from rapport.rpt_gouvernance__seances order by date_seance"
    )
    assert rows == [
        ("03-01", 4, 3, False, True, 0, 0, 0),
        ("03-05", 4, 0, True, True, 0, 0, 0),  # a second summons asks for none
        ("06-01", 3, 2, True, True, 3, 2, 1),  # a tie is not adopted without the president's own vote
        ("09-01", 3, 2, False, False, 0, 0, 0),
    ]


def test_a_quorum_that_contradicts_the_minutes_is_a_finding(warehouse):
    said = [f for f in found(warehouse.path) if f.code == "GOU-QUORUM"]
    assert [(f.exercice, f.attendu, f.recu) for f in said] == [
        (2042, "3\u00a0présents (majorité des membres en exercice)", "2\u00a0présents")
    ]


@pytest.mark.parametrize(
    ("day", "divisor", "strict"),
    [
        ("2020-03-23", 2, True),
        ("2020-03-24", 3, False),
        ("2020-08-30", 3, False),
        ("2020-08-31", 2, True),
        ("2021-09-30", 3, False),
        ("2022-07-31", 3, False),
        ("2022-08-01", 2, True),
    ],
)
def test_one_rule_of_quorum_applies_on_any_day(warehouse, day, divisor, strict):
    rows = warehouse.rows(
        "select diviseur, est_majorite_stricte from reference.quorums "
        f"where date '{day}' between date_debut and date_fin"
    )
    assert rows == [(divisor, strict)]


def test_periods_of_quorum_follow_one_another(warehouse):
    gaps = warehouse.rows(
        "select date_debut from reference.quorums qualify lag(date_fin) over (order by date_debut) + 1 <> date_debut"
    )
    assert gaps == []


def test_registers_count_the_cards_of_the_year(warehouse):
    rows = warehouse.rows(
        "select registre, nb_fiches, nb_fiches_creees, nb_fiches_mises_a_jour, nb_donnees_sensibles, "
        "nb_transferts_hors_ue, nb_aipd from rapport.rpt_rgpd__registres order by registre"
    )
    assert rows == [("responsable", 2, 1, 1, 1, 0, 0), ("sous_traitant", 1, 0, 0, None, 1, None)]


def test_processors_count_once_and_their_marks_are_averaged_exactly(warehouse):
    rows = warehouse.rows(
        "select nb_sous_traitants, nb_questionnaires_envoyes, nb_questionnaires_retournes, taux_retour_pct, "
        "note_moyenne_pct from rapport.rpt_rgpd__sous_traitants"
    )
    assert rows == [(4, 3, 2, Decimal(67), Decimal(76))]  # 2 of 3; (61 + 90) / 2, half up


def test_requests_are_answered_within_a_month_or_three(warehouse):
    rows = warehouse.rows(
        "select reference_dossier, est_dans_les_delais from restreint.fct_dossiers_rgpd where nature_dossier = 'demande' order by 1"
    )
    assert [in_time for _, in_time in rows] == [True, False, True, False, False, None]
    [counts] = warehouse.rows(
        "select nb_recues, nb_repondues, nb_dans_les_delais, nb_hors_delai, nb_en_cours, delai_moyen_jours "
        "from rapport.rpt_rgpd__demandes"
    )
    assert counts == (6, 4, 2, 3, 1, Decimal("61"))  # (28 + 32 + 92 + 92) / 4


def test_breaches_are_notified_within_72_hours(warehouse):
    [counts] = warehouse.rows(
        "select nb_violations, nb_a_notifier, nb_notifiees, nb_dans_les_72_heures, nb_hors_delai, nb_personnes "
        "from rapport.rpt_rgpd__violations"
    )
    assert counts == (5, 4, 3, 2, 2, None)  # one does not say whom it reached: their number is unknown
    told = warehouse.rows(
        "select reference_violation, notification from rapport.rpt_rgpd__registre_violations order by 1"
    )
    assert told == [
        ("VD2042-01", "faite dans le délai"),
        ("VD2042-02", "faite hors délai"),
        ("VD2042-03", "non requise"),
        ("VD2042-04", "non faite"),
        ("VD2042-05", "faite dans le délai"),
    ]


def test_projects_are_listed_by_pole_with_the_names_of_their_towns(warehouse):
    rows = warehouse.rows(
        "select code_pole, rang, titre, collectivites, nb_collectivites from rapport.rpt_projets__liste order by all"
    )
    assert rows == [
        ("poleetudes", 1, "projet 2", "Ville-Haute, Grand Port, Val d’Œuf", 2),
        ("poleetudes", 2, "projet 1", "Val d’Œuf, Ville-Haute", 2),
        ("reseaux", 1, "projet 3", "Grand Port", 0),  # a partner is no member
    ]
    landmarks = warehouse.rows("select rang, titre from rapport.rpt_projets__faits_marquants order by rang")
    assert landmarks == [(1, "Neige"), (2, "Installation")]
