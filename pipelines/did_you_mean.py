"""Suggests the known name that was probably meant, when the one given is unknown."""

import difflib
from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """`` ; vouliez-vous dire « kolok » ?`` when something known looks like ``name``, else nothing."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" ; vouliez-vous dire « {near[0]} » ?" if near else ""
