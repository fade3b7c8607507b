"""How far each text of a year is: written, read over, validated; by whom, and of which bytes."""

import sqlalchemy as sa
from alembic import op

from pipelines.ledger.migrations.append_only import append_only

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the table, append-only as every other."""
    op.create_table(
        "texts",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("stated_by", sa.String, nullable=False),
        sa.Column("stated_at", sa.String, nullable=False),
    )
    append_only("texts")


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
