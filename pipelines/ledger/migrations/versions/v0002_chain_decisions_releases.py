"""The chain over every entry, and what people decide: decisions on findings, sightings of findings, releases; and
what public profiles have told.

``decisions`` was the order of acceptances and refusals: it becomes ``outcomes``, so that the word can mean what people
decide. Entries that are already there are linked in order of table and number.
"""

import sqlalchemy as sa
from alembic import op

from pipelines.ledger.chain import CHAIN, append, raw
from pipelines.ledger.migrations.append_only import append_only

revision = "0002"
down_revision = "0001"

BEFORE = (
    "deliveries",
    "refusals",
    "verdicts",
    "acceptances",
    "outcomes",
    "builds",
    "findings",
    "publications",
)
NEW = ("sightings", "decisions", "releases", "disclosures", "purges", CHAIN)


def upgrade() -> None:
    """Add the tables, link what is there, and let nothing be changed any more."""
    op.rename_table("decisions", "outcomes")
    _make_tables()
    connection = raw(op.get_bind())
    for table in BEFORE:
        for (row,) in connection.execute(f"select seq from {table} order by seq").fetchall():
            append(connection, table, row)
    append_only(*BEFORE, *NEW)


def _make_tables() -> None:
    op.create_table(
        "sightings",
        _seq(),
        sa.Column("finding", sa.String(32), nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("seen_at", sa.String, nullable=False),
    )
    op.create_index("ix_sightings_finding", "sightings", ["finding"])
    op.create_table(
        "decisions",
        _seq(),
        sa.Column("finding", sa.String(32), nullable=False),
        sa.Column("choice", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("decided_by", sa.String, nullable=False),
        sa.Column("until", sa.String),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("decided_at", sa.String, nullable=False),
    )
    op.create_index("ix_decisions_finding", "decisions", ["finding"])
    op.create_table(
        "releases",
        _seq(),
        sa.Column("release", sa.String, nullable=False, unique=True),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("build", sa.String(32), nullable=False),
        sa.Column("visas", sa.JSON, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("released_at", sa.String, nullable=False),
    )
    op.create_table(
        "disclosures",
        _seq(),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.Column("disclosed_at", sa.String, nullable=False),
        sa.UniqueConstraint("name", "value"),
    )
    op.create_table(
        "purges",
        _seq(),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("export", sa.String, nullable=False),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("kept_until", sa.String, nullable=False),
        sa.Column("purged_at", sa.String, nullable=False),
    )
    op.create_table(
        CHAIN,
        _seq(),
        sa.Column("table_name", sa.String, nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )


def _seq() -> sa.Column:
    return sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True)


def downgrade() -> None:
    """A chain that could be taken off would prove nothing."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
