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


MIGRATIONS = "pipelines.ledger:migrations"


class NewerLedger(Unsound):
    """The ledger has a revision that this version of the program does not know."""


class FormerLedger(Unsound):
    """The ledger is older than version 1.0.0, the first whose homes are taken over."""

    def __init__(self) -> None:
        super().__init__(
            "ce dossier a été fait par une version antérieure à la 1.0.0 et ne peut pas être repris : ses fichiers, dans landing/ "
            "et archive/, se chargent dans un nouveau dossier (`millesime init` ; docs/operations.md, « Upgrading »)"
        )


def migrate(engine: "Engine") -> None:
    """Run the revisions that the file needs, in one transaction.

    A ledger of an older revision is copied first, as ``ledger.before-<revision>.db`` beside it: the way back. Raises
    FormerLedger and NewerLedger.
    """
    with engine.connect() as connection:
        if _revision(connection) == REVISION:
            return
    with engine.begin() as connection:
        connection.exec_driver_sql("begin immediate")  # or the driver commits each table as it is made
        former = _revision(connection)
        if former == REVISION:
            return
        _upgrade(connection, former, Path(str(engine.url.database)))


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
    """The revision of the file; None when it is empty. Raises FormerLedger."""
    tables = {name for (name,) in connection.exec_driver_sql("select name from sqlite_master where type = 'table'")}
    if not tables:
        return None
    revision = "0"
    if "alembic_version" in tables:
        revision = connection.exec_driver_sql("select version_num from alembic_version").scalar_one()
    if revision.startswith("0"):
        raise FormerLedger
    return revision


def _upgrade(connection: "Connection", former: str | None, file: Path) -> None:
    from alembic import command  # a fifth of a second, for what few runs need
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection, "metadata": metadata()})
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "os")
    if former:
        try:
            ScriptDirectory.from_config(config).get_revision(former)
        except CommandError:
            raise NewerLedger(
                "le registre est d’une révision inconnue : mettre le programme à jour si une version plus récente l’a écrit, sinon "
                "en remettre une copie (docs/auditor.md, « Restaurer le registre »)"
            ) from None
        _keep(file, former)
    command.upgrade(config, REVISION)
