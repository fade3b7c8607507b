"""Public profiles that were taken back: which, why, by whom and from where."""

import sqlalchemy as sa
from alembic import op

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
    for verb in ("update", "delete"):
        op.execute(
            f"create trigger withdrawals_no_{verb} before {verb} on withdrawals "
            "begin select raise(abort, 'the ledger is append-only'); end"
        )


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
