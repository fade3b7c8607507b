"""Public profiles that were taken back: which, why, by whom and from where."""

import sqlalchemy as sa
from alembic import op

from pipelines.ledger.migrations.append_only import append_only

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table, append-only as every other."""
    op.create_table(
        "withdrawals",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("publication", sa.String(32), nullable=False),
        sa.Column("profile", sa.String(32), nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("withdrawn_by", sa.String, nullable=False),
        sa.Column("places", sa.JSON, nullable=False),
        sa.Column("withdrawn_at", sa.String, nullable=False),
    )
    append_only("withdrawals")


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
