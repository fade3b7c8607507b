"""Writes bits of YAML by hand, so that a draft keeps its comments."""

import json
import re
from collections.abc import Iterable

import yaml


def todo(text: str) -> str:
    """A comment for what the author has to decide; nothing when there is nothing."""
    return f"  # TODO {text}" if text else ""


def quoted(text: str) -> str:
    """A YAML scalar in quotes."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in json.dumps(text, ensure_ascii=False))


def scalar(text: str) -> str:
    """A YAML scalar, plain when that is safe even in a flow."""
    is_plain = re.fullmatch(r"[^\W\d_][\w ’().°/]*", text) and text == text.strip() and yaml.safe_load(text) == text
    return text if is_plain else quoted(text)


def flow(values: Iterable[str]) -> str:
    """A YAML list on one line."""
    return f"[{', '.join(map(scalar, values))}]"


def option(value: object) -> str:
    """A value that is a word, a number or a list of words."""
    if isinstance(value, list):
        return flow(value)
    return quoted(value) if isinstance(value, str) else str(value)
