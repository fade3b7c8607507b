"""The Spark process: builds the requested models with dbt from the Parquet files of a folder, and reports each result.

It is a separate program, run by the Python in which dbt-spark and pyspark are installed, without the rest of this project:
importing Great Expectations where pyspark is installed crashes the process. Its input, in JSON: ``dbt`` (dbt's own arguments),
``folder``, ``sources`` (``<schema>.<table>`` → its columns) and ``settings`` (Spark's).
"""

import json
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

SOURCES, TABLES, ANSWERS, PROBE = "sources", "tables", "answers.json", "probe"  # in the folder
PATIENCE, PERIOD = 180, 5  # seconds: how long a job may wait for an executor, and how often that is looked at
# What values depend on, whatever the settings say.
DECIDES = {
    "spark.sql.ansi.enabled": "true",  # an invalid cast is an error, not a NULL
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
}

NO_BREAK = "\N{NO-BREAK SPACE}"


class Unfit(Exception):
    """The cluster cannot do the work (a sentence in French)."""


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
    (folder / PROBE).mkdir()
    if not session.sparkContext.master.startswith("local"):
        threading.Thread(target=_watch, args=(session.sparkContext, folder), daemon=True).start()
        _refuse_unshared(session, folder / PROBE / "rows")
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


def _watch(context: "SparkContext", folder: Path, patience: float = PATIENCE, period: float = PERIOD) -> None:
    """End this process when a job has had no executor for so many seconds: Spark would wait for ever, and say nothing."""
    tracker, since = context.statusTracker(), time.monotonic()
    while time.monotonic() - since < patience:
        time.sleep(period)
        if not tracker.getActiveJobsIds() or len(tracker.getExecutorInfos()) > 1:  # the first is this process
            since = time.monotonic()
    said = (
        f"aucun exécuteur depuis {patience} s : les machines de {context.master} sont injoignables, occupées, ou n’ont pas "
        "ce que demande spark-defaults.conf (spark.executor.memory, spark.executor.cores)"
    )
    _tell(folder, [_refusal(said)])
    os.kill(os.getpid(), signal.SIGKILL)


def _refuse_unshared(session: "SparkSession", place: Path) -> None:
    """Raise Unfit unless what each executor writes at ``place`` is there for this process: rows would be missing, in silence."""
    files = 8 * max(session.sparkContext.defaultParallelism, 2)
    try:
        session.range(0, files, 1, files).write.parquet(str(place))
    except Exception:  # whatever prevented them from writing
        files = -1
    if len(list(place.glob("*.parquet"))) != files:
        raise Unfit(
            f"les machines de {session.sparkContext.master} ne voient pas le dossier de l’organisation, ou n’y écrivent pas : le même "
            "chemin doit y mener sur chacune, pour le compte de ses processus de Spark"
        )


def _decide() -> None:
    """Keep our ANSI setting: dbt-spark turns it off before each statement, whatever its profile says."""
    from dbt.adapters.spark.connections import SparkCredentials

    begun = SparkCredentials.__post_init__

    def decided(self: SparkCredentials) -> None:
        begun(self)
        self.server_side_parameters |= DECIDES

    SparkCredentials.__post_init__ = decided


def _refusal(said: str) -> dict[str, Any]:
    return {"name": "spark", "kind": "engine", "status": "error", "failures": None, "message": said, "node": ""}


def _answer(result: Any) -> dict[str, Any]:
    identity, status = result.node.unique_id, str(result.status)
    return {
        "name": identity.split(".", 2)[2],
        "kind": identity.split(".")[0],
        "status": status,
        "failures": result.failures,
        "message": None if status == "success" else _condition(result.message or ""),
        "node": identity,
    }


def _condition(message: str) -> str:
    """Spark's name for an error, if it has one, since its message quotes cells."""
    found = re.search(r"\[([A-Z0-9_.]{3,})\]", message)
    return f"Spark{NO_BREAK}: {found[1]}" if found else message


def _tell(folder: Path, answers: list[dict[str, Any]]) -> None:
    (folder / ANSWERS).write_text(json.dumps(answers), encoding="utf-8")


def main() -> None:
    """Run the request on standard input, and write the results in the folder."""
    asked = json.load(sys.stdin)
    folder = Path(asked["folder"])
    try:
        answers = make(asked["dbt"], folder, asked["sources"], asked["settings"])
    except Unfit as error:
        answers = [_refusal(str(error))]
    _tell(folder, answers)


if __name__ == "__main__":
    main()
