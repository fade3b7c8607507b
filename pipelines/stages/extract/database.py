"""Reads a tool's MariaDB or MySQL database, once, and writes the file that the tool's own export would have given.

This module does what every database needs: it reads the address and explains errors, opens one read-only consistent
snapshot with time limits, checks the columns, streams the rows, and makes the file appear only once it is complete. What is
specific to one database is in the module named after it.

The address is a secret: no message contains it, or the text of a driver's error, which may quote it or a cell. ``--debug``
adds a traceback, without either.
"""

import csv
import datetime as dt
import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymysql
from sqlalchemy import URL, Connection, NullPool, Select, column, create_engine, func, make_url, select, table
from sqlalchemy.exc import ArgumentError, DBAPIError

from pipelines.catalogue.source_grammar import Field
from pipelines.catalogue.sources import ExportRef
from pipelines.disk import written_whole

FETCHED = 1000  # rows held at a time
CONNECT_SECONDS = 10
MARKED = {"utf-8": "utf-8-sig"}  # with a byte order mark, as spreadsheets want it
KINDS = {  # what a column may be in the database, by the kind that a reader asks for
    "integer": {"tinyint", "smallint", "mediumint", "int", "bigint"},
    "text": {"char", "varchar", "tinytext", "text", "mediumtext", "longtext"},
    "datetime": {"datetime", "timestamp"},
}
ADDRESS = "mysql://utilisateur:motdepasse@hote:3306/base"
GRANTED = "lui donner select sur les colonnes que docs/glpi.md énumère"
# Codes of MariaDB and of its driver: (what happened, how to fix it).
ERRORS = {
    1044: ("le compte ne peut pas ouvrir cette base", GRANTED),
    1045: ("le serveur refuse ces identifiants", "vérifier l’utilisateur et le mot de passe de l’adresse"),
    1049: ("le serveur n’a pas de base de ce nom", "vérifier la fin de l’adresse"),
    1142: ("le compte ne peut pas lire une table", GRANTED),
    1143: ("le compte ne peut pas lire une colonne", GRANTED),
    1698: (
        "le serveur refuse ces identifiants",
        "donner un mot de passe au compte : il est lié à un utilisateur local",
    ),
    2003: ("aucun serveur ne répond là", "vérifier qu’il est démarré, et que son port est ouvert d’ici"),
    2006: ("le serveur a fermé la connexion", "vérifier qu’il est toujours démarré, puis recommencer"),
    2013: (
        "la connexion est perdue",
        "vérifier que le serveur est toujours démarré, ou lui donner plus de temps (--timeout), puis recommencer",
    ),
    1205: ("une table est restée verrouillée", "recommencer quand aucune maintenance n’est en cours"),
    1969: ("la requête a pris trop de temps", "recommencer à une heure calme, ou lui donner plus de temps (--timeout)"),
    3024: ("la requête a pris trop de temps", "recommencer à une heure calme, ou lui donner plus de temps (--timeout)"),
}


class SnapshotFailed(Exception):
    """A database that cannot be read as declared: where, what was expected, how to fix it; never the address."""


@dataclass(frozen=True)
class Database:
    """The database to read, and how long an answer may take."""

    variable: str  # which holds the address, to name it in a message
    address: str = field(repr=False)
    timeout: int  # seconds for one statement


def take_snapshot(ref: ExportRef, exercice: int, database: Database, target: Path) -> int:
    """Write ``target``, in the layout that ``ref`` declares for ``exercice``; return how many rows it holds.

    A previous ``target`` is replaced whole, and kept when anything fails. Raises SnapshotFailed.
    """
    export = ref.of(exercice).export
    (table,), fmt = export.tables, export.format
    headings, count = table.header_of(exercice), 0
    with (
        reading(ref, exercice, database) as (names, rows),
        written_whole(target, MARKED.get(fmt.encoding, fmt.encoding)) as file,
    ):
        writer = csv.writer(file, delimiter=fmt.delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow([headings[name] for name in names])
        fields = [table.field(name) for name in names]
        for row in rows:
            writer.writerow([_cell(field, value) for field, value in zip(fields, row, strict=True)])
            count += 1
        if not count:
            raise SnapshotFailed(
                f"{ref.key} {exercice} : la base ne contient aucune ligne de cet exercice, il en faut au moins une. "
                f"Vérifier que {database.variable} mène à la base en service"
            )
    return count


@contextmanager
def reading(ref: ExportRef, exercice: int, database: Database) -> Iterator[tuple[list[str], Iterator[Sequence]]]:
    """The names of the fields that ``ref`` takes from the database, and their rows for ``exercice``, streamed, all as they
    are when the context opens. Raises SnapshotFailed, from the context or from the rows.
    """
    reader = importlib.import_module(f"pipelines.stages.extract.{ref.export.database}")
    with _snapshot(database) as connection:
        _check_columns(connection, reader.COLUMNS)
        query = reader.query(exercice)
        yield query.selected_columns.keys(), _rows(connection, query)


def _cell(field: Field, value: Any) -> str:
    """A value as the declared field writes it."""
    if value is None:
        return ""
    return value.strftime(field.format) if isinstance(value, dt.datetime) else str(value)


@contextmanager
def _snapshot(database: Database) -> Iterator["Connection"]:
    """A connection inside one read-only transaction, which sees the database as it is now and no later changes."""
    url = _url(database)
    where = f"{url.host}:{url.port or 3306}/{url.database}"
    engine = create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",  # so that the transaction is ours alone
        hide_parameters=True,
        connect_args={
            "charset": "utf8mb4",
            "connect_timeout": min(CONNECT_SECONDS, database.timeout),
            "read_timeout": database.timeout + 5,  # the server speaks first when it can
            "write_timeout": database.timeout,
        },
    )
    try:
        with engine.connect() as connection:
            _begin(connection, database.timeout)
            yield connection
            connection.exec_driver_sql("rollback")
    except (DBAPIError, pymysql.MySQLError) as error:
        raise SnapshotFailed(f"{where}: {_explained(error)}") from None


def _url(database: Database) -> URL:
    try:
        url = make_url(database.address)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.get_backend_name() not in ("mysql", "mariadb") or not (url.host and url.database):
        raise SnapshotFailed(f"{database.variable} n’est pas une adresse de la forme {ADDRESS}") from None
    if "@" in url.host + url.database:
        raise SnapshotFailed(
            f"{database.variable} contient plus d’un @ : écrire %40 pour celui du mot de passe, %2F pour /, %3A pour :"
        )
    return url.set(drivername="mysql+pymysql")


def _begin(connection: Connection, timeout: int) -> None:
    limit = f"max_statement_time = {timeout}"
    if not connection.dialect.is_mariadb:
        limit = f"max_execution_time = {timeout * 1000}"
    connection.exec_driver_sql(f"set session {limit}, lock_wait_timeout = {timeout}")
    connection.exec_driver_sql("set session transaction isolation level repeatable read")
    connection.exec_driver_sql("start transaction with consistent snapshot, read only")


def _rows(connection: Connection, query: Select) -> Iterator[Sequence]:
    """The rows of ``query``, streamed. After a lost connection there is nothing to drain, though the driver would try
    and complain."""
    result = connection.execution_options(stream_results=True, yield_per=FETCHED).execute(query)
    streamed = result.cursor._result
    try:
        yield from result
    except Exception:
        streamed.unbuffered_active = False
        raise
    finally:
        result.close()


def _check_columns(connection: Connection, expected: dict[str, dict[str, str]]) -> None:
    """Before reading a row, refuse a database whose tables are not those that the reader expects."""

    def described(view: str, *names: str) -> list[Sequence]:
        """The server's description of our tables; grants on columns are enough to read it."""
        source = table(
            view, *(column(name) for name in ("table_schema", "table_name", *names)), schema="information_schema"
        )
        ours = source.c.table_schema == func.database(), source.c.table_name.in_(expected)
        return connection.execute(select(*(source.c[name] for name in ("table_name", *names))).where(*ours)).all()

    found = {(name, column_name): kind for name, column_name, kind in described("columns", "column_name", "data_type")}
    wrong = []
    for name, columns in expected.items():
        for column_name, kind in columns.items():
            seen = found.get((name, column_name), "aucune colonne de ce nom, ou que le compte puisse lire")
            if seen not in KINDS[kind]:
                wrong.append(f"{name}.{column_name} : attendu {' ou '.join(sorted(KINDS[kind]))}, trouvé {seen}")
    # only InnoDB has snapshots: with other engines rows would change while they are read
    wrong += [
        f"{name} : une table InnoDB est attendue, et non {engine}"
        for name, engine in described("tables", "engine")
        if engine != "InnoDB"
    ]
    if wrong:
        raise SnapshotFailed(
            f"{connection.engine.url.host}/{connection.engine.url.database} : la base n’est pas comme attendu\n  "
            + "\n  ".join(wrong)
            + "\nDonner les droits qui manquent, ou adapter le lecteur (pipelines/stages/extract) à cette version de l’outil"
        )


def _explained(error: Exception) -> str:
    """What happened and how to fix it, from the error's code only, since its text may quote a cell."""
    driver = getattr(error, "orig", None) or error
    code = driver.args[0] if driver.args and isinstance(driver.args[0], int) else None
    what, fix = ERRORS.get(
        code, ("le serveur refuse ce qui lui est demandé", "chercher ce code dans la documentation de MariaDB")
    )
    return f"{what} (code {code}) : {fix}"
