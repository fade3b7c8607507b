"""The ledger's tables (SQLAlchemy Core). Rows are only ever added; "current" is a query, never a column.

This is how today's code sees them. The file itself is made and changed by the migrations (``migrations/``), which a
test compares with this page. A migration may add a table or a nullable column: a chained row is never rewritten.
"""

import functools

import sqlalchemy as sa

REVISION = "0011"  # the last migration: what an open ledger must be at


@functools.cache
def metadata() -> sa.MetaData:
    """The MetaData with every table of the ledger."""
    meta = sa.MetaData()
    sa.Table(
        "deliveries",
        meta,
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("delivery", sa.String(32), nullable=False, unique=True),
        sa.Column("system", sa.String, nullable=False),
        sa.Column("export", sa.String, nullable=False),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("received_at", sa.String, nullable=False),
        sa.Column("manifest", sa.JSON, nullable=False),
    )
    sa.Table(
        "refusals",
        meta,  # deliveries that could not be read, or may not be accepted
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("refusal", sa.String(32), nullable=False, unique=True),
        sa.Column("system", sa.String, nullable=False),
        sa.Column("export", sa.String, nullable=False),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("refused_at", sa.String, nullable=False),
        sa.Column("delivery", sa.String(32)),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("rule", sa.JSON, nullable=False),
    )
    sa.Table(
        "verdicts",
        meta,
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("verdict", sa.String(32), nullable=False, unique=True),
        sa.Column("delivery", sa.String(32), nullable=False, index=True),
        sa.Column("table_name", sa.String, nullable=False),
        sa.Column("suite", sa.String(64), nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("judged_at", sa.String, nullable=False),
        sa.Column("results", sa.JSON, nullable=False),
    )
    sa.Table(
        "acceptances",
        meta,
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("delivery", sa.String(32), nullable=False),
        sa.Column("system", sa.String, nullable=False),
        sa.Column("export", sa.String, nullable=False),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("verdicts", sa.JSON, nullable=False),
        sa.Column("accepted_at", sa.String, nullable=False),
    )
    sa.Table(
        "outcomes",
        meta,  # the order of acceptances and refusals, without the clock; one row per change of outcome
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("system", sa.String, nullable=False),
        sa.Column("export", sa.String, nullable=False),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),  # accepted | refused
        sa.Column("subject", sa.String(32), nullable=False),  # delivery or refusal
        sa.Column("decided_at", sa.String, nullable=False),
    )
    sa.Table(
        "builds",
        meta,
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("build", sa.String(32), nullable=False),
        sa.Column("built_at", sa.String, nullable=False),
        sa.Column("succeeded", sa.Boolean, nullable=False),
        sa.Column("deliveries", sa.JSON, nullable=False),
        sa.Column("tests", sa.JSON, nullable=False),  # [{name, status, failures}]
    )
    sa.Table(
        "warehouses",
        meta,  # the file of each build: the next one may only start as its copy
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("build", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("is_whole", sa.Boolean, nullable=False),  # every model was built
        sa.Column("made_at", sa.String, nullable=False),
        sa.Column("project", sa.String(64)),  # what it was made by; empty in an older home
        sa.Column("sources", sa.JSON),  # the hash of each table that it was filled with
    )
    sa.Table(
        "findings",
        meta,
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("finding", sa.String(32), nullable=False),
        sa.Column("build", sa.String(32), nullable=False, index=True),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("found_at", sa.String, nullable=False),
        sa.UniqueConstraint("finding", "build"),
    )
    sa.Table(
        "publications",
        meta,
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("publication", sa.String(32), nullable=False),
        sa.Column("build", sa.String(32), nullable=False),
        sa.Column("published_at", sa.String, nullable=False),
        sa.Column("state", sa.String(64)),  # SHA-256 of its state.json; NULL before there was one
    )
    sa.Table(
        "writings",
        meta,  # what was written after a state was entered, and prints the head that was reached then
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("subject", sa.String, nullable=False, index=True),  # publication or release
        sa.Column("files", sa.JSON, nullable=False),  # path in the home → SHA-256
        sa.Column("written_at", sa.String, nullable=False),
    )
    sa.Table(
        "keys",
        meta,  # the key that pseudonyms are made with; the last one counts
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("entered_at", sa.String, nullable=False),
    )
    sa.Table(
        "disclosures",
        meta,  # what public profiles revealed about persons, once each: it can never be taken back
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String, nullable=False),  # exercice, population and choice of levels
        sa.Column("value", sa.String, nullable=False),  # decimal
        sa.Column("disclosed_at", sa.String, nullable=False),
        sa.UniqueConstraint("name", "value"),
    )
    sa.Table(
        "populations",
        meta,  # what was public of the staff of an exercice, and the persons behind it, as archived; the last one is public
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("archived_at", sa.String, nullable=False),
    )
    sa.Table(
        "withdrawals",
        meta,  # public profiles that were withdrawn
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("publication", sa.String(32), nullable=False),
        sa.Column("profile", sa.String(32), nullable=False),  # as the public manifest names it
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("withdrawn_by", sa.String, nullable=False),
        sa.Column("places", sa.JSON, nullable=False),
        sa.Column("withdrawn_at", sa.String, nullable=False),
    )
    sa.Table(
        "sendings",
        meta,  # reports that were sent to the members
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("release", sa.String, nullable=False),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("profile", sa.String, nullable=False),
        sa.Column("recipients", sa.JSON, nullable=False),  # code of a collectivité → its name then
        sa.Column("sent_on", sa.String, nullable=False),  # ISO date
        sa.Column("sent_by", sa.String, nullable=False),  # the way: courriel, remise en main propre
        sa.Column("files", sa.JSON, nullable=False),  # path in the folder of the sending → SHA-256
        sa.Column("entered_at", sa.String, nullable=False),
    )
    sa.Table(
        "sightings",
        meta,  # when a finding appeared, changed or went away; its current state is the last event
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("finding", sa.String(32), nullable=False, index=True),
        sa.Column("event", sa.String, nullable=False),  # seen | changed | gone
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("seen_at", sa.String, nullable=False),
    )
    sa.Table(
        "decisions",
        meta,  # what someone decided about a finding; a later decision replaces it, none is removed
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("finding", sa.String(32), nullable=False, index=True),
        sa.Column("choice", sa.String, nullable=False),  # accepted | withdrawn
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("decided_by", sa.String, nullable=False),
        sa.Column("until", sa.String),  # ISO date, the last day on which it holds; NULL without end
        sa.Column("content", sa.JSON, nullable=False),  # the finding at that moment
        sa.Column("decided_at", sa.String, nullable=False),
    )
    sa.Table(
        "releases",
        meta,  # years that were frozen
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("release", sa.String, nullable=False, unique=True),  # 2020-v1
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("build", sa.String(32), nullable=False),
        sa.Column("visas", sa.JSON, nullable=False),  # {prepared_by, reviewed_by, approved_by}
        sa.Column("reason", sa.String),
        sa.Column("released_at", sa.String, nullable=False),
        sa.Column("state", sa.String(64)),  # SHA-256 of its state.json; NULL before there was one
    )
    sa.Table(
        "purges",
        meta,  # originals removed at the end of their retention, before there was ``removals``
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("export", sa.String, nullable=False),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("kept_until", sa.String, nullable=False),
        sa.Column("purged_at", sa.String, nullable=False),
    )
    sa.Table(
        "removals",
        meta,  # what was removed, at the end of its retention or by hand
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("removal", sa.String(32), nullable=False, unique=True),
        sa.Column("rule", sa.String, nullable=False),  # CONS-…
        sa.Column("subject", sa.String, nullable=False),  # SHA-256 of a file, delivery, publication or run
        sa.Column("export", sa.String),
        sa.Column("exercice", sa.Integer),
        sa.Column("files", sa.JSON, nullable=False),  # SHA-256 of what was kept
        sa.Column("successor", sa.String(32)),  # the delivery that has had its rows since, generalised
        sa.Column("kept_until", sa.String),  # ISO date; NULL by hand
        sa.Column("reason", sa.String),
        sa.Column("removed_by", sa.String),
        sa.Column("removed_at", sa.String, nullable=False),
    )
    sa.Table(
        "texts",
        meta,  # how far someone said a text of a year was; the last statement counts, and only for the bytes it was made about
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("exercice", sa.Integer, nullable=False),
        sa.Column("text", sa.String, nullable=False),  # its path under contenu/<exercice>
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String, nullable=False),  # rédigé | relu | validé
        sa.Column("stated_by", sa.String, nullable=False),
        sa.Column("stated_at", sa.String, nullable=False),
    )
    sa.Table(
        "chain",
        meta,  # one link per entry of any other table, in order of entry
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("table_name", sa.String, nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    return meta
