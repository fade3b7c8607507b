"""Compiles a table's declaration into SQL over records read as text: typed values, and the reasons of each refusal.

A value is cast only after a strict pattern has matched it: DuckDB's own casts read ``'12.6'`` as 13 and ``'0x10'`` as
16. For every field the compiler gives ``value``, an expression over the raw cell that is NULL when the cell is missing
or unreadable, and ``missing``, which distinguishes these two cases. Most cells take a fast path, a single regular
expression; it only accepts cells that the general path would accept, with the same value.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from pipelines.catalogue.pattern_words import in_words
from pipelines.catalogue.source_grammar import ISO, OTHERS, Field, Table
from pipelines.catalogue.spelling import folded
from pipelines.characters import FORBIDDEN_IN_SQL
from pipelines.french import MONTH_WORDS
from pipelines.sql import literal

SPACES = " \t\u00a0\u2007\u2009\u202f\ufeff"  # what may be around a value
SPACES_AROUND = f"^[{SPACES}]|[{SPACES}]$"
GROUPS = " \u00a0\u2007\u2009\u202f"  # what may group thousands when the declaration says a space
EXCEL_ERRORS = "#N/A #REF! #DIV/0! #VALUE! #VALEUR! #NAME? #NOM? #NUM! #NOMBRE! #NULL! #NUL!".split()
# Letters, marks and punctuation that no normalisation changes; neither a space, nor the # of a spreadsheet's errors first.
PLAIN = "!-~\u00a1-\u02ff\u2010-\u2027\u20ac"
PLAIN_FIRST = PLAIN.replace("!-~", '!"$-~')
YEAR = "(?:19[0-9]{2}|20[0-9]{2}|2100)"
PLAIN_DIRECTIVES = {"%d", "%m", "%Y", "%H", "%M", "%S"}  # what DuckDB's own strptime reads as we do
DIRECTIVE = re.compile(r"([.,]%f|%[a-zA-Z])")
PATTERNS = {
    "%Y": YEAR,
    "%y": "[0-9]{2}",
    "%M": "[0-9]{2}",
    "%S": "[0-9]{2}",
    "%B": f"(?i:{'|'.join(full for full, _ in MONTH_WORDS)})",
    "%b": f"(?i:{'|'.join('|'.join(short.split()) for _, short in MONTH_WORDS)})",
    "%z": "Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9]",
}
FRENCH_DIRECTIVES = {
    "%d": "jj",
    "%m": "mm",
    "%B": "mois",
    "%b": "mois abrégé",
    "%Y": "aaaa",
    "%y": "aa",
    "%H": "hh",
    "%M": "mm",
    "%S": "ss",
    "%z": "±hh:mm",
}


@dataclass(frozen=True)
class Reading:
    """One field over its raw cell, in SQL; a field without a cell reads NULL."""

    field: Field
    text: str  # cleaned cell, NULL when missing
    value: str  # typed, NULL when missing or unreadable
    missing: str  # boolean, never NULL
    expected: str  # French
    unmatched: str = ""  # boolean, never NULL: the cell has no such part to take it from; "" when that cannot happen
    part: str = ""  # the part that was expected there, French


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


def read_field(field: Field, cell: str | None, table: Table, *, workbook: bool, exercice: int) -> Reading:
    """Compile ``field`` over the raw column expression ``cell``.

    ``workbook`` also admits a cell's native forms; a date written without its year is of ``exercice``.
    """
    compiled = {
        "string": _string,
        "integer": _number,
        "number": _number,
        "boolean": _boolean,
        "date": _date,
        "datetime": _date,
        "year": _year,
    }[field.type](field, workbook, exercice)
    if cell is None:
        return Reading(field, "cast(null as varchar)", f"cast(null as {raw_type(field)})", "true", compiled.expected)
    tokens = list(dict.fromkeys(["", *table.missingValues]))
    # DuckDB's trim costs four times as much as this expression, on a cell without spaces around it
    trimmed = f"case when regexp_matches({cell}, {literal(SPACES_AROUND)}) then trim({cell}, {literal(SPACES)}) else {cell} end"
    missing = f"({trimmed}) in ({', '.join(map(literal, tokens))})"
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


def _string(field: Field, workbook: bool, exercice: int) -> _Typed:
    """A text: the canon's word instead of the system's, and a number's digits together when the text groups them."""
    if field.personal == "member":
        return _member(field)
    errors = literal("|".join(map(re.escape, EXCEL_ERRORS)))
    plain = f"[{PLAIN_FIRST}](?:[{PLAIN}{GROUPS}]*[{PLAIN}])?"
    cases = []
    for word, written in field.values.items():
        words = ", ".join(literal(unicodedata.normalize("NFC", one)) for one in written)
        cases.append(f"when {{t}} in ({words}) then {literal(word)}")
    if group := _group_class(field.groupChar):
        grouped = literal(f"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+")
        cases.append(f"when regexp_full_match({{t}}, {grouped}) then regexp_replace({{t}}, {literal(group)}, '', 'g')")
    refused = f"regexp_full_match({{t}}, {errors}) or regexp_matches({{t}}, {literal(FORBIDDEN_IN_SQL)})"
    value = f"case {' '.join(cases)} when not ({refused}) then {{t}} end"
    return _Typed("un texte", [] if cases else [(plain, "{c}")], value)


def _member(field: Field) -> _Typed:
    """The code of the member whose spelling matches the cell, or else ``OTHERS``."""
    cases = " ".join(
        f"when {folded(literal(spelling))} then {literal(code)}"
        for code, known in field.values.items()
        for spelling in known
    )
    named = f"case {folded('{t}')} {cases} else {literal(OTHERS)} end"
    return _Typed("un tiers", [], f"case when {{t}} is not null then {named if cases else literal(OTHERS)} end")


def _number(field: Field, workbook: bool, exercice: int) -> _Typed:
    decimals = field.decimals if field.type == "number" else 0
    kind = raw_type(field)
    expected = (
        "un nombre entier" if not decimals else f"un nombre d’au plus {decimals} décimales (« {field.decimalChar} »)"
    )
    if field.suffix is not None:
        return _with_unit(field, kind, decimals, expected)
    digits = min(15, 18 - decimals)
    plain = f"[0-9]{{1,{digits}}}"
    tail = _decimals(re.escape(field.decimalChar), decimals)
    spaced = _spaced(field, digits, tail)
    if workbook:
        spaced = f"(?:{spaced}|[+-]?{plain}{_decimals('[.]', decimals)})"
    around = f"[{SPACES}]*"
    return _Typed(
        expected,
        [
            (f"-?{plain}{tail}", f"try_cast({_pointed('{c}', field)} as {kind})"),
            (f"{around}{spaced}{around}", f"try_cast({_pointed(_bare('{c}', field), field)} as {kind})"),
        ],
    )


def _spaced(field: Field, digits: int, tail: str) -> str:
    """The regular expression of a number of at most ``digits`` digits before its ``tail``, thousands grouped or not."""
    group = _group_class(field.groupChar)
    plain = f"[0-9]{{1,{digits}}}"
    whole = f"(?:{plain}|[0-9]{{1,3}}(?:{group}[0-9]{{3}}){{1,{digits // 3 - 1}}})" if group else plain
    return f"[+\u2212-]?{whole}{tail}"


def _bare(text: str, field: Field) -> str:
    """SQL of a number without its spaces and groups, its minus sign made plain."""
    group = _group_class(field.groupChar)
    removed = literal(f"[{SPACES}]" if group in (None, f"[{GROUPS}]") else f"[{SPACES}]|{group}")
    return f"replace(regexp_replace({text}, {removed}, '', 'g'), '\u2212', '-')"


def _with_unit(field: Field, kind: str, decimals: int, expected: str) -> _Typed:
    """A number followed by its unit, or by one of several, each worth a number of the field's own.

    What a conversion gives is rounded to the field's decimals. A number without its unit is never read, not even a
    workbook's own: Excel keeps 12,3 % as 0.123.
    """
    units = {field.suffix: Decimal(1)} if isinstance(field.suffix, str) else field.suffix or {}
    ways = []
    for unit, factor in units.items():
        written = decimals if factor == 1 else 6
        number = _spaced(field, 12, _decimals(re.escape(field.decimalChar), written))
        ending = f"[{SPACES}]*{re.escape(unit)}[{SPACES}]*"
        bare = _bare(f"regexp_replace({{c}}, {literal(ending + '$')}, '')", field)
        value = f"try_cast(replace({bare}, {literal(field.decimalChar)}, '.') as decimal(20,6))"
        if factor != 1:
            scale = max(0, -int(factor.as_tuple().exponent))
            value = f"{value} * cast({literal(format(factor, 'f'))} as decimal(18,{scale}))"
        ways.append((f"[{SPACES}]*{number}{ending}", f"try_cast({value} as {kind})"))
    return _Typed(f"{expected} suivi de {' ou '.join(f'« {unit} »' for unit in units)}", ways)


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


def _boolean(field: Field, workbook: bool, exercice: int) -> _Typed:
    ways, values = [], []
    for sense, words, native in (("true", field.trueValues, "true"), ("false", field.falseValues, "false")):
        words = list(dict.fromkeys([*words, native] if workbook else words))
        ways.append(("|".join(map(re.escape, words)), sense))
        values.append(f"when {{t}} in ({', '.join(map(literal, words))}) then {sense}")
    return _Typed(f"{field.trueValues[0]} ou {field.falseValues[0]}", ways, f"case {' '.join(values)} end")


def _date(field: Field, workbook: bool, exercice: int) -> _Typed:
    fmt = ISO[field.type] if field.format == "default" else field.format
    kinds = [fmt, *([ISO[field.type]] if workbook and fmt != ISO[field.type] else [])]
    if workbook and field.type == "datetime":
        kinds.append(ISO["date"])
    if workbook and field.timezone:
        kinds = [fmt]  # a workbook's own date and time have no zone
    parsed = [
        (f"regexp_full_match({{t}}, {literal(pattern_of(kind))})", _parsed("{t}", kind, field, exercice))
        for kind in kinds
    ]
    if workbook and not field.timezone:  # a serial: days since 30 December 1899, here from 1927 to 2099
        parsed.append(
            (
                "regexp_full_match({t}, '[1-6][0-9]{4}|7[0-2][0-9]{3}')",
                f"cast(timestamp '1899-12-30' + to_days(try_cast({{t}} as integer)) as {raw_type(field)})",
            )
        )
    if "%d" not in fmt:  # a workbook's own date is a month when it is the first of it
        parsed[1:] = [(f"{test} and day({value}) = 1", value) for test, value in parsed[1:]]
    cases = " ".join(f"when {test} then {value}" for test, value in parsed)
    ways = [(pattern_of(fmt), _parsed("{c}", fmt, field, exercice))]
    return _Typed(f"une date {french_format(fmt)}", ways, f"case {cases} end")


def _parsed(text: str, fmt: str, field: Field, exercice: int) -> str:
    """SQL of the date that ``text``, which ``fmt``'s pattern matches, says; NULL when there is no such day."""
    said = re.findall("%[a-zA-Z]", fmt)
    if set(said) <= PLAIN_DIRECTIVES and {"%d", "%m", "%Y"} <= set(said):
        return f"cast(try_strptime({text}, {literal(fmt)}) as {raw_type(field)})"
    whole = literal(f"^{pattern_of(fmt)}$")
    part = {directive: f"regexp_extract({text}, {whole}, {place})" for place, directive in enumerate(said, start=1)}
    year = part.get("%Y") or (f"'20' || {part['%y']}" if "%y" in part else literal(str(exercice)))
    month = part.get("%m") or _month_number(part.get("%B") or part["%b"])
    day = f"regexp_replace({part['%d']}, '[^0-9]', '', 'g')" if "%d" in part else literal("1")  # 1er août
    clock = " || ':' || ".join(part.get(directive, "'00'") for directive in ("%H", "%M", "%S"))
    moment = f"try_strptime({year} || '-' || {month} || '-' || {day} || ' ' || {clock}, '%Y-%m-%d %H:%M:%S')"
    if "%f" in part:  # to the microsecond
        moment += f" + to_microseconds(try_cast(rpad(left({part['%f']}, 6), 6, '0') as bigint))"
    if "%z" in part:
        zone = part["%z"]
        minutes = f"try_cast(substr({zone}, 2, 2) as bigint) * 60 + try_cast(right({zone}, 2) as bigint)"
        sign = f"case left({zone}, 1) when '-' then 1 else -1 end"
        moment = f"({moment}) + to_minutes(case when {zone} = 'Z' then 0 else {sign} * ({minutes}) end)"
        if field.timezone != "UTC":
            moment = f"timezone({literal(field.timezone)}, timezone('UTC', {moment}))"
    return f"cast({moment} as {raw_type(field)})"


def _month_number(word: str) -> str:
    plain = re.sub(r"\[(é|û)(e|u)\]", r"\2", " | ".join(f"{full} {short}" for full, short in MONTH_WORDS))
    cases = [
        f"when lower(strip_accents({word})) in ({', '.join(map(literal, dict.fromkeys(words.split())))}) then '{number}'"
        for number, words in enumerate(plain.split(" | "), start=1)
    ]
    return f"case {' '.join(cases)} end"


def pattern_of(fmt: str) -> str:
    """The regular expression of a format, a group a directive.

    A day, a month or an hour may have one digit, unless two directives touch: ``2024111`` would be ambiguous. A shortened
    month may bear a point, a fraction may be absent along with its mark.
    """
    short = "{2}" if re.search("%[dmYyHMS]%[dmYyHMS]", fmt) else "{1,2}"
    patterns = PATTERNS | {directive: f"[0-9]{short}" for directive in ("%d", "%m", "%H")}
    if {"%B", "%b"} & set(re.findall("%[a-zA-Z]", fmt)):
        patterns["%d"] += "|1(?i:er)"
    whole = ""
    for part in filter(None, DIRECTIVE.split(fmt)):
        if part.endswith("%f"):
            whole += f"(?:{re.escape(part[0])}([0-9]{{1,9}}))?"
        elif part in patterns:
            whole += f"({patterns[part]})" + ("[.]?" if part == "%b" else "")
        else:
            whole += re.escape(part)
    return whole


def french_format(fmt: str) -> str:
    """``%d/%m/%Y`` → ``jj/mm/aaaa``."""
    return "".join(
        f"[{part[0]}fraction]" if part.endswith("%f") else FRENCH_DIRECTIVES.get(part, part)
        for part in DIRECTIVE.split(fmt)
    )


def _year(field: Field, workbook: bool, exercice: int) -> _Typed:
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
    if reading.unmatched:
        right += f" and not {reading.unmatched}"
    if constraints.required:
        return f"({right})"
    otherwise = f"{reading.missing} and not {reading.unmatched}" if reading.unmatched else reading.missing
    return f"case when {value} is not null then {right} else {otherwise} end"


def reason_sql(reading: Reading, heading: str, position: int, *, show: bool) -> str:
    """SQL of one refusal {colonne, position, regle, attendu, recu}, or NULL when the cell is right."""
    text = f"({reading.text})"

    nothing = "cast(null as varchar)"
    received = f"left({text}, 200)" if show else nothing

    def reason(code: str, expected: str, shown: str = received) -> str:
        return (
            f"{{'colonne': {literal(heading)}, 'position': {position}, 'regle': {literal(code)}, "
            f"'attendu': {literal(expected)}, 'recu': {shown}}}"
        )

    constraints = reading.field.constraints
    # most cells of a refused line are right, and cost no more than this
    cases = [] if reading.field.informative else [f"when {fine_sql(reading, f'({reading.value})')} then null"]
    if reading.unmatched:  # do not show what was received: only a part of such a cell may be kept
        cases.append(f"when {reading.unmatched} then {reason('LIG-MOTIF', reading.part, nothing)}")
    needed = reason("LIG-OBLIGATOIRE", "une valeur") if constraints.required else "null"
    cases.append(f"when {reading.missing} then {needed}")
    unread = f"({reading.value}) is null"
    controlled = f"{unread} and regexp_matches({text}, {literal(FORBIDDEN_IN_SQL)})"
    shown = f"left(regexp_replace({text}, {literal(FORBIDDEN_IN_SQL)}, '\ufffd', 'g'), 200)" if show else nothing
    cases.append(f"when {controlled} then {reason('LIG-COMMANDE', 'un texte sans caractère de commande', shown)}")
    cases.append(f"when {unread} then {reason('LIG-TYPE', reading.expected)}")
    if constraints.pattern:
        judged = f"({reading.value})" if reading.field.type == "string" else text
        unlike = f"not regexp_full_match({judged}, {literal(constraints.pattern)})"
        cases.append(f"when {unlike} then {reason('LIG-MOTIF', in_words(constraints.pattern))}")
    return f"case {' '.join(cases)} end"
