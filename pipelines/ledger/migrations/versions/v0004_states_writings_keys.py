"""What each publication and release was, what was written of it afterwards, and which key pseudonyms were made with."""

import sqlalchemy as sa
from alembic import op

from pipelines.ledger.migrations.append_only import append_only

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns, empty for what is already entered, and the tables, append-only as every other."""
    for table in ("publications", "releases"):
        op.add_column(table, sa.Column("state", sa.String(64)))
    op.create_table(
        "writings",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("subject", sa.String, nullable=False, index=True),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("written_at", sa.String, nullable=False),
    )
    op.create_table(
        "keys",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("entered_at", sa.String, nullable=False),
    )
    append_only("writings", "keys")


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
