"""Finds the lines behind a row of a published table, in the SQL of the models between them.

The SQL of a table is read down to the line-grain models (``lines``): where it reads one, which lines it keeps, and what
each of its columns is over them. Whatever cannot be told from one line-grain model alone (a column of a joined table, a
window) is left out, so that what is found may be more lines than those that count, never others.
"""

import functools
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.address import FIGURES
from pipelines.catalogue.dbt.generated import all_models
from pipelines.catalogue.dbt.unions import CONTROLS
from pipelines.catalogue.figures.rows import figure_tables
from pipelines.catalogue.load import Catalogue
from pipelines.sql import literal

Tree = dict[str, Any]  # a part of DuckDB's own syntax tree
Names = tuple[str, ...]  # of a column: its relation's, if it is said, and its own


@dataclass(frozen=True)
class Reading:
    """One place where a table reads the lines of a model; ``columns`` gives each of its columns in SQL over them.

    ``conditions``: which lines it keeps; ``is_whole`` is false when others than these may leave lines out. ``keys``: the
    columns that one line has by itself, whereas the others gather several lines. ``totals``: the value of those that
    have one, in SQL, in the rows that gather all lines. ``needs``: the line's own columns that each column needs, and
    that the conditions do (``""``).
    """

    model: str
    conditions: tuple[str, ...]
    is_whole: bool
    columns: Mapping[str, str]
    keys: frozenset[str]
    totals: Mapping[str, str]
    needs: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class _Found:
    """A reading as trees; a column that nothing tells is None. ``is_open``: any other column is the line's own."""

    model: str
    is_open: bool = False
    is_whole: bool = True
    conditions: tuple[Tree, ...] = ()
    columns: Mapping[str, Tree | None] = field(default_factory=dict)
    totals: Mapping[str, Tree] = field(default_factory=dict)

    def column(self, name: str) -> Tree:
        """A column over the lines. Raises _Unknown."""
        own = {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "query_location": 0, "column_names": [name]}
        tree = self.columns.get(name, own if self.is_open else None)
        if tree is None:
            raise _Unknown
        return tree


@dataclass(frozen=True)
class _Seen:
    """How a select sees what one of its relations found; ``rolled`` is what its columns are in rows that gather all values."""

    alias: str
    found: _Found
    equal: list[tuple[Names, Names]]  # by its joins
    is_alone: bool
    rolled: Tree | None

    def column(self, names: Names) -> Tree:
        """A column over the lines. Raises _Unknown."""
        equal = [names]  # and the columns that joins make equal to it
        for one in equal:
            equal += [other for pair in self.equal if one in pair for other in pair if other not in equal]
        for same in equal:
            if same[0] == self.alias or (len(same) == 1 and (self.is_alone or self.found.columns.get(same[0]))):
                return self.found.column(same[-1])
        raise _Unknown

    def narrowed(self, names: Names) -> Tree:
        """The same in a condition; one that tells total rows from the others is none on lines."""
        if names[-1] in self.found.totals:
            raise _Unknown
        return self.column(names)

    def total(self, names: Names) -> Tree:
        """The value of a column in the rows that gather all lines. Raises _Unknown when there are none."""
        total = self.rolled or self.found.totals.get(names[-1])
        if total is None:
            raise _Unknown
        return total


class _Unknown(Exception):
    """What is said cannot be told from the lines of one model."""


@dataclass
class Provenance:
    """Reads the models of one catalogue."""

    texts: Mapping[str, str]
    macros: str
    lines: Collection[str]  # the line-grain models
    words: Callable[[str, str], str] | None = None  # what ``mots_du_filtre`` asks of the warehouse
    _found: dict[str, list[_Found]] = field(default_factory=dict)

    @functools.cached_property
    def _db(self) -> Any:
        import duckdb  # the commands that read no table would pay for it

        return duckdb.connect()

    @functools.cached_property
    def _aggregates(self) -> set[str]:
        rows = self._db.execute("select function_name from duckdb_functions() where function_type = 'aggregate'")
        return {name for (name,) in rows.fetchall()}

    def readings(self, table: str, models: Collection[str] | None = None) -> list[Reading]:
        """Where a table reads lines (of these ``models``); none when its SQL cannot be read, or reads no line."""
        return [self._said(one) for one in self._of_model(table) if models is None or one.model in models]

    def _said(self, found: _Found) -> Reading:
        columns = {
            name: tree
            for name, tree in found.columns.items()
            if tree and not (self._gathers(tree) and self._is_mixed(tree))
        }
        tests = [test for test in found.conditions if _named(test) and not self._gathers(test)]
        said = iter(self._sql([*tests, *columns.values(), *found.totals.values()]))
        return Reading(
            found.model,
            tuple(next(said) for _ in tests),
            found.is_whole and not any(map(self._gathers, found.conditions)),
            {name: next(said) for name in columns},
            frozenset(name for name, tree in columns.items() if not self._gathers(tree)),
            {name: next(said) for name in found.totals},
            {"": frozenset[str]().union(*map(_named, tests)), **{name: _named(tree) for name, tree in columns.items()}},
        )

    def _gathers(self, tree: Any) -> bool:
        if isinstance(tree, dict) and tree.get("function_name") in self._aggregates:
            return True
        return any(map(self._gathers, _parts(tree)))

    def _is_mixed(self, tree: Any) -> bool:
        """True when a tree names a column outside what gathers lines."""
        if isinstance(tree, dict) and tree.get("function_name") in self._aggregates:
            return False
        return _is_column(tree) or any(map(self._is_mixed, _parts(tree)))

    def _sql(self, trees: list[Tree]) -> list[str]:
        """The SQL of expressions."""
        statement = json.loads(self._serialized("select 1"))
        (node,) = (one["node"] for one in statement["statements"])
        texts = []
        for tree in trees:
            node["select_list"] = [{**tree, "alias": ""}]
            texts.append(f"({literal(json.dumps(statement, ensure_ascii=False))})")
        query = f"select json_deserialize_sql(said::json) from (values {', '.join(texts)}) as t(said)"
        return [text.removeprefix("SELECT ") for (text,) in self._db.execute(query).fetchall()] if texts else []

    def _serialized(self, query: str) -> str:
        # written into the query: to bind a parameter, DuckDB imports pandas
        (tree,) = self._db.execute(f"select json_serialize_sql({literal(query)})").fetchone()
        return str(tree)

    @functools.cached_property
    def _dbt(self) -> tuple[Any, dict[str, Any]]:
        """What renders a model as dbt does for DuckDB, each relation by its name alone, and the names that it may use."""
        from jinja2 import Environment, StrictUndefined

        class Adapter:
            """What macros ask of dbt's adapter: the version that DuckDB has of one."""

            def dispatch(self, name: str) -> Any:
                return getattr(module, f"duckdb__{name}")

        environment = Environment(undefined=StrictUndefined, extensions=["jinja2.ext.do"])
        known: dict[str, Any] = {
            "ref": lambda *names: names[-1],
            "source": lambda *names: "__".join(names),
            "config": lambda **_: "",
            "mots_du_filtre": self.words,
        }
        known |= {"adapter": Adapter(), "return": lambda value: value, "execute": False}
        module = environment.from_string(self.macros, known).module
        return environment, {name: one for name, one in vars(module).items() if callable(one)} | known

    def _of_model(self, model: str) -> list[_Found]:
        if model in self.lines:
            return [_Found(model, is_open=True)]
        if model == FIGURES:  # whose rows have a trace of their own
            return []
        if model not in self._found:
            from jinja2 import TemplateError

            parsed: Tree = {"error": True}
            with suppress(TemplateError, TypeError, AttributeError):  # of a model that asks more of dbt
                environment, known = self._dbt
                query = str(environment.from_string(self.texts.get(model, ""), known).render())
                parsed = json.loads(self._serialized(query)) if query else parsed
            self._found[model] = [] if parsed["error"] else list(self._of_query(parsed["statements"][0]["node"], {}))
        return self._found[model]

    def _of_query(self, node: Tree, around: Mapping[str, list[_Found]]) -> Iterator[_Found]:
        """Where a query reads lines; ``around``: the named queries that it may read."""
        named = dict(around)
        for one in node["cte_map"]["map"]:
            named[one["key"]] = list(self._of_query(one["value"]["query"]["node"], named))
        if node["type"] == "SET_OPERATION_NODE":
            for side in (node["left"], node["right"]):
                yield from self._of_query(side, named)
        elif node["type"] == "SELECT_NODE":
            relations, equal = dict(self._relations(node["from_table"], named)), list(_equalities(node["from_table"]))
            rolled = self._constant("null") if len(node["group_sets"]) > 1 else None
            for alias, founds in relations.items():
                for found in founds:
                    made = self._selected(node, _Seen(alias, found, equal, len(relations) == 1, rolled))
                    if made.is_open or any(map(_named, made.columns.values())):
                        yield made

    def _relations(self, tree: Tree, named: Mapping[str, list[_Found]]) -> Iterator[tuple[str, list[_Found]]]:
        match tree["type"]:
            case "BASE_TABLE":
                name = tree["table_name"]
                yield tree["alias"] or name, named[name] if name in named else self._of_model(name)
            case "SUBQUERY":
                yield tree["alias"], list(self._of_query(tree["subquery"]["node"], named))
            case "JOIN":
                yield from self._relations(tree["left"], named)
                yield from self._relations(tree["right"], named)
            case _:
                yield tree["alias"], []

    def _selected(self, node: Tree, seen: "_Seen") -> _Found:
        """What a select makes of what one of its relations found."""
        found, is_open = seen.found, False
        columns: dict[str, Tree | None] = {}
        totals: dict[str, Tree] = {}
        tests = [self._over(test, seen.narrowed) for test in _all_of(node["where_clause"])]
        for item in node["select_list"]:
            if item["type"] == "STAR":
                if item["relation_name"] == seen.alias or (seen.is_alone and not item["relation_name"]):
                    is_open, columns, totals = found.is_open, {**found.columns, **columns}, {**found.totals, **totals}
            elif name := item["alias"] or item.get("column_names", [""])[-1]:
                columns[name] = self._over(item, seen.column)
                if _named(item) and not self._gathers(item) and (total := self._over(item, seen.total, grouping="1")):
                    totals[name] = total
        is_whole = found.is_whole and None not in tests and not _narrows(node["from_table"])
        return _Found(found.model, is_open, is_whole, (*found.conditions, *filter(None, tests)), columns, totals)

    def _over(self, tree: Tree, column: Callable[[Names], Tree], grouping: str = "0") -> Tree | None:
        """A part of a tree, its columns replaced by what they are over the lines; None when nothing tells that."""
        try:
            replaced: Tree = self._replaced(tree, column, grouping)
        except _Unknown:
            return None
        return replaced

    def _replaced(self, tree: Any, column: Callable[[Names], Tree], grouping: str) -> Any:
        if isinstance(tree, list):
            return [self._replaced(one, column, grouping) for one in tree]
        if not isinstance(tree, dict):
            return tree
        if _is_column(tree):
            return {**column(tuple(tree["column_names"])), "alias": tree["alias"]}
        if tree.get("class") in ("WINDOW", "SUBQUERY"):
            raise _Unknown
        if tree.get("type") == "GROUPING_FUNCTION":  # 1 in the rows that gather all values
            return self._constant(grouping)
        made = {name: self._replaced(one, column, grouping) for name, one in tree.items()}
        if tree.get("type") == "OPERATOR_CAST" and made["child"].get("cast_type") == made["cast_type"]:
            return {**made["child"], "alias": tree["alias"]}
        if tree.get("function_name") in self._aggregates and any(map(self._gathers, made["children"])):
            return self._sum_of_sums(made)
        return made

    def _sum_of_sums(self, tree: Tree) -> Tree:
        """What a sum of sums, or of counts, is over the lines. Raises _Unknown for anything else that gathers twice."""
        inner = tree["children"][0]
        while inner.get("type") == "OPERATOR_CAST":
            inner = inner["child"]
        if (
            tree["function_name"] != "sum"
            or tree["filter"]
            or inner.get("function_name") not in ("sum", "count", "count_star")
            or inner["distinct"]
        ):
            raise _Unknown
        return {**inner, "alias": tree["alias"]}

    def _constant(self, said: str) -> Tree:
        tree: Tree = json.loads(self._serialized(f"select {said}"))["statements"][0]["node"]["select_list"][0]
        return tree


def _parts(tree: Any) -> Collection[Any]:
    return tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()


def _named(tree: Any) -> frozenset[str]:
    """The columns that a tree names."""
    if _is_column(tree):
        return frozenset(tree["column_names"][-1:])
    return frozenset[str]().union(*map(_named, _parts(tree)))


def _is_column(tree: Any) -> bool:
    return isinstance(tree, dict) and tree.get("class") == "COLUMN_REF"


def _all_of(condition: Tree | None) -> list[Tree]:
    """The conditions that must all be true for this one to be."""
    if condition is None:
        return []
    if condition["type"] == "CONJUNCTION_AND":
        return [one for part in condition["children"] for one in _all_of(part)]
    return [condition]


def _narrows(tree: Tree) -> bool:
    """True when a join may leave out rows of a select's relations."""
    if tree["type"] != "JOIN":
        return False
    is_inner = tree["join_type"] in ("INNER", "SEMI", "ANTI") and tree["ref_type"] != "CROSS"
    return is_inner or _narrows(tree["left"]) or _narrows(tree["right"])


def _equalities(tree: Tree) -> Iterator[tuple[Names, Names]]:
    """The columns that the joins of a select make equal."""
    if tree["type"] == "JOIN":
        yield from _equalities(tree["left"])
        yield from _equalities(tree["right"])
        for test in _all_of(tree["condition"]):
            if test["type"] == "COMPARE_EQUAL" and _is_column(test["left"]) and _is_column(test["right"]):
                yield tuple(test["left"]["column_names"]), tuple(test["right"]["column_names"])


@functools.lru_cache(maxsize=8)
def provenance(catalogue: Catalogue) -> Provenance:
    """The reader of the models of a catalogue."""
    project = catalogue.project
    macros = "\n".join(thing.data for thing in project.macros)
    texts = {thing.name: thing.data for thing in project.models if project.layer_of(thing.name) != CONTROLS}
    texts |= {Path(path).stem: text for path, text in all_models(catalogue).items() if path.startswith("rapport/")}
    filters = figure_tables(catalogue.figures)["chiffres_filtres"][1]

    def words(code: str, column: str) -> str:
        return ", ".join(literal(value) for figure, name, _, value in filters if (figure, name) == (code, column))

    return Provenance(texts, macros, catalogue.lines_declared, words)


def key_of(catalogue: Catalogue, table: str, columns: Collection[str]) -> list[str]:
    """The columns that identify a row of a table; all that it has when nothing says which."""
    return [name for name in catalogue.project.keys.get(table, columns) if name in columns]


def telling(readings: list[Reading], key: list[str]) -> list[Reading]:
    """The readings that tell which row of a table a line is in; or else those that tell the most of it, at least its exercice."""
    told = [one for one in readings if one.keys.issuperset(key)]
    told = told or [one for one in readings if one.keys & {*key} - {"exercice"}]
    return told or [one for one in readings if "exercice" in one.keys]


def tested(catalogue: Catalogue, table: str, reading: Reading, key: list[str]) -> list[str]:
    """The columns of a row that its lines are found by: its key or, as far as they do not have it, all that they have.

    A personal one is left out: what is asked of the lines is shown.
    """
    if reading.keys.issuperset({*key} - {"exercice"}):
        return key
    said = {name: catalogue.fields.of(table, name) for name in reading.keys - {"role_ligne"}}
    return [name for name, one in said.items() if not (one and one.personal)]
