"""The ledger as the first homes have it: made by ``create_all``, before there were migrations."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _table(name: str, *columns: sa.Column, constraints: tuple = ()) -> None:
    seq = sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True)
    op.create_table(name, seq, *columns, *constraints, if_not_exists=True)


def _text(name: str, length: int | None = None, *, nullable: bool = False, unique: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable, unique=unique)


def _json(name: str) -> sa.Column:
    return sa.Column(name, sa.JSON, nullable=False)


def _export() -> list[sa.Column]:
    return [_text("system"), _text("export"), sa.Column("exercice", sa.Integer, nullable=False)]


def upgrade() -> None:
    """Make the tables that are not there."""
    _table("deliveries", _text("delivery", 32, unique=True), *_export(), _text("received_at"), _json("manifest"))
    _table(
        "refusals",
        _text("refusal", 32, unique=True),
        *_export(),
        _text("refused_at"),
        _text("delivery", 32, nullable=True),
        _json("files"),
        _json("rule"),
    )
    _table(
        "verdicts",
        _text("verdict", 32, unique=True),
        _text("delivery", 32),
        _text("table_name"),
        _text("suite", 64),
        sa.Column("accepted", sa.Boolean, nullable=False),
        _text("judged_at"),
        _json("results"),
    )
    op.create_index("ix_verdicts_delivery", "verdicts", ["delivery"], if_not_exists=True)
    _table("acceptances", _text("delivery", 32), *_export(), _json("verdicts"), _text("accepted_at"))
    _table("decisions", *_export(), _text("outcome"), _text("subject", 32), _text("decided_at"))
    _table(
        "builds",
        _text("build", 32),
        _text("built_at"),
        sa.Column("succeeded", sa.Boolean, nullable=False),
        _json("deliveries"),
        _json("tests"),
    )
    _table(
        "findings",
        _text("finding", 32),
        _text("build", 32),
        _json("content"),
        _text("found_at"),
        constraints=(sa.UniqueConstraint("finding", "build"),),
    )
    op.create_index("ix_findings_build", "findings", ["build"], if_not_exists=True)
    _table("publications", _text("publication", 32), _text("build", 32), _text("published_at"))


def downgrade() -> None:
    """There is nothing before: a ledger is never undone."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
