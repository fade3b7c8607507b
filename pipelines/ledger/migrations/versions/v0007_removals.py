"""What was removed: originals, rows, unclaimed files, former publications, logs; by which rule, or by whom and why."""

import sqlalchemy as sa
from alembic import op

from pipelines.ledger.migrations.append_only import append_only

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table, append-only as every other."""
    op.create_table(
        "removals",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("removal", sa.String(32), nullable=False, unique=True),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("export", sa.String),
        sa.Column("exercice", sa.Integer),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("successor", sa.String(32)),
        sa.Column("kept_until", sa.String),
        sa.Column("reason", sa.String),
        sa.Column("removed_by", sa.String),
        sa.Column("removed_at", sa.String, nullable=False),
    )
    append_only("removals")


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
