"""Has Spark make the tables of a build (``MILLESIME_ENGINE=spark``): the same models, through dbt-spark's method ``session``.

The tables that the warehouse was filled with go as Parquet into a folder of the home, which every worker of a cluster must
see under the same path. Spark reads them, makes every model beside them and ends (``spark_session``). DuckDB then builds a
copy of the project in which the SQL of each table is a scan of these files, under the same contract, comments and tests:
one warehouse follows, and one publication.
"""

import glob
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from pipelines import settings
from pipelines.catalogue.dbt.compose import SPARK
from pipelines.disk import read_json
from pipelines.french import NO_BREAK
from pipelines.settings import Home
from pipelines.sql import literal
from pipelines.stages.transform import spark_session
from pipelines.stages.transform.dbt import ENGINE, NO_UNIT_TESTS, NodeResult, build_models, environment, failed, options
from pipelines.stages.transform.load import SCHEMAS

_GLOB = re.compile(r"[][{}*?\\]")  # a path for Spark is a pattern
_CONFIG = re.compile(r"\{\{\s*config\(.*?\)\s*\}\}", re.DOTALL)  # of a model, in its SQL
_SAID = re.compile(r" ERROR \S+: (.*)")  # in Spark's log


def build_by_engine(
    home: Home, changed: Collection[str] | None = None, told: Callable[[str], Any] = lambda _: None
) -> list[NodeResult]:
    """Build and test in ``warehouse/next`` as ``dbt.build_models`` does, by the chosen engine; Spark makes everything.

    When a model of Spark's failed, nothing is taken from it, and its results are those of the build.
    """
    if not settings.builds_on_spark():
        return build_models(home, changed, told)
    with made_by_spark(home) as (results, rows):
        if failed(results):
            return results
        with tempfile.TemporaryDirectory(prefix="dbt-") as place:
            # a unit test gives its rows to the SQL of a model, which this copy does not have
            copy = _taking(home, rows, Path(place))
            built = build_models(home, told=told, project=copy, command=["build", *NO_UNIT_TESTS])
    if failed(built) or not read_json(home.dbt_manifest)["unit_tests"]:
        return built
    return built + build_models(home, told=told, command=["test", "--resource-type", "unit_test"])


def _taking(home: Home, rows: Callable[[str], str], copy: Path) -> Path:
    """A ``copy`` of the home's dbt project in which each table is taken from Spark's (``rows``)."""
    shutil.copytree(home.dbt, copy, ignore=shutil.ignore_patterns("target", "logs"), dirs_exist_ok=True)
    for node in read_json(home.dbt_manifest)["nodes"].values():
        if node["resource_type"] == "model" and node["config"]["materialized"] == "table":
            file = copy / node["original_file_path"]
            said = _CONFIG.search(file.read_text(encoding="utf-8"))
            taken = rows(f"{node['schema']}.{node['alias']}")
            file.write_text(f"{said[0] if said else ''}\n{taken}\n", encoding="utf-8")
    return copy


@contextmanager
def made_by_spark(home: Home, *select: str) -> Iterator[tuple[list[NodeResult], Callable[[str], str]]]:
    """Have Spark make the models that dbt ``select``s (all when none is named) from ``warehouse/next``.

    Gives what became of each, and the SQL of the rows of a table (``<schema>.<table>``), whose files last as long as the context.
    """
    chosen = ["--select", *select] if select else []
    # in the folder of this process in the home; a Spark that was interrupted may still be writing
    with tempfile.TemporaryDirectory(prefix="spark-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        if _GLOB.search(place):
            said = f"Spark ne lit pas un dossier dont le chemin contient l’un des caractères [ ] {{ }} * ? ({place})"
            yield _nothing_done(said), str
            return
        sources = _export(home.warehouse_next, folder / spark_session.SOURCES)
        dbt = ["run", *chosen, "--no-write-json", *options(home.dbt, SPARK)]
        asked = {"dbt": dbt, "folder": str(folder), "sources": sources, "settings": _settings()}
        done = subprocess.run(
            [str(settings.spark_python().absolute()), "-P", spark_session.__file__],
            cwd=None if settings.spark_file() else folder,
            env=environment(),
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=False,
        )
        yield _answers(folder, done), partial(_rows, folder / spark_session.TABLES)


def _export(warehouse: Path, folder: Path) -> dict[str, str]:
    """Write what models read, and none of them makes, as ``<schema>.<table>.parquet``; return the columns of each
    table, for Spark."""
    folder.mkdir()
    with duckdb.connect(str(warehouse), read_only=True, config=settings.engine(warehouse)) as db:
        tables = dict(
            db.execute(
                "select schema_name || '.' || table_name as name, "
                "string_agg('`' || column_name || '` ' || replace(data_type, 'VARCHAR', 'STRING'), ', ' order by column_index) "
                "from duckdb_columns() where schema_name in $1 group by name",
                [SCHEMAS],
            ).fetchall()
        )
        for name in tables:
            db.execute(f"copy {name} to {literal(folder / f'{name}.parquet')}")
    return tables


def _settings() -> dict[str, str]:
    """Spark's settings: the organisation's own (``SPARK_CONF_DIR``), or else those for this machine."""
    if settings.spark_file():
        return {}
    threads = str(settings.threads())
    return {
        "spark.master": f"local[{threads}]",
        # rows that do not fit in memory: in the folder of the build, where it runs (a path is cut at its commas); left there by a
        # killed Spark, they go with it
        "spark.local.dir": "local",
        "spark.driver.memory": "2g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": threads,
        # two hundred small queries: planning and compiling them takes longer than running them
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }


def _answers(folder: Path, done: subprocess.CompletedProcess) -> list[NodeResult]:
    file = folder / spark_session.ANSWERS
    if file.exists():
        return [NodeResult(**answer) for answer in json.loads(file.read_text(encoding="utf-8"))]
    begun = (folder / spark_session.PROBE).exists()  # later messages may quote cells
    said = f"Spark s’est arrêté avant la fin (code {done.returncode})" if begun else _unstarted(done.stderr)
    return _nothing_done(said)


def _nothing_done(said: str) -> list[NodeResult]:
    return [NodeResult("spark", ENGINE, "error", None, said)]


def _unstarted(errors: str) -> str:
    where = f" comme le dit {file}" if (file := settings.spark_file()) else ""
    last = [line for line in errors.splitlines() if line[:1].strip()]
    said = _SAID.findall(errors) or last
    return f"Spark ne démarre pas{where}{NO_BREAK}: {said[-1] if said else 'il n’a rien dit'}"


def _rows(tables: Path, name: str) -> str:
    schema, _, table = name.partition(".")
    files = f"{glob.escape(str(tables / f'{schema}.db' / table))}/*.parquet"
    return f"select * from read_parquet({literal(files)}, hive_partitioning=false)"
