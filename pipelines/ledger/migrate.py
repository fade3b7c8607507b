"""Brings a ledger's file to the form that the code expects, with Alembic; loads it only when there is work."""

from typing import TYPE_CHECKING

from pipelines.ledger.schema import REVISION, metadata
from pipelines.ledger.unsound import Unsound

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


class NewerLedger(Unsound):
    """The ledger is of a revision that this version of the program does not know."""


def migrate(engine: "Engine") -> bool:
    """Run the revisions that the file lacks, in one transaction; True when there were some. Raises NewerLedger."""
    with engine.begin() as connection:
        if _revision(connection) == REVISION:
            return False
        _upgrade(connection)
        return True


def _revision(connection: "Connection") -> str | None:
    """Where the file stands; None before the first migration."""
    if not connection.exec_driver_sql("select 1 from sqlite_master where name = 'alembic_version'").first():
        return None
    return connection.exec_driver_sql("select version_num from alembic_version").scalar()


def _upgrade(connection: "Connection") -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection, "metadata": metadata()})
    config.set_main_option("script_location", "pipelines.ledger:migrations")
    config.set_main_option("path_separator", "os")
    try:
        command.upgrade(config, REVISION)
    except CommandError:
        raise NewerLedger(
            "le registre est d’une révision inconnue : mettez le programme à jour si une version plus récente l’a écrit, sinon "
            "remettez-en une copie (docs/auditor.md, « Remettre le registre »)"
        ) from None
