"""The sentences that sum up a year, drafted from its figures.

The stage that prints them and the one that asks for their approval both use this module, so that they agree. A figure that
is missing, hidden or partial gives no sentence; if it was so the year before, its sentence does not mention a change.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from typing import Any

from pipelines import french
from pipelines.catalogue.chapters.grammar import Chapitre, Message, Messages

Row = dict[str, Any]
Rows = Callable[[str, int], Row | None]  # (code, exercice) → the row of ``rapport.chiffres``
WHOLE = "complet"


@dataclass(frozen=True)
class Sentence:
    """``before`` the figure, the figure as it is printed, ``after`` it."""

    code: str
    before: str
    printed: str
    after: str

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
        known = {code: _of_both_years(rows, code, exercice) for code in message.codes}
        code = _risen_most(known) if message.parmi else message.chiffre
        row, former = known[code] if code else (None, None)
        form = _form(message, row["valeur"]) if row else None
        if code and row and form:
            moved = _moved(row, former["valeur"], exercice - 1) if former else ""
            said = {"evolution": moved, "exercice": exercice, "precedent": exercice - 1, "libelle": row.get("libelle")}
            before, printed, after = form.partition("{valeur}")
            yield Sentence(
                code,
                french.typeset(before.format(**said)),
                _quantity(abs(row["valeur"]), row) if printed else "",
                french.typeset(after.format(**said)),
            )


def _of_both_years(rows: Rows, code: str, exercice: int) -> tuple[Row | None, Row | None]:
    return _whole(rows(code, exercice)), _whole(rows(code, exercice - 1))


def _risen_most(known: dict[str, tuple[Row | None, Row | None]]) -> str | None:
    """The figure that rose most, relative to what it was; the first of those that tie, None when none rose."""
    rates = {
        code: row["valeur"] / former["valeur"]
        for code, (row, former) in known.items()
        if row and former and former["valeur"] > 0
    }
    code = max(rates, key=lambda one: rates[one], default=None)
    return code if code and rates[code] > 1 else None


def _whole(row: Row | None) -> Row | None:
    return row if row and row["valeur"] is not None and row["etat"] == WHOLE and not row["code_manquant"] else None


def _form(message: Message, value: Decimal) -> str | None:
    return message.plus if value > 0 else message.moins if value < 0 else message.nul


def _quantity(value: Decimal, row: Row) -> str:
    return french.volume(value) if row["unite"] == "Go" else french.quantity(value, row["decimales"], row["unite"])


def _moved(row: Row, former: Decimal, year: int) -> str:
    change = row["valeur"] - former
    if not change:
        return f", comme en {year}"
    rate = (100 * change / former).quantize(Decimal("0.1"), ROUND_HALF_UP) if former > 0 else None
    share = f" ({'+' if rate > 0 else ''}{french.quantity(rate, 1, '%')})" if rate else ""
    return f", soit {_quantity(abs(change), row)} de {'plus' if change > 0 else 'moins'} qu’en {year}{share}"
