"""Writes values as a reader sees them: a cell keeps what is printed, the exact value, and the code of what is missing.

A cell is ``{"texte": "41 489,54 €", "valeur": "41489.54", "manque": None, "chiffre": "finances.…", "est_texte": False,
"est_partiel": False, "est_incertain": False}``, with its ``adresse`` (``addresses``) and its ``colonne`` when it is a number of a
published row; a partial figure carries its mark, ``27 (p)``, and is uncertain when it lacks more
than the organisation's threshold. French formats and missing codes are decided here, never in a template.
"""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from pipelines import french
from pipelines.catalogue.chapters.grammar import Colonne, Format
from pipelines.stages.report.addresses import ADDRESS
from pipelines.stages.report.tables import SECRET, Row

Cell = dict[str, Any]
HIDDEN = "s"
HOLLOW = "_non_fournies"  # stored with the columns of a row: those that need a field which no tool gives
VOID = "_rien"  # the code of what a row does not have, when it does not say why
MISSING = french.MISSING_CODES
PARTIAL, PARTIAL_MARK = "partiel, il manque des lignes, des mois ou des documents à ses sources", "p"
CERTAIN = {"est_partiel": False, "est_incertain": False}
MARK = f"{french.NO_BREAK}({PARTIAL_MARK})"  # after a number
NUMBERS: dict[Format, tuple[int, str]] = {
    "entier": (0, ""),
    "decimal1": (1, ""),
    "decimal2": (2, ""),
    "euros": (0, "EUR"),
    "euros2": (2, "EUR"),
    "pourcent0": (0, "%"),
    "pourcent1": (1, "%"),
}


def cell(row: Row, column: Colonne) -> Cell:
    """The cell of a row under a column; a number has its address."""
    made = _cell(row, column)
    # words may hold numbers too: « 8 pour, 1 abstention »
    has_number = made["valeur"] is not None or (column.format == "texte" and any(map(str.isdigit, made["texte"])))
    is_led = has_number and not made["manque"] and ADDRESS in row
    return {**made, "adresse": row[ADDRESS], "colonne": column.nom} if is_led else made


def _cell(row: Row, column: Colonne) -> Cell:
    value = row.get(column.nom)
    if column.nom in row.get(HOLLOW, ()):
        return absent("m")
    if value is None:
        return missing(row)
    if column.format == "chiffre":
        shown = number(value, row["decimales"], row["unite"], row.get("code_chiffre", row.get("code")))
        shown |= {"texte": french.volume(value)} if row["unite"] == "Go" else {}
        return marked(shown, is_uncertain=not is_certain(row)) if is_partial(row) else shown
    if column.format == "volume":
        return {**number(Decimal(value), 0, "Go"), "texte": french.volume(Decimal(value))}
    if column.format in NUMBERS:
        return number(Decimal(value), *NUMBERS[column.format])
    return {**empty(words(value, column.format)), "est_texte": True, **dated(value, column)}


def dated(value: Any, column: Colonne) -> dict[str, str]:
    """The day of a value that is printed as one, for what sorts it: ``{"jour": "2020-02-06"}``."""
    return {"jour": value.isoformat()} if isinstance(value, dt.date) and column.format != "mois" else {}


def number(value: Decimal, decimals: int, unit: str, code: str | None = None) -> Cell:
    """The cell of a number, with the code of its figure."""
    return {**empty(french.printed(value, decimals, unit)), "valeur": format(value, "f"), "chiffre": code}


def with_sign(text: str, value: Decimal | float) -> str:
    """A printed number with its sign even when it is above zero: « +7 % », « 0 % », « −1 % »."""
    return f"+{text}" if value > 0 and re.search("[1-9]", text) else text


def is_partial(row: Row) -> bool:
    """True for a row whose number is missing part of what it counts."""
    return row.get("etat") == "partiel"


def is_certain(row: Row) -> bool:
    """True when a number is whole, or what it lacks is known and small enough for sentences and comparisons."""
    return not is_partial(row) or row.get("est_perte_significative") is False


def marked(one: Cell, *, is_uncertain: bool = True) -> Cell:
    """The cell of a number that is missing part of what it counts."""
    return {**one, "texte": one["texte"] + MARK, "est_partiel": True, "est_incertain": is_uncertain}


def missing(row: Row) -> Cell:
    """The cell of a missing value: its code, secrecy first, else that of its table, else « sans objet »."""
    return absent(HIDDEN if row.get(SECRET) else row.get("code_manquant") or row.get(VOID, "—"))


def absent(code: str) -> Cell:
    """The cell of a missing code."""
    return {**empty(code), "manque": code}


def empty(text: str = "") -> Cell:
    """A cell without a value."""
    return {"texte": text, "valeur": None, "manque": None, "chiffre": None, "est_texte": False, **CERTAIN}


def words(value: Any, how: Format) -> str:
    """A value that is not a number, as it is printed."""
    if how == "mois":
        return french.month(value.month if isinstance(value, dt.date) else int(value))
    if how == "chemin":
        *above, last = str(value).split(" > ")
        return f"{last} ({above[-1]})" if above else last
    if how == "oui_non":
        return "oui" if value else "non"
    return french.date(value) if isinstance(value, dt.date) else str(value)


def total(cells: list[Cell], how: Format) -> Cell:
    """The sum of a column; missing when one of its cells is, None for what does not add up."""
    if how not in NUMBERS or how.startswith("pourcent"):
        return empty()
    lacking = next((c["manque"] for c in cells if c["manque"] and c["manque"] != "—"), None)
    known = [Decimal(c["valeur"]) for c in cells if c["valeur"] is not None]
    if lacking or not known:
        return absent(lacking or "—")
    whole = number(sum(known, Decimal(0)), *NUMBERS[how])
    if not any(c["est_partiel"] for c in cells):
        return whole
    return marked(whole, is_uncertain=any(c["est_incertain"] for c in cells))
