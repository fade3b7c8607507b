"""The fingerprint of each warehouse file: a build may start as a copy of the last one, and of that one only."""

import sqlalchemy as sa
from alembic import op

from pipelines.ledger.migrations.append_only import append_only

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table, append-only as every other."""
    op.create_table(
        "warehouses",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("build", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("is_whole", sa.Boolean, nullable=False),
        sa.Column("made_at", sa.String, nullable=False),
    )
    append_only("warehouses")


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
