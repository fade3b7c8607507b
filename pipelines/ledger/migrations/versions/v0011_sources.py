"""What each warehouse was made by and filled with: a build upon it makes again only what depends on what changed."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns; the warehouses of before have none, and are built anew."""
    op.add_column("warehouses", sa.Column("project", sa.String(64)))
    op.add_column("warehouses", sa.Column("sources", sa.JSON))


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
