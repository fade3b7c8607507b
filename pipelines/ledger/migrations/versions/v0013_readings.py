"""Which of the texts that services typed a person has read and approved, for the public profile."""

import sqlalchemy as sa
from alembic import op

from pipelines.ledger.migrations.append_only import append_only

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the table, append-only as every other."""
    op.create_table(
        "readings",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("read_table", sa.String, nullable=False),
        sa.Column("read_column", sa.String, nullable=False),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("read_by", sa.String, nullable=False),
        sa.Column("read_at", sa.String, nullable=False),
    )
    append_only("readings")


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
