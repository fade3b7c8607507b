"""What a new warehouse says of itself.

Differences with published figures, contradicted absences, unknown accounts, budget documents of another body,
meetings whose quorum is not the one declared, and amounts that two documents or systems should have in common.
"""

from decimal import Decimal
from pathlib import Path

from pipelines.catalogue.rules import Rules
from pipelines.french import number, quantity
from pipelines.ledger.records import Finding
from pipelines.sql import literal

# The controls of rapport.rpt_finances__rapprochements, each the code of a rule.
RECONCILIATIONS = (
    "FIN-CONSOLIDATION",
    "FIN-ECRITURES",
    "FIN-EQUILIBRE",
    "FIN-ORDRE",
    "FIN-RECIPROQUE",
    "FIN-REPRISE",
    "FIN-RESTES",
    "FIN-VIREMENT",
)


def build_findings(warehouse: Path, rules: Rules) -> list[Finding]:
    """Read the control tables of the warehouse; each line is a finding, in a stable order.

    A control whose table is switched off finds nothing.
    """
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as db:
        tables = {f"{schema}.{table}" for schema, table in db.execute(TABLES).fetchall()}
        return [finding for table, control in CONTROLS.items() if table in tables for finding in control(db, rules)]


def _differences(db, rules: Rules) -> list[Finding]:
    rows = db.execute(
        "select r.code, r.exercice, c.libelle, c.unite, valeur_recalculee, valeur_publiee, texte_publie, r.ecart "
        "from rapport.rpt_rapprochement_publie as r left join rapport.chiffres as c "
        "on r.code = c.code and r.exercice = c.exercice "
        "where r.statut = 'écart' order by r.code, r.exercice"
    ).fetchall()
    rule = rules["PUB-ECART"]
    return [
        Finding(
            "PUB-ECART",
            "alerte",
            exercice,
            code,
            f"{rule.titre} : {label or code}",
            attendu=f"{shown(computed, unit)} (recalculé)",
            recu=f"{text or shown(published, unit)} (publié)",
            ecart=plain(gap),
            aide=rule.aide,
        )
        for code, exercice, label, unit, computed, published, text, gap in rows
    ]


def shown(value: Decimal | None, unit: str | None = None) -> str:
    """A decimal as a French reader writes it, without superfluous zeros: ``41 490,16 €``."""
    if value is None:
        return "absent"
    places = max(0, -value.normalize().as_tuple().exponent)
    return quantity(value, places, unit) if unit else number(value, places)


def plain(value: Decimal | None) -> str:
    """A decimal that a spreadsheet reads, without superfluous zeros, with a comma: ``41490.160000`` → ``41490,16``."""
    if value is None:
        return "absent"
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")


def _contradicted_absences(db, rules: Rules) -> list[Finding]:
    rows = db.execute(
        "select code, exercice, code_manquant, valeur from rapport.rpt_absences_contredites order by code, exercice"
    ).fetchall()
    rule = rules["ABS-CONTREDITE"]
    return [
        Finding(
            "ABS-CONTREDITE",
            "alerte",
            exercice,
            code,
            f"{rule.titre} : {code} en {exercice}",
            attendu=f"« {missing} » (absence déclarée)",
            recu=f"{shown(value)} (recalculé)",
            aide=rule.aide,
        )
        for code, exercice, missing, value in rows
    ]


def _unknown_accounts(db, rules: Rules) -> list[Finding]:
    rows = db.execute(
        "select exercice, nomenclature, compte, fichier, ligne from rapport.rpt_finances__comptes_inconnus order by all"
    ).fetchall()
    rule = rules["CPT-INCONNU"]
    return [
        Finding(
            "CPT-INCONNU",
            "alerte",
            exercice,
            "budget/lignes",
            f"{rule.titre} : compte {account}",
            attendu=f"un compte de {nomenclature} en {exercice}",
            recu=account,
            aide=rule.aide,
            fichier=fichier,
            ligne=ligne,
        )
        for exercice, nomenclature, account, fichier, ligne in rows
    ]


def _staff(db, rules: Rules) -> list[Finding]:
    rows = db.execute(
        "select code_controle, exercice, perimetre, valeur, valeur_attendue, ecart from rapport.rpt_rh__rapprochements "
        "where not est_egal order by all"
    ).fetchall()
    return [
        Finding(
            code,
            "alerte",
            exercice,
            "rh",
            f"{rules[code].titre} : {scope}",
            attendu=shown(expected),
            recu=shown(found),
            ecart=plain(gap),
            aide=rules[code].aide,
            cle=scope,
        )
        for code, exercice, scope, found, expected, gap in rows
    ]


def _other_bodies(db, rules: Rules) -> list[Finding]:
    rows = db.execute(
        "select exercice, nature_decision, siret, fichier, ligne from marts.fct_documents_ecartes "
        "where motif = 'document d’un autre organisme' order by all"
    ).fetchall()
    rule = rules["FIN-ORGANISME"]
    return [
        Finding(
            "FIN-ORGANISME",
            "alerte",
            exercice,
            "budget/documents",
            f"{rule.titre} : {nature}",
            attendu="un budget du SIREN de l’organisation",
            recu=siret,
            aide=rule.aide,
            fichier=fichier,
            ligne=ligne,
        )
        for exercice, nature, siret, fichier, ligne in rows
    ]


def _reconciliations(db, rules: Rules) -> list[Finding]:
    return [finding for code in RECONCILIATIONS for finding in _unequal_amounts(db, rules, code)]


def _unequal_amounts(db, rules: Rules, code: str) -> list[Finding]:
    rows = db.execute(
        "select exercice, severite, concat_ws(', ', libelle_budget, objet, section, sens, 'chapitre ' || code_chapitre), "
        "attendu_eur, constate_eur, ecart_eur, rapprochement_id from rapport.rpt_finances__rapprochements "
        f"where controle = {literal(code)} and not est_egal order by rapprochement_id"
    ).fetchall()
    rule = rules[code]
    return [
        Finding(
            code,
            severity,
            exercice,
            "rpt_finances__rapprochements",
            f"{rule.titre} : {where}",
            attendu=shown(expected, "EUR"),
            recu=shown(found, "EUR"),
            ecart=plain(gap),
            aide=rule.aide,
            cle=identity,
        )
        for exercice, severity, where, expected, found, gap, identity in rows
    ]


def _quorums(db, rules: Rules) -> list[Finding]:
    rows = db.execute(
        "select exercice, date_seance, quorum_requis, nb_presents, regle_quorum from rapport.rpt_gouvernance__seances "
        "where est_quorum_atteint <> est_quorum_declare order by date_seance"
    ).fetchall()
    rule = rules["GOU-QUORUM"]
    return [
        Finding(
            "GOU-QUORUM",
            "alerte",
            exercice,
            "comite/seances",
            f"{rule.titre} : séance du {day:%d/%m/%Y}",
            attendu=f"{required} présents ({rule_of_the_day[0].lower()}{rule_of_the_day[1:]})",
            recu=f"{present} présents",
            aide=rule.aide,
            cle=f"{day:%Y-%m-%d}",
        )
        for exercice, day, required, present, rule_of_the_day in rows
    ]


TABLES = "select table_schema, table_name from information_schema.tables"
CONTROLS = {  # the table that each reads
    "rapport.rpt_rapprochement_publie": _differences,
    "rapport.rpt_absences_contredites": _contradicted_absences,
    "rapport.rpt_finances__comptes_inconnus": _unknown_accounts,
    "marts.fct_documents_ecartes": _other_bodies,
    "rapport.rpt_rh__rapprochements": _staff,
    "rapport.rpt_gouvernance__seances": _quorums,
    "rapport.rpt_finances__rapprochements": _reconciliations,
}
