"""Compiles a table's declaration into SQL over records read as text: typed values, and the reasons of each refusal.

A value is cast only after a strict pattern has matched it: DuckDB's own casts read ``'12.6'`` as 13 and ``'0x10'`` as
16. For every field the compiler gives ``value``, an expression over the raw cell that is NULL when the cell is missing
or unreadable, and ``missing``, which tells the two apart. Most cells take a short way: one regular expression that
proves them right as they stand; it only ever accepts what the long way accepts, with the same value.
"""

import re
import unicodedata
from dataclasses import dataclass

from pipelines.catalogue.declarations import DIRECTIVES, Field, Table
from pipelines.sql import literal

SPACES = " \t\u00a0\u2007\u2009\u202f\ufeff"  # what may stand around a value
GROUPS = " \u00a0\u2007\u2009\u202f"  # what may group thousands when the declaration says a space
EXCEL_ERRORS = (
    "#N/A",
    "#REF!",
    "#DIV/0!",
    "#VALUE!",
    "#VALEUR!",
    "#NAME?",
    "#NOM?",
    "#NUM!",
    "#NOMBRE!",
    "#NULL!",
    "#NUL!",
)
# Letters, marks and punctuation that no normalisation changes; neither a space, nor the # of a spreadsheet's errors first.
PLAIN = "!-~\u00a1-\u02ff\u2010-\u2027\u20ac"
PLAIN_FIRST = PLAIN.replace("!-~", '!"$-~')
YEAR = "(?:19[0-9]{2}|20[0-9]{2}|2100)"
FRENCH_DIRECTIVES = {"%d": "jj", "%m": "mm", "%Y": "aaaa", "%H": "hh", "%M": "mm", "%S": "ss"}
ISO = {"date": "%Y-%m-%d", "datetime": "%Y-%m-%d %H:%M:%S"}


@dataclass(frozen=True)
class Reading:
    """One field over its raw cell, in SQL; a field without a cell reads NULL."""

    field: Field
    text: str  # cleaned cell, NULL when missing
    value: str  # typed, NULL when missing or unreadable
    missing: str  # boolean, never NULL
    expected: str  # French


@dataclass(frozen=True)
class _Typed:
    """A type, in SQL over ``{c}``, the raw cell.

    ``ways`` lists (regular expression, value) from the commonest: the first that matches a whole cell gives its value.
    ``value`` is the last way, over ``{t}``, the cleaned text.
    """

    expected: str
    ways: list[tuple[str, str]]
    value: str = "null"


def identifier(name: str) -> str:
    """A SQL identifier: a declared name may be a reserved word."""
    return f'"{name}"'


def read_field(field: Field, cell: str | None, table: Table, *, workbook: bool) -> Reading:
    """Compile ``field`` over the raw column expression ``cell``; ``workbook`` also admits a cell's native forms."""
    compiled = {
        "string": _string,
        "integer": _number,
        "number": _number,
        "boolean": _boolean,
        "date": _date,
        "datetime": _date,
        "year": _year,
    }[field.type](field, workbook)
    if cell is None:
        return Reading(field, "cast(null as varchar)", f"cast(null as {raw_type(field)})", "true", compiled.expected)
    tokens = list(dict.fromkeys(["", *table.missingValues]))
    trimmed = f"trim({cell}, {literal(SPACES)})"
    missing = f"{trimmed} in ({', '.join(map(literal, tokens))})"
    text = f"case when {missing} then null else nfc_normalize({trimmed}) end"
    cases = []
    for pattern, value in compiled.ways:
        test = f"regexp_full_match({cell}, {literal(pattern)})"
        if any(re.fullmatch(pattern, token) for token in tokens):
            test += f" and not {missing}"
        cases.append(f"when {test} then {value.replace('{c}', cell)}")
    last = compiled.value.replace("{t}", f"({text})")
    value = f"case {' '.join(cases)} else {last} end" if cases else last
    return Reading(field, text, value, f"coalesce({missing}, true)", compiled.expected)


def raw_type(field: Field) -> str:
    """The DuckDB type of a field before pseudonymisation."""
    return field.model_copy(update={"personal": None}).sql_type


def _string(field: Field, workbook: bool) -> _Typed:
    """A text: the canon's word in the place of the system's, and a number's digits together when it groups them."""
    errors = literal("|".join(map(re.escape, EXCEL_ERRORS)))
    plain = f"[{PLAIN_FIRST}](?:[{PLAIN}{GROUPS}]*[{PLAIN}])?"
    cases = []
    for word, written in field.values.items():
        words = ", ".join(literal(unicodedata.normalize("NFC", one)) for one in written)
        cases.append(f"when {{t}} in ({words}) then {literal(word)}")
    if group := _group_class(field.groupChar):
        grouped = literal(f"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+")
        cases.append(f"when regexp_full_match({{t}}, {grouped}) then regexp_replace({{t}}, {literal(group)}, '', 'g')")
    value = f"case {' '.join(cases)} when not regexp_full_match({{t}}, {errors}) then {{t}} end"
    return _Typed("un texte", [] if cases else [(plain, "{c}")], value)


def _number(field: Field, workbook: bool) -> _Typed:
    decimals = field.decimals if field.type == "number" else 0
    digits = min(15, 18 - decimals)
    kind = raw_type(field)
    plain = f"[0-9]{{1,{digits}}}"
    tail = _decimals(re.escape(field.decimalChar), decimals)
    group = _group_class(field.groupChar)
    whole = f"(?:{plain}|[0-9]{{1,3}}(?:{group}[0-9]{{3}}){{1,{digits // 3 - 1}}})" if group else plain
    spaced = f"[+\u2212-]?{whole}{tail}"
    if workbook:
        spaced = f"(?:{spaced}|[+-]?{plain}{_decimals('[.]', decimals)})"
    around = f"[{SPACES}]*"
    removed = literal(f"[{SPACES}]" if group in (None, f"[{GROUPS}]") else f"[{SPACES}]|{group}")
    bare = f"replace(regexp_replace({{c}}, {removed}, '', 'g'), '\u2212', '-')"
    return _Typed(
        "un nombre entier" if not decimals else f"un nombre d’au plus {decimals} décimales (« {field.decimalChar} »)",
        [
            (f"-?{plain}{tail}", f"try_cast({_pointed('{c}', field)} as {kind})"),
            (f"{around}{spaced}{around}", f"try_cast({_pointed(bare, field)} as {kind})"),
        ],
    )


def _decimals(mark: str, decimals: int) -> str:
    return f"(?:{mark}[0-9]{{1,{decimals}}})?" if decimals else ""


def _pointed(text: str, field: Field) -> str:
    if field.type == "integer" or field.decimalChar == ".":
        return text
    return f"replace({text}, {literal(field.decimalChar)}, '.')"


def _group_class(group: str | None) -> str | None:
    if group is None:
        return None
    return f"[{GROUPS}]" if group in GROUPS else re.escape(group)


def _boolean(field: Field, workbook: bool) -> _Typed:
    ways, values = [], []
    for sense, words, native in (("true", field.trueValues, "true"), ("false", field.falseValues, "false")):
        words = list(dict.fromkeys([*words, native] if workbook else words))
        ways.append(("|".join(map(re.escape, words)), sense))
        values.append(f"when {{t}} in ({', '.join(map(literal, words))}) then {sense}")
    return _Typed(f"{field.trueValues[0]} ou {field.falseValues[0]}", ways, f"case {' '.join(values)} end")


def _date(field: Field, workbook: bool) -> _Typed:
    fmt = ISO[field.type] if field.format == "default" else field.format
    kinds = [fmt, *([ISO[field.type]] if workbook and fmt != ISO[field.type] else [])]
    if workbook and field.type == "datetime":
        kinds.append(ISO["date"])
    parsed = [
        f"when regexp_full_match({{t}}, {literal(pattern_of(kind))}) then {_parsed('{t}', kind, field)}"
        for kind in kinds
    ]
    if workbook:  # a serial: days since 30 December 1899, here from 1927 to 2099
        parsed.append(
            "when regexp_full_match({t}, '[1-6][0-9]{4}|7[0-2][0-9]{3}') then "
            f"cast(timestamp '1899-12-30' + to_days(try_cast({{t}} as integer)) as {raw_type(field)})"
        )
    ways = [(pattern_of(fmt), _parsed("{c}", fmt, field))]
    return _Typed(f"une date {french_format(fmt)}", ways, f"case {' '.join(parsed)} end")


def _parsed(text: str, fmt: str, field: Field) -> str:
    return f"cast(try_strptime({text}, {literal(fmt)}) as {raw_type(field)})"


def pattern_of(fmt: str) -> str:
    """The regular expression of a strptime format made of the directives we accept.

    A day, a month or an hour may have one digit, unless two directives touch: ``2024111`` would be ambiguous.
    """
    touching = re.search(r"%[a-zA-Z]%", fmt)
    short = "{2}" if touching else "{1,2}"
    digits = {
        "%Y": YEAR,
        **{d: "[0-9]" + (short if d in ("%d", "%m", "%H") else "{2}") for d in DIRECTIVES if d != "%Y"},
    }
    return "".join(digits.get(part, re.escape(part)) for part in re.split(r"(%[a-zA-Z])", fmt) if part)


def french_format(fmt: str) -> str:
    """``%d/%m/%Y`` → ``jj/mm/aaaa``."""
    return "".join(FRENCH_DIRECTIVES.get(part, part) for part in re.split(r"(%[a-zA-Z])", fmt))


def _year(field: Field, workbook: bool) -> _Typed:
    pattern = "(?:19|20)[0-9]{2}"
    return _Typed(
        "une année sur quatre chiffres",
        [(pattern, "try_cast({c} as integer)")],
        f"case when regexp_full_match({{t}}, {literal(pattern)}) then try_cast({{t}} as integer) end",
    )


def fine_sql(reading: Reading, value: str) -> str:
    """SQL boolean, never NULL: the cell can be read, or nothing needs it. ``value`` is the computed value."""
    if reading.field.informative:
        return "true"
    constraints = reading.field.constraints
    right = f"{value} is not null"
    if constraints.pattern:
        text = value if reading.field.type == "string" else reading.text
        right += f" and regexp_full_match({text}, {literal(constraints.pattern)})"
    if constraints.required:
        return f"({right})"
    return f"case when {value} is not null then {right} else {reading.missing} end"


def reason_sql(reading: Reading, heading: str, position: int, *, show: bool) -> str:
    """SQL of one refusal {colonne, position, regle, attendu, recu}, or NULL when the cell is right."""
    text = f"({reading.text})"

    def reason(code: str, expected: str) -> str:
        shown = f"left({text}, 200)" if show else "cast(null as varchar)"
        return (
            f"{{'colonne': {literal(heading)}, 'position': {position}, 'regle': {literal(code)}, "
            f"'attendu': {literal(expected)}, 'recu': {shown}}}"
        )

    constraints = reading.field.constraints
    cases = []
    if constraints.required:
        cases.append(f"when {reading.missing} then {reason('LIG-OBLIGATOIRE', 'une valeur')}")
    cases.append(
        f"when not {reading.missing} and ({reading.value}) is null then {reason('LIG-TYPE', reading.expected)}"
    )
    if constraints.pattern:
        judged = f"({reading.value})" if reading.field.type == "string" else text
        cases.append(
            f"when not {reading.missing} and not regexp_full_match({judged}, {literal(constraints.pattern)}) "
            f"then {reason('LIG-MOTIF', constraints.pattern)}"
        )
    return f"case {' '.join(cases)} end"
