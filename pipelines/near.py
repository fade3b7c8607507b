"""The known name that somebody meant, when the one that was given is not known."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'kolok'?`` when something known looks like ``name``, else nothing."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def suggestion(name: str, known: Iterable[str]) -> str:
    """The same as a French reader is told: `` ; vouliez-vous dire « kolok » ?``."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" ; vouliez-vous dire « {near[0]} » ?" if near else ""
