"""Fills the declared blocks with the published rows: tables, charts (their numbers and their text), lists, key figures.

Every block is plain data. A table or a chart holds ``entete`` (the titles of its columns), ``lignes`` (a title and its
cells) and ``legende`` (the missing codes that it uses); a chart adds ``forme`` and ``alternative``, its content in
words. A block without rows says so in a sentence, and is never an empty chart.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import compress
from statistics import median
from typing import Any

from pipelines import french
from pipelines.catalogue.chapters.grammar import (
    Chiffres,
    Colonne,
    Croisement,
    Donnees,
    Evolutions,
    Frise,
    Graphique,
    Indicateurs,
    Liste,
    Matrice,
    Messages,
    Presence,
    Tableau,
)
from pipelines.catalogue.chapters.messages import JOINT, WHOLE, Piece, Sentence, told
from pipelines.catalogue.secrecy import Secrecy
from pipelines.publication import PUBLIC
from pipelines.stages.report.addresses import ADDRESS, Addresses, number_node
from pipelines.stages.report.cells import (
    HIDDEN,
    HOLLOW,
    MARK,
    MISSING,
    NUMBERS,
    PARTIAL,
    PARTIAL_MARK,
    VOID,
    Cell,
    absent,
    cell,
    dated,
    is_partial,
    number,
    total,
    words,
)
from pipelines.stages.report.figures import Figures
from pipelines.stages.report.identity import face
from pipelines.stages.report.receipts import Receipt, Receipts, note
from pipelines.stages.report.showing import EVOLUTION, EXTREMES, Worked, are_years, ratio, title_nodes, titled
from pipelines.stages.report.tables import SECRET as SECRET_CELL
from pipelines.stages.report.tables import MissingTable, Publication, Row

Block = dict[str, Any]
SECRET = "secret statistique"
UNDISCLOSED = "non_diffuse"  # a block that is left out of the public edition
WAITING = "Ce qui s’y trouve attend d’être relu."
ALL_MEMBERS = "toutes les collectivités membres"
WAIT = "ligne attend d’être relue et n’est pas imprimée.|lignes attendent d’être relues et ne sont pas imprimées."
SEVERAL = "Plusieurs lignes donnent une même case : sa valeur est inconnue, faute de savoir comment les réunir."
UNFILLED = "non renseigné"
HATCHED = "Les années hachurées sont incomplètes ou à confirmer."


@dataclass
class Builder:
    """The state shared by the blocks of one report: the rows, the figures and the numbers already assigned."""

    publication: Publication
    figures: Figures
    receipts: Receipts
    first: int  # the organisation's first exercice: no column for a year before it
    secrecy: Secrecy = field(default_factory=Secrecy)
    members: frozenset[str] = frozenset()  # the labels of the members: a list of them all is « toutes »
    counts: dict[str, int] = field(default_factory=dict)
    portraits: Mapping[str, Block] = field(default_factory=dict)  # the name of a person in capitals → its picture

    def data(self, bloc: Tableau | Graphique, only: dict[str, Any], names: dict[str, Any]) -> Block | None:
        """A table or a chart of the rows that ``only`` keeps; None when nothing behind it is followed."""
        printed = _columns_of(bloc.croise) if bloc.croise else [column.nom for column in bloc.colonnes]
        title, receipt = self._title(bloc, names), self.receipts.of(bloc.table, self.figures.exercice, printed)
        if not receipt.is_followed or not self._stays_with(bloc):
            return None
        if self.publication.is_withheld(bloc.table):
            return self._withheld(title, bloc.table)
        narrowed = {} if bloc.concerne else only
        columns = [one.model_copy(update={"titre": one.titre.format(**names)}) for one in bloc.colonnes]
        data = bloc.model_copy(update={"filtres": {**bloc.filtres, **narrowed}, "colonnes": columns})
        rows = [row for row in self._grouped(data) if _concerns(bloc, row, names)]
        filled = [one for one in columns if not one.facultative or any(row[one.nom] is not None for row in rows)]
        data = data.model_copy(update={"colonnes": filled})
        years = range(max(self.figures.exercice - data.exercices + 1, self.first), self.figures.exercice + 1)
        came = {year: self.receipts.of(bloc.table, year, printed) for year in years}
        rows = [_with_gaps(row, bloc, came[row.get("exercice", self.figures.exercice)]) for row in rows]
        came = _as_their_rows_say(came, rows)
        rows = _with_zeros(rows, bloc, receipt)
        codes = {
            year: HIDDEN if self.publication.is_withheld(bloc.table, year) else one.code for year, one in came.items()
        }
        head, lines = _laid_out(data, rows, codes, self._of_no_row(data, receipt))
        if not lines:
            return self._empty(title, bloc, receipt, names)
        is_all = not self.publication.waiting(bloc.table)
        if data.total and len(lines) > 1 and is_all:
            lines.append(_total_line(data, head, lines, self.figures.addresses))
        hidden: list[str] = []
        if self._is_public:
            if isinstance(bloc, Tableau):
                head, lines, hidden = _told(head, lines)
            is_only_a_total = bool(data.ensemble) and all(line["est_total"] for line in lines)
            if not head or is_only_a_total or _is_hidden([c for line in _detail(lines) for c in line["cellules"]]):
                return _undisclosed(title, SECRET)
        is_drawn, head, lines, levels = _as_drawn(bloc, head, lines)
        named = [{"genre": "texte", "texte": title}]
        kind = "graphique" if is_drawn else "tableau"
        if is_drawn and is_all and all(came[year].is_whole for year in _years_said(bloc, years)):
            said = titled(title, bloc.montre, *_of_title(bloc, head, lines, [came[year] for year in years]))
            title = "".join(part.text if isinstance(part, Worked) else part for part in said)
            named = title_nodes(said, self.figures.addresses)
        drawn = {}
        if is_drawn:
            drawn = {"forme": bloc.forme, "alternative": f"{title}. {in_words(head, lines)}", "paliers": levels}
            drawn |= _incomplete(bloc, came)
        is_hatched = drawn.get("forme") == "multiples" and set(head) & set(drawn.get("incomplets", []))
        block = {
            "genre": kind,
            "id": _identity(bloc.id, only),
            "numero": self._next(kind),
            "titre": title,
            "intitule": named,
            "coin": data.lignes.titre,
            "entete": head,
            "textes": [any(line["cellules"][i]["est_texte"] for line in lines) for i in range(len(head))],
            "lignes": lines,
            "legende": legend([c for line in lines for c in line["cellules"]]),
            "source": f"rapport.{bloc.table}",
            "reserves": self._reserves(came, rows),
            "note": _joined(
                bloc.note and bloc.note.format(**names),
                HATCHED if is_hatched else None,
                f"Non diffusé, {SECRET} : {french.enumeration(hidden)}." if hidden else None,
                SEVERAL if _shared(data, rows) else None,
                waiting_lines(self.publication.waiting(bloc.table)),
                note(one for year, one in came.items() if self._is_shown(year, rows)),
                *(self.publication.notes.get(year) for year in years if bloc.table in self.secrecy.of_persons),
            ),
        }
        return block | drawn

    def _rows(self, table: str, filters: dict[str, Any], order: list[str], exercices: int = 1) -> list[Row]:
        """The rows of a table, each with its address."""
        addresses = self.figures.addresses
        rows = self.publication.rows(table, filters, order, exercices)
        return [{**row, ADDRESS: addresses.of_row(table, row)} for row in rows]

    def _grouped(self, data: Donnees) -> list[Row]:
        """The rows behind a block, each with its address, or that of those that it gathers."""
        if not data.agrege:
            return self._rows(data.table, data.filtres, data.ordre, data.exercices)
        one = {name: value for name, value in data.filtres.items() if not isinstance(value, list)}
        several = [f"{name} : {', '.join(map(str, value))}" for name, value in data.filtres.items() if name not in one]
        how = french.typeset(" ; ".join([f"{data.agrege} des lignes", *several]))
        found = []
        for row in self.publication.grouped(data):
            by = [name for name in row if name == data.lignes.nom or (data.croise and name == data.croise.par)]
            address = self.figures.addresses.of_rows(data.table, {**one, **row}, [*one, *by], how)
            found.append({**row, ADDRESS: address})
        return found

    def has_no(self, asked: Presence) -> bool:
        """True when everything behind a table came, and it has no such row this year."""
        if (
            self.publication.is_withheld(asked.table)
            or self.publication.waiting(asked.table)
            or self.receipts.of(asked.table, self.figures.exercice, []).reserve
        ):
            return False
        return not self.publication.rows(asked.table, asked.filtres, [])

    def _stays_with(self, bloc: Tableau | Graphique) -> bool:
        """False if the organisation uses no system behind the table that the block accompanies."""
        return bloc.avec is None or self.receipts.of(bloc.avec, self.figures.exercice, []).is_followed

    def matrix(self, bloc: Matrice, only: dict[str, Any], names: dict[str, Any]) -> Block | None:
        """A series in each cell; a pair with no row in any year is not applicable. None when nothing behind it is followed."""
        title, printed = self._title(bloc, names), _columns_of(bloc.croise)
        receipt = self.receipts.of(bloc.table, self.figures.exercice, printed)
        if not receipt.is_followed:
            return None
        if self.publication.is_withheld(bloc.table):
            return self._withheld(title, bloc.table)
        rows = self._rows(bloc.table, {**bloc.filtres, **only}, bloc.ordre, bloc.exercices)
        years = range(max(self.figures.exercice - bloc.exercices + 1, self.first), self.figures.exercice + 1)
        came = {year: self.receipts.of(bloc.table, year, printed) for year in years}
        rows = [_with_gaps(row, bloc, came[row["exercice"]]) for row in rows]
        came = _as_their_rows_say(came, rows)
        of_year = [row for row in rows if row["exercice"] == self.figures.exercice]
        if not rows and not receipt.is_known:  # no export shows what came, so one cannot say that there is none
            return None
        if not of_year:
            return self._empty(title, bloc, receipt, names)
        column = Colonne(nom=bloc.croise.valeur, titre="", format=bloc.croise.format)
        found = {(row[bloc.code], row[bloc.croise.par], row["exercice"]): cell(row, column) for row in rows}
        head = list(dict.fromkeys(row[bloc.croise.par] for row in of_year if not row.get(SECRET_CELL)))
        if not head:
            return _undisclosed(title, SECRET)
        lines = [
            {
                "code": row[bloc.code],
                "titre": _row_title(row, bloc),
                "detail": row[bloc.detail] if bloc.detail else None,
                "est_total": False,
                "series": [_series(found, row[bloc.code], one, came, _void(bloc, receipt)) for one in head],
            }
            for row in {row[bloc.code]: row for row in reversed(of_year)}.values()
        ][::-1]
        cells = [one for line in lines for series in line["series"] for one in series["cellules"]]
        if self._is_public and _is_hidden(cells):
            return _undisclosed(title, SECRET)
        return {
            "genre": "matrice",
            "id": _identity(bloc.id, only),
            "numero": self._next("tableau"),
            "titre": title,
            "coin": bloc.lignes.titre,
            "entete": head,
            "annees": list(map(str, years)),
            "lignes": lines,
            "legende": legend(cells),
            "source": f"rapport.{bloc.table}",
            "reserves": self._reserves(came, rows),
            "note": note(one for year, one in came.items() if self._is_shown(year, rows)),
        }

    def entries(self, bloc: Liste, only: dict[str, Any], names: dict[str, Any]) -> Block | None:
        """A list: a title and details per entry; None when nothing behind it is followed."""
        printed = [*bloc.entree, *(column.nom for column in bloc.details)]
        title, receipt = self._title(bloc, names), self.receipts.of(bloc.table, self.figures.exercice, printed)
        if not receipt.is_followed:
            return None
        if self.publication.is_withheld(bloc.table):
            return self._withheld(title, bloc.table)
        rows = self._rows(bloc.table, {**bloc.filtres, **only}, bloc.ordre)
        if not rows:
            return self._empty(title, bloc, receipt, names)
        entries = []
        for row in rows:
            named = [_said(row[name]) for name in bloc.entree if row[name] is not None]
            details = [
                {"titre": column.titre, **dated(row[column.nom], column), **self._detail(row, column)}
                for column in bloc.details
                if row[column.nom] is not None or (column.titre and not column.facultative)
            ]
            entry = {"titre": " ".join(named), "details": details}
            if bloc.forme == "portraits":
                entry.update(face(named, self.portraits))
            entries.append(entry)
        if bloc.forme == "puces":
            return {"genre": "texte", "arbre": [_node("liste", *map(_bullet, entries))]}
        return {
            "genre": "liste",
            "id": _identity(bloc.id, only),
            "forme": bloc.forme,
            "titre": title,
            "entrees": entries,
            "legende": [],
            "source": f"rapport.{bloc.table}",
            "reserves": self._reserves({receipt.exercice: receipt}, rows),
            "note": note([receipt]),
        }

    def _detail(self, row: Row, column: Colonne) -> Block:
        one = cell(row, column)
        if one["manque"]:
            return {"texte": UNFILLED if one["manque"] == "—" else french.MISSING_CODES[one["manque"]]}
        text = self._shortened(one["texte"])
        if not re.search(r"\d(?!\d*(?:er|re|e)\b)", text):  # an ordinal is a name
            return {"texte": text}
        return {"texte": text, "adresse": row[ADDRESS], "colonne": column.nom}

    def _shortened(self, text: str) -> str:
        """« toutes » for a list of all the members, when there are more than two."""
        return ALL_MEMBERS if len(self.members) > 2 and set(text.split(", ")) == self.members else text

    def _title(self, bloc: Donnees | Liste | Matrice, names: dict[str, Any]) -> str:
        return bloc.titre.format(**names)

    def _of_no_row(self, data: Donnees, receipt: Receipt) -> Cell:
        """The cell of a crossing that no row gives; in the public edition, the row may be one that counts few persons."""
        if not data.croise or not data.croise.nul or receipt.reserve:
            return absent(_void(data, receipt))
        declared = self.secrecy.tables.get(data.table)
        if self._is_public and (declared is None or declared.persons):
            return absent(HIDDEN)
        return number(Decimal(0), *NUMBERS[data.croise.format])

    @property
    def _is_public(self) -> bool:
        return self.publication.profile == PUBLIC

    def _withheld(self, title: str, table: str) -> Block:
        if table in self.publication.all_waiting:
            return {"genre": "vide", "titre": title, "texte": WAITING}
        said = self.secrecy.tables.get(table)
        return _undisclosed(title, (said and said.withheld) or SECRET)

    def _empty(
        self, title: str, bloc: Donnees | Liste | Matrice, receipt: Receipt, names: dict[str, Any]
    ) -> Block | None:
        """A block without rows, which says that there is nothing only if everything came and nothing waits.

        None when the block has nothing to say of it: everything came, or no year has any such row.
        """
        waits = WAITING if self.publication.waiting(bloc.table) else None
        is_absent = receipt.lacking or receipt.refused or waits
        if not bloc.vide and not is_absent and not self.publication.rows(bloc.table, bloc.filtres, [], exercices=10):
            return None
        said = _joined(receipt.reserve, waits) or bloc.vide.format(**names)
        return {"genre": "vide", "titre": title, "texte": said} if said else None

    def key_figures(self, bloc: Chiffres) -> Block | None:
        """Figures shown large: those that are followed and not hidden. Raises MissingTable when one of them is not declared."""
        shown = []
        for one in bloc.chiffres:
            try:
                if not self.figures.is_followed(one.code):
                    continue
            except KeyError:
                raise MissingTable(f"rapport.chiffres n’a pas de chiffre {one.code}") from None
            row = {**self.figures.get(one.code), ADDRESS: self.figures.addresses.of_figure(one.code)}
            value = _rounded(row)
            if value["manque"] != HIDDEN:
                label = french.form(one.libelle or row["libelle"], row["valeur"])
                shown.append(
                    {"libelle": label, **value, **(self._year_before(row) if bloc.compares else {"suite": None})}
                )
        shown = shown[: bloc.nombre]
        return {"genre": "chiffres", "chiffres": shown, "legende": legend(shown), "note": None} if shown else None

    def _year_before(self, row: Row) -> dict[str, Any]:
        """What a figure was the year before, with its address; nothing unless both are whole."""
        before = self.figures.rows.get((row["code"], row["exercice"] - 1))
        if row["etat"] != WHOLE or not before or before["valeur"] is None or before["etat"] != WHOLE:
            return {"suite": None}
        former = french.rounded(before["valeur"], before["decimales"], before["unite"])
        said = f"{former} en {before['exercice']}"
        address = self.figures.addresses.of_figure(row["code"], before["exercice"])
        return {"suite": said, "suite_de": {"texte": said, "adresse": address}}

    def messages(self, bloc: Messages) -> Block | None:
        """The messages of the year, each with where to read more; None when nothing may be told."""
        items = [self._message(one) for one in told(bloc, self.figures.rows, self.figures.exercice)]
        return {"genre": "texte", "arbre": [_node("numerotee", *items)], "est_retenu": True} if items else None

    def _message(self, one: Sentence) -> Block:
        said = [_node("fort", *map(self._piece, one.fact))]
        said += [_words(JOINT), *map(self._piece, one.meaning)] if one.meaning else []
        more = {**_node("lien", _words(one.message.domaine)), "cible": f"#{one.message.vers}"}
        return _node("element", *said, _words(". "), more)

    def _piece(self, piece: Piece) -> Block:
        of = [self.figures.addresses.of_figure(code, year) for code, year in piece.of]
        if not of:
            return _words(piece.text)
        if not piece.how and of[0].startswith("c-"):
            return {**_node("lien", _words(piece.text)), "cible": f"#{of[0]}"}
        address = self.figures.addresses.computed(piece.how, of) if piece.how else of[0]
        return number_node(piece.text, address)

    def dates(self, bloc: Frise, names: dict[str, Any]) -> Block | None:
        """The dates of the year as a list, with where each lies in the year, from 0 to 1; None without two of them."""
        found: dict[dt.date, tuple[str, str]] = {}
        for source in bloc.sources:
            withheld = self.publication.is_withheld(source.table)
            for row in [] if withheld else self._rows(source.table, source.filtres, [source.date]):
                day = row[source.date]
                if day and day not in found and row[source.texte] and len(found) < bloc.nombre:
                    found[day] = row[source.texte], row[ADDRESS]
        if len(found) < 2:
            return None
        events = []
        for day, (text, _) in sorted(found.items()):
            place = (day - dt.date(day.year, 1, 1)).days / 366
            events.append({"jour": _day_of_year(day), "place": round(place, 4), "texte": text})
        items = [_node("element", _node("fort", _words(one["jour"])), _words(f" : {one['texte']}")) for one in events]
        title = _node("titre", _words(bloc.titre.format(**names)))
        return {"genre": "texte", "arbre": [title, _node("liste", *items)], "frise": events}

    def evolutions(self, bloc: Evolutions, only: dict[str, Any], names: dict[str, Any]) -> Block | None:
        """By how much each row changed since the year before, as sentences under a title; None without rows."""
        rows = self._rows(bloc.table, {**bloc.filtres, **only}, bloc.ordre)
        if not rows:
            return None
        known = [row for row in rows if None not in (row["valeur"], row["valeur_precedente"]) and not is_partial(row)]
        known.sort(key=lambda row: -abs(row["variation_pct"] or 0))
        before = self.figures.exercice - 1
        said = [_node("element", *_moved_by(row, row[bloc.libelle], before)) for row in known]
        nothing = _node("paragraphe", _words(f"Aucune valeur de {before} n’est comparable."))
        title = _node("titre", _words(bloc.titre.format(**names)))
        return {"genre": "texte", "arbre": [title, _node("liste", *said) if said else nothing]}

    def indicators(self, bloc: Indicateurs, only: dict[str, Any], names: dict[str, Any]) -> Block | None:
        """Key figures that are rows, each with its value of the year before, its change, and its part of the whole."""
        rows = self._rows(bloc.table, {**bloc.filtres, **only}, bloc.ordre)
        before = self.figures.exercice - 1
        shown = [
            {
                "libelle": row[bloc.libelle],
                **_rounded(row),
                "chiffre": None,
                "suite": " ; ".join([*_moved(row, before, bloc.part), *_part(row, bloc.part)]) or None,
            }
            for row in rows
        ]
        came = {self.figures.exercice: self.receipts.of(bloc.table, self.figures.exercice)}
        said = _joined(bloc.note and bloc.note.format(**names), note(_as_their_rows_say(came, rows).values()))
        return {"genre": "chiffres", "chiffres": shown, "legende": legend(shown), "note": said} if shown else None

    def _is_shown(self, year: int, rows: list[Row]) -> bool:
        """True for the report's year, and for any other year that has rows or is gathered in them."""
        return year == self.figures.exercice or any(row.get("exercice", year) == year for row in rows)

    def _reserves(self, came: Mapping[int, Receipt], rows: list[Row]) -> dict[str, str]:
        """The years of which the rows are not known to be whole, each with its state: those that the note is about."""
        return {str(year): one.state for year, one in came.items() if one.state and self._is_shown(year, rows)}

    def _next(self, kind: str) -> int:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return self.counts[kind]


def _day_of_year(day: dt.date) -> str:
    return french.date(day).removesuffix(f" {day.year}")


def _years_said(bloc: Graphique, years: Iterable[int]) -> list[int]:
    """The years that the title of a chart speaks of."""
    return [*years][-2 if bloc.montre == EVOLUTION else -1 :]


def _of_title(
    bloc: Graphique, head: list[str], lines: list[Block], came: list[Receipt]
) -> tuple[list[str], list[Block]]:
    """What the title of a chart may speak of: an extreme of the last year, beside the year before if that is whole."""
    if bloc.montre not in EXTREMES or not are_years(head):
        return head, lines
    first = -2 if all(one.is_whole for one in came[-2:]) else -1
    return head[first:], [{**line, "cellules": line["cellules"][first:]} for line in lines]


def _incomplete(bloc: Graphique, came: dict[int, Receipt]) -> Block:
    """The years of which something is missing; nothing of rows that do not count the same thing, and mark their own."""
    if not bloc.croise or bloc.croise.format == "chiffre":
        return {}
    return {"incomplets": [str(year) for year, one in came.items() if not one.is_whole]}


def _columns_of(croise: Croisement) -> list[str]:
    return [croise.valeur, croise.par]


def _with_gaps(row: Row, bloc: Donnees | Matrice, receipt: Receipt) -> Row:
    """A row with what its receipt says of its gaps: the columns that no tool gives, and the code of any other missing value."""
    return row | {HOLLOW: receipt.hollow, VOID: _void(bloc, receipt)}


def _as_their_rows_say(came: dict[int, Receipt], rows: list[Row]) -> dict[int, Receipt]:
    """The receipts of years; a source that came in part is none of a year whose printed figures are all complete."""
    states: dict[int, set[str | None]] = {}
    for row in rows:
        for year in [row["exercice"]] if "exercice" in row else came:
            states.setdefault(year, set()).add(row.get("etat"))
    return {year: replace(one, partial={}) if states.get(year) == {WHOLE} else one for year, one in came.items()}


def _with_zeros(rows: list[Row], bloc: Donnees, receipt: Receipt) -> list[Row]:
    """Rows in which a blank of a crossing is 0, where the block says so and the column holds anything else."""
    if not bloc.croise or not bloc.croise.nul or receipt.reserve:
        return rows
    by, value = bloc.croise.par, bloc.croise.valeur
    held = {row[by] for row in rows if row[value] is not None}
    is_blank = [
        row[value] is None and row[by] in held and not row.get(SECRET_CELL) and not row.get("code_manquant")
        for row in rows
    ]
    return [row | {value: Decimal(0)} if blank else row for row, blank in zip(rows, is_blank, strict=True)]


def _void(bloc: Donnees | Matrice, receipt: Receipt) -> str:
    """The code of an empty cell: « not given » if the rows need a field that no tool provides; otherwise not applicable."""
    return "m" if receipt.is_bare or (bloc.croise and receipt.hollow) else "—"


def _series(found: Mapping[tuple, Cell], row: Any, column: Any, came: Mapping[int, Receipt], nothing: str) -> Block:
    """The cells of a pair, year by year, and the height of each on its curve (0 to 1; None where there is no number)."""
    if not any((row, column, year) in found for year in came):
        return {"cellules": [absent(nothing)], "hauteurs": []}
    cells = [found.get((row, column, year), absent(one.code)) for year, one in came.items()]
    numbers = [number_of(one) for one in cells]
    # a zero of incomplete data is no point of a curve
    numbers = [None if not value and one["est_incertain"] else value for value, one in zip(numbers, cells, strict=True)]
    top = max((abs(one) for one in numbers if one is not None), default=0) or 1
    return {"cellules": cells, "hauteurs": [None if one is None else round(max(one, 0) / top, 4) for one in numbers]}


def _undisclosed(title: str, why: str) -> Block:
    return {"genre": UNDISCLOSED, "titre": title, "texte": why}


def _detail(lines: list[Block]) -> list[Block]:
    return [line for line in lines if not line["est_total"]] or lines


def _told(head: list[str], lines: list[Block]) -> tuple[list[str], list[Block], list[str]]:
    """A table without the columns in which secrecy hides everything but the totals, and the titles of those columns."""
    detail = [line["cellules"] for line in _detail(lines)]
    of_columns = [[cells[i]["manque"] for cells in detail if cells[i]["manque"] != "—"] for i in range(len(head))]
    kept = [not codes or any(code != HIDDEN for code in codes) for codes in of_columns]
    cut = [{**line, "cellules": list(compress(line["cellules"], kept))} for line in lines]
    return list(compress(head, kept)), cut, [one for one, is_kept in zip(head, kept, strict=True) if not is_kept]


def _is_hidden(cells: list[Cell]) -> bool:
    """True if secrecy hides every number of these cells."""
    return any(one["manque"] == HIDDEN for one in cells) and all(one["valeur"] is None for one in cells)


def waiting_lines(count: int) -> str | None:
    """How many lines the public edition leaves out until somebody has read their texts; None when there are none."""
    return f"{count} {french.form(WAIT, Decimal(count))}" if count else None


def _joined(*notes: str | None) -> str | None:
    return " ".join(filter(None, notes)) or None


def _as_drawn(
    bloc: Tableau | Graphique, head: list[str], lines: list[Block]
) -> tuple[bool, list[str], list[Block], list[int]]:
    """Whether it is drawn, its head, its rows and the ranks of the columns that a cascade draws from zero.

    A cascade leaves out the columns that are not known.
    """
    is_drawn = isinstance(bloc, Graphique) and _is_worth_drawing(bloc, head, lines)
    if not is_drawn or bloc.forme != "cascade":
        return is_drawn, head, lines, []
    kept = [all(line["cellules"][at]["valeur"] is not None for line in lines) for at in range(len(head))]
    columns = list(compress(bloc.colonnes, kept))
    levels = [at for at, one in enumerate(columns) if one.palier or at in (0, len(columns) - 1)]
    cut = [{**line, "cellules": list(compress(line["cellules"], kept))} for line in lines]
    return True, list(compress(head, kept)), cut, levels


def steps(block: Block) -> list[tuple[float, float]]:
    """The start and end of each bar of a cascade."""
    found, reached = [], 0.0
    for at, one in enumerate(block["lignes"][0]["cellules"]):
        amount = number_of(one) or 0.0
        begins = 0.0 if at in block["paliers"] else reached
        reached = begins + amount
        found.append((begins, reached))
    return found


def _is_worth_drawing(bloc: Graphique, head: list[str], lines: list[Block]) -> bool:
    """False if at most one value is known, for a pyramid of two bars, or for small charts with one bar each: these become a table."""
    known = [one for line in _detail(lines) for one in line["cellules"] if one["valeur"] is not None]
    least = 2 if bloc.forme == "pyramide" else 1
    return len(known) > least and (bloc.forme != "multiples" or len(head) > 1)


def _rounded(row: Row) -> Cell:
    """The cell of a value that is shown large, as a reader remembers it."""
    made = cell(row, Colonne(nom="valeur", titre="", format="chiffre"))
    if made["valeur"] is None:
        return made
    return {**made, "texte": french.rounded(row["valeur"], row["decimales"], row["unite"]) + MARK * made["est_partiel"]}


def _moved(row: Row, before: int, part: str | None) -> list[str]:
    """The value of the year before, and the change of what is part of a whole: what is made of it changes as much."""
    if row["valeur_precedente"] is None:
        return []
    former = french.rounded(row["valeur_precedente"], row["decimales"], row["unite"])
    return [f"{former} en {before}{_rate(row) if part is None or row[part] is not None else ''}"]


def _part(row: Row, column: str | None) -> list[str]:
    if column is None or row[column] is None:
        return []
    return [f"{french.printed(row[column], 1, '%')} de l’ensemble"]


def _rate(row: Row) -> str:
    change = row["variation_pct"]
    return (
        ""
        if change is None or row["unite"] == "%"
        else f" ({'+' if change > 0 else ''}{french.printed(change, 1, '%')})"
    )


def _moved_by(row: Row, label: str, before: int) -> list[Block]:
    change = row["valeur"] - row["valeur_precedente"]
    if not change:
        return [_words(f"{label} : comme en {before}.")]
    if row["unite"] == "%":
        printed = french.points(abs(change), row["decimales"])
    else:
        printed = french.printed(abs(change), row["decimales"], row["unite"])
    strong = _node("fort", number_node(f"{printed} de {'plus' if change > 0 else 'moins'}", row[ADDRESS]))
    rate = [number_node(_rate(row), row[ADDRESS])] if _rate(row) else []
    return [_words(f"{label} : "), strong, _words(f" qu’en {before}"), *rate, _words(".")]


def _node(kind: str, *children: Block) -> Block:
    """A node of prose: see ``prose``."""
    return {"genre": kind, "enfants": list(children)}


def _bullet(entry: Block) -> Block:
    """An entry of a list in one line: « Vote du budget (6 février 2020, unanimité) »."""
    details = [
        number_node(one["texte"], one["adresse"]) if one.get("adresse") else _words(one["texte"])
        for one in entry["details"]
    ]
    between = [node for one in details for node in (_words(", "), one)][1:]
    said = [_words(f"{entry['titre']} ("), *between, _words(")")] if details else [_words(entry["titre"])]
    return _node("element", *said)


def _words(text: str) -> Block:
    return {"genre": "texte", "texte": text}


def _identity(name: str, only: dict[str, Any]) -> str:
    return "-".join([name, *map(str, only.values())]).replace("_", "-")


def _concerns(bloc: Donnees, row: Row, names: dict[str, Any]) -> bool:
    """True when the row lists the member of the section, or when no member is asked for."""
    return all(names[member] in (row[listed] or "").split(", ") for listed, member in bloc.concerne.items())


def _laid_out(data: Donnees, rows: list[Row], lacks: dict[int, str], nothing: Cell) -> tuple[list[str], list[Block]]:
    if not rows:
        return [], []
    head, lines = _crossed(data, rows, lacks, nothing) if data.croise else _listed(data, rows)
    return head, [line for line in lines if not (data.sans_nuls and all(map(_is_nothing, line["cellules"])))]


def _is_nothing(one: Cell) -> bool:
    return one["manque"] == "—" if one["valeur"] is None else not Decimal(one["valeur"])


def _listed(data: Donnees, rows: list[Row]) -> tuple[list[str], list[Block]]:
    lines = [
        {
            "titre": _row_title(row, data),
            **dated(row.get(data.lignes.nom), data.lignes),
            "est_total": _is_total(data, row),
            "cellules": [cell(row, column) for column in data.colonnes],
        }
        for row in rows
    ]
    return [column.titre for column in data.colonnes], lines


def _crossed(data: Donnees, rows: list[Row], lacks: dict[int, str], nothing: Cell) -> tuple[list[str], list[Block]]:
    """The columns, in the order of the years or of the rows; ``lacks``: the code of a cell that no row gives, by year."""
    by = data.croise.par
    there = list(dict.fromkeys(row[by] for row in rows))
    values = [value for value in data.croise.valeurs if value in there]
    values += [value for value in there if value not in values]
    if by == "exercice":
        values = list(lacks)
    column = Colonne(nom=data.croise.valeur, titre="", format=data.croise.format)
    found = {(row[data.lignes.nom], row[by]): cell(row, column) for row in rows}
    found |= dict.fromkeys(_shared(data, rows), absent("?"))
    titles = {row[data.lignes.nom]: _row_title(row, data) for row in rows}
    totals = {row[data.lignes.nom]: _is_total(data, row) for row in rows}
    lines = [
        {
            "titre": titles[title],
            "est_total": is_total,
            "cellules": [
                found.get((title, value), absent(lacks[value]) if value in lacks else nothing) for value in values
            ],
        }
        for title, is_total in totals.items()
    ]
    return [french.capitalised(str(value)) for value in values], lines


def _shared(data: Donnees, rows: list[Row]) -> set[tuple[Any, Any]]:
    """The crossings that several rows give: none of them is the value, and the block does not say how to combine them."""
    given = Counter((row[data.lignes.nom], row[data.croise.par]) for row in rows) if data.croise else {}
    return {place for place, times in given.items() if times > 1}


def _row_title(row: Row, data: Donnees | Matrice) -> str:
    title = cell(row, data.lignes)["texte"]
    return french.capitalised(title) if data.lignes.format == "texte" else title


def _said(value: Any) -> str:
    """A part of the title of an entry; a date is followed by what happened then."""
    text = words(value, "texte")
    return f"{text}{french.NO_BREAK}:" if isinstance(value, dt.date) else text


def _is_total(data: Donnees, row: Row) -> bool:
    return bool(data.ensemble) and all(row.get(name) == value for name, value in data.ensemble.items())


def _total_line(data: Donnees, head: list[str], lines: list[Block], addresses: Addresses) -> Block:
    formats = [data.croise.format] * len(head) if data.croise else [column.format for column in data.colonnes]
    columns = [[line["cellules"][i] for line in lines] for i in range(len(head))]
    cells = [_computed(total(of, how), addresses, "somme", of) for of, how in zip(columns, formats, strict=True)]
    named = {column.nom: columns[at] for at, column in enumerate(data.colonnes)}
    for at, column in enumerate(data.colonnes):
        if column.quotient:
            above, below = (named[name] for name in column.quotient)
            times = f"{column.times} × " if column.times > 1 else ""
            how = times + " ÷ ".join(f"somme de {name}" for name in column.quotient)
            cells[at] = _computed(_quotient(above, below, column), addresses, how, [*above, *below])
        if column.variation:
            now, before = (named[name] for name in column.variation)
            change = _change(now, before, column)
            cells[at] = _computed(change, addresses, ratio("", now, before, less=before).how or "", [*now, *before])
    return {"titre": data.total, "est_total": True, "cellules": cells}


def _computed(one: Cell, addresses: Addresses, how: str, of: list[Cell]) -> Cell:
    """A cell computed from others, with its address when it is a number."""
    if one["valeur"] is None:
        return one
    column = next((part["colonne"] for part in of if part.get("colonne")), None)
    return {**one, "adresse": addresses.computed(how, [part.get("adresse") for part in of]), "colonne": column}


def _quotient(above: list[Cell], below: list[Cell], column: Colonne) -> Cell:
    """The total of one column over that of another, in the rows that hold both; missing when one of either is."""
    if lacking := next((c["manque"] for c in (*above, *below) if c["manque"] and c["manque"] != "—"), None):
        return absent(lacking)
    pairs = [
        (Decimal(a["valeur"]), Decimal(b["valeur"]))
        for a, b in zip(above, below, strict=True)
        if a["valeur"] and b["valeur"]
    ]
    divisor = sum((b for _, b in pairs), Decimal(0))
    if not divisor:
        return absent("—")
    return number(column.times * sum((a for a, _ in pairs), Decimal(0)) / divisor, *NUMBERS[column.format])


def _change(now: list[Cell], before: list[Cell], column: Colonne) -> Cell:
    """The change of a total, in %; missing when a part of either is."""
    if lacking := next((one["manque"] for one in (*now, *before) if one["valeur"] is None), None):
        return absent(lacking)
    totals = [sum((Decimal(one["valeur"]) for one in cells), Decimal(0)) for cells in (now, before)]
    if not totals[1]:
        return absent("—")
    return number(100 * (totals[0] - totals[1]) / totals[1], *NUMBERS[column.format])


def legend(cells: list[Cell]) -> list[dict[str, str]]:
    """The missing codes and the partial mark that are used, with their meaning."""
    used = {c["manque"] for c in cells}
    codes = [{"code": code, "sens": sens} for code, sens in MISSING.items() if code in used]
    return codes + [{"code": PARTIAL_MARK, "sens": PARTIAL}] * any(c["est_partiel"] for c in cells)


def in_words(head: list[str], lines: list[Block]) -> str:
    """The content of a chart for those who cannot see it: « De 2018 à 2020 : Agents formés : 29, 32, 30. »"""
    said = list(_lines_in_words(head, [line for line in lines if not line["est_total"]]))
    years = are_years(head)
    span = f"De {head[0]} à {head[-1]} : " if years and len(head) > 1 else f"En {head[0]} : " if years else ""
    return f"{span}{' ; '.join(said)}."


def _lines_in_words(head: list[str], lines: list[Block]) -> Iterator[str]:
    years = are_years(head)
    for line in lines:
        texts = [MISSING.get(c["manque"], c["texte"]) for c in line["cellules"]]
        if years or len(head) == 1:
            yield f"{line['titre']} : {', '.join(texts)}"
        else:
            yield f"{line['titre']} : " + ", ".join(f"{h} {t}" for h, t in zip(head, texts, strict=True))


def far_from_the_median(bloc: Graphique, block: Block, addresses: Addresses) -> list[Block]:
    """Words for each column with rows farther from its median than the chart declares, on either side."""
    formats = [bloc.croise.format] * len(block["entete"]) if bloc.croise else [one.format for one in bloc.colonnes]
    told: list[Block] = []
    columns = [*enumerate(zip(block["entete"], formats, strict=True))] if bloc.seuil_pct else []
    for rank, (head, how) in columns[-1:] if are_years(block["entete"]) else columns:
        cells = [(line["titre"], line["cellules"][rank]) for line in _detail(block["lignes"])]
        known = [(title, Decimal(one["valeur"])) for title, one in cells if one["valeur"] is not None]
        middle = median(value for _, value in known) if known else Decimal(0)
        far = middle * bloc.seuil_pct / 100
        for where, rows in (
            ("au-dessous", [title for title, value in known if middle - value > far]),
            ("au-dessus", [title for title, value in known if value - middle > far]),
        ):
            if rows and middle > 0:
                printed = french.printed(middle, *NUMBERS.get(how, (0, "")))
                place = f"à plus de {bloc.seuil_pct} % {where} de la médiane de l’année ("
                which = f"En {head}, " if head.isdecimal() else f"{head} : "
                verb = "est" if len(rows) == 1 else "sont"
                said = f"{which}{french.enumeration([row.lower() for row in rows])} {verb} {place}"
                of = addresses.computed("médiane", [one.get("adresse") for _, one in cells])
                told += [_words(f" {said}" if told else said), number_node(printed, of), _words(").")]
    return told


def number_of(one: Cell) -> float | None:
    """The value of a cell as a chart draws it."""
    return None if one["valeur"] is None else float(Decimal(one["valeur"]))
