"""Says in French what a declared regular expression takes: nobody who keeps a file reads one.

Only the simple ones, a sequence of characters and of digits or letters by their number, or such sequences one of which is
expected. Any other is « la forme déclarée pour cette colonne ».
"""

import re

from pipelines.french import how_many

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
