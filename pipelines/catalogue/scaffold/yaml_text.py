"""Writes bits of YAML by hand, so that a draft keeps its comments."""

import json
import re
from collections.abc import Iterable

import yaml


def todo(text: str, needed: bool = True) -> str:
    """A comment for what the author has to decide; nothing unless ``needed``."""
    return f"  # TODO {text}" if needed else ""


def scalar(text: str) -> str:
    """A YAML scalar, plain when that is safe even in a flow."""
    if re.fullmatch(r"[^\W\d_][\w ’().°/]*", text) and text == text.strip() and yaml.safe_load(text) == text:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in quoted)


def flow(values: Iterable[str]) -> str:
    """A YAML list on one line."""
    return f"[{', '.join(map(scalar, values))}]"


def option(value: object) -> str:
    """A value that is a word, a number, a list of words, or words with their worth."""
    if isinstance(value, list):
        return flow(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{scalar(word)}: {worth}' for word, worth in value.items())}}}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
