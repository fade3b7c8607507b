"""The messages that sum up a year: which of the declared candidates are worth telling, and in what words.

The stage that prints them and the one that asks for their approval both use this module, so that they agree. A figure that
is missing, hidden or lacks more than the organisation's threshold gives no message; one that lacks less is marked, and only
whole figures are compared with each other.

A candidate is worth (``Candidate.worth``): by how much its figure moved since the year before, among all figures of the year
(rank 1 to 4: 3; 5 to 8: 2; beyond: 1; below 5 %, or by a few persons or acts: 0); 2 if it concerns every member, else 1; 3 if
it is beyond its declared threshold; 2 if it leaves zero, if it is the highest or lowest of three whole years or more, or if
it makes at least 40 % of a declared total.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines import french
from pipelines.catalogue.chapters.grammar import PLACEHOLDER, Message, Messages

Row = dict[str, Any]
Rows = Mapping[tuple[str, int], Row]  # (code, exercice) → the row of ``rapport.chiffres``
RATIOS = ("%", "x")  # units of what is already a proportion
MEASURES = (*RATIOS, *french.SIGNS, "heures", "jours", "minutes", "octets", "ans", "ETPR")  # all others count something
WHOLE = "complet"
MARK = f"{french.NO_BREAK}(p)"  # after a number that lacks a little
LEAST_MOVE, FEW = Decimal(5), 30  # in %, and in persons or acts: less is nothing to tell
LEAST_SHARE = 40  # in %
JOINT = " ; "  # before what a fact means: a colon would say that one is the cause of the other
LEAST_WORTH, LEAST_WORTH_ALONE = 4, 2  # of a candidate; when the year before is not known


@dataclass(frozen=True)
class Piece:
    """A part of a message: words or, when it comes ``of`` figures (code, exercice), a number; ``how``, if it is calculated."""

    text: str
    of: tuple[tuple[str, int], ...] = ()
    how: str = ""


@dataclass(frozen=True)
class Sentence:
    """A message: the fact, and what it means, which may be empty."""

    message: Message
    fact: list[Piece]
    meaning: list[Piece]

    @property
    def text(self) -> str:
        """The whole sentence."""
        fact, meaning = ("".join(piece.text for piece in pieces) for pieces in (self.fact, self.meaning))
        return french.typeset(f"{fact}{JOINT}{meaning}." if meaning else f"{fact}.")


def told(bloc: Messages, rows: Rows, exercice: int) -> list[Sentence]:
    """The messages of a year: the ones worth most, one per domain, with the services that the block wants among them."""
    found = [one for one in (_candidate(message, rows, exercice) for message in bloc.messages) if one]
    moves = sorted(map(abs, _moves(rows, exercice)), reverse=True)
    ranked = sorted(found, key=lambda one: -one.worth(moves))  # stable: of equals, the first declared
    kept = [one for one in ranked if one.worth(moves) >= (LEAST_WORTH if one.former else LEAST_WORTH_ALONE)]
    kept = [
        one for at, one in enumerate(kept) if one.message.domaine not in {other.message.domaine for other in kept[:at]}
    ]
    services = [one for one in kept if one.message.service][: bloc.services]
    others = [one for one in kept if one not in services][: bloc.nombre - len(services)]
    return [one.sentence() for one in kept if one in services or one in others]


@dataclass(frozen=True)
class Candidate:
    """A message whose figure is known, with its words."""

    message: Message
    rows: Rows
    exercice: int
    row: Row
    former: Row | None  # of the year before, when both years are whole
    fact: str

    @property
    def move(self) -> Decimal | None:
        """By how much the figure moved, in % of what it was; infinite from zero; None when that is not known, or nothing."""
        return _move(self.row, self.former)

    @property
    def share(self) -> Decimal | None:
        """Its part, in %, of the figure that it is a part of."""
        whole = _known(self.rows.get((self.message.sur or "", self.exercice)))
        return 100 * self.row["valeur"] / whole["valeur"] if whole and whole["valeur"] else None

    def worth(self, moves: list[Decimal]) -> int:
        """How much it is worth telling; ``moves`` are those of all figures, the largest first."""
        moved = 0
        if self.move is not None:
            rank = moves.index(abs(self.move)) if abs(self.move) in moves else len(moves)
            moved = 3 if rank < 4 else 2 if rank < 8 else 1
        return moved + (2 if self.message.tous else 1) + 3 * self._is_beyond + 2 * self._is_new

    @property
    def _is_beyond(self) -> bool:
        limit, value = self.message.seuil, self.share if self.message.sur else self.row["valeur"]
        if limit is None or value is None:
            return False
        return (limit.moins_de is not None and value < limit.moins_de) or (
            limit.plus_de is not None and value > limit.plus_de
        )

    @property
    def _is_new(self) -> bool:
        if self.former and not self.former["valeur"] and self.row["valeur"]:
            return True
        if self.share is not None and self.share >= LEAST_SHARE and not self.message.seuil:
            return True
        years = [_whole(self.rows.get((self.message.chiffre, self.exercice - back))) for back in range(10)]
        values = [row["valeur"] for row in years if row]
        others = values[1:]
        return bool(
            self.move is not None
            and len(values) >= 3
            and years[0]
            and (values[0] > max(others) or values[0] < min(others))
        )

    def sentence(self) -> Sentence:
        """Its words, with its figures in place."""
        meaning = self._pieces(self.message.sens) if self.message.sens else None
        return Sentence(self.message, self._pieces(self.fact) or [], meaning or [])

    def _pieces(self, form: str) -> list[Piece] | None:
        """A form with its numbers; None when one of them is not known."""
        found, at = [], 0
        for place in PLACEHOLDER.finditer(form):
            number = self._number(place[1], place[2] or "")
            if number is None:
                return None
            found += [Piece(form[at : place.start()]), number]
            at = place.end()
        return [piece for piece in (*found, Piece(form[at:])) if piece.text]

    def _number(self, name: str, words: str) -> Piece | None:
        """A number of the message, followed by the words that agree with it."""
        code, year, row, former = self.message.chiffre, self.exercice, self.row, self.former
        if name in ("exercice", "precedent"):
            return Piece(str(year if name == "exercice" else year - 1))
        if name == "valeur":
            return Piece(_printed(row, words), ((code, year),))
        if name == "part":
            whole, share = self.rows.get((self.message.sur or "", year)), self.share
            if share is None or whole is None:
                return None
            how = f"100 × {french.exact(row['valeur'])} ÷ {french.exact(whole['valeur'])}"
            return Piece(_percent(share), ((code, year), (self.message.sur or "", year)), how)
        if "." in name:
            other = _known(self.rows.get((name, year)))
            return Piece(_printed(other, words), ((name, year),)) if other else None
        if former is None:
            return None
        if name == "avant":
            return Piece(_printed(former, words), ((code, year - 1),))
        change = abs(row["valeur"] - former["valeur"])
        both = ((code, year), (code, year - 1))
        how = f"{year} moins {year - 1}, et la part que cela fait de {year - 1}"
        is_share = row["unite"] == "%"
        if name == "difference":
            said = french.points(change, row["decimales"]) if is_share else _printed({**row, "valeur": change}, words)
            return Piece(said, both, how)
        if is_share or not former["valeur"]:
            return None
        return Piece(_percent(100 * change / abs(former["valeur"])), both, how)


def _candidate(message: Message, rows: Rows, exercice: int) -> Candidate | None:
    row = _known(rows.get((message.chiffre, exercice)))
    if row is None:
        return None
    former = _whole(rows.get((message.chiffre, exercice - 1))) if _whole(row) else None
    change = row["valeur"] - former["valeur"] if former else Decimal(0)
    # what is said to have moved: a share by a point, an amount by a cent, the rest by what ``worth`` counts
    has_moved = bool(change) if row["unite"] == "EUR" else row["unite"] == "%" and abs(change) >= 1
    has_moved = has_moved or _move(row, former) is not None
    if row["valeur"] < 0:
        forms = [message.negatif]
    elif not row["valeur"]:
        forms = [message.nul]
    elif not has_moved:
        forms = [message.dit]
    else:
        forms = [message.hausse if change > 0 else message.baisse, message.dit]
    for fact in filter(None, forms):
        made = Candidate(message, rows, exercice, row, former, fact)
        if made._pieces(fact) is not None:
            return made
    return None


def _moves(rows: Rows, exercice: int) -> Iterator[Decimal]:
    """By how much each figure of the year moved, in %."""
    for code, year in rows:
        row = _whole(rows[code, year]) if year == exercice else None
        move = _move(row, _whole(rows.get((code, exercice - 1)))) if row else None
        if move is not None:
            yield move


def _move(row: Row, former: Row | None) -> Decimal | None:
    if former is None:
        return None
    change = row["valeur"] - former["valeur"]
    is_few = row["unite"] not in MEASURES and abs(change) < FEW
    if is_few or not change or row["unite"] in RATIOS:
        return None
    if not former["valeur"]:
        return Decimal("inf").copy_sign(change)
    move = 100 * change / abs(former["valeur"])
    return move if abs(move) >= LEAST_MOVE else None


def _known(row: Row | None) -> Row | None:
    """A row that may be printed: its value is known, and lacks next to nothing."""
    if not row or row["valeur"] is None or row["code_manquant"]:
        return None
    return row if row["etat"] == WHOLE or row.get("est_perte_significative") is False else None


def _whole(row: Row | None) -> Row | None:
    """A row that may be compared: nothing is missing from it."""
    return row if _known(row) and row and row["etat"] == WHOLE else None


def _printed(row: Row, words: str) -> str:
    """A number without its sign, marked when it lacks a little, then the words that agree with it."""
    value = abs(row["valeur"])
    text = french.rounded(value, row["decimales"], row["unite"]) + ("" if row["etat"] == WHOLE else MARK)
    return f"{text}{french.NO_BREAK}{french.form(words, value)}" if words else text


def _percent(share: Decimal) -> str:
    """« 16 % », « 1,6 % »."""
    return french.quantity(share, 0 if abs(share) >= 10 else 1, "%")
