"""The ledger's tables (SQLAlchemy Core). Rows are only ever added; "current" is a query, never a column.

This is how today's code sees them. The file itself is made and changed by the migrations (``migrations/``), which a
test compares with this page. A migration may add a table or a nullable column: a chained row is never rewritten.
"""

import functools
from typing import Any

import sqlalchemy as sa

REVISION = "1.0.0"  # the last migration: what an open ledger must be at


def _text(name: str, length: int | None = None, *, unique: bool = False, index: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=False, unique=unique, index=index)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=False)


def _whole(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False)


def _export() -> list[sa.Column[Any]]:
    return [_text("system"), _text("export"), _whole("exercice")]


@functools.cache
def metadata() -> sa.MetaData:
    """The MetaData with every table of the ledger."""
    meta = sa.MetaData()

    def table(name: str, *columns: sa.Column[Any] | sa.UniqueConstraint) -> None:
        sa.Table(name, meta, sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True), *columns)

    table("deliveries", _text("delivery", 32, unique=True), *_export(), _text("received_at"), _json("manifest"))
    table(
        "refusals",  # deliveries that could not be read, or may not be accepted
        _text("refusal", 32, unique=True),
        *_export(),
        _text("refused_at"),
        sa.Column("delivery", sa.String(32)),
        _json("files"),
        _json("rule"),
    )
    table(
        "verdicts",
        _text("verdict", 32, unique=True),
        _text("delivery", 32, index=True),
        _text("table_name"),
        _text("suite", 64),
        sa.Column("accepted", sa.Boolean, nullable=False),
        _text("judged_at"),
        _json("results"),
    )
    table("acceptances", _text("delivery", 32), *_export(), _json("verdicts"), _text("accepted_at"))
    table(
        "outcomes",  # the order of acceptances and refusals, without the clock; one row per change of outcome
        *_export(),
        _text("outcome"),  # accepted | refused
        _text("subject", 32),  # delivery or refusal
        _text("decided_at"),
    )
    table(
        "builds",
        _text("build", 32),
        _text("built_at"),
        sa.Column("succeeded", sa.Boolean, nullable=False),
        _json("deliveries"),
        _json("tests"),  # [{name, status, failures}]
    )
    table(
        "warehouses",  # the file of each build: the next one may only start as its copy
        _text("build", 32),
        _text("sha256", 64),
        sa.Column("is_whole", sa.Boolean, nullable=False),  # every model was built
        _text("made_at"),
        _text("project", 64),  # what it was made by
        _json("sources"),  # the hash of each table that it was filled with
    )
    table(
        "findings",
        _text("finding", 32),
        _text("build", 32, index=True),
        _json("content"),
        _text("found_at"),
        sa.UniqueConstraint("finding", "build"),
    )
    table(
        "publications",
        _text("publication", 32),
        _text("build", 32),
        _text("published_at"),
        _text("state", 64),  # SHA-256 of its state.json
    )
    table(
        "closings",  # the list of all that is in a folder, each time that it is written; the last one counts
        _text("sums", index=True),  # path of the list in the home
        sa.Column("sha256", sa.String(64)),  # of the list; NULL when the folder went, or all that was in the list
        sa.Column("alike", sa.String(64)),  # of its lines without the files whose bytes differ each time
        _text("closed_at"),
    )
    # the key that pseudonyms are made with; the last one counts
    table("keys", _text("fingerprint"), _text("entered_at"))
    table(
        "disclosures",  # what public profiles revealed about persons, once each: it can never be taken back
        _text("name"),  # exercice, population and choice of levels
        _text("value"),  # decimal
        _text("disclosed_at"),
        sa.UniqueConstraint("name", "value"),
    )
    # what was public of the staff of an exercice, and the persons behind it, as archived; the last one is public
    table("populations", _whole("exercice"), _text("sha256", 64), _text("archived_at"))
    table(
        "withdrawals",  # public profiles that were withdrawn
        _text("publication", 32),
        _text("profile", 32),  # as the public manifest names it
        _text("reason"),
        _text("withdrawn_by"),
        _json("places"),
        _text("withdrawn_at"),
    )
    table(
        "sendings",  # reports that were sent to the members
        _text("release"),
        _whole("exercice"),
        _text("profile"),
        _json("recipients"),  # code of a collectivité → its name then
        _text("sent_on"),  # ISO date
        _text("sent_by"),  # the way: courriel, remise en main propre
        _json("files"),  # path in the folder of the sending → SHA-256
        _text("entered_at"),
    )
    table(
        "sightings",  # when a finding appeared, changed or went away; its current state is the last event
        _text("finding", 32, index=True),
        _text("event"),  # seen | changed | gone
        _json("content"),
        _text("seen_at"),
    )
    table(
        "decisions",  # what someone decided about a finding; a later decision replaces it, none is removed
        _text("finding", 32, index=True),
        _text("choice"),  # accepted | whole | withdrawn
        _text("reason"),
        _text("decided_by"),
        sa.Column("until", sa.String),  # ISO date, the last day on which it holds; NULL without end
        _json("content"),  # the finding at that moment
        _text("decided_at"),
    )
    table(
        "releases",  # years that were frozen
        _text("release", unique=True),  # 2020-v1
        _whole("exercice"),
        _whole("version"),
        _text("fingerprint", 64),
        _text("build", 32),
        _json("visas"),  # {prepared_by, reviewed_by, approved_by}
        sa.Column("reason", sa.String),
        _text("released_at"),
        _text("state", 64),  # SHA-256 of its state.json
    )
    table(
        "removals",  # what was removed, at the end of its retention or by hand
        _text("removal", 32, unique=True),
        _text("rule"),  # CONS-…
        _text("subject"),  # SHA-256 of a file, delivery, publication or run
        sa.Column("export", sa.String),
        sa.Column("exercice", sa.Integer),
        _json("files"),  # SHA-256 of what was kept
        sa.Column("successor", sa.String(32)),  # the delivery that has had its rows since, generalised
        sa.Column("kept_until", sa.String),  # ISO date; NULL by hand
        sa.Column("reason", sa.String),
        sa.Column("removed_by", sa.String),
        _text("removed_at"),
    )
    table(
        "texts",  # how far someone said a text of a year was; the last statement counts, and only for the bytes it was made about
        _whole("exercice"),
        _text("text"),  # its path under contenu/<exercice>
        _text("sha256", 64),
        _text("state"),  # rédigé | relu | validé
        _text("stated_by"),
        _text("stated_at"),
    )
    table(
        "readings",  # texts typed by services that someone read and approved for the public profile
        _text("sha256", 64),  # of the text, which the ledger does not hold
        _text("read_table"),
        _text("read_column"),
        _whole("exercice"),
        _text("read_by"),
        _text("read_at"),
    )
    # one link per entry of any other table, in order of entry
    table("chain", _text("table_name"), _whole("row"), _text("hash", 64))
    return meta
