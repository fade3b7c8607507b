"""The staff of the hand-made case (``case_rh.py``): what counts, what does not and why, and what is printed."""

from decimal import Decimal

import pytest


def test_agents_are_weighed_with_a_motive(warehouse):
    rows = warehouse.rows(
        "select exercice, matricule, code_statut, est_present, poids, motif from intermediate.int_rh__agents "
        "order by exercice, _ligne"
    )
    assert rows == [
        (2041, "k1:a", "fonctionnaire", True, 1, "compté"),
        (2041, "k1:b", "fonctionnaire", True, 1, "compté"),
        (2041, "k1:c", "contractuel_permanent", True, 1, "compté"),
        (2041, "k1:d", "contractuel_permanent", True, 1, "compté"),
        (2041, "k1:e", "contractuel_non_permanent", False, 1, "compté"),
        (2041, "k1:f", None, True, 0, "statut non reconnu"),
        (2041, "k1:g", "fonctionnaire", True, 0, "cadre d’emplois non reconnu"),
        (2041, "k1:h", "fonctionnaire", False, 1, "compté"),
        (2042, "k1:a", "fonctionnaire", True, 1, "compté"),
        (2042, "k1:b", "fonctionnaire", True, 1, "compté"),
        (2042, "k1:c", "fonctionnaire", True, 1, "compté"),
        (2042, "k1:d", "contractuel_permanent", False, 1, "compté"),
        (2042, "k1:i", "fonctionnaire", True, 1, "compté"),
        (2042, "k1:j", "contractuel_permanent", False, 0, "doublon"),
        (2042, "k1:j", "contractuel_permanent", True, 1, "compté"),
    ]


def test_hours_are_declared_or_paid_never_both(warehouse):
    rows = warehouse.rows(
        "select systeme, exercice, matricule, mois::varchar, heures, motif from intermediate.int_rh__heures "
        "order by systeme, _ligne"
    )
    assert rows == [
        ("ciril_rh", 2041, "k1:a", "2041-01-01", Decimal(1820), "compté"),
        ("ciril_rh", 2041, "k1:c", "2041-01-01", Decimal(910), "compté"),
        ("ciril_rh", 2041, "k1:e", "2041-07-01", Decimal("30.50"), "compté"),
        ("ciril_rh", 2041, "k1:e", "2041-08-01", Decimal("-0.50"), "compté"),
        ("ciril_rh", 2041, "k1:x", "2041-01-01", Decimal(5), "agent absent de l’état du personnel"),
        ("ciril_rh", 2042, "k1:a", "2042-10-01", Decimal(3), "compté"),
        ("ciril_rh", 2042, "k1:a", "2042-11-01", Decimal(190), "remplacée par les déclarations sociales"),
        ("ciril_rh", 2042, "k1:j", "2042-12-01", Decimal(64), "remplacée par les déclarations sociales"),
        ("ciril_rh", 2042, "k1:b", "2042-12-01", Decimal(10), "remplacée par les déclarations sociales"),
        ("dsn", 2042, "k1:a", "2042-12-01", Decimal(999), "déclaration écartée"),
        ("dsn", 2042, "k1:a", "2042-12-01", Decimal(100), "compté"),
        ("dsn", 2042, "k1:a", "2042-11-01", Decimal(-7), "compté"),
        ("dsn", 2042, "k1:a", "2042-12-01", Decimal(8), "absence non rémunérée"),
        ("dsn", 2042, "k1:j", "2042-12-01", Decimal(50), "compté"),
        ("dsn", 2042, "k1:j", "2042-12-01", Decimal(14), "compté"),
        ("dsn", 2042, "k1:j", "2042-12-01", None, "unité qui n’est pas une durée"),
        ("dsn", 2042, "k1:elue", "2042-12-01", Decimal(10), "mandat, stage ou volontariat"),
        ("dsn", 2042, "k1:a", "2041-12-01", Decimal(-1), "exercice sans déclarations"),
        ("dsn", 2042, "k1:z", "2042-12-01", Decimal(4), "contrat absent de la déclaration"),
        ("dsn", 2042, "k1:a", "2042-11-01", Decimal(97), "compté"),
        ("dsn", 2042, "k1:ailleurs", "2042-12-01", Decimal(151), "déclaration écartée"),
    ]


def test_declared_head_count_of_31_december(warehouse):
    rows = warehouse.rows(
        "select matricule, numero_contrat, motif from intermediate.int_rh__contrats_dsn "
        "where motif not in ('déclaration écartée', 'avant décembre') order by all"
    )
    assert rows == [
        ("k1:a", "1", "compté"),
        ("k1:b", "1", "compté"),
        ("k1:c", "1", "compté"),
        ("k1:elue", "1", "mandat, stage ou volontariat"),
        ("k1:i", "1", "compté"),
        ("k1:j", "1", "autre contrat du même agent"),
        ("k1:j", "2", "compté"),
        ("k1:k", "1", "contrat suspendu sans rémunération"),
        ("k1:l", "1", "contrat terminé"),
        ("k1:m", "1", "contrat pas encore commencé"),
        ("k1:p", "2", "contrat terminé"),
    ]


def test_who_came_and_left_by_the_declarations_alone(warehouse):
    rows = warehouse.rows(
        "select exercice, matricule, sens, date_mouvement::varchar, code_motif, code_statut "
        "from intermediate.int_rh__mouvements_dsn order by all"
    )
    assert rows == [
        (2042, "k1:i", "arrivee", "2042-03-01", "non_renseigne", "fonctionnaire"),
        (2042, "k1:j", "arrivee", "2042-01-10", "non_renseigne", "contractuel"),
        (2042, "k1:l", "depart", "2042-12-31", "non_renseigne", "contractuel"),
        (2042, "k1:o", "depart", "2042-11-30", "demission", "contractuel"),
    ]


@pytest.mark.parametrize(
    ("code", "exercice", "expected"),
    [
        ("effectif.total", 2041, "4"),
        ("effectif.total", 2042, "5"),
        ("effectif.total", 2043, "m"),
        ("effectif.contractuel_permanent_cdi", 2041, "1"),
        ("effectif_declare.total", 2042, "5"),
        ("effectif_declare.fonctionnaire", 2042, "4"),
        ("effectif_declare.contractuel", 2042, "1"),
        ("age_moyen_declare.fonctionnaire", 2042, "45"),  # (52.5 + 3 × 42.5) / 4
        ("age_moyen_declare.total", 2042, "?"),  # that of one of them is not known
        ("mouvement_declare.arrivees", 2042, "2"),
        ("mouvement_declare.departs", 2042, "2"),
        ("effectif_declare.total", 2043, "m"),  # December is not declared yet
        ("effectif.contractuel_non_permanent", 2041, "0"),
        ("filiere.technique.titulaire", 2041, "100"),
        ("filiere.administrative.titulaire", 2041, "—"),
        ("filiere.administrative.contractuel", 2041, "50"),
        ("filiere.medico_sociale.tous", 2041, "25"),
        ("filiere.police.tous", 2041, "—"),
        ("filiere.police.tous", 2043, "m"),
        ("filiere.total.tous", 2041, "100"),
        ("cadre_emplois.ingenieurs", 2041, "50"),
        ("age_moyen.fonctionnaire", 2041, "40"),  # (52.5 + 27.5) / 2
        ("age_moyen.ensemble_permanent", 2041, "43.75"),  # (52.5 + 27.5 + 42.5 + 52.5) / 4
        ("age_moyen.titre", 2041, "44"),
        ("heures_remunerees", 2041, "2760"),
        ("heures_remunerees", 2042, "257"),  # declared: 100 − 7 + 97 and 50 + 14; paid in October: 3
        ("heures_remunerees", 2043, "m"),
        ("etpr.fonctionnaire", 2041, "1"),
        ("etpr.contractuel_permanent", 2041, "0.5"),
        ("etpr.contractuel_non_permanent", 2041, "0.02"),  # 30 hours, though nobody is there on 31 December
        ("etpr.total", 2041, "1.52"),
        ("mouvement.arrivees", 2041, "2"),
        ("mouvement.departs", 2041, "1"),
        ("mouvement.arrivees", 2042, "2"),
        ("mouvement.departs", 2042, "1"),
        ("mouvement.nommes_stagiaires", 2042, "2"),
        ("arrivee.mutation", 2041, "50"),
        ("arrivee.non_renseigne", 2041, "50"),
        ("depart.retraite", 2041, "100"),
        ("effectif_theorique_precedent.fonctionnaire", 2042, "2"),
        ("effectif_theorique_precedent.contractuel", 2042, "2"),
        ("effectif_theorique_precedent.total", 2042, "4"),
        ("variation.fonctionnaire", 2042, "100"),
        ("variation.contractuel", 2042, "-50"),
        ("variation.ensemble", 2042, "25"),
    ],
)
def test_figure(warehouse, code, exercice, expected):
    [(value, missing)] = warehouse.rows(
        f"select valeur, code_manquant from rapport.chiffres where code = 'rh.{code}' and exercice = {exercice}"
    )
    assert (missing or value) == (expected if missing else Decimal(expected))


def test_only_members_that_somebody_holds_are_printed(warehouse):
    rows = warehouse.rows(
        "select code from rapport.chiffres where exercice = 2041 "
        "and (code like 'rh.cadre_emplois.%' or code like 'rh.depart.%') order by code"
    )
    # neither the seasonal worker's nor her departure: her post is not permanent
    assert [code for (code,) in rows] == [
        "rh.cadre_emplois.attaches",
        "rh.cadre_emplois.educateurs_de_jeunes_enfants",
        "rh.cadre_emplois.ingenieurs",
        "rh.depart.retraite",
    ]


def test_blank_cell_of_the_report_is_not_a_difference(warehouse):
    [(status, equal)] = warehouse.rows(
        "select statut_rapprochement, est_egal from rapport.rpt_rapprochement_publie where code_chiffre = 'rh.filiere.police.tous'"
    )
    assert (status, equal) == ("manquant des deux côtés", True)


def test_differences_between_sources_are_findings(warehouse):
    rows = warehouse.rows(
        "select code_controle, exercice, perimetre, valeur, valeur_attendue from rapport.rpt_rh__rapprochements "
        "where not est_egal order by all"
    )
    assert rows == [
        ("RH-DSN-HEURES", 2042, "Heures rémunérées", 254, 264),
        ("RH-LIGNES", 2041, "agent absent de l’état du personnel", 1, 0),
        ("RH-LIGNES", 2041, "cadre d’emplois non reconnu", 2, 0),
        ("RH-LIGNES", 2041, "motif de mouvement non reconnu", 1, 0),
        ("RH-LIGNES", 2041, "statut non reconnu", 1, 0),
        ("RH-LIGNES", 2042, "contrat absent de la déclaration", 1, 0),
        ("RH-LIGNES", 2042, "doublon", 1, 0),
        ("RH-LIGNES", 2042, "déclaration d’un autre employeur", 1, 0),
        ("RH-LIGNES", 2042, "exercice sans déclarations", 1, 0),
        ("RH-LIGNES", 2042, "unité qui n’est pas une durée", 1, 0),
        ("RH-REFERENTIEL", 2042, "Catégorie", 1, 0),
        ("RH-REFERENTIEL", 2042, "Filière", 1, 0),
        ("RH-THEORIQUE", 2042, "Ensemble", 4, 5),  # 5 were published, though 4 are counted
    ]


def test_two_sources_that_agree_are_compared_all_the_same(warehouse):
    rows = warehouse.rows(
        "select code_controle, exercice, perimetre, valeur from rapport.rpt_rh__rapprochements "
        "where est_egal and code_controle in ('RH-DSN-EFFECTIF', 'RH-THEORIQUE') order by all"
    )
    assert rows == [  # nothing of 2043, whose declaration of December has not arrived
        ("RH-DSN-EFFECTIF", 2042, "Contractuels", 1),
        ("RH-DSN-EFFECTIF", 2042, "Fonctionnaires", 4),
        ("RH-THEORIQUE", 2042, "Contractuels", 2),  # nothing was published: the count is used instead
        ("RH-THEORIQUE", 2042, "Fonctionnaires", 2),
    ]


def test_payslips_of_the_syndicate_are_its_own(warehouse):
    rows = warehouse.rows("select code_collectivite, libelle_collectivite, nb_bulletins from rapport.rpt_rh__bulletins")
    assert sorted(rows) == [
        ("99001", "Ville-Haute", 10),
        ("inconnue", "Collectivité non reconnue", 1),
        ("syndicat", "SH", 2),
    ]


@pytest.mark.parametrize(
    ("table", "column", "code", "condition"),
    [
        ("filieres", "part_pct", "rh.filiere.' || code_filiere || '.tous", "code_statut = 'tous'"),
        ("cadres_emplois", "part_pct", "rh.cadre_emplois.' || code_cadre_emplois || '", "true"),
        ("ages_moyens", "age_moyen_ans", "rh.age_moyen.' || code_statut || '", "code_statut <> 'tous'"),
        ("etpr", "etpr", "rh.etpr.' || lignes.code_statut || '", "lignes.code_statut <> 'tous'"),
        ("mouvements", "part_pct", "rh.' || sens_mouvement || '.' || code_motif || '", "true"),
        ("variations", "variation_pct", "rh.variation.ensemble", "code_statut = 'tous'"),
        ("effectifs", "nb_agents", "rh.effectif.' || code_statut || '", "code_statut <> 'tous'"),
    ],
)
def test_table_says_what_the_figure_says(warehouse, table, column, code, condition):
    rows = warehouse.rows(
        f"select lignes.{column}, chiffres.valeur from rapport.rpt_rh__{table} as lignes "
        f"left join rapport.chiffres on chiffres.code = '{code}' and chiffres.exercice = lignes.exercice "
        f"where {condition}"
    )
    assert len(rows) >= 2
    assert [printed for printed, _ in rows] == [value for _, value in rows]


def test_no_empty_table_and_no_pseudonym(warehouse):
    for (table,) in warehouse.rows("select table_name from duckdb_tables() where table_name like 'rpt_rh__%'"):
        assert warehouse.rows(f"select count(*) from rapport.{table}") != [(0,)], table
    columns = warehouse.rows(
        "select column_name from duckdb_columns() where schema_name in ('marts', 'rapport') "
        "and (column_name = 'matricule' or column_name like 'date_entree%' or column_name like 'date_sortie%')"
    )
    assert columns == []


def test_services_are_those_that_the_tool_gives(warehouse):
    assert warehouse.rows("select exercice, rang, service, nb_agents from rapport.rpt_rh__services order by all") == [
        (2041, 1, "Réseau", 2),
        (2041, 2, "Accueil", 1),
    ]


def test_time_of_the_post_and_of_the_agent(warehouse):
    rows = warehouse.rows(
        "select code_temps, nb_agents, part_pct from rapport.rpt_rh__temps_travail "
        "where exercice = 2041 and code_statut = 'contractuel_permanent' order by all"
    )
    assert rows == [("complet", 1, 50), ("non_complet", 1, 50)]
    rows = warehouse.rows(
        "select code_temps, nb_agents, part_pct from rapport.rpt_rh__temps_plein "
        "where exercice = 2041 and code_statut = 'contractuel_permanent'"
    )
    assert rows == [("partiel", 1, 100)]  # of the only post that is temps complet
