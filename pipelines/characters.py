"""Characters that no text of an export may contain, and how to show them.

They are control characters other than tabs and line ends, which can control a terminal and break XML; characters that
reverse the direction of the text, which can make a line seem to say something else; and Unicode's non-characters.
"""

import re
from collections.abc import Callable
from typing import Any

_FORBIDDEN = [
    (0x00, 0x08),
    (0x0B, 0x0C),
    (0x0E, 0x1F),
    (0x7F, 0x9F),
    (0x202A, 0x202E),
    (0x2066, 0x2069),
    (0xFFFE, 0xFFFF),
]
FORBIDDEN_IN_SQL = "[" + "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in _FORBIDDEN) + "]"
_FORBIDDEN_HERE = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in _FORBIDDEN) + "]")
_LINE_END = re.compile("[\n\r\u2028\u2029]")


def told(character: str) -> str:
    """The form of a forbidden character in messages: ``[U+001B]``."""
    return f"[U+{ord(character):04X}]"


def visible(text: str, telling: Callable[[str], str] = told) -> str:
    """A text whose forbidden characters are replaced by their number: ``[U+001B]``."""
    return _FORBIDDEN_HERE.sub(lambda found: telling(found[0]), text)


def in_one_line(text: str) -> str:
    """A text meant to be part of one line, as ``visible`` makes it; line ends in it are replaced by their number too."""
    return visible(_LINE_END.sub(lambda found: told(found[0]), text))


def each_text(data: Any, change: Callable[[str], str]) -> Any:
    """Lists and mappings of texts and other values, each text changed; the keys stay."""
    if isinstance(data, str):
        return change(data)
    if isinstance(data, dict):
        return {key: each_text(value, change) for key, value in data.items()}
    return [each_text(value, change) for value in data] if isinstance(data, list | tuple) else data
