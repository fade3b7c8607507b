#!/bin/sh
# Creates the databases of a new server, each with its own owner: Dagster's storage, and the publication.
set -eu
export SECRETS="${SECRETS:-/run/secrets}"
run() { psql -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" "$@"; }
for name in dagster publish; do
    export NAME="$name"
    run -v name="$name" <<'SQL'
\set word `cat "$SECRETS/${NAME}_password"`
create role :"name" login password :'word';
create database :"name" owner :"name";
revoke all on database :"name" from public;
SQL
done
# who reads the publication: docs/bi.md
run -d publish -c 'create role millesime_lecture' -c 'grant connect on database publish to millesime_lecture'
