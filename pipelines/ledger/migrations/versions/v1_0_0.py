"""The ledger of version 1.0.0, the first that anybody can have."""

from alembic import op

from pipelines.ledger.migrations.append_only import append_only

revision = "1.0.0"
down_revision = None

EXPORT = "system varchar not null, export varchar not null, exercice integer not null"
TABLES = {
    "deliveries": f"delivery varchar(32) not null, {EXPORT}, received_at varchar not null, manifest json not null, "
    "unique (delivery)",
    "refusals": f"refusal varchar(32) not null, {EXPORT}, refused_at varchar not null, delivery varchar(32), "
    "files json not null, rule json not null, unique (refusal)",
    "verdicts": "verdict varchar(32) not null, delivery varchar(32) not null, table_name varchar not null, "
    "suite varchar(64) not null, accepted boolean not null, judged_at varchar not null, results json not null, "
    "unique (verdict)",
    "acceptances": f"delivery varchar(32) not null, {EXPORT}, verdicts json not null, accepted_at varchar not null",
    "outcomes": f"{EXPORT}, outcome varchar not null, subject varchar(32) not null, decided_at varchar not null",
    "builds": "build varchar(32) not null, built_at varchar not null, succeeded boolean not null, "
    "deliveries json not null, tests json not null",
    "warehouses": "build varchar(32) not null, sha256 varchar(64) not null, is_whole boolean not null, "
    "made_at varchar not null, project varchar(64) not null, sources json not null",
    "findings": "finding varchar(32) not null, build varchar(32) not null, content json not null, "
    "found_at varchar not null, unique (finding, build)",
    "publications": "publication varchar(32) not null, build varchar(32) not null, published_at varchar not null, "
    "state varchar(64) not null",
    "closings": "sums varchar not null, sha256 varchar(64), alike varchar(64), closed_at varchar not null",
    "keys": "fingerprint varchar not null, entered_at varchar not null",
    "disclosures": "name varchar not null, value varchar not null, disclosed_at varchar not null, unique (name, value)",
    "populations": "exercice integer not null, sha256 varchar(64) not null, archived_at varchar not null",
    "withdrawals": "publication varchar(32) not null, profile varchar(32) not null, reason varchar not null, "
    "withdrawn_by varchar not null, places json not null, withdrawn_at varchar not null",
    "sendings": "release varchar not null, exercice integer not null, profile varchar not null, recipients json not null, "
    "sent_on varchar not null, sent_by varchar not null, files json not null, entered_at varchar not null",
    "sightings": "finding varchar(32) not null, event varchar not null, content json not null, seen_at varchar not null",
    "decisions": "finding varchar(32) not null, choice varchar not null, reason varchar not null, "
    "decided_by varchar not null, until varchar, content json not null, decided_at varchar not null",
    "releases": "release varchar not null, exercice integer not null, version integer not null, "
    "fingerprint varchar(64) not null, build varchar(32) not null, visas json not null, reason varchar, "
    "released_at varchar not null, state varchar(64) not null, unique (release)",
    "removals": "removal varchar(32) not null, rule varchar not null, subject varchar not null, export varchar, "
    "exercice integer, files json not null, successor varchar(32), kept_until varchar, reason varchar, "
    "removed_by varchar, removed_at varchar not null, unique (removal)",
    "texts": "exercice integer not null, text varchar not null, sha256 varchar(64) not null, state varchar not null, "
    "stated_by varchar not null, stated_at varchar not null",
    "readings": "sha256 varchar(64) not null, read_table varchar not null, read_column varchar not null, "
    "exercice integer not null, read_by varchar not null, read_at varchar not null",
    "chain": 'table_name varchar not null, "row" integer not null, hash varchar(64) not null',
}
INDEXED = {
    "verdicts": "delivery",
    "findings": "build",
    "closings": "sums",
    "sightings": "finding",
    "decisions": "finding",
}


def upgrade() -> None:
    """Make the tables, whose rows can only be added."""
    for table, columns in TABLES.items():
        op.execute(f"create table {table} (seq integer not null primary key, {columns})")
    for table, column in INDEXED.items():
        op.execute(f"create index ix_{table}_{column} on {table} ({column})")
    append_only(*TABLES)


def downgrade() -> None:
    """There is nothing before: a ledger is never undone."""
    raise NotImplementedError("the ledger is append-only: restore a copy instead")
