"""From a measure to SQL: over the rows of its fact, and over the lines behind them.

Only this module translates aggregates and filters into SQL. The warehouse's models (``compile``) and the trace both use it,
so that they cannot disagree.
"""

from collections.abc import Callable

from pipelines.catalogue.figures.grammar import Filter, Measure
from pipelines.sql import literal

COUNTS = ("nombre", "nombre_distinct")  # what they count is known, whatever the column contains


def aggregate(measure: Measure, median: str = "median({})") -> str:
    """The aggregate in common SQL; ``median`` is how this engine writes one."""
    sql = {
        "somme": "sum({})",
        "maximum": "max({})",
        "mediane": median,
        "nombre": "count(*)",
        "nombre_distinct": "count(distinct {})",
    }[measure.agregat]
    return sql.format(measure.colonne)


def value(measure: Measure, median: str = "median({})") -> str:
    """The aggregate, NULL when one of its terms is unknown: the function alone would skip it."""
    what = aggregate(measure, median)
    return what if measure.agregat in COUNTS else f"case when count(*) = count({measure.colonne}) then {what} end"


def contribution(measure: Measure, column: Callable[[str], str]) -> str:
    """What one line counts for; among lines with the same distinct value, only the first counts. ``column``: see ``conditions``."""
    of_line = column(measure.colonne) if measure.colonne else "1"
    if measure.agregat != "nombre_distinct":
        return of_line
    first = f"row_number() over (partition by exercice, poids, {of_line} order by _fichier, _feuille, _ligne)"
    return f"case when {of_line} is not null and {first} = 1 then 1 else 0 end"


def conditions(where: Filter, column: Callable[[str], str] = str) -> list[str]:
    """What a filter requires of a row, one test per column; ``column`` gives the SQL of a column's name."""
    tests = []
    for name, values in where.items():
        held = f"in ({', '.join(map(literal, values))})" if isinstance(values, list) else f"= {literal(values)}"
        tests.append(f"{column(name)} {held}")
    return tests
