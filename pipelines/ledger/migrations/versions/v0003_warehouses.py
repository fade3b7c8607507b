"""The fingerprint of each warehouse file: a build may start as a copy of the last one, and of that one only."""

import sqlalchemy as sa
from alembic import op

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
    for verb in ("update", "delete"):
        op.execute(
            f"create trigger warehouses_no_{verb} before {verb} on warehouses "
            "begin select raise(abort, 'the ledger is append-only'); end"
        )


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
