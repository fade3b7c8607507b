"""Migrates a ledger's file to the schema that the code expects, with Alembic, loaded only when there is something to do."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.disk import sync
from pipelines.ledger.chain import copy
from pipelines.ledger.schema import REVISION, metadata
from pipelines.ledger.unsound import Unsound

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


class NewerLedger(Unsound):
    """The ledger has a revision that this version of the program does not know."""


def migrate(engine: "Engine") -> bool:
    """Run the revisions that the file needs, in one transaction; True until ``settle`` says that what follows is done.

    A ledger of an older revision is copied first, as ``ledger.before-<revision>.db`` beside it: the way back. Raises NewerLedger.
    """
    with engine.connect() as connection:
        if _revision(connection) == REVISION:
            return bool(connection.exec_driver_sql("pragma user_version").scalar())
    with engine.begin() as connection:
        connection.exec_driver_sql("begin immediate")  # or the driver commits each table as it is made
        former = _revision(connection)
        if former == REVISION:
            return True
        if former and former < REVISION:
            _keep(Path(str(engine.url.database)), former)
        _upgrade(connection)
        connection.exec_driver_sql("pragma user_version = 1")
        return True


def settle(engine: "Engine") -> None:
    """Note that all that follows a migration is done."""
    with engine.begin() as connection:
        connection.exec_driver_sql("pragma user_version = 0")


def _keep(file: Path, revision: str) -> None:
    """Copy the file as it is, replacing the copy that an earlier migration left."""
    kept = file.with_name(f"{file.stem}.before-{revision}{file.suffix}")
    aside = kept.with_name(f".{kept.name}.{os.getpid()}")
    with closing(sqlite3.connect(file)) as ledger:
        copy(ledger, aside)
    sync(aside)
    for former in file.parent.glob(f"{file.stem}.before-*{file.suffix}"):
        former.unlink()
    aside.rename(kept)
    sync(file.parent)


def _revision(connection: "Connection") -> str | None:
    """The revision of the file; None before the first migration."""
    if not connection.exec_driver_sql("select 1 from sqlite_master where name = 'alembic_version'").first():
        return None
    return connection.exec_driver_sql("select version_num from alembic_version").scalar()


def _upgrade(connection: "Connection") -> None:
    from alembic import command  # a fifth of a second, for what few runs need
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection, "metadata": metadata()})
    config.set_main_option("script_location", "pipelines.ledger:migrations")
    config.set_main_option("path_separator", "os")
    try:
        command.upgrade(config, REVISION)
    except CommandError:
        raise NewerLedger(
            "le registre est d’une révision inconnue : mettre le programme à jour si une version plus récente l’a écrit, sinon "
            "en remettre une copie (docs/auditor.md, « Restaurer le registre »)"
        ) from None
