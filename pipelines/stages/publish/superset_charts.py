"""The measures and charts that Superset shows for a published table. No measure sums numbers that do not add up.

A measure is empty rather than wrong: when one of its rows is empty, or when rows differ in a column along which it does
not add. ``total`` and ``dont`` rows are left out. Charts are those of the report, over every exercice. Shown as plain
rows: the report's tables, those that no chapter prints, what does not add up and what is wholly hidden. A fact is drawn
over time when all of it adds up.

Names and shapes are those that Superset 6.1 saves (``params`` and ``query_context`` of a chart).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.catalogue.chapters.grammar import Chapitre, Donnees, Graphique
from pipelines.catalogue.fields import ALONG, Dimension, Fields, is_measure
from pipelines.stages.publish.datapackage import title
from pipelines.stages.publish.profiles import Column, Table

ROLE, YEAR, MONTH, HIDDEN = "role_ligne", "exercice", "date_mois", "est_secret"
ROWS = 10_000  # read by a chart
DETAILS = f" FILTER (WHERE {ROLE} = 'detail')"
TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
PLACED = re.compile(r"(?:\s+(?:en|de|depuis|par))?\s*\{\w+\}(?:\s*:)?\s*")  # ``Séances en {exercice}``
DRAWN = re.compile(r"\s*\([^()]*\)$")  # how the report draws: ``(contour : crédits ouverts ; plein : réalisé)``
LINE, BARS, CROSS, LIST = "echarts_timeseries_line", "echarts_timeseries_bar", "pivot_table_v2", "table"


@dataclass(frozen=True)
class Described:
    """A table with the columns that tell its rows apart."""

    table: Table
    dimensions: Mapping[str, Dimension]  # of each column of the key, and of any other that tells rows apart
    measures: tuple[Column, ...]

    def measure_names(self) -> dict[str, str]:
        """The name of each measure for readers: its title, with its column if two have the same title."""
        titles = [column.title or column.name for column in self.measures]
        return {
            column.name: f"{said} ({column.name})" if titles.count(said) > 1 else said
            for column, said in zip(self.measures, titles, strict=True)
        }

    def unadded(self, column: Column, but: tuple[str, ...] = ()) -> list[str]:
        """The columns along which a measure does not add."""
        along = column.additif or ()
        return [name for name, one in self.dimensions.items() if one not in along and name not in but]


@dataclass(frozen=True)
class Chart:
    """A chart: its ``name`` distinguishes it from the table's other charts."""

    name: str
    title: str
    of: Described
    kind: str
    x: str | None = None
    by: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = ()  # -column: the greatest first

    @property
    def table(self) -> Table:
        """What it shows."""
        return self.of.table

    @property
    def measured(self) -> list[str]:
        """The names of its measures."""
        names = self.of.measure_names()
        return [names[column] for column in self.metrics]


def described(table: Table, fields: Fields) -> Described:
    """What ``fields`` say of a table's columns."""
    said = {column.name: fields.of(table.name, column.name) for column in table.columns}
    named = {name: one.dimension for name, one in said.items() if one and one.dimension}
    measures = tuple(
        column
        for column in table.columns
        if is_measure({"name": column.name, "data_type": column.kind}, table.key, said[column.name])
    )
    return Described(table, {**dict.fromkeys(table.key, "ventilations"), **named}, measures)


def expression(of: Described, column: Column) -> str:
    """The SQL of a measure, for DuckDB and PostgreSQL."""
    only = DETAILS if of.table.has(ROLE) else ""
    # of an exercice, there may be the total alone
    held = [f"COUNT(DISTINCT {name}){'' if name == YEAR else only} <= 1" for name in of.unadded(column)]
    if not of.table.key and set(column.additif or ()) != {*ALONG}:  # nothing tells its rows apart
        held = [f"COUNT(*){only} <= 1"]
    tests = " AND ".join([f"COUNT(*){only} = COUNT({column.name}){only}", *held])
    return f"CASE WHEN {tests} THEN SUM({column.name}){only} END"


def charts(db: Any, tables: Mapping[str, Described], chapters: list[Chapitre]) -> list[Chart]:
    """The charts of these tables, by full name: those that the report prints, in its order, then the others.

    ``db`` has their rows in its catalog ``p``.
    """
    found = [*_printed(db, tables, chapters)]
    shown = {chart.table.full_name for chart in found}
    for name, of in tables.items():
        if name not in shown and of.table.schema == "rapport":
            found.append(_rows("lignes", title(of.table.comment) or name, of))
        elif of.table.name.startswith("fct_"):
            found += _along_time(db, of)
    return found


def _printed(db: Any, tables: Mapping[str, Described], chapters: list[Chapitre]) -> Iterator[Chart]:
    for chapter in chapters:
        for section in chapter.sections:
            for block in section.blocs:
                of = tables.get(f"rapport.{block.table}") if isinstance(block, Donnees) else None
                if of and isinstance(block, Donnees):
                    apart = (section.pour_chaque.code,) if section.pour_chaque else ()
                    yield _of_block(db, of, block, apart)


def _of_block(db: Any, of: Described, block: Donnees, apart: tuple[str, ...]) -> Chart:
    """``apart``: the column that gets a section of the report for each of its values."""
    if any(not of.table.has(name) for name in block.filtres):  # a column that is withheld
        return _rows(block.id, title(of.table.comment) or of.table.full_name, of)
    crossed = (block.croise.par,) if block.croise else ()
    shown = [block.croise.valeur] if block.croise else [column.nom for column in block.colonnes]
    named = PLACED.sub(" ", block.titre).strip()
    named = named[:1].upper() + named[1:]
    measures = [column for column in of.measures if column.name in shown]
    x = MONTH if isinstance(block, Graphique) and block.forme == "mois" and of.table.has(MONTH) else block.lignes.nom
    by = tuple(dict.fromkeys((*apart, *crossed, *(() if x == MONTH else (YEAR,)))))
    adds = not block.ensemble and len(measures) == len(shown) and all(map(of.table.has, (x, *by)))
    told = adds and any(_is_told(db, of, column, (x, *by)) for column in measures)
    if not isinstance(block, Graphique) or not told:
        listed = dict.fromkeys((YEAR, *apart, block.lignes.nom, *crossed, *shown))
        return _rows(block.id, named, of, tuple(listed), block.filtres)
    filters = {**block.filtres, **({ROLE: "detail"} if of.table.has(ROLE) else {})}
    if block.forme == "execution":
        named = DRAWN.sub("", named)
    kind = LINE if x == MONTH else CROSS if block.forme == "multiples" else BARS
    return Chart(block.id, named, of, kind, x, by, tuple(shown), filters=filters)


def _rows(
    name: str, named: str, of: Described, columns: tuple[str, ...] = (), filters: Mapping[str, Any] | None = None
) -> Chart:
    table = of.table
    asked = tuple(column for column in (*columns, HIDDEN) if table.has(column))
    columns = asked if columns else tuple(column.name for column in table.columns)
    order = tuple(f"-{name}" if name == YEAR else name for name in dict.fromkeys((YEAR, *columns)) if table.has(name))
    return Chart(name, named, of, LIST, columns=columns, filters=filters or {}, order=order[:4])


def _along_time(db: Any, of: Described) -> list[Chart]:
    """A fact by month, else by exercice: the described measures that add over everything else, one chart per unit."""
    x = MONTH if of.table.has(MONTH) else YEAR
    units: dict[str | None, list[str]] = {}
    for column in of.measures:
        adds = of.table.has(x) and column.additif and not of.unadded(column, (YEAR, "mois", MONTH))
        if adds and _is_told(db, of, column, (x,)):
            units.setdefault(column.unit, []).append(column.name)
    named = title(of.table.comment) or of.table.name
    return [
        Chart(f"{x}_{unit or 'nombre'}", f"{named} : {unit or 'nombres'}", of, LINE, x, (), tuple(metrics))
        for unit, metrics in units.items()
    ]


def _is_told(db: Any, of: Described, column: Column, by: tuple[str, ...]) -> bool:
    asked = f"select {expression(of, column)} as told from p.{of.table.full_name} group by {', '.join(by)}"
    return db.execute(f"select count(told) > 0 from ({asked})").fetchone()[0]


# what Superset reads ------------------------------------------------------------


def number_format(table: Table, name: str) -> str | None:
    """How the values of a measure are written (d3); None for what is not a measure."""
    (column,) = (one for one in table.columns if one.name == name)
    if column.unit == "EUR":
        return ",.2f"
    return ",.2~f" if column.additif else None


def parameters(chart: Chart) -> dict[str, Any]:
    """``params``: what the editor of a chart shows."""
    said: dict[str, Any] = {"viz_type": chart.kind, "row_limit": ROWS, "adhoc_filters": [*map(_adhoc, _filters(chart))]}
    if chart.kind == LIST:
        order = [f'["{name.removeprefix("-")}", {str(not name.startswith("-")).lower()}]' for name in chart.order]
        shown = {name: {"d3NumberFormat": number_format(chart.table, name)} for name in chart.columns}
        return said | {
            "query_mode": "raw",
            "all_columns": [*chart.columns],
            "order_by_cols": order,
            "show_cell_bars": False,
            "column_config": {name: one for name, one in shown.items() if one["d3NumberFormat"]},
        }
    if chart.kind == CROSS:
        rows = [name for name in (*chart.by, chart.x) if name != YEAR]
        across = [name for name in chart.by if name == YEAR]
        return said | {
            "groupbyRows": rows,
            "groupbyColumns": across,
            "metrics": chart.measured,
            "aggregateFunction": "Sum",
            "metricsLayout": "COLUMNS",
        }
    return said | {
        "x_axis": chart.x,
        "x_axis_sort": chart.x,
        "x_axis_sort_asc": True,
        "metrics": chart.measured,
        "groupby": [*chart.by],
        "show_legend": True,
        "legendOrientation": "top",
        "rich_tooltip": True,
        **({"markerEnabled": True} if chart.kind == LINE else {"orientation": "horizontal"}),
        **({"time_grain_sqla": "P1M", "x_axis_time_format": "%m/%Y"} if chart.x == MONTH else {}),
    }


def query(chart: Chart) -> dict[str, Any]:
    """``queries`` of a ``query_context``: what the database is asked, without the editor."""
    asked: dict[str, Any] = {
        "filters": _filters(chart),
        "extras": {"having": "", "where": ""},
        "row_limit": ROWS,
        "time_range": "No filter",
        "annotation_layers": [],
    }
    if chart.kind == LIST:
        order = [[name.removeprefix("-"), not name.startswith("-")] for name in chart.order]
        return asked | {"columns": [*chart.columns], "orderby": order}
    axis: Any = chart.x
    if chart.kind != CROSS:
        grain = {"timeGrain": "P1M"} if chart.x == MONTH else {}
        axis = {
            "columnType": "BASE_AXIS",
            "expressionType": "SQL",
            "sqlExpression": chart.x,
            "label": chart.x,
            "isColumnReference": True,
            **grain,
        }
    return asked | {"columns": [axis, *chart.by], "metrics": chart.measured, "orderby": []}


def _filters(chart: Chart) -> list[dict[str, Any]]:
    return [
        {"col": name, "op": "IN", "val": value} if isinstance(value, list) else {"col": name, "op": "==", "val": value}
        for name, value in chart.filters.items()
    ]


def _adhoc(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": one["col"],
        "operator": one["op"],
        "comparator": one["val"],
    }
