"""The list of all that is in a folder of evidence, each time that it is written."""

import sqlalchemy as sa
from alembic import op

from pipelines.ledger.migrations.append_only import append_only

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the table, append-only as every other."""
    op.create_table(
        "closings",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("sums", sa.String, nullable=False, index=True),
        sa.Column("sha256", sa.String(64)),
        sa.Column("alike", sa.String(64)),
        sa.Column("closed_at", sa.String, nullable=False),
    )
    append_only("closings")


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
