"""A publication on a real PostgreSQL: exact, described, readable only, swapped whole under its readers, free of secrets."""

import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import duckdb
import psycopg
import pytest
from psycopg import sql

from pipelines.catalogue.dbt.project import Link
from pipelines.catalogue.load import load_catalogue
from pipelines.settings import Server
from pipelines.stages.publish import postgres
from pipelines.stages.publish.freshness import FRESHNESS
from pipelines.stages.publish.postgres import NotServed, remove, serve
from pipelines.stages.publish.postgres_tables import NoSuchType, postgres_type
from pipelines.stages.publish.profiles import NotPublished
from tests.deliveries import Depot
from tests.services import PostgreSQL, postgresql
from tests.stages.publish.publication import add_public, keyed, publish_small
from tests.stages.transform.conftest import Lab

SECRET = "ne-doit-pas-sortir"
LINKS = {"fct_depenses": [Link("code_commune", "dim_commune", "code_commune")]}
# of a warehouse of ``publish_small``: a table of another shape; one commune less, with what was spent there
ANOTHER_SHAPE = "alter table marts.dim_commune add column ajoutee integer; update marts.dim_commune set ajoutee = {n};"
GONE_COMMUNE = (
    "update marts.fct_depenses set code_commune = '94054' where code_commune is not null;"
    "delete from marts.dim_commune where code_commune = '94022';"
)


@pytest.fixture(scope="module")
def running() -> Iterator[PostgreSQL]:
    with postgresql() as server:
        yield server


@pytest.fixture
def database(running: PostgreSQL, request) -> Iterator[str]:
    """The name of a database of this test's own; its roles go with it."""
    name = f"essai_{abs(hash(request.node.name)) % 10**9}"
    with psycopg.connect(running.url(), autocommit=True) as admin:
        admin.execute(f"create database {name}")
        admin.execute(f"revoke connect, temporary on database {name} from public")
        yield name
        admin.execute(f"drop database {name} with (force)")
        for (role,) in admin.execute("select rolname from pg_roles where rolname ~ '^(millesime|bi_)'").fetchall():
            admin.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


@pytest.fixture
def server(running: PostgreSQL, database: str) -> Server:
    return Server(running.url(database=database), "interne", "millesime_lecture", "")


@pytest.fixture
def lab(depot: Depot) -> Lab:
    return keyed(Lab(depot))


def ask(server: Server, query: str, role: str | None = None) -> list[tuple]:
    with psycopg.connect(server.url) as connection:
        if role:
            connection.execute(f"set role {role}")
        return connection.execute(query).fetchall()


def base_of(server: Server) -> str:
    return psycopg.conninfo.conninfo_to_dict(server.url)["dbname"]


def run(server: Server, *orders: str) -> None:
    with psycopg.connect(server.url) as connection:
        for order in orders:
            connection.execute(order)


def schemas(server: Server) -> list[str]:
    rows = ask(server, r"select nspname from pg_namespace where nspname !~ '^pg_|information_schema|public' order by 1")
    return [name for (name,) in rows]


# what is there ------------------------------------------------------------


def test_every_value_is_the_published_one(lab: Lab, server: Server):
    identity = publish_small(lab, rows=1000)
    served = serve(lab.home.published, server)
    assert (served.publication, served.is_new, served.notes) == (identity, True, [])
    assert schemas(server) == ["audit", "marts", "rapport"]
    with duckdb.connect() as db:
        db.execute(f"attach '{lab.home.published / 'millesime.duckdb'}' as p (read_only)")
        for table in served.rows.keys() - {FRESHNESS}:
            published = db.execute(f"select * from p.{table}").fetchall()
            there = ask(server, f"select * from {table}")
            assert len(there) == served.rows[table] == len(published)
            assert {(*row, "b1") for row in published} == set(there), table
    assert ask(server, "select montant_eur from marts.fct_depenses where numero = 7") == [(Decimal("2.07"),)]
    kinds = ask(
        server,
        "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'marts.fct_depenses'::regclass "
        "and attname in ('montant_eur', 'exercice', 'numero', 'date_mandat', 'objet') order by 1",
    )
    assert kinds == [
        ("date_mandat", "date"),
        ("exercice", "integer"),
        ("montant_eur", "numeric(18,2)"),
        ("numero", "bigint"),
        ("objet", "text"),
    ]


def test_comments_keys_and_indexes(lab: Lab, server: Server):
    identity = publish_small(lab)
    serve(lab.home.published, server)
    (comment,) = ask(server, "select obj_description('marts.dim_commune'::regclass)")[0]
    assert comment == f"Communes : l’annuaire. Construction b1, publication {identity}."
    assert ask(server, "select col_description('marts.dim_commune'::regclass, 1)") == [("Code Insee.",)]
    silent = ask(
        server,
        "select c.oid::regclass::text, attname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not attisdropped "
        "where relkind = 'r' and nspname = 'audit' "
        "and (obj_description(c.oid) is null or col_description(c.oid, a.attnum) is null)",
    )
    assert silent == []
    indexes = ask(server, "select indexdef from pg_indexes where schemaname in ('marts', 'rapport') order by 1")
    defined = {text.partition(" ON ")[2] + (" !" if "UNIQUE" in text else "") for (text,) in indexes}
    assert defined == {
        "marts.dim_commune USING btree (code_commune) !",
        "marts.fct_depenses USING btree (exercice, numero) !",
        "marts.fct_depenses USING btree (code_commune)",
        "rapport.chiffres USING btree (code, exercice) !",
        "rapport.chiffres USING btree (exercice)",
        "rapport.fraicheur USING btree (objet) !",
    }


def test_freshness_says_what_every_table_holds(lab: Lab, server: Server):
    identity = publish_small(lab, n=3)
    served = serve(lab.home.published, server)
    rows = ask(server, "select objet, nb_lignes, construction, publication, profil, publiee_le from rapport.fraicheur")
    assert {row[0]: row[1] for row in rows} == {name: n for name, n in served.rows.items() if name != FRESHNESS}
    assert dict(ask(server, "select objet, dernier_exercice from rapport.fraicheur where objet !~ '^audit'")) == {
        "marts.dim_commune": None,
        "marts.fct_depenses": 2020,
        "rapport.chiffres": 2021,
    }
    assert {row[2:5] for row in rows} == {("b3", identity, "interne")}
    with psycopg.connect(server.url) as connection:
        assert connection.execute("select max(publiee_le) <= now() from rapport.fraicheur").fetchone() == (True,)


def test_the_same_publication_is_not_copied_again(lab: Lab, server: Server):
    publish_small(lab)
    serve(lab.home.published, server)
    before = ask(server, "select publiee_le from rapport.fraicheur")
    again = serve(lab.home.published, server)
    assert (again.is_new, again.rows) == (False, {})
    assert ask(server, "select publiee_le from rapport.fraicheur") == before
    assert schemas(server) == ["audit", "marts", "rapport"]


def test_a_prefix_leaves_the_names_of_others_alone(lab: Lab, server: Server):
    run(server, "create schema marts", "create table marts.t (a int)")
    publish_small(lab)
    with pytest.raises(NotServed, match=r"\(marts\).*MILLESIME_PUBLISH_PREFIX"):
        serve(lab.home.published, server)
    assert schemas(server) == ["marts"]
    served = serve(lab.home.published, Server(server.url, "interne", "millesime_lecture", "millesime_"))
    assert served.is_new and schemas(server) == ["marts", "millesime_audit", "millesime_marts", "millesime_rapport"]


# profiles ------------------------------------------------------------


def test_the_public_profile_leaves_nothing_internal_behind(lab: Lab, server: Server):
    public = Server(server.url, "public", "millesime_lecture", "")
    publish_small(lab, 1)
    shutil.rmtree(lab.home.published / "public")
    with pytest.raises(NotPublished, match="pas de profil public"):
        serve(lab.home.published, public)
    serve(lab.home.published, server)
    publish_small(lab, 2)
    serve(lab.home.published, server)
    identity = add_public(lab)
    assert serve(lab.home.published, public).publication == identity
    assert schemas(server) == ["rapport"]
    assert ask(server, "select count(*), count(valeur) from rapport.chiffres") == [(4, 0)]


def test_what_is_public_is_taken_off_the_server(lab: Lab, server: Server):
    public = Server(server.url, "public", "millesime_lecture", "")
    run(server, "create schema autre")
    for n in (1, 2):
        publish_small(lab, n)
        add_public(lab)
        serve(lab.home.published, public)
    assert schemas(server) == ["autre", "rapport"]
    assert remove(public) and schemas(server) == ["autre"]
    assert not remove(public)


def test_an_unknown_profile_is_refused(lab: Lab, server: Server):
    with pytest.raises(NotServed, match="MILLESIME_PUBLISH_PROFILE"):
        serve(lab.home.published, Server(server.url, "tout", "r", ""))


# rights ------------------------------------------------------------


def test_the_role_reads_and_does_nothing_else(lab: Lab, server: Server):
    publish_small(lab)
    serve(lab.home.published, server)
    publish_small(lab, 2)
    serve(lab.home.published, server)
    tables = [name for (name,) in ask(server, "select objet from rapport.fraicheur")] + ["rapport.fraicheur"]
    for table in tables:
        assert ask(server, f"select count(*) from {table}", role="millesime_lecture")[0][0] >= 0
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("set role millesime_lecture")
        for order in (
            "insert into marts.dim_commune values ('1', 'x')",
            "update rapport.chiffres set valeur = 0",
            "delete from marts.fct_depenses",
            "truncate marts.fct_depenses",
            "drop table rapport.chiffres",
            "alter table rapport.chiffres add column a int",
            "create table marts.t (a int)",
            "alter schema marts rename to autre",
            "create schema autre",
            "comment on table rapport.chiffres is 'x'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(order)
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("lock table rapport.fraicheur in share row exclusive mode")  # what a copy takes


def test_what_was_granted_is_kept_while_a_table_has_the_same_shape(lab: Lab, server: Server):
    publish_small(lab)
    serve(lab.home.published, server)
    run(
        server,
        "create role bi_tout; create role bi_colonne; create role bi_defaut",
        "grant usage on schema marts to bi_tout, bi_colonne, bi_defaut",
        "grant select on marts.dim_commune to bi_tout; grant select (libelle) on marts.dim_commune to bi_colonne",
        "alter default privileges in schema marts grant select on tables to bi_defaut",
    )
    publish_small(lab, 2)
    serve(lab.home.published, server)
    assert len(ask(server, "select * from marts.dim_commune", role="bi_tout")) == 2
    assert len(ask(server, "select libelle from marts.dim_commune", role="bi_colonne")) == 2
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(server, "select code_commune from marts.dim_commune", role="bi_colonne")
    publish_small(lab, 3, more=ANOTHER_SHAPE)
    serve(lab.home.published, server)
    assert len(ask(server, "select * from marts.dim_commune", role="bi_defaut")) == 2
    for role in ("bi_tout", "bi_colonne"):  # a table made again has what the server's default rights give
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(server, "select libelle from marts.dim_commune", role=role)


def test_an_account_that_may_not_make_roles_says_what_to_ask(running: PostgreSQL, lab: Lab, server: Server):
    run(
        server,
        "create role millesime_publie login",
        f"grant create, connect on database {base_of(server)} to millesime_publie",
    )
    account = Server(server.url.replace("postgres@", "millesime_publie@"), "interne", "millesime_lecture", "")
    publish_small(lab)
    (note,) = serve(lab.home.published, account).notes
    assert "create role millesime_lecture nologin" in note
    run(server, "create role millesime_lecture nologin")
    assert serve(lab.home.published, account).notes == []
    assert len(ask(server, "select * from rapport.chiffres", role="millesime_lecture")) == 4
    run(server, "drop owned by millesime_publie cascade")


def test_an_account_that_may_not_create_schemas_says_so(lab: Lab, server: Server):
    run(server, "create role millesime_rien login", f"grant connect on database {base_of(server)} to millesime_rien")
    publish_small(lab)
    with pytest.raises(NotServed, match=r"n’en a pas le droit \(SQLSTATE 42501\) : donner au compte CREATE"):
        serve(lab.home.published, Server(server.url.replace("postgres@", "millesime_rien@"), "interne", "r", ""))


def never_wait(server: Server) -> None:
    """Give the account a limit of its own for the locks of this database, which a copy keeps."""
    run(server, f"alter role postgres in database {base_of(server)} set lock_timeout = '300ms'")


@pytest.mark.parametrize(
    ("rights", "told"),
    [("connect, temporary", "CONNECT, TEMPORARY"), ("connect", "CONNECT"), ("temporary", "TEMPORARY")],
)
def test_a_database_that_any_login_may_enter_is_reported_at_each_copy(lab: Lab, server: Server, rights: str, told: str):
    run(server, f"grant {rights} on database {base_of(server)} to public")
    publish_small(lab)
    for _ in range(2):
        (note,) = serve(lab.home.published, server).notes
        assert note.startswith(f"tout compte du serveur garde {told} sur la base {base_of(server)} (PUBLIC)")
        assert f"`revoke {rights} on database {base_of(server)} from public`" in note
    run(server, f"revoke {rights} on database {base_of(server)} from public")
    assert serve(lab.home.published, server).notes == []


# views of the users ------------------------------------------------------------


def test_the_views_of_users_read_each_publication(lab: Lab, server: Server):
    """Those of a login that the publishing account knows nothing of, and the materialized ones, are as good."""
    publish_small(lab)
    serve(lab.home.published, server)
    run(
        server,
        "create schema bi; create role bi_auteur; grant all on schema bi to bi_auteur",
        "grant usage on schema rapport, marts to bi_auteur",
        "grant select on rapport.chiffres, marts.fct_depenses to bi_auteur",
        "set role bi_auteur",
        "create view bi.v with (security_barrier=true) as select c.valeur, d.version from rapport.chiffres c "
        "join marts.fct_depenses d using (exercice) where c.code = 'a.total' and c.exercice = 2019",
        "create view bi.w as select max(valeur) as valeur from bi.v",
        "create materialized view bi.m as select max(version) as version from marts.fct_depenses",
    )
    made = ask(server, "select relname, oid from pg_class where relnamespace = 'bi'::regnamespace order by 1")
    for n in (2, 3, 4):
        publish_small(lab, n)
        assert serve(lab.home.published, server).notes == []
        assert ask(server, "select valeur from bi.w", role="bi_auteur") == [(n,)]
        assert ask(server, "select distinct version from bi.v") == [(n,)]
        run(server, "refresh materialized view bi.m")
        assert ask(server, "select version from bi.m") == [(n,)]
    assert ask(server, "select relname, oid from pg_class where relnamespace = 'bi'::regnamespace order by 1") == made


def test_what_holds_a_table_whose_shape_changes_is_named_and_never_dropped(lab: Lab, server: Server):
    publish_small(lab)
    serve(lab.home.published, server)
    run(
        server,
        "create schema bi; create view bi.lue as select * from rapport.chiffres",
        "create view bi.tenue as select code_commune from marts.dim_commune",
        "create materialized view bi.figee as select code_commune from marts.dim_commune",
        "create table bi.suivi (code text references marts.dim_commune)",
    )
    publish_small(lab, 2, more=ANOTHER_SHAPE)
    with pytest.raises(NotServed) as caught:
        serve(lab.home.published, server)
    for held in ("view bi.tenue", "materialized view bi.figee", "on table bi.suivi"):
        assert f"{held} depends on table marts.dim_commune" in str(caught.value)
    assert "bi.lue" not in str(caught.value) and "CREATE" not in str(caught.value)  # that table does not change
    assert ask(server, "select max(version) from marts.fct_depenses") == [(1,)]
    assert schemas(server) == ["audit", "bi", "marts", "rapport"]
    run(server, "drop view bi.tenue; drop materialized view bi.figee; drop table bi.suivi")
    assert serve(lab.home.published, server).is_new
    assert ask(server, "select distinct ajoutee from marts.dim_commune") == [(2,)]
    assert ask(server, "select count(*) from bi.lue") == [(4,)]


# one table after the other ------------------------------------------------------------


def oids(server: Server) -> dict[str, int]:
    """``schema.table`` → what the server knows it by, and the file of its rows."""
    query = "select oid::regclass::text, oid, relfilenode from pg_class where relkind = 'r' and relnamespace::regnamespace::text = any(%s)"
    with psycopg.connect(server.url) as connection:
        rows = connection.execute(query, [["marts", "rapport", "audit"]]).fetchall()
    return {name: (oid, file) for name, oid, file in rows}


def test_a_table_is_made_anew_when_its_shape_changes_alone(lab: Lab, server: Server):
    publish_small(lab, 1)
    serve(lab.home.published, server, LINKS)
    before = oids(server)
    publish_small(lab, 2)
    serve(lab.home.published, server, LINKS)
    assert oids(server) == before
    publish_small(lab, 3, more=ANOTHER_SHAPE)
    serve(lab.home.published, server, LINKS)
    after = oids(server)
    assert {name for name in before if after[name] != before[name]} == {"marts.dim_commune"}
    assert ask(server, "select version, count(*) from marts.fct_depenses group by 1") == [(3, 100)]
    assert ask(server, "select distinct ajoutee from marts.dim_commune") == [(3,)]
    publish_small(lab, 4, more="drop table marts.dim_commune; create table marts.dim_pays as select 'FR' as code_pays;")
    serve(lab.home.published, server, LINKS)
    assert before.keys() - oids(server).keys() == {"marts.dim_commune"}
    assert ask(server, "select code_pays from marts.dim_pays") == [("FR",)]
    assert foreign_keys(server) == []


def test_rows_change_under_the_keys_of_others(lab: Lab, server: Server):
    publish_small(lab, 1)
    serve(lab.home.published, server)
    run(
        server,
        "create schema bi; create table bi.suivi (code text references marts.dim_commune deferrable initially deferred)",
        "insert into bi.suivi values ('94022')",
    )
    publish_small(lab, 2)
    assert serve(lab.home.published, server).is_new


def foreign_keys(server: Server) -> list[tuple]:
    return ask(
        server,
        "select conrelid::regclass::text, confrelid::regclass::text, convalidated from pg_constraint "
        "where contype = 'f' order by 1",
    )


def test_what_links_tables_is_a_foreign_key_and_rows_change_under_it(lab: Lab, server: Server):
    for n, more in ((1, ""), (2, GONE_COMMUNE), (3, ""), (4, ANOTHER_SHAPE + GONE_COMMUNE), (5, ANOTHER_SHAPE)):
        publish_small(lab, n, more=more)
        serve(lab.home.published, server, LINKS)
        assert foreign_keys(server) == [("marts.fct_depenses", "marts.dim_commune", True)]
        assert ask(server, "select distinct version from marts.fct_depenses") == [(n,)]
        known = ask(server, "select count(*) from marts.dim_commune")
        assert known == [(1 if GONE_COMMUNE in more else 2,)]
    before = oids(server)
    for n, code in ((6, "00000"), (7, "94022")):  # rows that break a link are published, and the link is not
        publish_small(
            lab, n, more=f"update marts.fct_depenses set code_commune = '{code}' where numero = 5;" + ANOTHER_SHAPE
        )
        serve(lab.home.published, server, LINKS)
        assert len(foreign_keys(server)) == (n == 7)
        assert ask(server, "select code_commune, version from marts.fct_depenses where numero = 5") == [(code, n)]
    assert oids(server) == before


def rows_in_files(running: PostgreSQL, server: Server) -> bytes:
    """All that the files of this database's tables hold; the planner's samples are the server's own affair."""
    with psycopg.connect(running.url(), autocommit=True) as admin:
        admin.execute("checkpoint")
    ((oid, samples),) = ask(
        server,
        "select oid, (select array_agg(pg_relation_filenode(c)::text) from unnest(array['pg_statistic'::regclass]) c) "
        "from pg_database where datname = current_database()",
    )
    folder = running.folder / "data" / "base" / str(oid)
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and path.name.partition("_")[0] not in samples]
    return b"".join(path.read_bytes() for path in files)


@pytest.mark.parametrize("why", ["removal", "profile"])
def test_what_is_to_disappear_leaves_the_rows_in_files(running: PostgreSQL, lab: Lab, server: Server, why: str):
    publish_small(lab, 1, more=f"update marts.dim_commune set libelle = '{SECRET}';")
    add_public(lab)
    serve(lab.home.published, server)
    assert SECRET.encode() in rows_in_files(running, server)
    if why == "profile":
        serve(lab.home.published, Server(server.url, "public", "millesime_lecture", ""))
    else:
        publish_small(lab, 2)
        serve(lab.home.published, server)  # emptied and filled again: the former rows are in the file still
        assert SECRET.encode() in rows_in_files(running, server)
        before = oids(server)
        assert serve(lab.home.published, server, removals=1).is_new
        assert {*before.values()} & {*oids(server).values()} == set()
        assert not serve(lab.home.published, server, removals=1).is_new
    assert SECRET.encode() not in rows_in_files(running, server)


# under readers, and against faults ------------------------------------------------------------


def read_on(url: str, stop, results) -> None:
    """Read until stopped: single queries over two schemas, none of which may mix two builds or fail."""
    seen, wrong, count = set(), [], 0
    query = (
        "select array_agg(distinct d._construction) || array_agg(distinct c._construction) || array_agg(distinct "
        "'b' || d.version), count(distinct numero) from marts.fct_depenses d, rapport.chiffres c"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        while not stop.is_set():
            try:
                builds, rows = connection.execute(query).fetchone()
            except psycopg.Error as error:
                wrong.append(repr(error))
                continue
            count += 1
            seen |= set(builds)
            if len(set(builds)) != 1 or rows != 400:
                wrong.append(f"{builds} {rows}")
    results.put((count, sorted(seen), wrong))


def wait_for(server: Server, query: str) -> None:
    """Until a query has an answer."""
    while not ask(server, query):
        time.sleep(0.01)


@pytest.mark.campaign(minutes=1)
def test_readers_see_no_error_and_no_mix_during_copies(lab: Lab, server: Server):
    publish_small(lab, 1, rows=400)
    serve(lab.home.published, server)
    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    readers = [context.Process(target=read_on, args=(server.url, stop, results)) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        wait_for(server, "select 1 from pg_stat_activity where query like 'select array_agg%' having count(*) = 2")
        for n in range(2, 8):  # two of them change the shape of a table
            publish_small(lab, n, rows=400, more=ANOTHER_SHAPE if n in (4, 5) else "")
            assert serve(lab.home.published, server).is_new
        time.sleep(0.3)
    finally:
        stop.set()
        found = [results.get(timeout=60) for _ in readers]
        for reader in readers:
            reader.join()
    for count, seen, wrong in found:
        assert wrong == []
        assert count > 10 and len(seen) > 2 and "b7" in seen


def test_a_transaction_that_never_ends_holds_no_copy_back_and_may_keep_to_one_publication(lab: Lab, server: Server):
    publish_small(lab, 1)
    serve(lab.home.published, server)
    publish_small(lab, 2)
    with psycopg.connect(server.url) as whole, psycopg.connect(server.url) as usual:
        whole.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        for reader in (whole, usual):
            assert reader.execute("select max(version) from marts.fct_depenses").fetchone() == (1,)
        assert serve(lab.home.published, server).is_new
        for query in (
            "select max(_construction) from rapport.chiffres",
            "select max(construction) from rapport.fraicheur",
        ):
            assert whole.execute(query).fetchone() == ("b1",)
            assert usual.execute(query).fetchone() == (
                "b2",
            )  # READ COMMITTED: each statement, the publication of its moment


def test_a_reader_that_never_ends_holds_a_change_of_shape_back(lab: Lab, server: Server):
    publish_small(lab, 1)
    serve(lab.home.published, server)
    publish_small(lab, 2, more=ANOTHER_SHAPE)
    with psycopg.connect(server.url) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        assert reader.execute("select max(version) from marts.fct_depenses").fetchone() == (1,)
        with pytest.raises(NotServed, match="des lecteurs retiennent la publication précédente"):
            serve(lab.home.published, server)
        # the table that would be another is still there, full, to the transaction that has read of its publication
        assert reader.execute("select count(*) from marts.dim_commune").fetchone() == (2,)
    assert serve(lab.home.published, server).is_new
    assert ask(server, "select max(version) from marts.fct_depenses") == [(2,)]


@pytest.mark.parametrize("more", ["", "alter table rapport.chiffres add column ajoutee integer;"])
def test_a_query_that_looks_its_tables_up_during_the_copy_reads_one_publication(lab: Lab, server: Server, more: str):
    publish_small(lab, 1)
    serve(lab.home.published, server)
    publish_small(lab, 2, more=more)
    query = "select max(d.version), max(c._construction) from marts.fct_depenses d, rapport.chiffres c"
    with (
        psycopg.connect(server.url, autocommit=True) as slow,
        psycopg.connect(server.url, autocommit=True) as early,
        ThreadPoolExecutor() as threads,
    ):
        slow.execute("begin; lock table rapport.chiffres in access exclusive mode")
        # it has found fct_depenses, and waits for chiffres, while the copy waits for both
        read = threads.submit(lambda: early.execute(query).fetchone())
        wait_for(server, "select 1 from pg_locks where not granted")
        served = threads.submit(serve, lab.home.published, server)
        while not (served.done() or ask(server, "select 1 from pg_locks where not granted having count(*) > 1")):
            time.sleep(0.01)
        slow.execute("commit")
        assert read.result(timeout=60) in [(1, "b1"), (2, "b2")]
        assert served.result(timeout=60).is_new
        assert early.execute(query).fetchone() == (2, "b2")


def test_two_publishers_do_not_meet(lab: Lab, server: Server):
    publish_small(lab)
    serve(lab.home.published, server)
    publish_small(lab, 2)
    never_wait(server)
    with psycopg.connect(server.url) as other:
        postgres._held_alone(other.cursor(), "", ["rapport"])
        started = time.monotonic()
        with pytest.raises(NotServed, match="une autre publication est en cours de copie"):
            serve(lab.home.published, server)
        assert time.monotonic() - started < 4  # and not the usual 5 s
    assert serve(lab.home.published, server).is_new


CHILD = """
import sys
from pathlib import Path
from pipelines.stages.publish.postgres import serve
from pipelines.catalogue.load import load_catalogue
from pipelines.settings import Server
serve(Path(sys.argv[1]), Server(sys.argv[2], "interne", "millesime_lecture", ""))
"""


def halfway(lab: Lab, server: Server) -> subprocess.Popen:
    """A publisher in the middle of its rows."""
    publisher = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(lab.home.published), server.url], stderr=subprocess.PIPE, text=True
    )
    while not ask(server, "select 1 from pg_stat_progress_copy where bytes_processed > 1e6"):
        assert publisher.poll() is None, publisher.stderr.read()
        time.sleep(0.005)
    return publisher


def test_a_killed_publisher_leaves_the_former_publication_whole(lab: Lab, server: Server):
    publish_small(lab, 1)
    serve(lab.home.published, server)
    publish_small(lab, 2, rows=400_000)
    publisher = halfway(lab, server)
    os.kill(publisher.pid, signal.SIGKILL)
    publisher.communicate()
    assert ask(server, "select max(version), count(*) from marts.fct_depenses") == [(1, 100)]
    assert schemas(server) == ["audit", "marts", "rapport"]
    assert serve(lab.home.published, server).is_new
    assert ask(server, "select max(version), count(*) from marts.fct_depenses") == [(2, 400_000)]


def test_a_server_that_stops_halfway_keeps_the_former_publication(lab: Lab):
    with postgresql() as own:
        server = Server(own.url(), "interne", "millesime_lecture", "")
        publish_small(lab, 1)
        serve(lab.home.published, server)
        publish_small(lab, 2, rows=400_000)
        publisher = halfway(lab, server)
        own.stop()
        _, said = publisher.communicate(timeout=120)
        assert publisher.returncode == 1
        assert "NotServed: PostgreSQL 127.0.0.1/postgres : la connexion est perdue : publier de nouveau." in said
        own.start()
        assert ask(server, "select max(version), count(*) from marts.fct_depenses") == [(1, 100)]
        assert schemas(server) == ["audit", "marts", "rapport"]
        assert serve(lab.home.published, server).is_new


# secrets ------------------------------------------------------------


def addresses(running: PostgreSQL, silent: int) -> dict[str, str]:
    return {
        "refuse le compte": running.url("inconnu", SECRET),
        "refuse le compte, son mot de passe ou la base": running.url("postgres", SECRET, "absente"),
        "ne répond pas en 2 s": f"postgresql://u:{SECRET}@127.0.0.1:{silent}/x?connect_timeout=2",
        "n’est pas une adresse de la forme": f"postgresql://u:{SECRET}@127.0.0.1:port/x?{SECRET}",
    }


def test_no_message_holds_the_password(running: PostgreSQL, lab: Lab, caplog):
    publish_small(lab)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for expected, url in addresses(running, silent.getsockname()[1]).items():
            server = Server(url, "interne", "millesime_lecture", "")
            with pytest.raises(NotServed, match=expected) as caught:
                serve(lab.home.published, server)
            assert SECRET not in str(caught.value) + repr(server) + caplog.text
            assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_value_that_the_server_refuses_is_not_repeated(lab: Lab, server: Server):
    publish_small(lab)
    file = lab.home.published.resolve() / "millesime.duckdb"
    with duckdb.connect(str(file)) as db:
        db.execute(f"update marts.dim_commune set libelle = '{SECRET}' || chr(0)")
    with pytest.raises(NotServed, match="SQLSTATE 22021") as caught:
        serve(lab.home.published, server)
    assert SECRET not in str(caught.value)
    assert schemas(server) == []


# types and keys ------------------------------------------------------------


def test_a_type_without_counterpart_is_refused():
    assert postgres_type("DECIMAL(38,6)", "t.c") == "numeric(38,6)"
    with pytest.raises(NoSuchType, match=r"t\.c est du type VARCHAR\[\]"):
        postgres_type("VARCHAR[]", "t.c")


def test_every_published_model_has_a_key_that_dbt_proves():
    from pipelines.defs.publish import published_models

    models = {model for _, model in published_models(load_catalogue())}
    assert models and models - load_catalogue().project.keys.keys() == set()


# restreint ------------------------------------------------------------

PERSONS = """
create schema if not exists restreint;
create or replace table restreint.fct_agents as select 2020 as exercice, 'F' as sexe, '' as note, 1::bigint as nb_agents;
comment on table restreint.fct_agents is 'Agents.'; comment on column restreint.fct_agents.sexe is 'F ou M.';
"""


@pytest.fixture
def few(server: Server) -> Server:
    """The same server, with a role that may read ``restreint``."""
    return replace(server, restricted="bi_drh")


def publish_persons(lab: Lab, server: Server, n: int = 1):
    publish_small(lab, n, more=PERSONS)
    return serve(lab.home.published, server)


def test_restreint_is_read_by_its_role_and_by_no_other(lab: Lab, few: Server):
    run(few, "create role bi_autre")
    served = publish_persons(lab, few)
    assert served.rows["restreint.fct_agents"] == 1
    assert ask(few, "select * from restreint.fct_agents", role="bi_drh") == [(2020, "F", "", 1, "b1")]
    assert ask(few, "select col_description('restreint.fct_agents'::regclass, 2)") == [("F ou M.",)]
    for role in ("millesime_lecture", "bi_autre"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(few, "select * from restreint.fct_agents", role=role)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(few, "select * from marts.dim_commune", role="bi_drh")  # a role of its own
    assert "restreint" not in str(ask(few, "select objet from rapport.fraicheur"))


def test_no_default_right_of_the_server_opens_restreint(lab: Lab, few: Server):
    run(
        few,
        "create role millesime_lecture; create role bi_tous",
        "alter default privileges grant select on tables to millesime_lecture, bi_tous, public",
        "alter default privileges grant usage on schemas to millesime_lecture, bi_tous, public",
    )
    publish_persons(lab, few)
    run(few, "grant usage on schema restreint to bi_tous; grant select on restreint.fct_agents to bi_tous")
    publish_persons(lab, few, 2)
    for role in ("millesime_lecture", "bi_tous"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(few, "select * from restreint.fct_agents", role=role)
    run(few, "alter default privileges revoke all on tables from millesime_lecture, bi_tous, public")
    run(few, "alter default privileges revoke all on schemas from millesime_lecture, bi_tous, public")


def test_without_its_role_or_in_the_public_profile_restreint_leaves_the_server(lab: Lab, server: Server, few: Server):
    publish_persons(lab, server)
    assert "restreint" not in schemas(server)
    serve(lab.home.published, few)  # the publication is the same
    assert "restreint" in schemas(server)
    serve(lab.home.published, server)
    assert "restreint" not in schemas(server)
    serve(lab.home.published, few)
    add_public(lab)
    serve(lab.home.published, replace(few, profile="public"))
    assert "restreint" not in schemas(server)


@pytest.mark.parametrize("way", ["the same role", "a member"])
def test_a_role_that_reads_the_rest_is_refused(lab: Lab, server: Server, few: Server, way: str):
    if way == "a member":
        run(few, "create role millesime_lecture; create role bi_drh; grant bi_drh to millesime_lecture")
    else:
        few = replace(few, restricted=few.role)
    with pytest.raises(NotServed, match="MILLESIME_RESTREINT_ROLE"):
        publish_persons(lab, few)
    assert schemas(server) == []


def test_a_schema_of_somebody_else_is_left_alone(lab: Lab, server: Server, few: Server):
    run(few, "create schema restreint", "create table restreint.a_eux (a int)")
    with pytest.raises(NotServed, match=r"que millesime n’a pas créé \(restreint\)"):
        publish_persons(lab, few)
    serve(lab.home.published, server)
    assert ask(few, "select count(*) from restreint.a_eux") == [(0,)]
