"""The workbook of an export: a first sheet that says what it is, the published figures, then one sheet per table.

No cell is a formula or a link. A number with more than a spreadsheet's fifteen digits is written as text, so as not to
be rounded.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from pipelines.catalogue.figures.load import SOURCED
from pipelines.french import quantity
from pipelines.spreadsheet import neutralised
from pipelines.stages.publish.edition import Edition
from pipelines.stages.publish.profiles import Column, Table

NAME_LENGTH, MOST_ROWS, DIGITS = 31, 1_048_575, 15  # of a spreadsheet
WIDTHS = {"VARCHAR": 28, "BOOLEAN": 9, "DATE": 12}
SAFE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
README, FIGURES = "Lisez-moi", "Chiffres publiés"
COMPARED = "rapport.rpt_rapprochement_publie"
FIGURE_COLUMNS = {
    "Code": 44,
    "Exercice": 9,
    "Libellé": 50,
    "Valeur imprimée": 18,
    "Valeur exacte": 16,
    "Unité": 10,
    "Code manquant": 14,
    "État": 10,
    "Part manquante": 14,
    "Montant manquant (€)": 18,
    "Source": 40,
    "Formule": 70,
    "Contrôle": 34,
}


def write_workbook(edition: Edition, file: Path) -> None:
    """Write the workbook; the same edition gives the same bytes."""
    with xlsxwriter.Workbook(str(file), SAFE) as book:
        # no clock: the last day of the exercice
        book.set_properties({"title": edition.title, "created": dt.datetime(edition.exercice, 12, 31)})
        sheets = _Sheets(book)
        names = sheet_names(edition.profile.tables)
        _write_readme(edition, sheets, names)
        _write_figures(edition, sheets)
        for table in edition.profile.tables:
            sheets.write(
                names[table.full_name],
                [(heading(column), WIDTHS.get(column.kind, 14)) for column in table.columns],
                edition.fetched(table),
                [_places(column) for column in table.columns],
            )


def sheet_names(tables: Sequence[Table]) -> dict[str, str]:
    """Full name of a table → its sheet: the usual part is left out, and two truncated names stay distinct."""
    names: dict[str, str] = {}
    for table in tables:
        whole = table.name.removeprefix("rpt_")
        tries = [whole[:NAME_LENGTH], *(f"{whole[: NAME_LENGTH - 3]}~{n}" for n in range(2, 100))]
        taken = {name.lower() for name in names.values()}
        names[table.full_name] = next(name for name in tries if name.lower() not in taken)
    return names


class _Sheets:
    """Writes sheets: header, frozen panes, filter, widths, printing."""

    def __init__(self, book: Any):
        self._book = book
        self._head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._day = book.add_format({"num_format": "dd/mm/yyyy"})
        self._numbers: dict[int, Any] = {}

    def write(
        self, name: str, columns: Sequence[tuple[str, int]], rows: Iterable[Sequence], places: Sequence[int | None]
    ) -> None:
        """One sheet; ``places`` are the decimals of each column, None where numbers stay as they are."""
        sheet = self._book.add_worksheet(name)
        for index, (heading, width) in enumerate(columns):
            sheet.set_column(index, index, width)
            sheet.write_string(0, index, heading, self._head)
        last = 0
        for last, row in enumerate(rows, start=1):
            if last > MOST_ROWS:
                sheet.write_string(MOST_ROWS, 0, "La suite ne tient pas dans un tableur : voir donnees/")
                break
            for index, value in enumerate(row):
                self._cell(sheet, last, index, value, places[index])
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(1, min(last, MOST_ROWS)), len(columns) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)

    def _cell(self, sheet: Any, row: int, column: int, value: Any, places: int | None) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif isinstance(value, int | float | Decimal) and _fits(value):
            sheet.write_number(row, column, float(value), self._number(places))
        elif isinstance(value, dt.date):
            sheet.write_datetime(row, column, value, self._day)
        else:
            sheet.write_string(row, column, neutralised(value) if isinstance(value, str) else str(value))

    def _number(self, places: int | None) -> Any:
        if places is None:
            return None
        if places not in self._numbers:
            self._numbers[places] = self._book.add_format(
                {"num_format": "#,##0" + ("." + "0" * places if places else "")}
            )
        return self._numbers[places]


def _fits(value: float | Decimal) -> bool:
    """True when a spreadsheet keeps every digit of a number."""
    return isinstance(value, float) or len(Decimal(value).normalize().as_tuple().digits) <= DIGITS


def heading(column: Column) -> str:
    """``Montant (EUR)``; the name of a column that has no title."""
    if column.title is None:
        return column.name
    return f"{column.title} ({column.unit})" if column.unit else column.title


def _places(column: Column) -> int | None:
    """The decimals of a column of amounts; other numbers (years, counts, measures) are shown as they are."""
    if not column.kind.startswith("DECIMAL"):
        return None
    places = int(column.kind.rstrip(")").rpartition(",")[2])
    return places if places <= 2 else None


def _write_readme(edition: Edition, sheets: _Sheets, names: dict[str, str]) -> None:
    profile = edition.profile
    lines = [
        ("Titre", edition.title),
        ("Organisation", f"{edition.organisation.nom}, SIREN {edition.organisation.siren}"),
        ("Version", edition.version),
        ("Publication", profile.publication),
        ("Construction", profile.build),
        ("Profil", edition.audience),
        ("Cellule vide", "Valeur manquante, jamais zéro : la colonne code_manquant dit pourquoi."),
        (FIGURES, "Chaque chiffre du rapport, tel qu’imprimé et exact, avec sa source, son calcul et son contrôle."),
        *((names[table.full_name], f"{table.full_name} — {table.comment}") for table in profile.tables),
    ]
    sheets.write(README, [("Feuille ou mention", 34), ("Contenu", 120)], lines, [None, None])


def _write_figures(edition: Edition, sheets: _Sheets) -> None:
    """One line per figure, the exercice of the report first."""
    rows = edition.profile.db.execute(
        "select code, exercice, libelle, valeur, decimales, unite, code_manquant, formule, etat, part_manquante, montant_manquant_eur "
        f"from p.rapport.chiffres where exercice <= {edition.exercice} order by exercice desc, code"
    ).fetchall()
    checked = _checks(edition)
    unchecked = "comparaison non diffusée" if edition.withholds(COMPARED) else "pas de valeur publiée à comparer"
    lines = []
    for code, exercice, libelle, value, decimals, unit, missing, formula, *state in rows:
        computed, _, sources = formula.partition(SOURCED)
        lines.append(
            (
                code,
                exercice,
                libelle,
                quantity(value, decimals, unit, missing),
                value,
                unit,
                missing,
                *state,
                sources.rstrip("."),
                f"{computed}.",
                checked.get((code, exercice), unchecked),
            )
        )
    sheets.write(FIGURES, list(FIGURE_COLUMNS.items()), lines, [None] * len(FIGURE_COLUMNS))


def _checks(edition: Edition) -> dict[tuple[str, int], str]:
    """(code, exercice) → how the figure compares with the printed report."""
    if all(table.full_name != COMPARED for table in edition.profile.tables):
        return {}
    found = edition.profile.db.execute(
        "select code_chiffre, exercice, statut_rapprochement, texte_publie from p.rapport.rpt_rapprochement_publie"
    ).fetchall()
    return {(code, exercice): f"{statut} (rapport publié : {text})" for code, exercice, statut, text in found}
