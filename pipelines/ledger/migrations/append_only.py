"""What every table of the ledger is made with: its rows are entered, and never written again nor removed."""

from alembic import op

from pipelines.ledger.chain import guard_of


def append_only(*tables: str) -> None:
    """Let nothing be changed in these tables any more."""
    for table in tables:
        for verb in ("update", "delete"):
            op.execute(guard_of(table, verb))
