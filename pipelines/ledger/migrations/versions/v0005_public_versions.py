"""What was public of the staff of each exercice, and who stood behind it: the archive keeps it, the ledger its hash."""

import sqlalchemy as sa
from alembic import op

from pipelines.ledger.migrations.append_only import append_only

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table, append-only as every other."""
    op.create_table(
        "populations",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("archived_at", sa.String, nullable=False),
    )
    append_only("populations")


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
