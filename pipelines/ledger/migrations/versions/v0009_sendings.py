"""Reports that were sent to the members: which release, to whom, on which day, how, and the fingerprints of what went."""

import sqlalchemy as sa
from alembic import op

from pipelines.ledger.migrations.append_only import append_only

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the table, append-only as every other."""
    op.create_table(
        "sendings",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("release", sa.String, nullable=False),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("profile", sa.String, nullable=False),
        sa.Column("recipients", sa.JSON, nullable=False),
        sa.Column("sent_on", sa.String, nullable=False),
        sa.Column("sent_by", sa.String, nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("entered_at", sa.String, nullable=False),
    )
    append_only("sendings")


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
