"""The process of Spark: makes the models that dbt is asked for from the Parquet files of a folder, and says what became of each.

It is a program of its own, run by the Python in which dbt-spark and pyspark are installed, without the rest of this
project: where pyspark is, importing Great Expectations ends the process. Its input, in JSON: ``dbt`` (dbt's own arguments),
``folder``, ``sources`` (``<schema>.<table>`` → its columns) and ``settings`` (Spark's).
"""

import json
import sys
from pathlib import Path
from typing import Any

SOURCES, TABLES, ANSWERS = "sources", "tables", "answers.json"  # in the folder
# What values depend on, whatever the settings say.
DECIDES = {
    "spark.sql.ansi.enabled": "true",  # a bad cast is an error, not a NULL
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
}


def make(dbt: list[str], folder: Path, sources: dict[str, str], settings: dict[str, str]) -> list[dict[str, Any]]:
    """Run dbt in a new session of Spark, whose tables are ``<folder>/tables/<schema>.db/<table>``.

    Returns the fields of a ``NodeResult`` for each model.
    """
    from dbt.cli.main import dbtRunner
    from pyspark.sql import SparkSession

    own = {
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(folder / TABLES),
        "spark.hadoop.fs.permissions.umask-mode": "077",
        "spark.ui.showConsoleProgress": "false",
    }
    session = SparkSession.builder.config(map={**settings, **own, **DECIDES}).getOrCreate()
    place = str(folder / SOURCES).replace("'", r"\'")
    for name, columns in sources.items():
        session.sql(f"create schema if not exists {name.partition('.')[0]}")
        session.sql(f"create table {name} ({columns}) using parquet location '{place}/{name}.parquet'")
    _decide()
    done = dbtRunner().invoke(dbt)
    session.stop()
    if done.exception:
        raise done.exception
    return [_answer(result) for result in done.result.results]


def _decide() -> None:
    """dbt-spark turns ANSI off before each statement, whatever its profile says."""
    from dbt.adapters.spark.connections import SparkCredentials

    begun = SparkCredentials.__post_init__

    def decided(self: SparkCredentials) -> None:
        begun(self)
        self.server_side_parameters |= DECIDES

    SparkCredentials.__post_init__ = decided


def _answer(result: Any) -> dict[str, Any]:
    identity, status = result.node.unique_id, str(result.status)
    return {
        "name": identity.split(".", 2)[2],
        "kind": identity.split(".")[0],
        "status": status,
        "failures": result.failures,
        "message": None if status == "success" else result.message,
        "node": identity,
    }


def main() -> None:
    """Do what standard input asks, and write the answers in the folder."""
    asked = json.load(sys.stdin)
    folder = Path(asked["folder"])
    answers = make(asked["dbt"], folder, asked["sources"], asked["settings"])
    (folder / ANSWERS).write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":
    main()
