"""Runs Great Expectations on one Parquet file: the only module of the project that knows it.

In memory, without project files: an ephemeral context, one DuckDB, one query asset over ``lot``, made once per process
and pointed at one delivery after the other. Great Expectations says whether each expectation holds; when it does not,
the number of lines comes from the same condition in SQL, so that no cell is ever fetched, except a few of the values
that break it, in a table that is not about persons.
"""

import builtins
import datetime as dt
import functools
import logging
import re
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import great_expectations as gx
import sqlalchemy.exc
from duckdb_engine import Dialect
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from sqlalchemy.dialects import registry

from pipelines.catalogue.expectation_types import ExpectationSpec, literal
from pipelines.french import date, how_many, month, number
from pipelines.ledger.records import CheckResult
from pipelines.sql import interruption_of
from pipelines.stages.validate.failing_lines import (
    NAME,
    broken_rows,
    create_statement,
    lines_statement,
    received,
    relation_kind,
)
from pipelines.stages.validate.suite import Suite

# Only the verdict: every other format fetches values of the judged columns.
RESULT_FORMAT = {"result_format": "BOOLEAN_ONLY", "exclude_unexpected_values": True, "partial_unexpected_count": 0}

SHOWN = 5  # unexpected values that a verdict names

JUDGES_VALUES = (  # each line by the value of one column
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_be_between",
    "expect_column_value_lengths_to_be_between",
)

SWAPPED = "colonnes_interverties"

_NAMES_ONLY = ("BinderException", "CatalogException", "ParserException")  # their messages quote no cell
_CLASS = re.compile(r"\b([A-Z]\w*(?:Error|Exception))\b")

logging.getLogger("great_expectations").setLevel(logging.CRITICAL + 1)  # it logs whole exceptions, cells included


class JudgeDialect(Dialect):
    """duckdb-engine's dialect with inert transactions, in which an interruption is one.

    duckdb-engine shares one DuckDB connection between SQLAlchemy's connections, and a rollback drops results that Great
    Expectations has not fetched yet. The judge only reads. DuckDB makes an error of Ctrl-C, and Great Expectations a
    verdict of any error.
    """

    supports_statement_cache = False

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Raise what interrupted a query, if something did."""
        try:
            super().do_execute(cursor, statement, parameters, context)
        except Exception as error:
            if interruption := interruption_of(error):
                cursor.interrupt()  # its threads go on with the query
                raise interruption from None
            raise

    def do_begin(self, connection: Any) -> None:
        """Nothing to begin, to commit or to roll back."""

    do_commit = do_rollback = do_begin


registry.register("millesime_judge", __name__, JudgeDialect.__name__)


def judge(parquet: Path, suite: Suite) -> list[CheckResult]:
    """One result per expectation of ``suite``, in its order, for the rows of ``parquet``.

    A check that could not run has ``success`` None and the class of the error; no cell appears anywhere.
    Raises FileNotFoundError when there is no such file.
    """
    if not parquet.is_file():
        raise FileNotFoundError(f"le fichier {parquet} n’existe pas")
    return _judge_context().judge(parquet, suite)


@functools.cache
def _judge_context() -> "_JudgeContext":
    """Made once: it takes longer than judging a small file."""
    return _JudgeContext()


class _JudgeContext:
    """Great Expectations and its DuckDB."""

    def __init__(self) -> None:
        self._spill = tempfile.TemporaryDirectory(prefix="millesime-judge-")  # by default, the working folder
        # no folder of pages: its path, which may have a $, would be read as the name of a variable
        stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
        config = DataContextConfig(store_backend_defaults=stores, progress_bars=ProgressBarsConfig(globally=False))
        context = gx.get_context(mode="ephemeral", project_config=config)
        context.enable_analytics(False)
        settings = {"temp_directory": self._spill.name, "autoinstall_known_extensions": "false"}
        source = context.data_sources.add_sql(
            "judge",
            connection_string="millesime_judge:///:memory:",
            kwargs={"connect_args": {"config": settings}},
            create_temp_table=False,
        )
        self._engine = source.get_execution_engine()
        asset = source.add_query_asset(NAME, query=f"select * from {NAME}")
        self._batch_definition = asset.add_batch_definition_whole_table(NAME)

    def judge(self, parquet: Path, suite: Suite) -> list[CheckResult]:
        """See ``judge``. ``lot`` is dropped afterwards: nothing of a delivery remains, no file stays open."""
        kind = relation_kind(parquet)
        self._run(create_statement(parquet, kind))
        try:
            outcomes = self._outcomes(suite)
            rows = self._run(f"select count(*) from {NAME}")[0][0]
            results = [self._result(spec, outcomes.get(spec.key), rows, shown=suite.shown) for spec in suite.specs]
            return [*results, *self._swapped(suite, results, rows)]
        finally:
            self._run(f"drop {kind} if exists {NAME}")

    def _outcomes(self, suite: Suite) -> dict[str, Any]:
        """Key → the library's result, which comes in its own order: ``meta`` says which is which."""
        expectations, outcomes = [], {}
        for spec in suite.specs:
            try:
                expectations.append(_expectation(spec))
            except Exception as error:  # the library refuses its arguments
                outcomes[spec.key] = error
        if expectations:
            gx_suite = gx.ExpectationSuite(name=NAME, expectations=expectations)
            validated = self._batch_definition.get_batch().validate(gx_suite, result_format=RESULT_FORMAT)
            outcomes |= {r.expectation_config.meta["key"]: r for r in validated.results}
        return outcomes

    def _result(self, spec: ExpectationSpec, outcome: Any, rows: int, *, shown: bool) -> CheckResult:
        error = _error(outcome)
        success = None if error else bool(outcome.success)
        observed, unexpected = (None, None) if error else self._observe(spec, success, rows, shown=shown)
        said = {name: value for name, value in vars(spec).items() if name != "kwargs"}
        return CheckResult(**said, success=success, observed=observed, unexpected=unexpected, error=error)

    def _observe(
        self, spec: ExpectationSpec, success: bool, rows: int, *, shown: bool
    ) -> tuple[str | None, int | None]:
        """The observation, in French, and how many lines break the expectation; ``shown``: with the unexpected words."""
        if spec.type == "expect_table_row_count_to_be_between":
            return how_many(rows, "lignes"), None
        if success:
            return None, 0
        if spec.type == "expect_column_distinct_values_to_contain_set":
            return f"absent : {', '.join(self._missing(spec))}", None
        broken = self._run(f"select count(*) from ({lines_statement(spec)})")[0][0]
        words = self._unforeseen(spec) if shown and spec.type in JUDGES_VALUES else ""
        return f"{how_many(broken, 'lignes')} sur {number(Decimal(rows), 0)}{words}", broken

    def _unforeseen(self, spec: ExpectationSpec) -> str:
        """A few of the values outside a set or bounds, most frequent first."""
        column = f'"{spec.kwargs["column"]}"'
        found = self._run(
            f"select {column}, count(*) from {NAME} where ({broken_rows(spec)}) group by 1 order by 2 desc, 1"
        )
        left = len(found) - SHOWN
        others = f", et {how_many(left, 'autre valeur|autres valeurs')}" if left > 0 else ""
        named = [f"« {received(value)} » ({how_many(count, 'lignes')})" for value, count in found[:SHOWN]]
        return f" : {', '.join(named)}{others}"

    def _swapped(self, suite: Suite, results: list[CheckResult], rows: int) -> Iterator[CheckResult]:
        """A result for each pair of columns whose values mostly break their own constraint, and all fit the other's."""
        declared = [
            (spec, result)
            for spec, result in zip(suite.specs, results, strict=True)
            if spec.type in JUDGES_VALUES
            and spec.key.endswith(f".{spec.column}")
            and 2 * (result.unexpected or 0) > rows
        ]
        for (one, first), (other, second) in combinations(declared, 2):
            if one.column != other.column and self._would_fit(one, other):
                named = " et ".join(spec.reason.partition(" : ")[0] for spec in (one, other))
                yield CheckResult(
                    key=SWAPPED,
                    type=SWAPPED,
                    column=f"{one.column}, {other.column}",
                    severity="critical" if first.blocks or second.blocks else "warning",
                    success=False,
                    observed=f"les colonnes {named} sont sans doute interverties",
                    unexpected=None,
                    reason="Chaque colonne est sous son intitulé.",
                    fix="Échanger les deux intitulés, ou les deux colonnes, dans l’outil d’origine, puis réexporter.",
                )

    def _would_fit(self, one: ExpectationSpec, other: ExpectationSpec) -> bool:
        x, y = f'"{one.column}"', f'"{other.column}"'
        swapped = f"(select * replace ({y} as {x}, {x} as {y}) from {NAME})"
        try:
            broken = self._run(f"select count(*) from {swapped} where ({broken_rows(one)}) or ({broken_rows(other)})")
        except sqlalchemy.exc.SQLAlchemyError:  # of two types
            return False
        return broken[0][0] == 0

    def _missing(self, spec: ExpectationSpec) -> list[str]:
        column, values = spec.kwargs["column"], spec.kwargs["value_set"]
        listed = ", ".join(f"({literal(value)}, {rank})" for rank, value in enumerate(values))
        found = self._run(
            f"select rank from (values {listed}) as attendues(valeur, rank)"
            f' where valeur not in (select "{column}" from {NAME} where "{column}" is not null) order by rank'
        )
        return [_named(values[rank]) for (rank,) in found]

    def _run(self, statement: str) -> list[tuple]:
        with self._engine.engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return [tuple(row) for row in result.fetchall()] if result.returns_rows else []


def _expectation(spec: ExpectationSpec) -> Any:
    class_name = "".join(part.capitalize() for part in spec.type.split("_"))
    kwargs = {name: _plain(value) for name, value in spec.kwargs.items()}
    return getattr(gx.expectations, class_name)(**kwargs, meta={"key": spec.key})


def _plain(value: Any) -> Any:
    """A typed value as the library accepts it: it does not know Decimal."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _error(outcome: Any) -> str | None:
    """Class of the error when the check itself broke, None when it gave a verdict.

    The library reports an error as a failure: ``exception_info`` is either flat or one entry per metric.
    """
    if outcome is None:
        return "NoResult"
    if isinstance(outcome, Exception):
        return type(outcome).__name__
    info = outcome.exception_info or {}
    entries = [info] if "raised_exception" in info else list(info.values())
    raised = [entry for entry in entries if entry.get("raised_exception")]
    return _sanitised(raised[0]) if raised else None


def _sanitised(entry: dict[str, Any]) -> str:
    """The error's class, with its first line if it only contains names, since other messages may quote a cell."""
    message = str(entry.get("exception_message") or "")
    for text in (message, str(entry.get("exception_traceback") or "")):
        for name in reversed(_CLASS.findall(text)):
            if _is_class(name):
                said = message.partition(name)[2].lstrip(") ").split("\n")[0] if name in _NAMES_ONLY else ""
                return f"{name}: {said[:200]}" if said else name
    return "UnknownError"


def _is_class(name: str) -> bool:
    """True for the name of an existing exception: a cell may end in Error too."""
    return any(hasattr(module, name) for module in (duckdb, sqlalchemy.exc, gx.exceptions, builtins))


def _named(value: Any) -> str:
    """A value of a set as a French reader names it: the first day of a month is that month."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return f"{month(value.month)} {value.year}" if value.day == 1 else date(value)
    return received(value)
