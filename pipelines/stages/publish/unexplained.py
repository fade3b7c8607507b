"""Finds the published rows that raise an alarm no text of the year explains, and the sentences that still need a decision."""

import hashlib
from typing import Any

import duckdb

from pipelines.catalogue.chapters.alerts import Alerte
from pipelines.catalogue.chapters.grammar import Messages
from pipelines.catalogue.chapters.messages import Row, Rows, told
from pipelines.catalogue.chapters.texts import codes_asked
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.french import NO_BREAK, measured
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
    parts = (part for chapter in work.catalogue.chapters for _, part in chapter.parts())
    blocs = [part for part in parts if isinstance(part, Messages)]
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
        said = [one for bloc in blocs for one in _printed(work, bloc, rows, exercice)]
        if said:
            text = " ".join(said)
            drawn = hashlib.sha256(text.encode()).hexdigest()[:12]
            found.append(Finding.of(rule, exercice, "report", text, ecart=drawn))
    return found


def _printed(work: Workspace, bloc: Messages, rows: Rows, exercice: int) -> list[str]:
    """The messages of a year; of a text that replaces them, each figure that it names with its value."""
    path = work.home.contenu / str(exercice) / bloc.fichier if bloc.fichier else None
    if path is None or not path.is_file():
        return [one.text for one in told(bloc, rows, exercice)]
    known = [(code, rows.get((code, exercice))) for code in codes_asked(path.read_text(encoding="utf-8"))]
    values = [f"{row['libelle']} = {_measured(row)}" for _, row in known if row]
    return [f"contenu/{exercice}/{bloc.fichier}{NO_BREAK}: {' ; '.join(values)}"]


def _measured(row: Row) -> str:
    return "inconnu" if row["valeur"] is None else measured(row["valeur"], row["decimales"], row["unite"])


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
