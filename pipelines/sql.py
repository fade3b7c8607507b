"""SQL text: queries laid out, literals, one Parquet file, and DuckDB's messages about SQL that it refuses; and rows inserted."""

import glob
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

LONGEST = 90  # characters of a list on one line
_TEXT_OR_BREAK = re.compile(r"('[^']*')|\n")

# DuckDB's messages about SQL that it refuses → the same in French.
REFUSALS = {
    r'syntax error at or near "(.*?)"': r"syntaxe fautive près de « \1 »",
    r"syntax error at end of input": "la requête est incomplète",
    r'Referenced column "(.*?)" (?:was )?not found.*?Candidate bindings: (.*)': r"la colonne « \1 » n’existe pas ; il y a \2",
    r'Referenced column "(.*?)" (?:was )?not found': r"la colonne « \1 » n’existe pas",
    r'Table "(.*?)" does not have a column named "(.*?)"': r"la table « \1 » n’a pas de colonne « \2 »",
    r'Referenced table "(.*?)" not found': r"la table « \1 » n’existe pas",
    r"Table with name (\S+) does not exist": r"la table « \1 » n’existe pas",
    r"Function with name (\S+) does not exist": r"la fonction « \1 » n’existe pas",
    r"No function matches the given name and argument types '(.*?)\((.*?)\)'": r"« \1 » ne s’applique pas aux types \2",
    r"Cannot compare values of type (\S+) and type (\S+)": r"les types \1 et \2 ne se comparent pas",
    r'column "(.*?)" must appear in the GROUP BY': r"la colonne « \1 » n’est ni groupée ni agrégée",
    r"cannot contain aggregates": "un agrégat n’est pas permis dans where",
}


def interruption_of(error: BaseException) -> BaseException | None:
    """What interrupted a query, if something did: DuckDB makes an error of its own of Ctrl-C, and names it as the cause."""
    cause = error.__cause__
    return cause if cause is not None and not isinstance(cause, Exception) else None


def in_french(refusal: str) -> str:
    """DuckDB's message about SQL that it refuses, in French; in its own words when it is none of those above."""
    for said, french in REFUSALS.items():
        if found := re.search(said, " ".join(refusal.split())):
            return found.expand(french)
    return refusal


def literal(value: object) -> str:
    """The SQL literal of a string, path, number, boolean or None."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return literal(str(value))


def select(columns: Iterable[str], *clauses: str) -> str:
    """A query, laid out as sqlfluff wants it: one column per line, then its clauses, of which the empty ones are left out."""
    return "\n".join(["select", indented(columns), *filter(None, clauses)])


def nothing(columns: Iterable[tuple[Any, ...]]) -> str:
    """A query without rows, with these columns: name, type, and whatever else is said of them."""
    return select((f"cast(null as {kind}) as {name}" for name, kind, *_ in columns), "where false")


def union(selects: Iterable[str], columns: Iterable[tuple[Any, ...]] = ()) -> str:
    """The rows of all of them; without any, ``nothing`` with these columns."""
    return "\nunion all\n".join([*selects] or [nothing(columns)]) + "\n"


def where(tests: Sequence[str]) -> str:
    """The clause that requires them all, below ``where`` when there are several or when one has several lines; empty without any."""
    if len(tests) < 2 and "\n" not in "".join(tests):
        return "".join(f"where {test}" for test in tests)
    return f"where\n{indented(tests, between=chr(10) + 'and ')}"


def called(function: str, operands: Sequence[str]) -> str:
    """A call, or a list after ``in``: one operand per line where together they are too long for one."""
    text = f"{function}({', '.join(operands)})"
    return text if len(text) <= LONGEST else f"{function}(\n{indented(operands)}\n)"


def indented(parts: Iterable[str], between: str = ",\n") -> str:
    """Lines of SQL, four spaces further than what they are in; the lines of a text stay as they are."""
    return "    " + _TEXT_OR_BREAK.sub(lambda found: found[1] or "\n    ", between.join(parts))


def united(selects: Iterable[str]) -> str:
    """The rows of all of them, inside a ``with``."""
    return indented(selects, between="\nunion all\n")


def listed(texts: Iterable[str | None]) -> str:
    """The SQL list of texts."""
    return f"[{', '.join(map(literal, texts))}]::varchar[]"


def is_hollow(path: Path) -> bool:
    """True when most blocks of a DuckDB file are space left behind by copying."""
    import duckdb  # reading the declarations does without it

    with duckdb.connect(str(path), read_only=True) as db:
        free, total = db.execute("select free_blocks, total_blocks from pragma_database_size()").fetchone()
    return bool(free > total / 2)


def insert(db: Any, table: str, rows: Sequence[tuple]) -> None:
    """Add rows to a table, or to some of its columns (``table (a, b)``): scalar values, each in the type of its column."""
    import pandas  # the commands that only read do without it

    if rows:
        # as text, which DuckDB casts: it would guess types from a sample, and pandas would make [1, None] a float
        db.register("rows_inserted", pandas.DataFrame(rows, dtype=object).astype("str"))
        db.execute(f"insert into {table} from rows_inserted")
        db.unregister("rows_inserted")


def refused_print(system: str, table: str, exercice: int, over: str = "") -> str:
    """SQL, over the reasons for which one line is refused, of what decisions on it name: its place, and all of these reasons.

    ``over``: the window that the line is, where it is not a group.
    """
    source = literal(f"{system}/{table} {exercice}")
    reason = "concat_ws('|', regle, colonne, cast(position as varchar), attendu, recu)"
    reasons = f"string_agg({reason}, '|' order by {reason}) {over}"
    return f"md5(concat_ws('|', {source}, _fichier, _feuille, cast(_ligne as varchar), {reasons}))"


def parquet_scan(path: Path) -> str:
    """``read_parquet`` of this one file: DuckDB takes a path for a glob, and a folder ``a=1`` for a column."""
    return f"read_parquet({literal(glob.escape(str(path)))}, hive_partitioning=false)"


def with_sheet(relation: str) -> str:
    """A relation of lines, with a column ``_feuille`` even if it does not have one."""
    return f"(from {relation} union all by name select cast(null as varchar) as _feuille where false)"
