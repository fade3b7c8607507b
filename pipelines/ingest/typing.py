"""Compiles a table's declaration into SQL over records read as text: typed values, and the reasons of each refusal.

A value is cast only after a strict pattern has matched it: DuckDB's own casts read ``'12.6'`` as 13 and ``'0x10'`` as
16. For every field the compiler gives two expressions over the raw cell, ``value`` (typed, NULL when unreadable) and
``reason`` (NULL when the cell is right).
"""

import re
from dataclasses import dataclass

from pipelines.sources.declarations import Field, Table
from pipelines.sql import literal

SPACES = " \t\u00a0\u2007\u2009\u202f"  # what may stand around a value, or group its thousands
EXCEL_ERRORS = ("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#VALEUR!", "#NAME?", "#NOM?", "#NUM!", "#NOMBRE!", "#NULL!", "#NUL!")
DIRECTIVES = {
    "%d": "[0-9]{1,2}",
    "%m": "[0-9]{1,2}",
    "%Y": "[0-9]{4}",
    "%H": "[0-9]{1,2}",
    "%M": "[0-9]{2}",
    "%S": "[0-9]{2}",
}
FRENCH_DIRECTIVES = {"%d": "jj", "%m": "mm", "%Y": "aaaa", "%H": "hh", "%M": "mm", "%S": "ss"}
ISO = {"date": "%Y-%m-%d", "datetime": "%Y-%m-%d %H:%M:%S"}


@dataclass(frozen=True)
class Reading:
    """One field over its raw cell: SQL of the typed value, of the test that it is readable, and what was expected."""

    field: Field
    text: str  # cleaned cell, NULL when missing
    readable: str  # boolean over ``text``
    value: str
    expected: str


def read_field(field: Field, cell: str, table: Table, *, workbook: bool) -> Reading:
    """Compile ``field`` over the raw column expression ``cell``; ``workbook`` also admits a cell's native forms."""
    missing = ", ".join(literal(value) for value in dict.fromkeys(["", *table.missingValues]))
    text = f"trim({cell}, {literal(SPACES)})"
    text = f"case when {text} in ({missing}) then null else {text} end"
    compiled = {
        "string": _string,
        "integer": _number,
        "number": _number,
        "boolean": _boolean,
        "date": _date,
        "datetime": _date,
        "year": _year,
    }[field.type](field, workbook)
    readable, value, expected = compiled
    return Reading(field, text, readable, value, expected)


def _string(field: Field, workbook: bool) -> tuple[str, str, str]:
    errors = ", ".join(map(literal, EXCEL_ERRORS))
    return f"{{t}} not in ({errors})", "nfc_normalize({t})", "un texte"


def _number(field: Field, workbook: bool) -> tuple[str, str, str]:
    decimals = field.decimals if field.type == "number" else 0
    mark = re.escape(field.decimalChar)
    tail = f"({mark}[0-9]{{1,{decimals}}})?" if decimals else ""
    group = _group_class(field.groupChar)
    whole = f"([0-9]{{1,15}}|[0-9]{{1,3}}({group}[0-9]{{3}}){{1,4}})" if group else "[0-9]{1,15}"
    native = rf"[+-]?[0-9]{{1,15}}(\.[0-9]{{1,{decimals}}})?" if decimals else "[+-]?[0-9]{1,15}"
    pattern = f"[+\u2212-]?{whole}{tail}"
    if workbook:
        pattern = f"({pattern})|({native})"
    digits = f"regexp_replace({{t}}, {literal(group)}, '', 'g')" if group else "{t}"
    if field.decimalChar != ".":
        digits = f"replace({digits}, {literal(field.decimalChar)}, '.')"
    digits = f"replace({digits}, '\u2212', '-')"
    expected = "un nombre entier" if not decimals else f"un nombre d’au plus {decimals} décimales (« {field.decimalChar} »)"
    return f"regexp_full_match({{t}}, {literal(pattern)})", f"try_cast({digits} as {field.sql_type})", expected


def _group_class(group: str | None) -> str | None:
    if group is None:
        return None
    return f"[{SPACES}]" if group in SPACES else re.escape(group)


def _boolean(field: Field, workbook: bool) -> tuple[str, str, str]:
    true = [*field.trueValues, *(["true"] if workbook else [])]
    false = [*field.falseValues, *(["false"] if workbook else [])]
    trues, both = (", ".join(map(literal, dict.fromkeys(v))) for v in (true, [*true, *false]))
    return f"{{t}} in ({both})", f"{{t}} in ({trues})", f"{field.trueValues[0]} ou {field.falseValues[0]}"


def _date(field: Field, workbook: bool) -> tuple[str, str, str]:
    fmt = ISO[field.type] if field.format == "default" else field.format
    kinds = [fmt, *([ISO[field.type]] if workbook and fmt != ISO[field.type] else [])]
    if workbook and field.type == "datetime":
        kinds.append(ISO["date"])
    parsed = [
        f"when regexp_full_match({{t}}, {literal(pattern_of(kind))}) then try_strptime({{t}}, {literal(kind)})"
        for kind in kinds
    ]
    if workbook:  # a serial: days since 30 December 1899
        parsed.append("when regexp_full_match({t}, '[0-9]{5}') then timestamp '1899-12-30' + to_days(cast({t} as integer))")
    value = f"cast(case {' '.join(parsed)} end as {field.sql_type})"
    bounded = f"({value}) between date '1900-01-01' and date '2100-12-31'"
    return f"coalesce({bounded}, false)", value, f"une date {french_format(fmt)}"


def pattern_of(fmt: str) -> str:
    """The regular expression of a strptime format made of the directives we accept."""
    return "".join(DIRECTIVES.get(part, re.escape(part)) for part in re.split(r"(%[a-zA-Z])", fmt) if part)


def french_format(fmt: str) -> str:
    """``%d/%m/%Y`` → ``jj/mm/aaaa``."""
    return "".join(FRENCH_DIRECTIVES.get(part, part) for part in re.split(r"(%[a-zA-Z])", fmt))


def _year(field: Field, workbook: bool) -> tuple[str, str, str]:
    return "regexp_full_match({t}, '(19|20)[0-9]{2}')", "try_cast({t} as integer)", "une année sur quatre chiffres"


def reason_sql(reading: Reading, text: str, heading: str, position: int, *, show: bool) -> str:
    """SQL of one refusal {colonne, position, regle, attendu, recu}, or NULL when the cell is right."""

    def reason(code: str, expected: str) -> str:
        shown = f"left({text}, 200)" if show else "cast(null as varchar)"
        return (
            f"{{'colonne': {literal(heading)}, 'position': {position}, 'regle': {literal(code)}, "
            f"'attendu': {literal(expected)}, 'recu': {shown}}}"
        )

    constraints = reading.field.constraints
    cases = []
    if constraints.required:
        cases.append(f"when {text} is null then {reason('LIG-OBLIGATOIRE', 'une valeur')}")
    cases.append(f"when {text} is not null and not ({reading.readable.replace('{t}', text)}) "
                 f"then {reason('LIG-TYPE', reading.expected)}")
    if constraints.pattern:
        cases.append(f"when {text} is not null and not regexp_full_match({text}, {literal(constraints.pattern)}) "
                     f"then {reason('LIG-MOTIF', constraints.pattern)}")
    return f"case {' '.join(cases)} end"


def fine_sql(reading: Reading, text: str) -> str:
    """SQL boolean, never NULL: the cell can be read."""
    constraints = reading.field.constraints
    tests = [f"({reading.readable.replace('{t}', text)})"]
    if constraints.pattern:
        tests.append(f"regexp_full_match({text}, {literal(constraints.pattern)})")
    right = " and ".join(tests)
    return f"({text} is not null and {right})" if constraints.required else f"({text} is null or ({right}))"


def value_sql(reading: Reading, text: str) -> str:
    """SQL of the typed value, as it enters the lake."""
    value = reading.value.replace('{t}', text)
    if reading.field.personal == "pseudonymise":
        return f"pseudonyme({literal(reading.field.name)}, cast({value} as varchar))"
    return value
