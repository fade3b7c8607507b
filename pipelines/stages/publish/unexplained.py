"""Finds the published rows that raise an alarm no text of the year explains, and the sentences that still need a decision."""

import hashlib
from typing import Any

import duckdb

from pipelines.catalogue.chapters.alerts import Alerte
from pipelines.catalogue.chapters.messages import drafted, of_chapters
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace

CODE = "RAP-NOTE"
MESSAGES = "RAP-MESSAGES"


def unexplained(work: Workspace, db: Any) -> list[Finding]:
    """One finding per row of the schema ``rapport`` of the current catalog. Raises DeclarationError: a condition cannot be run."""
    there = (
        "select table_name from duckdb_tables() where schema_name = 'rapport' and database_name = current_database()"
    )
    tables = {name for (name,) in db.execute(there).fetchall()}
    rule, found = work.rules[CODE], []
    for name, alert in work.catalogue.alerts.items():
        for row in _rows(work, name, alert, db) if alert.table in tables else []:
            note = alert.note(name, row)
            if not (work.home.contenu / note).is_file():
                said, where = alert.said(row), f"contenu/{note.as_posix()}"
                found.append(Finding.of(rule, row["exercice"], alert.table, said, where, cle=note.as_posix()))
    return found


def unanswered(work: Workspace, db: Any) -> list[Finding]:
    """One finding per exercice whose figures produce sentences: a decision on it answers for these sentences, and for no others."""
    blocs = list(of_chapters(work.catalogue.chapters))
    if not blocs:
        return []
    cursor = db.execute(
        "select code, exercice, libelle, valeur, unite, decimales, etat, est_perte_significative, code_manquant "
        "from rapport.chiffres order by exercice"
    )
    names = [column[0] for column in cursor.description]
    rows = {(row[0], row[1]): dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
    rule, found = work.rules[MESSAGES], []
    for exercice in dict.fromkeys(year for _, year in rows):
        said = [one.text for bloc in blocs for one in drafted(bloc, rows, exercice)]
        if said:
            text = " ".join(said)
            drawn = hashlib.sha256(text.encode()).hexdigest()[:12]
            found.append(Finding.of(rule, exercice, "report", text, ecart=drawn))
    return found


def _rows(work: Workspace, name: str, alert: Alerte, db: Any) -> list[dict[str, Any]]:
    try:
        cursor = db.execute(alert.select(f"rapport.{alert.table}"))
    except (duckdb.BinderException, duckdb.ParserException):
        columns = [column for column, *_ in db.execute(f"describe rapport.{alert.table}").fetchall()]
        place = work.catalogue.alerts_declared[name].place
        raise DeclarationError(
            f"{place} quand, cle: ne se lisent pas dans rapport.{alert.table}, dont les colonnes sont {', '.join(columns)}"
        ) from None
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, values, strict=True)) for values in cursor.fetchall()]
