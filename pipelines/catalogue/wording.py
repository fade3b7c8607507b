"""Puts a row of a control into words: the templates of its rule (``rules.yml``: ``attendu``, ``recu``, ``complement``).

A template is Jinja's, sandboxed; it sees the columns of ``controles.controles`` and the names in ``valeurs``. Filters:
``mesure`` (a number with its unit, ``{{ recu | mesure('lignes') }}``), ``mois`` (``2, 8`` → ``février et août``), ``json``.
A rule without a template shows the value itself: a number, in the unit ``unite`` if the row gives one, when it has a gap.
"""

import functools
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pipelines.catalogue.overlay import Thing
from pipelines.catalogue.rules import SENTENCES, Rule
from pipelines.did_you_mean import suggestion
from pipelines.french import enumeration, month, number, places, quantity

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def worded(rule: Rule, row: Mapping[str, Any]) -> dict[str, str]:
    """Template → its text for a row. One that a row makes fail gives the value alone: words never stop a build."""
    return {name: _text(getattr(rule, name), row, row.get(name)) for name in SENTENCES}


def _text(template: str | None, row: Mapping[str, Any], value: str | None) -> str:
    if template is None:
        return shown(value, row.get("unite")) if value is not None and row.get("ecart") is not None else value or ""
    try:
        return _template(template).render(row)
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return value or ""


def misworded(rules: Iterable[Thing], names: Collection[str]) -> Iterator[str]:
    """The templates that cannot be read, or use what no control gives (``names``), each with its place."""
    for thing in rules:
        for name in SENTENCES:
            text = thing.data.get(name) or ""
            try:
                _template(text)
            except TemplateSyntaxError as error:
                yield f"{thing.at(name)} {name}: ce modèle de phrase ne se lit pas ({error.message})"
                continue
            for unknown in sorted(meta.find_undeclared_variables(_environment().parse(text)) - {*names}):
                yield f"{thing.at(name)} {name}: aucun contrôle ne donne « {unknown} »{suggestion(unknown, names)}"


@functools.cache
def _template(text: str) -> Template:
    return _environment().from_string(text)


@functools.cache
def _environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment()
    made.globals = {}
    made.filters |= {"mesure": shown, "mois": _months, "json": lambda value: json.dumps(value, ensure_ascii=False)}
    return made


def _months(period: str) -> str:
    """``2, 8`` → ``février et août``. Raises ValueError when one is no month."""
    months = [int(one) for one in period.split(", ")]
    if not all(1 <= one <= 12 for one in months):
        raise ValueError(period)
    return enumeration([month(one) for one in months])


def shown(value: Any, unit: Any = None) -> str:
    """A number as a French reader writes it, without superfluous zeros: ``7,5 jours``, ``41 490,10 €``; a text as it is."""
    if value is None:
        return "absent"
    if not _NUMBER.fullmatch(str(value)):
        return str(value)
    exact = Decimal(str(value))
    decimals = places(exact, unit or "")
    return quantity(exact, decimals, unit) if unit else number(exact, decimals)


def plain(value: Decimal) -> str:
    """A decimal that a spreadsheet reads, without superfluous zeros, with a comma: ``41490.160000`` → ``41490,16``."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")
