"""Says in French what a declared regular expression takes, for nobody who keeps a file reads one; and gives examples of cells.

Of expressions, only the simple ones, a sequence of characters and of digits or letters by their number, or such sequences one of which is
expected. Any other is « la forme déclarée pour cette colonne ».
"""

import datetime as dt
import re

from pipelines.catalogue.source_grammar import ISO, Field
from pipelines.french import how_many, month

MOST_GROUPS = 4  # whose alternatives are spelt out
UNSAID = "la forme déclarée pour cette colonne"
# a character or a class of them, then how often; whatever else is in a pattern is not said
_PIECE = re.compile(r"(?P<one>\\.|\[\^?[^\]^\\]+\]|[^\\\[\](){}|*+?^$])(?P<times>\{\d+(?:,\d*)?\}|[*+?])?")
_CLASSES = {
    r"\d": "chiffres",
    "[0-9]": "chiffres",
    "[A-Z]": "majuscules",
    "[a-z]": "minuscules",
    "[1-9]": "chiffres non nuls",
}


def in_words(pattern: str) -> str:
    """``[0-9]{14}`` → ``14 chiffres``; ``01|02`` → ``01 ou 02``; ``P\\d+`` → ``« P », puis des chiffres``."""
    branches = [_pieces(branch) for branch in _branches(pattern.removeprefix("^").removesuffix("$"))]
    if not all(branches):
        return UNSAID
    said = [
        pieces[0].removeprefix("« ").removesuffix(" »") if len(pieces) == 1 else ", puis ".join(pieces)
        for pieces in branches
        if pieces
    ]
    return " ou ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def _branches(pattern: str) -> list[str]:
    """The alternatives of a pattern, those of its groups spelt out: ``(in)?connu|vide`` → ``inconnu``, ``connu``, ``vide``."""
    if pattern.count("(") > MOST_GROUPS:
        return [pattern]
    found = []
    for branch in re.split(r"\|(?![^(]*\))", pattern):
        if group := re.search(r"(?<!\\)\(([^()]*)\)(\?)?(?![*+?{])", branch):
            options = [*group[1].split("|"), *([""] if group[2] else [])]
            found += [
                one for said in options for one in _branches(branch[: group.start()] + said + branch[group.end() :])
            ]
        else:
            found.append(branch)
    return found


def _pieces(branch: str) -> list[str] | None:
    """What a sequence is made of, in order; None when a part of it is not said."""
    found: list[str] = []
    place, literal = 0, ""
    while place < len(branch):
        piece = _PIECE.match(branch, place)
        if piece is None:
            return None
        one, times, place = piece["one"], piece["times"], piece.end()
        if (one == "." or one.startswith("[^")) and times in ("*", "+"):
            literal += "…"
        elif one in _CLASSES:
            found += _quoted(literal)
            found.append(_several(_CLASSES[one], times))
            literal = ""
        elif one.startswith("[^"):
            return None
        elif times is None and len(plain := _plain(one)) == 1 and one != ".":
            literal += plain
        elif times is None and plain and one.startswith("["):
            found += _quoted(literal)
            found.append(" ou ".join([", ".join(plain[:-1]), plain[-1]]))
            literal = ""
        else:
            return None
    return found + _quoted(literal)


def _quoted(literal: str) -> list[str]:
    return [f"« {literal.strip()} »"] if literal.strip() else []


def _plain(one: str) -> str:
    """The characters that a piece takes, one of which is expected; none when it is a range or a kind of characters."""
    if one.startswith("["):
        return "" if "-" in one[1:-1] else one[1:-1]
    return one.removeprefix("\\") if not (one.startswith("\\") and one[1].isalnum()) else ""


def _several(words: str, times: str | None) -> str:
    one = " ".join(word.removesuffix("s") if word != "nuls" else "nul" for word in words.split())
    if times is None or times in ("?", "+", "*"):
        return {
            None: f"1 {one}",
            "?": f"éventuellement 1 {one}",
            "+": f"des {words}",
            "*": f"éventuellement des {words}",
        }[times]
    least, comma, most = times.strip("{}").partition(",")
    if not comma:
        return how_many(int(least), f"{one}|{words}")
    return f"de {least} à {most} {words}" if most else f"au moins {how_many(int(least), f'{one}|{words}')}"


def example(field: Field, exercice: int) -> str | None:
    """A cell that a field can read, as its file writes it: a date of ``exercice``, a number, a code.

    None for a text of any form, or one of a few words.
    """
    if field.constraints.pattern:
        return of_pattern(field.constraints.pattern)
    if field.type in ISO:
        # the last day of the exercice, in the afternoon
        moment = dt.datetime(exercice, 12, 31, 14, 30)
        words = {"%B": month(12), "%b": "déc.", "%z": "+01:00", "%f": "000"}
        form = ISO[field.type] if field.format == "default" else field.format
        return re.sub("%[a-zA-Z]", lambda part: words.get(part[0]) or moment.strftime(part[0]), form)
    if field.type not in ("integer", "number"):
        return str(exercice) if field.type == "year" else None
    figures = f"12{field.decimalChar}5" if field.type == "number" and field.decimals else "12"
    unit = field.suffix if isinstance(field.suffix, str) else next(iter(field.suffix or ()), "")
    return f"{figures} {unit}".strip()


def of_pattern(pattern: str) -> str | None:
    """A text that a pattern of digits and letters takes: ``F\\d{4}-\\d{3}`` → ``F1234-123``; None for any other pattern."""
    made = ""
    for piece in re.findall(r"\\d\{\d+(?:,\d+)?\}|\[0-9\]\{\d+(?:,\d+)?\}|\\?.", pattern.strip("^$")):
        count = re.search(r"\{(\d+)", piece)
        made += ("1234567890" * 9)[: int(count[1])] if count and len(piece) > 2 else piece.removeprefix("\\")
    has_digits = re.search(r"\\d|\[0-9\]", pattern)
    return made if has_digits and re.fullmatch(pattern, made) else None
