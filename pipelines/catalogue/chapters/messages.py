"""The sentences that sum up a year, drafted from its figures.

The stage that prints them and the one that asks for their approval both use this module, so that they agree. A figure that
is missing, hidden or lacks more than the organisation's threshold gives no sentence; if it was so the year before, its sentence
does not mention a change. One that lacks less is marked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from typing import Any

from pipelines import french
from pipelines.catalogue.chapters.grammar import Chapitre, Messages

Row = dict[str, Any]
Rows = Mapping[tuple[str, int], Row]  # (code, exercice) → the row of ``rapport.chiffres``
RATIOS = ("%", "x")  # units of what is already a proportion
WHOLE = "complet"
MARK = f"{french.NO_BREAK}(p)"  # after a number that lacks a little


@dataclass(frozen=True)
class Sentence:
    """``before`` the figure, the figure as it is printed, ``after`` it; ``moved`` is its change, as it stands in either."""

    code: str
    before: str
    printed: str
    after: str
    moved: str = ""

    @property
    def text(self) -> str:
        """The whole sentence."""
        return f"{self.before}{self.printed}{self.after}"


def drafted(bloc: Messages, rows: Rows, exercice: int) -> list[Sentence]:
    """The sentences of a year, at most as many as the block prints."""
    return list(islice(_drafted(bloc, rows, exercice), bloc.nombre))


def of_chapters(chapters: list[Chapitre]) -> Iterator[Messages]:
    """The blocks of messages of a report."""
    for chapter in chapters:
        for section in chapter.sections:
            yield from (bloc for bloc in section.blocs if isinstance(bloc, Messages))


def _drafted(bloc: Messages, rows: Rows, exercice: int) -> Iterator[Sentence]:
    for message in bloc.messages:
        if message.chiffre:
            codes = [message.chiffre]
        elif message.parmi == "tous":
            codes = sorted(code for code, year in rows if year == exercice and rows[code, year]["unite"] not in RATIOS)
        else:
            codes = message.parmi
        known = {code: (_whole(rows.get((code, exercice))), _whole(rows.get((code, exercice - 1)))) for code in codes}
        code = message.chiffre or _risen_most(known, message.au_moins)
        row, former = known[code] if code else (None, None)
        if code is None or row is None:
            continue
        form = message.plus if row["valeur"] > 0 else message.moins if row["valeur"] < 0 else message.nul
        if form:
            moved = _moved(row, former, exercice - 1) if former else ""
            said = {"evolution": moved, "exercice": exercice, "precedent": exercice - 1, "libelle": row.get("libelle")}
            before, printed, after = form.partition("{valeur}")
            yield Sentence(
                code,
                french.typeset(before.format(**said)),
                _quantity(abs(row["valeur"]), row) + _mark(row) if printed else "",
                french.typeset(after.format(**said)),
                french.typeset(moved),
            )


def _risen_most(known: dict[str, tuple[Row | None, Row | None]], least: int) -> str | None:
    """The figure that rose most, relative to what it was; the first of those that tie, None when none rose."""
    rates = {
        code: row["valeur"] / former["valeur"]
        for code, (row, former) in known.items()
        if row and former and former["valeur"] > 0 and former["valeur"] >= least
    }
    code = max(rates, key=lambda one: rates[one], default=None)
    return code if code and rates[code] > 1 else None


def _whole(row: Row | None) -> Row | None:
    if not row or row["valeur"] is None or row["code_manquant"]:
        return None
    return row if row["etat"] == WHOLE or row.get("est_perte_significative") is False else None


def _quantity(value: Decimal, row: Row) -> str:
    return french.volume(value) if row["unite"] == "Go" else french.quantity(value, row["decimales"], row["unite"])


def _mark(row: Row) -> str:
    return "" if row["etat"] == WHOLE else MARK


def _moved(row: Row, before: Row, year: int) -> str:
    former, mark = before["valeur"], _mark(before)
    change = row["valeur"] - former
    if not change:
        return f", comme en {year}{mark}"
    is_share = row["unite"] == "%"  # a share of a share says nothing
    moved = french.points(abs(change), row["decimales"]) if is_share else _quantity(abs(change), row)
    rate = None if is_share or former <= 0 else (100 * change / former).quantize(Decimal("0.1"), ROUND_HALF_UP)
    share = f" ({'+' if rate > 0 else ''}{french.quantity(rate, 1, '%')})" if rate else ""
    return f", soit {moved} de {'plus' if change > 0 else 'moins'} qu’en {year}{mark}{share}"
