"""Reads the control tables of a new warehouse and turns their rows into findings.

They are about deliveries that are no longer usable, months without data, members who are missing from lines they used to be
in or from some months, differences with published figures, contradicted absences, unknown accounts, budget documents that
are set aside or incomplete, meetings whose quorum is not the one declared, and amounts on which two documents or systems
should agree.
"""

import functools
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.dbt.lines import NAMED_MEMBERS, ModelLines
from pipelines.catalogue.rules import Rule, Rules, where
from pipelines.disk import Stamp, stamp
from pipelines.french import enumeration, month, number, quantity
from pipelines.ledger.records import Finding
from pipelines.sql import literal, with_sheet

# The controls of rapport.rpt_finances__rapprochements, each the code of a rule.
RECONCILIATIONS = (
    "FIN-ANNEXE-ABSENTE",
    "FIN-COMPTE-ABSENT",
    "FIN-CONSOLIDATION",
    "FIN-CREDITS",
    "FIN-ECRITURES",
    "FIN-EQUILIBRE",
    "FIN-ORDRE",
    "FIN-RECIPROQUE",
    "FIN-REPRISE",
    "FIN-RESTES",
    "FIN-VIREMENT",
)
ABSENT_ACCOUNTS = ("FIN-ANNEXE-ABSENTE", "FIN-COMPTE-ABSENT")


def build_findings(warehouse: Path, rules: Rules, lines: Mapping[str, ModelLines] | None = None) -> list[Finding]:
    """Read the control tables of the warehouse; each line is a finding, in a stable order.

    A control whose table is switched off finds nothing. ``lines``: the line-grain models, whose members are compared
    with those of the previous exercice.
    """
    with duckdb.connect(str(warehouse), read_only=True) as db:
        tables = {f"{schema}.{table}" for schema, table in db.execute(TABLES).fetchall()}
        found = [finding for table, control in CONTROLS.items() if table in tables for finding in control(db, rules)]
        known = DECLARED if {"marts.fct_absences_declarees", "calculs.chiffres__pieces"} <= tables else "false"
        return [*found, *_absent_members(db, lines or {}, known, rules), *_unknown_members(db, lines or {}, rules)]


def _warned(rule: Rule, exercice: int, where: str, named: str, **said: Any) -> Finding:
    """A warning of a rule, with its title and fix; ``named`` is its subject, ``said`` the other fields of a finding."""
    return Finding(rule.code, "alerte", exercice, where, f"{rule.titre} : {named}", aide=rule.aide, **said)


def _lines_of(db, lines: Mapping[str, ModelLines], *columns: str) -> list[str]:
    """SQL of the lines that count, of each line-grain model that has ``columns``: source, exercice and those columns."""
    needed = ("exercice", "poids", *(column for column in columns if column != "_feuille"))
    models = db.execute(
        "select table_name from information_schema.columns where table_schema = 'intermediate' "
        f"and column_name in ({', '.join(map(literal, needed))}) group by table_name having count(*) = {len(needed)}"
    ).fetchall()
    return [
        f"select {lines[model].source} as source, exercice, {', '.join(columns)} from {with_sheet(f'intermediate.{model}')} "
        "where poids = 1"
        for (model,) in sorted(models)
        if model in lines
    ]


def _unknown_members(db, lines: Mapping[str, ModelLines], rules: Rules) -> list[Finding]:
    """The lines that no spelling links to a member, and so are missing from its numbers. The first is located, without its text."""
    columns = ("code_collectivite", "_fichier", "_feuille", "_ligne")
    counted = _lines_of(db, lines, *columns)
    if ("intermediate", NAMED_MEMBERS) in db.execute(TABLES).fetchall():
        told = f" where source not in (select source from ({' union all '.join(counted)}))" if counted else ""
        counted.append(f"select source, exercice, {', '.join(columns)} from intermediate.{NAMED_MEMBERS}{told}")
    place = "(_fichier, coalesce(_feuille, ''), _ligne)"
    rows = (
        db.execute(
            f"select source, exercice, count(*), min_by(_fichier, {place}), arg_min_null(_feuille, {place}), min_by(_ligne, {place}) "
            f"from ({' union all '.join(counted)}) where code_collectivite = 'inconnue' group by all order by all"
        ).fetchall()
        if counted
        else []
    )
    rule = rules["COL-INCONNUE"]
    return [
        _warned(
            rule,
            exercice,
            source,
            source,
            attendu="une collectivité d’organisation.yml, ou l’une de ses orthographes (alias)",
            recu=f"{quantity(Decimal(count), 0, 'lignes')} d’aucune, dont la première nommée ici",
            fichier=where(fichier, feuille),
            ligne=ligne,
        )
        for source, exercice, count, fichier, feuille, ligne in rows
    ]


def _absent_members(db, lines: Mapping[str, ModelLines], known: str, rules: Rules) -> list[Finding]:
    """Members of the organisation who are in no line of a source, in an exercice that it has lines for, but were the year before.

    In a source's first exercice only the year after shows it: nothing else distinguishes a 0 from what nobody wrote
    down. ``known``, in SQL: the organisation declares every figure of the member from that source absent.
    """
    found = []
    for code, (column, members, label, present) in MEMBERS.items():
        counted = _lines_of(db, lines, column)
        rows = (
            db.execute(
                ABSENT.format(" union all ".join(counted), column, members, label, present, known.format(column))
            )
            if counted
            else None
        )
        found += [
            _warned(
                rules[code],
                exercice,
                source,
                f"{name}, {source}",
                attendu=f"des lignes, comme en {other}, qui en a {number(Decimal(there), 0)}",
                recu=f"aucune ligne en {exercice}",
                cle=member,
            )
            for source, exercice, member, name, other, there in (rows.fetchall() if rows else [])
        ]
    return found


def _differences(db, rules: Rules) -> list[Finding]:
    rows = db.execute(
        "select r.code_chiffre, r.exercice, c.libelle, c.unite, valeur_recalculee, valeur_publiee, texte_publie, r.ecart "
        "from rapport.rpt_rapprochement_publie as r left join rapport.chiffres as c "
        "on r.code_chiffre = c.code and r.exercice = c.exercice "
        "where r.statut_rapprochement = 'écart' order by r.code_chiffre, r.exercice"
    ).fetchall()
    rule = rules["PUB-ECART"]
    return [
        _warned(
            rule,
            exercice,
            code,
            label or code,
            attendu=f"{shown(computed, unit)} (recalculé)",
            recu=_printed(text, published, unit),
            ecart=plain(gap),
        )
        for code, exercice, label, unit, computed, published, text, gap in rows
    ]


def printed_values(warehouse: Path) -> dict[tuple[int, str], str]:
    """(exercice, figure) → the printed value it is compared with, worded as in ``PUB-ECART``; empty when the table is switched off."""
    return _printed_values(warehouse, stamp(warehouse))


@functools.lru_cache(maxsize=2)
def _printed_values(warehouse: Path, _stamp: Stamp) -> dict[tuple[int, str], str]:
    """Read once: opening a warehouse takes 80 ms, and a run gathers its findings several times."""
    with duckdb.connect(str(warehouse), read_only=True) as db:
        if ("rapport", "rpt_rapprochement_publie") not in db.execute(TABLES).fetchall():
            return {}
        rows = db.execute(
            "select r.exercice, r.code_chiffre, texte_publie, valeur_publiee, c.unite "
            "from rapport.rpt_rapprochement_publie as r left join rapport.chiffres as c "
            "on r.code_chiffre = c.code and r.exercice = c.exercice"
        ).fetchall()
    return {(exercice, code): _printed(*said) for exercice, code, *said in rows}


def _printed(text: str | None, value: Decimal | None, unit: str | None) -> str:
    return f"{text or shown(value, unit)} (publié)"


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


def _outdated(db, rules: Rules) -> list[Finding]:
    """The deliveries whose rows do not contain what today's declaration wants, and which cannot be read again."""
    rows = db.execute(
        "select systeme || '/' || nom_table, exercice from collecte.pieces "
        "where nature = 'livraison' and est_recue and not est_acceptee order by all"
    ).fetchall()
    rule = rules["COL-ANCIEN"]
    return [
        _warned(
            rule,
            exercice,
            source,
            source,
            attendu="des lignes qui portent les colonnes de la déclaration en vigueur, ou l’original pour les relire",
            recu="des lignes d’une déclaration antérieure, dont l’original est purgé",
        )
        for source, exercice in rows
    ]


def _missing_months(db, rules: Rules) -> list[Finding]:
    """The months in which a table that came has no row, one finding per table, except those that an alternative fills.

    A month missing from one figure is missing, even if another figure gets it from elsewhere.
    """
    rows = db.execute(
        "with mois as (select source, exercice, piece, est_attendue and not est_acceptee as est_absent "
        "from marts.fct_collecte where nature_morceau = 'mois'), "
        "couverts as (select source, exercice, piece from calculs.chiffres__pieces where nature = 'mois' "
        "group by all having bool_and(est_couverte)) "
        "select source, exercice, list(cast(right(piece, 2) as integer) order by piece) from mois "
        "where est_absent and exists (select 1 from marts.fct_collecte as livrees where livrees.nature_morceau = 'livraison' "
        "and livrees.est_acceptee and livrees.source = mois.source and livrees.exercice = mois.exercice) "
        "and (source, exercice, piece) not in (select (source, exercice, piece) from couverts) group by all order by all"
    ).fetchall()
    return _without_lines(rows, rules)


def _silent_months(db, rules: Rules) -> list[Finding]:
    """Those of a table that declares no period, and has lines in most of the other months."""
    rows = db.execute(
        "select source, exercice, list(mois order by mois) from collecte.mois_muets group by all order by all"
    ).fetchall()
    return _without_lines(rows, rules)


def _without_lines(rows: list[tuple[str, int, list[int]]], rules: Rules) -> list[Finding]:
    rule = rules["COL-MOIS"]
    return [
        _warned(
            rule,
            exercice,
            source,
            source,
            attendu="des lignes à chaque mois où le système est employé",
            recu=f"aucune ligne en {enumeration([month(number) for number in months])} {exercice}",
        )
        for source, exercice, months in rows
    ]


def _holes(db, rules: Rules) -> list[Finding]:
    """The members and the files with no line in months that should have some, including those that a decision explains."""
    rows = db.execute(
        "select source, exercice, serie, membre, coalesce(libelle_collectivite, if(est_fichier, '', serie || ' ') || membre), "
        "est_fichier, tous_les_mois, nb_mois, ceil(sum(nb_attendues)) "
        f"from intermediate.int_communs__trous left join {BODIES} as membres "
        "on membre = code_collectivite and serie = 'collectivite' group by all order by all"
    ).fetchall()
    rule = rules["COL-TROU"]
    return [
        _warned(
            rule,
            exercice,
            source,
            f"{name}, {source}",
            attendu=f"environ {quantity(Decimal(lines), 0, 'lignes')}, comme aux {present} autres mois"
            if present > 1
            else f"environ {quantity(Decimal(lines), 0, 'lignes')}, comme au mois où il y en a",
            recu=f"aucune ligne en {enumeration([month(int(number)) for number in months.split(', ')])} {exercice}",
            fichier=member if is_file else None,
            cle=f"{source} {exercice} {series} {member} {months}",
        )
        for source, exercice, series, member, name, is_file, months, present, lines in rows
    ]


def _contradicted_absences(db, rules: Rules) -> list[Finding]:
    rows = db.execute(
        "select code_chiffre, exercice, code_manquant, valeur from rapport.rpt_absences_contredites order by code_chiffre, exercice"
    ).fetchall()
    rule = rules["ABS-CONTREDITE"]
    return [
        _warned(
            rule,
            exercice,
            code,
            f"{code} en {exercice}",
            attendu=f"« {missing} » (absence déclarée)",
            recu=f"{shown(value)} (recalculé)",
        )
        for code, exercice, missing, value in rows
    ]


def _unknown_accounts(db, rules: Rules) -> list[Finding]:
    """One finding per account: how many lines, and their total."""
    rows = db.execute(
        "select exercice, nomenclature, compte, count(*), count(distinct document_id), count(*) filter (section is null), "
        "sum(credits_ouverts_eur) filter (not est_compte_administratif), "
        "coalesce(sum(credits_ouverts_eur) filter (est_compte_administratif), 0), "
        "coalesce(sum(realise_eur), 0), min(fichier || ':' || ligne) "
        "from marts.fct_lignes_budgetaires where anomalie is not null group by all order by all"
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
            recu=(
                f"{quantity(Decimal(lines), 0, 'lignes')} dans {quantity(Decimal(documents), 0, 'documents')}, dont {place} ; "
                + (
                    f"{quantity(Decimal(lost), 0, 'lignes')} hors de toute section"
                    if lost
                    else "rangées par leur chapitre de vote"
                )
                + f" ; crédits {shown(voted if voted is not None else opened, 'EUR')}, réalisé {shown(done, 'EUR')}"
            ),
            ecart=plain(max(voted if voted is not None else opened, done, key=abs)),
            aide=rule.aide,
            cle=f"{nomenclature} {account}",
        )
        for exercice, nomenclature, account, lines, documents, lost, voted, opened, done, place in rows
    ]


def _documents(db, rules: Rules) -> list[Finding]:
    return [
        *_other_plans(db, rules),
        *_debts_without_annexe(db, rules),
        *_loans_left_out(db, rules),
        *_without_totals(db, rules),
        *_unnumbered(db, rules),
        *_vanished(db, rules),
        *_same_budget_twice(db, rules),
        *_replaced(db, rules),
        *_called_otherwise(db, rules),
        *_undeclared(db, rules),
    ]


def _other_plans(db, rules: Rules) -> list[Finding]:
    """The documents placed by a plan of another year, or of another form of their nomenclature: reported once per nomenclature."""
    rows = db.execute(
        "select d.exercice, d.nomenclature, d.declinaison_plan, d.exercice_plan, count(*), "
        "(select count(distinct compte) from marts.fct_lignes_budgetaires as l where l.anomalie is not null "
        "and l.exercice = d.exercice and l.nomenclature = d.nomenclature) "
        "from marts.fct_documents_budgetaires as d "
        "where (d.declinaison, d.exercice) <> (d.declinaison_plan, d.exercice_plan) group by all order by all"
    ).fetchall()
    rule = rules["CPT-PLAN"]
    return [
        _warned(
            rule,
            exercice,
            "budget/documents",
            f"{nomenclature} en {exercice}",
            attendu=f"le plan de comptes {nomenclature} de {exercice}",
            recu=(
                f"{quantity(Decimal(documents), 0, 'documents')} : le plan {form} de {year} a servi, "
                + (f"{quantity(Decimal(lacking), 0, 'comptes')} n’y figurent pas" if lacking > 1 else "")
                + ("1 compte n’y figure pas" if lacking == 1 else "" if lacking else "tous les comptes y figurent")
            ),
            cle=nomenclature,
        )
        for exercice, nomenclature, form, year, documents, lacking in rows
    ]


def _debts_without_annexe(db, rules: Rules) -> list[Finding]:
    rows = db.execute(
        "select exercice, libelle_budget, libelle_decision, origine_dette, mouvements_dette_eur, fichier, ligne "
        "from marts.fct_documents_budgetaires where est_compte_administratif and encours_dette_eur is null order by all"
    ).fetchall()
    rule = rules["FIN-DETTE"]
    return [
        _warned(
            rule,
            exercice,
            "budget/emprunts",
            budget or decision,
            attendu="les emprunts dans l’annexe de la dette (élément EMPRUNT)",
            recu=f"{origin} : {shown(moved, 'EUR')} aux comptes 16 et 6611",
            ecart=plain(moved),
            fichier=fichier,
            ligne=ligne,
        )
        for exercice, budget, decision, origin, moved, fichier, ligne in rows
    ]


def _loans_left_out(db, rules: Rules) -> list[Finding]:
    """The debt annexes that the accounts, or the annexes themselves, contradict: a loan is missing, or has a wrong amount due."""
    rows = db.execute(LOANS).fetchall()
    rule = rules["FIN-EMPRUNTS"]
    return [
        _warned(
            rule,
            exercice,
            "budget/emprunts",
            budget or decision,
            attendu=COMPARED[what].format(shown(expected, "EUR")),
            recu=f"{shown(told, 'EUR')} à l’annexe",
            ecart=plain(told - expected),
            fichier=fichier,
            ligne=ligne,
            cle=what,
        )
        for exercice, budget, decision, what, expected, told, fichier, ligne in rows
    ]


def _without_totals(db, rules: Rules) -> list[Finding]:
    """The accounts that give no total of their own: a warning when those of the year before did, or when one side of
    the investment says nothing about what is left to carry out while the other does.
    """
    rows = db.execute(
        "with comptes as (select d.*, exists (select 1 from marts.fct_consolidations as t where t.document_id = d.document_id) "
        "as a_totaux from marts.fct_documents_budgetaires as d where est_compte_administratif), "
        "cotes as (select document_id, sens, bool_or(dit_restes) as dit from intermediate.int_finances__lignes_budgetaires "
        "where section = 'investissement' group by all) "
        "select exercice, coalesce(libelle_budget, siret), libelle_decision, fichier, ligne, exists (select 1 from comptes as avant "
        "where avant.a_totaux and avant.exercice = comptes.exercice - 1 and avant.siret = comptes.siret "
        "and avant.code_budget = comptes.code_budget), (select case when bool_or(dit) then max(sens) filter (not dit) end "
        "from cotes where cotes.document_id = comptes.document_id) from comptes where not a_totaux order by all"
    ).fetchall()
    rule = rules["FIN-SANS-TOTAUX"]
    return [
        Finding(
            rule.code,
            "alerte" if had_them or mute else "information",
            exercice,
            "budget/consolidations",
            f"{rule.titre} : {decision}, {budget}",
            attendu="les totaux du budget par section et par sens (éléments CONSOLIDATION)"
            + (f", comme en {exercice - 1}" if had_them else ""),
            recu="aucun total de ce budget"
            + (f", et aucun reste à réaliser dit en {mute}s d’investissement : compté 0" if mute else ""),
            aide=rule.aide,
            fichier=fichier,
            ligne=ligne,
        )
        for exercice, budget, decision, fichier, ligne, had_them, mute in rows
    ]


def _vanished(db, rules: Rules) -> list[Finding]:
    """The budgets that had accounts the year before but none this year, in a year that has accounts; declared ones are expected."""
    rows = db.execute(
        "with comptes as (select exercice, siret, code_budget, max(libelle_budget) as libelle, sum(nb_lignes) as nb "
        "from marts.fct_documents_budgetaires where est_compte_administratif group by all) "
        "select exercice + 1, siret, code_budget, libelle, nb from comptes as avant "
        "where exercice + 1 in (select exercice from comptes) "
        "and not exists (select 1 from marts.fct_documents_budgetaires as d where d.exercice = avant.exercice + 1 "
        "and d.siret = avant.siret and d.code_budget = avant.code_budget) "
        "and not exists (select 1 from organisation.budgets as b where b.siret = avant.siret) order by all"
    ).fetchall()
    rule = rules["FIN-DISPARU"]
    return [
        _warned(
            rule,
            exercice,
            "budget/documents",
            budget or siret,
            attendu=f"les documents du budget {siret} {code} : {quantity(Decimal(lines), 0, 'lignes')} de comptes en {exercice - 1}",
            recu=f"aucun document en {exercice}",
            cle=f"{siret} {code}",
        )
        for exercice, siret, code, budget, lines in rows
    ]


def _same_budget_twice(db, rules: Rules) -> list[Finding]:
    """Two accounts that may belong to one budget, under two codes: it would count twice.

    An organisation has one principal budget; annexes that share a SIRET and an exercice are distinguished by the
    declared codes.
    """
    rows = db.execute(
        "select exercice, if(type_budget = 'principal', null, siret) as budget, count(*), "
        "string_agg(fichier || ' (' || siret || ' ' || code_budget || ')', ', ' order by document_id) "
        "from marts.fct_documents_budgetaires as d where est_compte_administratif "
        "and (type_budget = 'principal' or not exists (select 1 from organisation.budgets as b "
        "where b.siret = d.siret and b.code_budget = d.code_budget)) "
        "group by exercice, type_budget, budget having count(*) > 1 order by exercice, budget nulls first"
    ).fetchall()
    rule = rules["FIN-PRINCIPAUX"]
    return [
        Finding(
            "FIN-PRINCIPAUX",
            "alerte",
            exercice,
            "budget/documents",
            rule.titre,
            attendu=f"les comptes d’un seul budget {f'annexe au SIRET {siret}' if siret else 'principal'}",
            recu=f"{count} comptes : {files}",
            aide=rule.aide,
            cle=siret,
        )
        for exercice, siret, count, files in rows
    ]


def _replaced(db, rules: Rules) -> list[Finding]:
    """The documents replaced by a later one that may not be a version of them: it names another budget, or is another decision."""
    rows = db.execute(REPLACED).fetchall()
    rule = rules["FIN-REMPLACE"]
    return [
        _warned(
            rule,
            exercice,
            "budget/documents",
            f"{decision}, {budget or siret}",
            attendu="deux versions d’un document : même budget, même date de décision",
            recu=f"{of_whom} le remplace : {by}:{at}",
            fichier=fichier,
            ligne=ligne,
        )
        for exercice, siret, budget, decision, of_whom, by, at, fichier, ligne in rows
    ]


def _called_otherwise(db, rules: Rules) -> list[Finding]:
    """The budgets called principal by some documents and annexe by others, in an exercice and the ones around it."""
    rows = db.execute(
        "select a.exercice, a.siret, a.code_budget, max(a.libelle_budget), max(a.type_budget), min(a.fichier), "
        "string_agg(distinct b.fichier || ' (' || b.exercice || ')', ', ' order by b.fichier || ' (' || b.exercice || ')') "
        "from marts.fct_documents_budgetaires as a inner join marts.fct_documents_budgetaires as b on a.siret = b.siret "
        "and a.code_budget = b.code_budget and abs(a.exercice - b.exercice) <= 1 and a.type_budget <> b.type_budget "
        "group by a.exercice, a.siret, a.code_budget order by all"
    ).fetchall()
    rule = rules["FIN-TYPE"]
    return [
        _warned(
            rule,
            exercice,
            "budget/documents",
            budget or siret,
            attendu=f"un seul type ; {fichier} dit {kind}",
            recu=f"l’autre selon {others}",
            cle=f"{siret} {code}",
        )
        for exercice, siret, code, budget, kind, fichier, others in rows
    ]


def _unnumbered(db, rules: Rules) -> list[Finding]:
    """Décisions modificatives without a number, several in one budget: each counts, in the order given."""
    rows = db.execute(
        "select exercice, siret, code_budget, max(libelle_budget), count(*), "
        "string_agg(fichier || coalesce(strftime(date_decision, ' (%d/%m/%Y)'), ' (sans date)'), ', ' order by rang_sans_numero) "
        "from marts.fct_documents_budgetaires where rang_sans_numero is not null group by all order by all"
    ).fetchall()
    rule = rules["FIN-NUMERO"]
    return [
        _warned(
            rule,
            exercice,
            "budget/documents",
            budget or siret,
            attendu="un numéro par décision modificative",
            recu=f"{count} décisions sans numéro, dans cet ordre : {files}",
            cle=f"{siret} {code}",
        )
        for exercice, siret, code, budget, count, files in rows
    ]


def _set_aside(db, rules: Rules) -> list[Finding]:
    return [*_other_bodies(db, rules), *_unknown_nomenclatures(db, rules)]


def _other_years(db, rules: Rules) -> list[Finding]:
    rows = db.execute(
        "select exercice, exercice_document, _fichier, _ligne from lake.budget__documents "
        "where exercice_document <> exercice order by all"
    ).fetchall()
    rule = rules["FIN-EXERCICE"]
    return [
        _warned(
            rule,
            exercice,
            "budget/documents",
            fichier,
            attendu=f"un document de l’exercice {exercice}",
            recu=f"un document de l’exercice {year}",
            fichier=fichier,
            ligne=ligne,
        )
        for exercice, year, fichier, ligne in rows
    ]


def _unknown_nomenclatures(db, rules: Rules) -> list[Finding]:
    rows = db.execute(
        "select exercice, libelle_decision, nomenclature, fichier, ligne from marts.fct_documents_ecartes "
        "where motif = 'nomenclature dont aucun plan de comptes n’est connu' order by all"
    ).fetchall()
    rule = rules["FIN-NOMENCLATURE"]
    return [
        _warned(
            rule,
            exercice,
            "budget/documents",
            nomenclature,
            attendu="une nomenclature dont le plan de comptes est connu",
            recu=f"{decision or 'document'} en {nomenclature}",
            fichier=fichier,
            ligne=ligne,
        )
        for exercice, decision, nomenclature, fichier, ligne in rows
    ]


def _of_pieces(db, rules: Rules) -> list[Finding]:
    return [*_expected(db, rules), *_unsaid(db, rules)]


def _expected(db, rules: Rules) -> list[Finding]:
    """The documents missing from a year whose delivery came: those of declared budgets, and of budgets that other accounts name."""
    rows = db.execute(
        "select exercice, piece, est_declaree from intermediate.int_finances__pieces as p where source = 'budget/documents' "
        "and (est_declaree or est_a_dire) and not est_recue and exists (select 1 from marts.fct_collecte as c "
        "where c.source = p.source and c.exercice = p.exercice and c.nature_morceau = 'livraison' and c.est_acceptee) order by all"
    ).fetchall()
    return [
        _warned(
            rules["FIN-ATTENDU" if is_declared else "FIN-ANNEXE-ABSENTE"],
            exercice,
            "budget/documents",
            piece,
            attendu=piece,
            recu="aucun document qui compte" if is_declared else "aucun compte",
            cle=piece,
        )
        for exercice, piece, is_declared in rows
    ]


def _unsaid(db, rules: Rules) -> list[Finding]:
    """The accounts that count but do not say what figures need: which budget, what was opened, done and left to do."""
    rows = db.execute(
        f"select exercice, piece, {', '.join(f'{column} is null' for column in SAID)} "
        "from intermediate.int_finances__pieces where source = 'budget/lignes' and est_acceptee and est_compte_administratif "
        f"and ({' or '.join(f'{column} is null' for column in SAID)}) order by all"
    ).fetchall()
    rule = rules["FIN-NON-DIT"]
    words = tuple(SAID.values())
    return [
        _warned(
            rule,
            exercice,
            "budget/documents",
            piece,
            attendu=enumeration([*words]),
            recu=", ".join(f"ni {word}" for word, lacks in zip(words, unsaid, strict=True) if lacks),
            cle=piece,
        )
        for exercice, piece, *unsaid in rows
    ]


def _undeclared(db, rules: Rules) -> list[Finding]:
    """The budgets whose documents came but which the organisation, though it declares others, does not declare: the lines to add."""
    rows = db.execute(
        "select exercice, siret, code_budget, max(libelle_budget), max(type_budget), regexp_replace(declinaison, '_.*$', ''), "
        "count(*), arg_min(fichier, document_id), arg_min(ligne, document_id) from marts.fct_documents_budgetaires as d "
        "where exists (select 1 from organisation.budgets) and not exists (select 1 from organisation.budgets as b "
        "where b.siret = d.siret and coalesce(b.code_budget, d.code_budget) = d.code_budget "
        "and coalesce(b.type_budget, d.type_budget) is not distinct from d.type_budget "
        "and b.nomenclature in (d.declinaison, regexp_replace(d.declinaison, '_.*$', '')) "
        "and d.exercice between coalesce(b.exercice_debut, d.exercice) and coalesce(b.exercice_fin, d.exercice)) "
        "group by all order by all"
    ).fetchall()
    rule = rules["FIN-NON-DECLARE"]
    found = []
    for exercice, siret, code, budget, kind, nomenclature, count, fichier, ligne in rows:
        said = {"siret": siret, "code": code, "libelle": budget, "type": kind}
        entry = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in said.items() if value]
        found.append(
            Finding(
                "FIN-NON-DECLARE",
                "alerte",
                exercice,
                "budget/documents",
                f"{rule.titre} : {budget or siret}",
                attendu="un budget de la liste budgets d’organisation.yml",
                recu=f"{quantity(Decimal(count), 0, 'documents')} en {nomenclature}",
                aide=f"{rule.aide}\n  - {{{', '.join([*entry, f'nomenclature: {nomenclature}', f'debut: {exercice}'])}}}",
                fichier=fichier,
                ligne=ligne,
                cle=f"{siret} {code} {nomenclature}",
            )
        )
    return found


def _unreadable(db, rules: Rules) -> list[Finding]:
    """The documents made unusable by refused lines, each with the first of these."""
    rows = db.execute(
        "select any_value(d.exercice), d.document_id, any_value(coalesce(d.libelle_decision, 'document')), "
        "any_value(coalesce(d.libelle_budget, d.siret)), any_value(r.fichier), min(r.ligne), count(*), "
        "arg_min(r.nom_table, r.ligne), arg_min(r.colonnes, r.ligne), arg_min(r.regle, r.ligne) "
        "from marts.fct_documents_ecartes as d inner join intermediate.int_finances__lignes_refusees as r using (document_id) "
        "where d.motif = 'document dont une ligne est illisible' group by d.document_id order by d.document_id"
    ).fetchall()
    rule = rules["FIN-ILLISIBLE"]
    return [
        Finding(
            "FIN-ILLISIBLE",
            "bloquant",
            exercice,
            "budget/documents",
            f"{rule.titre} : {', '.join(filter(None, (decision, budget)))}",
            attendu="un document dont chaque ligne se lit",
            recu=f"{quantity(Decimal(count), 0, 'lignes')} refusée{'s' * (count > 1)}, "
            f"{'dont la' if count > 1 else 'la'} ligne {line} ({table}"
            + (f", {columns}" if columns else "")
            + f", {reason})",
            aide=rule.aide,
            fichier=fichier,
            ligne=line,
            cle=identity,
        )
        for exercice, identity, decision, budget, fichier, line, count, table, columns, reason in rows
    ]


def _drafts(db, rules: Rules) -> list[Finding]:
    """The documents that call themselves drafts, including those that a decision made count: it can be reversed.

    The finding is named after the bytes of the file: the decision holds for them, whatever the file is called.
    """
    rows = db.execute(
        "select exercice, cle_document, coalesce(libelle_budget, siret), libelle_decision, date_decision is not null, "
        "motif, _fichier, _ligne from intermediate.int_finances__documents where est_projet and motif in ("
        "'compté', 'projet de budget, non voté', 'compte déclaré projet, sans compte voté à sa place') order by all"
    ).fetchall()
    rule = rules["FIN-PROJET"]
    return [
        Finding(
            "FIN-PROJET",
            "alerte",
            exercice,
            "budget/documents",
            f"{rule.titre} : {decision}, {budget}, {fichier}:{ligne}",
            attendu="un document voté (élément ProjetBudget à « false »)",
            recu=f"un projet {'daté d’une décision' if dated else 'sans date de décision'}, "
            + ("compté par décision" if motive == "compté" else "tenu à l’écart"),
            aide=rule.aide,
            cle=key,
        )
        for exercice, key, budget, decision, dated, motive, fichier, ligne in rows
    ]


def _staff(db, rules: Rules) -> list[Finding]:
    rows = db.execute(
        "select code_controle, exercice, perimetre, valeur, valeur_attendue, ecart from rapport.rpt_rh__rapprochements "
        "where not est_egal order by all"
    ).fetchall()
    return [
        _warned(
            rules["RH-ORTHOGRAPHE" if scope.endswith("non reconnu") else code],
            exercice,
            "rh",
            scope,
            attendu=shown(expected),
            recu=shown(found),
            ecart=plain(gap),
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
        _warned(
            rule,
            exercice,
            "budget/documents",
            nature,
            attendu="un budget du SIREN de l’organisation",
            recu=siret,
            fichier=fichier,
            ligne=ligne,
        )
        for exercice, nature, siret, fichier, ligne in rows
    ]


def _reconciliations(db, rules: Rules) -> list[Finding]:
    return [finding for code in RECONCILIATIONS for finding in _unequal_amounts(db, rules, code)]


def _unequal_amounts(db, rules: Rules, code: str) -> list[Finding]:
    rows = db.execute(
        "select exercice, severite, concat_ws(', ', libelle_budget, objet, section, sens_budgetaire, 'chapitre ' || code_chapitre, "
        "case controle when 'FIN-CONSOLIDATION' then 'élément CONSOLIDATION' end), "
        "attendu_eur, constate_eur, ecart_eur, rapprochement_id, fichier, ligne "
        "from rapport.rpt_finances__rapprochements "
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
            recu="aucun compte" if code in ABSENT_ACCOUNTS else shown(found, "EUR"),
            ecart=plain(gap),
            aide=rule.aide,
            fichier=fichier,
            ligne=ligne,
            cle=identity,
        )
        for exercice, severity, where, expected, found, gap, identity, fichier, ligne in rows
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


# What figures need accounts to say: the column of their document, and its words.
SAID = {
    "type_budget": "type de budget (principal ou annexe)",
    "a_credits_fonctionnement": "crédits ouverts en fonctionnement",
    "a_credits_investissement": "crédits ouverts en investissement",
    "a_realise_fonctionnement": "montants réalisés en fonctionnement",
    "a_realise_investissement": "montants réalisés en investissement",
    "a_restes": "restes à réaliser",
}
# The amounts that both the annexe of the debt and the accounts give, each with what is expected. Only loans are compared: not
# deposits (165), refinancing (166) or credit lines drawn and given back (16449). If the annexe lacks a loan, its capital or
# interest paid is lower than in the accounts. The debt at the opening must equal the debt at the last closing; the debt at the
# closing must equal the opening, plus the loans drawn, minus the capital repaid. The annexe adds up rounded instalments, so a
# difference of up to 1 €, or a hundredth of what was paid, is accepted.
COMPARED = {
    "capital": "un capital remboursé de {}, comme aux comptes 163, 164, 167 et 168",
    "interets": "des intérêts de {}, comme au compte 66111",
    "ouverture": "{} dus à l’ouverture, comme à la clôture de l’exercice précédent",
    "cloture": "{} dus à la clôture : l’ouverture, plus les emprunts reçus aux comptes, moins le capital remboursé à l’annexe",
}
LOANS = """
with paid as (
    select
        document_id,
        coalesce(sum(realise_eur) filter (sens_budgetaire = 'dépense' and est_emprunt), 0) as repaid,
        coalesce(sum(realise_eur) filter (sens_budgetaire = 'recette' and est_emprunt), 0) as drawn,
        coalesce(sum(realise_eur) filter (sens_budgetaire = 'dépense' and compte = '66111'), 0) as interest
    from (
        select *, regexp_full_match(compte, '16[3478].*') and compte not like '16449%' as est_emprunt
        from marts.fct_lignes_budgetaires where type_operation = 'réelle'
    )
    group by document_id
),
told as (
    select
        document_id,
        coalesce(sum(capital_rembourse_eur), 0) as repaid,
        coalesce(sum(interets_eur), 0) as interest,
        sum(capital_restant_du_ouverture_eur) as opening,
        sum(capital_restant_du_cloture_eur) as closing
    from marts.fct_emprunts group by document_id
),
compared as (
    select d.exercice, d.libelle_budget, d.libelle_decision, paid, told, d.fichier, d.ligne, (
        select sum(avant.encours_dette_eur) from marts.fct_documents_budgetaires as avant
        where avant.est_compte_administratif and avant.exercice = d.exercice - 1
            and avant.siret = d.siret and avant.code_budget = d.code_budget
    ) as before, case when told.document_id is null then 0 else told.opening end as opening
    from marts.fct_documents_budgetaires as d inner join paid using (document_id) left join told using (document_id)
    where d.est_compte_administratif and d.encours_dette_eur is not null
)
select exercice, libelle_budget, libelle_decision, each.what, each.expected, each.told, fichier, ligne
from (
    select *, unnest([
        {'what': 'capital', 'expected': paid.repaid, 'told': told.repaid, 'gap': paid.repaid - told.repaid},
        {'what': 'interets', 'expected': paid.interest, 'told': told.interest, 'gap': paid.interest - told.interest},
        {'what': 'ouverture', 'expected': before, 'told': opening, 'gap': abs(before - opening)},
        {'what': 'cloture', 'expected': told.opening + paid.drawn - told.repaid, 'told': told.closing,
         'gap': abs(told.opening + paid.drawn - told.repaid - told.closing)}
    ]) as each from compared
)
where each.gap > greatest(1, 0.01 * greatest(paid.repaid, paid.interest)) order by all
"""
# A document and the one that replaces it, when they name their budget differently, or are decisions of two days: a
# budget is voted once a year, whatever the day.
REPLACED = """
with versions as (
    select
        d.*,
        lus.libelle_etablissement as nom,
        regexp_replace(strip_accents(lower(lus.libelle_etablissement)), '[^a-z0-9]', '', 'g') as nom_simple
    from intermediate.int_finances__documents as d
    inner join lake.budget__documents as lus
        on d.exercice = lus.exercice and d._livraison = lus._livraison and d._fichier = lus._fichier and d._ligne = lus._ligne
)
select distinct
    a.exercice, a.siret, a.nom, a.libelle_decision,
    case
        when a.nom_simple is distinct from b.nom_simple then coalesce(b.nom, 'un document sans nom de budget')
        else strftime(b.date_decision, 'celui du %d/%m/%Y')
    end,
    b._fichier, b._ligne, a._fichier, a._ligne
from versions as a
inner join versions as b using (exercice, siret, code_budget, code_nature_decision)
where a.motif = 'document remplacé par une version plus récente' and b.rang_version = 1
    and (a.code_nature_decision not in ('02', '03') or (a.numero_decision = b.numero_decision and a.numero_decision <> ''))
    and (a.nom_simple is distinct from b.nom_simple or (a.code_nature_decision in ('02', '03') and a.date_decision <> b.date_decision))
order by all
"""
# The members of the organisation, and itself: its own agents and accounts are in the lines too.
BODIES = """(
    select code_collectivite, libelle_collectivite from organisation.collectivites
    union all select 'syndicat', sigle from organisation.profil
)"""
# The rule of an absent member: the column of the lines that names it, where members are declared and called, when one is there.
MEMBERS = {
    "COL-COLLECTIVITE": ("code_collectivite", BODIES, "libelle_collectivite", "true"),
    "COL-APPLICATION": (
        "code_application",
        "organisation.applications",
        "libelle_application",
        "exercices.exercice between coalesce(exercice_debut, exercices.exercice) and coalesce(exercice_fin, exercices.exercice)",
    ),
}
ABSENT = """
with lignes as (select source, exercice, {1}, count(*) as nb from ({0}) group by all),
annees as (
    select source, exercice, lag(exercice) over sources as avant, lead(exercice) over sources as apres
    from (select distinct source, exercice from lignes) window sources as (partition by source order by exercice)
),
exercices as (
    select source, exercice, case when avant = exercice - 1 then avant when apres = exercice + 1 then apres end as autre
    from annees
)
select exercices.source, exercices.exercice, {1}, {3}, autre, ailleurs.nb
from exercices
inner join lignes as ailleurs on exercices.source = ailleurs.source and exercices.autre = ailleurs.exercice
inner join {2} as membres using ({1})
where {4} and not {5} and not exists (
    select 1 from lignes as ici
    where ici.source = exercices.source and ici.exercice = exercices.exercice and ici.{1} = ailleurs.{1}
)
order by all
"""
DECLARED = """coalesce((
    select bool_and(absences.code_chiffre is not null) from calculs.chiffres__pieces as pieces
    left join marts.fct_absences_declarees as absences on pieces.code = absences.code_chiffre and pieces.exercice = absences.exercice
    where pieces.source = exercices.source and pieces.exercice = exercices.exercice
        and position('.' || ailleurs.{0} || '.' in pieces.code) > 0
), false)"""
TABLES = "select table_schema, table_name from information_schema.tables"
CONTROLS = {  # the table that each reads
    "collecte.mois_muets": _silent_months,
    "collecte.pieces": _outdated,
    "lake.budget__documents": _other_years,
    "marts.fct_collecte": _missing_months,
    "rapport.rpt_rapprochement_publie": _differences,
    "rapport.rpt_absences_contredites": _contradicted_absences,
    "marts.fct_lignes_budgetaires": _unknown_accounts,
    "marts.fct_documents_budgetaires": _documents,
    "marts.fct_documents_ecartes": _set_aside,
    "intermediate.int_communs__trous": _holes,
    "intermediate.int_finances__documents": _drafts,
    "intermediate.int_finances__lignes_refusees": _unreadable,
    "intermediate.int_finances__pieces": _of_pieces,
    "rapport.rpt_rh__rapprochements": _staff,
    "rapport.rpt_gouvernance__seances": _quorums,
    "rapport.rpt_finances__rapprochements": _reconciliations,
}
