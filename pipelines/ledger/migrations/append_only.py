"""What every table of the ledger is made with: its rows are entered, and never written again nor removed."""

from alembic import op


def append_only(*tables: str) -> None:
    """Let nothing be changed in these tables any more."""
    for table in tables:
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger {table}_no_{verb} before {verb} on {table} "
                "begin select raise(abort, 'the ledger is append-only'); end"
            )
