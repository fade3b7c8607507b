"""What the second revision gained after it had been applied somewhere: homes of those days never got it."""

import sqlalchemy as sa
from alembic import op

from pipelines.ledger.migrations.append_only import append_only

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the tables, and give the column its name, where they lack."""
    there = sa.inspect(op.get_bind())
    if "publication" in {column["name"] for column in there.get_columns("releases")}:  # nothing was entered in it then
        op.execute("alter table releases rename column publication to build")
    if not there.has_table("disclosures"):
        op.create_table(
            "disclosures",
            sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
            sa.Column("name", sa.String, nullable=False),
            sa.Column("value", sa.String, nullable=False),
            sa.Column("disclosed_at", sa.String, nullable=False),
            sa.UniqueConstraint("name", "value"),
        )
        append_only("disclosures")
    if not there.has_table("purges"):
        op.create_table(
            "purges",
            sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
            sa.Column("sha256", sa.String(64), nullable=False),
            sa.Column("name", sa.String, nullable=False),
            sa.Column("export", sa.String, nullable=False),
            sa.Column("exercice", sa.Integer, nullable=False),
            sa.Column("kept_until", sa.String, nullable=False),
            sa.Column("purged_at", sa.String, nullable=False),
        )
        append_only("purges")


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
