"""Makes cells safe for spreadsheets: no text becomes a formula, and French spreadsheets recognise numbers and booleans."""

import re
from decimal import Decimal
from typing import Any

# What a spreadsheet would run: also behind spaces, a byte order mark or a zero-width space, or in full width. A ``%`` alone is a unit.
FORMULA = re.compile(
    r"[\s\u00a0\u200b\ufeff]*(?:[=+\-@|\uff1d\uff0b\uff0d\uff20]|%(?![\s\u00a0\u200b\ufeff]*\Z))|[\t\r\n]"
)
# A text that a spreadsheet takes for a number when it opens a CSV: its leading zeros, or its last digits, are lost.
CODE = r"0[0-9]+|[0-9]{12,}|[0-9]+[eE][0-9]+"


def neutralised(value: Any) -> Any:
    """A cell that no spreadsheet will run; numbers are left alone."""
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def french_cell(value: Any) -> Any:
    """A cell of a CSV that a French spreadsheet opens: decimal comma, ``vrai`` and ``faux``, no formula."""
    if isinstance(value, bool):
        return "vrai" if value else "faux"
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    if isinstance(value, float):
        return repr(value).replace(".", ",")
    return neutralised(value)
