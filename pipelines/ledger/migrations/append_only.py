"""Triggers created with every table of the ledger: its rows can be added, but not changed or removed."""

from alembic import op

from pipelines.ledger.chain import guard_of


def append_only(*tables: str) -> None:
    """Forbid any change or removal in these tables from now on."""
    for table in tables:
        for verb in ("update", "delete"):
            op.execute(guard_of(table, verb))
