"""Gives an example of a cell that its field can read, as its file writes it, for those who have to correct one."""

import datetime as dt
import re

from pipelines.catalogue.source_grammar import ISO, Field
from pipelines.french import month


def example(field: Field, exercice: int) -> str | None:
    """A date of ``exercice``, a number, a code; None for a text of any form, or one of a few words."""
    if field.constraints.pattern:
        return of_pattern(field.constraints.pattern)
    if field.type in ISO:
        return _moment(ISO[field.type] if field.format == "default" else field.format, exercice)
    if field.type not in ("integer", "number"):
        return str(exercice) if field.type == "year" else None
    figures = f"12{field.decimalChar}5" if field.type == "number" and field.decimals else "12"
    unit = field.suffix if isinstance(field.suffix, str) else next(iter(field.suffix or ()), "")
    return f"{figures} {unit}".strip()


def _moment(fmt: str, exercice: int) -> str:
    """The last day of ``exercice``, in the afternoon."""
    moment = dt.datetime(exercice, 12, 31, 14, 30)
    words = {"%B": month(12), "%b": "déc.", "%z": "+01:00", "%f": "000"}
    return re.sub("%[a-zA-Z]", lambda part: words.get(part[0]) or moment.strftime(part[0]), fmt)


def of_pattern(pattern: str) -> str | None:
    """A text that a pattern of digits and letters takes: ``F\\d{4}-\\d{3}`` → ``F1234-123``; None for any other pattern."""
    made = ""
    for piece in re.findall(r"\\d\{\d+(?:,\d+)?\}|\[0-9\]\{\d+(?:,\d+)?\}|\\?.", pattern.strip("^$")):
        count = re.search(r"\{(\d+)", piece)
        made += ("1234567890" * 9)[: int(count[1])] if count and len(piece) > 2 else piece.removeprefix("\\")
    has_digits = re.search(r"\\d|\[0-9\]", pattern)
    return made if has_digits and re.fullmatch(pattern, made) else None
