"""A publication is swapped in whole: a reader sees the old one or the new one, and the same content gives the same bytes."""

import errno
import hashlib
import json
import os
import re
import shutil
import threading
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.disk import sha256_of
from pipelines.evidence.findings import gather
from pipelines.evidence.verify import verify
from pipelines.ledger.records import Finding
from pipelines.ledger.state import read_state
from pipelines.ledger.store import open_ledger
from pipelines.locking import only_writer
from pipelines.publication import PUBLIC
from pipelines.stages.publish.audit_schema import TABLES
from pipelines.stages.publish.profiles import NotPublished
from pipelines.stages.publish.swap import KEPT, OtherBuild, publish
from pipelines.stages.publish.withdraw import withdraw
from pipelines.stages.report.write import edition_of, write_report
from tests.deliveries import Depot
from tests.runs.collect.killing import FORMER
from tests.stages.publish.small import FIGURE, Broken, ask, published, show, show_staff, staff, warehouse
from tests.stages.report.publication import SOURCES
from tests.stages.transform.conftest import Lab


def files(lab: Lab) -> dict[str, str]:
    return {
        str(path.relative_to(lab.home.published.resolve())): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(lab.home.published.resolve().rglob("*"))
        if path.is_file()
    }


def test_what_is_published(lab: Lab):
    warehouse(lab)
    identity = published(lab)
    assert str(lab.home.published.readlink()) == f"builds/{identity}"
    assert sorted(files(lab)) == sorted(
        [
            "state.json",
            "ledger.db",
            "SHA256SUMS",
            "millesime.duckdb",
            "marts/dim_a.parquet",
            "marts/fct_b.parquet",
            "rapport/chiffres.parquet",
            "rapport/fraicheur.parquet",
            "public/manifest.json",
            "public/rapport_public.duckdb",
            "public/rapport/chiffres.parquet",
            "public/rapport/fraicheur.parquet",
            *(f"audit/{name}.parquet" for name in TABLES),
        ]
    )
    state = read_state(lab.home.published)
    assert sha256_of(lab.home.published / "state.json")[:32] == identity and state["build"] == "b1"
    covered = {name for name in files(lab) if name.endswith(".parquet")} | {"public/manifest.json"}
    assert state["files"] == {name: sha for name, sha in files(lab).items() if name in covered}
    tables = ask(lab, "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'p'")
    assert {name for (name,) in tables} == {
        name.removesuffix(".parquet").replace("/", ".") for name in covered if not name.startswith("public/")
    }
    assert not (lab.home.published / "millesime.duckdb.wal").exists()


def test_the_database_is_not_named_like_a_schema(lab: Lab):
    """Of a file ``rapport.duckdb`` that has a schema ``rapport``, every client takes ``rapport.chiffres`` for a catalog's."""
    warehouse(lab)
    published(lab)
    file = lab.home.published / "millesime.duckdb"
    for schema in ("rapport", "marts", "audit"):
        with duckdb.connect(str(file), read_only=True) as db:
            for (table,) in db.execute(
                f"select table_name from duckdb_tables() where schema_name = '{schema}'"
            ).fetchall():
                db.execute(f"select count(*) from {schema}.{table}")
    assert [name for name in read_state(lab.home.published)["tables"]] == [
        "millesime.duckdb",
        "public/rapport_public.duckdb",
    ]
    with duckdb.connect(str(file), read_only=True) as db:
        assert db.execute("select block_size from pragma_database_size()").fetchone() == (16_384,)


def test_keys_and_comments_are_kept(lab: Lab):
    show(lab)
    constraints = ask(
        lab,
        "select table_name, constraint_type, constraint_column_names from duckdb_constraints() "
        "where database_name = 'p' and schema_name = 'marts' and constraint_type in ('PRIMARY KEY', 'CHECK') order by all",
    )
    assert constraints == [
        ("dim_a", "CHECK", ["code"]),
        ("dim_a", "PRIMARY KEY", ["code"]),
        ("fct_b", "PRIMARY KEY", ["exercice", "code"]),
    ]
    assert ask(lab, "select comment from duckdb_tables() where database_name = 'p' and table_name = 'dim_a'") == [
        ("Dimension de l’essai : l'article",)
    ]
    assert ask(
        lab,
        "select column_name, comment from duckdb_columns() where database_name = 'p' and table_name = 'dim_a' "
        "and comment is not null",
    ) == [("code", "Code")]
    silent = ask(
        lab,
        "select table_name, column_name from duckdb_columns() where database_name = 'p' "
        "and schema_name = 'audit' and comment is null",
    )
    assert silent == []


def test_the_audit_has_keys_and_says_what_is_always_filled(lab: Lab):
    show(lab)
    keys = ask(
        lab,
        "select table_name from duckdb_constraints() where database_name = 'p' and schema_name = 'audit' "
        "and constraint_type = 'PRIMARY KEY' order by 1",
    )
    assert {name for (name,) in keys} == TABLES.keys()
    empty = ask(
        lab,
        "select table_name, list(column_name order by column_index) from duckdb_columns() where database_name = 'p' "
        "and schema_name = 'audit' and is_nullable group by 1 having table_name in ('pieces', 'decisions', 'livraisons')",
    )
    assert dict(empty) == {
        "pieces": ["livraison", "nb_lues", "nb_acceptees", "nb_refusees", "nb_ignorees", "montant_perdu_eur"],
        "decisions": ["jusqu_au"],
    }


def test_two_findings_of_one_identity_are_one_line(lab: Lab):
    warehouse(lab)
    one = Finding("PUB-ECART", "alerte", 2020, "a.b", "l’écart", ecart="0,62")
    published(lab, findings=[one, one])
    assert ask(lab, "select count(*) from p.audit.constats") == [(1,)]


def test_a_parquet_says_what_the_database_says(lab: Lab):
    """Descriptions, units and keys lie in the file: anyone who has only this file knows as much."""
    entries = {
        "code": {"title": "Code de la dimension", "description": "Code."},
        "montant_eur": {"title": "Montant", "type": "number", "unit": "EUR", "description": "Montant payé."},
    }
    lab.depot.layer.write("catalogue/fields.yml", {name: entries[name] for name in sorted(entries)})
    warehouse(lab)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        db.execute("comment on column marts.fct_b.montant_eur is 'Montant payé.'")
        db.execute("comment on column marts.fct_b.code is 'Code.'")
    published(lab)
    told = {
        table: dict(
            ask(
                lab,
                "select decode(key), decode(value) from "
                f"parquet_kv_metadata('{lab.home.published}/{table.replace('.', '/')}.parquet')",
            )
        )
        for table in ("marts.dim_a", "marts.fct_b", "audit.decisions")
    }
    assert told["marts.dim_a"]["description"] == "Dimension de l’essai : l'article"
    assert json.loads(told["marts.fct_b"]["columns"])["code"] == {
        "title": "Code de la dimension",
        "description": "Code.",
    }
    assert json.loads(told["marts.dim_a"]["primary_key"]) == ["code"]
    assert json.loads(told["marts.fct_b"]["columns"])["montant_eur"] == {
        "title": "Montant",
        "description": "Montant payé.",
        "unit": "EUR",
    }
    columns = json.loads(told["audit.decisions"]["columns"])
    assert columns["motif"]["description"] == "Motif." and json.loads(told["audit.decisions"]["primary_key"]) == [
        "rang"
    ]


def test_a_meaning_that_changes_alone_is_written_anew(lab: Lab):
    entry = {"title": "Montant", "type": "number", "unit": "EUR", "description": "Montant payé."}
    for title in ("Montant", "Somme"):
        lab.depot.layer.write("catalogue/fields.yml", {"montant_eur": {**entry, "title": title}})
        warehouse(lab)
        with duckdb.connect(str(lab.home.warehouse)) as db:
            db.execute("comment on column marts.fct_b.montant_eur is 'Montant payé.'")
            db.execute(
                "create schema construction; create table construction.contenus as select 'marts.fct_b' a, 'même' b"
            )
        published(lab)
        query = "select decode(value) from parquet_kv_metadata('{}/marts/fct_b.parquet') where decode(key) = 'columns'"
        ((said,),) = ask(lab, query.format(lab.home.published))
        assert json.loads(said)["montant_eur"]["title"] == title


def test_the_freshness_of_each_table_lies_in_the_files(lab: Lab):
    show(lab)
    rows = ask(
        lab, "select objet, nb_lignes, dernier_exercice, construction, profil from p.rapport.fraicheur order by 1"
    )
    assert [row for row in rows if not row[0].startswith("audit.")] == [
        ("marts.dim_a", 2, None, "b1", "interne"),
        ("marts.fct_b", 100, 2020, "b1", "interne"),
        ("rapport.chiffres", 1, 2020, "b1", "interne"),
    ]
    assert {row[0] for row in rows if row[0].startswith("audit.")} == {f"audit.{name}" for name in TABLES}
    assert ask(lab, f"from '{lab.home.published}/rapport/fraicheur.parquet' order by objet") == rows
    assert ask(lab, f"from '{lab.home.published}/public/rapport/fraicheur.parquet'") == [
        ("rapport.chiffres", 1, 2020, "b1", "public")
    ]


def test_the_parquet_holds_what_the_database_holds(lab: Lab):
    warehouse(lab, rows=5000)
    published(lab)
    for schema, table in ask(lab, "select schema_name, table_name from duckdb_tables() where database_name = 'p'"):
        name = f"p.{schema}.{table}"
        parquet = f"read_parquet('{lab.home.published}/{schema}/{table}.parquet')"
        assert (
            ask(
                lab,
                f"(from {name} except all from {parquet}) union all (from {parquet} except all from {name})",
            )
            == []
        )


def test_the_same_content_gives_the_same_bytes_and_publishing_again_changes_nothing(lab: Lab):
    warehouse(lab, rows=130_000)
    one = published(lab)
    before = files(lab)
    with open_ledger(lab.home) as ledger:
        rows = ledger.all_rows("publications")
    assert published(lab) == one
    assert files(lab) == before
    shutil.rmtree(lab.home.builds)
    lab.home.published.unlink()
    warehouse(lab, rows=130_000)  # the warehouse was deleted and rebuilt
    assert published(lab) == one
    others = ("millesime.duckdb", "rapport.duckdb", "public/rapport_public.duckdb", "ledger.db", "SHA256SUMS")
    assert {n: s for n, s in files(lab).items() if n not in others} == {
        n: s for n, s in before.items() if n not in others
    }
    with open_ledger(lab.home) as ledger:
        assert ledger.all_rows("publications") == rows


def test_other_content_is_another_publication_and_the_former_can_come_back(lab: Lab):
    warehouse(lab)
    one = published(lab)
    warehouse(lab, "b2", 2)
    two = published(lab, "b2")
    assert one != two
    assert ask(lab, "select valeur from p.rapport.chiffres") == [(2,)]
    warehouse(lab)
    assert published(lab) == one
    assert ask(lab, "select valeur from p.rapport.chiffres") == [(1,)]
    with open_ledger(lab.home) as ledger:
        assert [row["publication"] for row in ledger.all_rows("publications")] == [one, two, one]


def test_a_reader_that_holds_an_old_file_keeps_working_even_after_it_is_forgotten(lab: Lab):
    warehouse(lab, rows=20_000)
    published(lab)
    reader = duckdb.connect(str(lab.home.published / "millesime.duckdb"), read_only=True)
    first = lab.home.published.resolve()
    for n in range(2, KEPT + 4):
        warehouse(lab, f"b{n}", n)
        published(lab, f"b{n}")
    assert reader.execute("select valeur from rapport.chiffres").fetchone() == (1,)
    assert reader.execute("select count(*), sum(montant_eur) from marts.fct_b").fetchone()[0] == 20_000
    reader.close()
    assert ask(lab, "select valeur from p.rapport.chiffres") == [(KEPT + 3,)]
    assert not first.exists()
    assert len(list(lab.home.builds.iterdir())) == KEPT + 1


def test_a_reader_never_sees_a_mix(lab: Lab):
    show(lab)
    stop, mixed, seen = threading.Event(), [], set()

    def read():
        while not stop.is_set():
            folder = lab.home.published.resolve()
            state = read_state(folder)
            seen.add(folder.name)
            for name, sha in state["files"].items():
                if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sha:
                    mixed.append(name)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for n in range(2, 6):
            warehouse(lab, f"b{n}", n)
            published(lab, f"b{n}")
    finally:
        stop.set()
        reader.join()
    assert mixed == []
    assert len(seen) > 1


def test_what_a_killed_publication_left_is_swept(lab: Lab):
    warehouse(lab)
    (lab.home.builds / ".12345" / "marts").mkdir(parents=True)
    (lab.home.builds / ".12345" / "marts" / "half.parquet").write_text("half")
    (lab.home.root / ".published.12345").symlink_to("builds/x")
    (lab.home.builds / "0123").mkdir()  # it has its name, and no list is over it
    with only_writer(lab.home):
        published(lab)
    assert [path.name for path in lab.home.builds.iterdir()] == [lab.home.published.resolve().name]
    assert list(lab.home.root.glob(".published.*")) == []


def test_the_warehouse_of_another_build_is_not_published(lab: Lab):
    warehouse(lab, "b1")
    published(lab)
    before = files(lab)
    warehouse(lab, "b2")  # swapped in, but the run was killed before the ledger said so
    with pytest.raises(OtherBuild, match="le reconstruire"):
        published(lab, "b1")
    assert files(lab) == before


def test_the_audit_copies_the_ledger_and_the_refused_lines(lab: Lab):
    warehouse(lab)
    finding = Finding("PUB-ECART", "alerte", 2020, "a.b", "l’écart d'un", ecart="0,62")
    with open_ledger(lab.home) as ledger:
        from tests.ledger.entries import refuse

        refuse(ledger, "FIC-VIDE")
        ledger.record_build("b1", True, ["d"], [])
    published(lab, findings=[finding])
    assert ask(lab, "select code_regle, message, ecart from p.audit.constats") == [
        ("PUB-ECART", "l’écart d'un", "0,62")
    ]
    assert ask(lab, "select ligne, colonne, regle, recu from p.audit.lignes_refusees") == [
        (4, "Montant", "LIG-TYPE", "oups")
    ]
    assert ask(lab, "select nb_lues, nb_acceptees, nb_refusees, nb_ignorees from p.audit.tables_livrees") == [
        (4, 2, 1, 1)
    ]
    assert ask(lab, "select nature_morceau, piece, est_attendue, est_acceptee from p.audit.pieces") == [
        ("livraison", "", True, True),
        ("mois", "2020-02", True, False),
    ]
    assert ask(lab, "select code_regle, fichier from p.audit.refus") == [("FIC-VIDE", "f.csv")]
    assert ask(lab, "select fichier, est_courante from p.audit.livraisons") == [("export.csv", True)]
    assert ask(lab, "select construction, est_reussie, nb_livraisons from p.audit.constructions") == [("b1", True, 1)]


def test_a_home_with_a_quote_in_its_path(tmp_path):
    (tmp_path / "l'été [1]").mkdir()
    lab = Lab(Depot(tmp_path / "l'été [1]"))
    lab.accept(FORMER.format(year=2020) + "A3;z;oups;\n", 2020)
    warehouse(lab)
    published(lab)
    assert len(read_state(lab.home.published)["files"]) == 7 + len(TABLES)


# the public profile ------------------------------------------------------------


def payslips(lab: Lab) -> dict[str, int]:
    file = lab.home.published / "public" / "rapport" / "rpt_rh__bulletins.parquet"
    if not file.exists():
        return {}
    return dict(duckdb.sql(f"select code_collectivite, nb_bulletins from '{file}'").fetchall())


def test_a_table_about_few_persons_is_not_in_the_public_profile(lab: Lab):
    staff(lab, "b1", 24)  # two agents
    published(lab)
    assert payslips(lab) == {}
    assert ask(lab, "select nb_bulletins from p.rapport.rpt_rh__bulletins order by 1") == [(24,), (600,), (700,)]
    manifest = json.loads((lab.home.published / "public" / "manifest.json").read_text(encoding="utf-8"))
    assert sorted(manifest["files"]) == ["rapport/chiffres.parquet", "rapport/fraicheur.parquet"]
    assert manifest["withheld"] == {"rpt_rh__bulletins": [2020]}
    assert ask(lab, "from p.audit.secret") == []


def test_one_that_holds_is_there_whole_with_its_proof(lab: Lab):
    show_staff(lab)
    assert payslips(lab) == {"a": 240, "b": 600, "c": 700}
    proof = ask(lab, "select nombre, nature_secret, valeur, borne_basse, borne_haute from p.audit.secret order by 1")
    assert proof[0] == ("bulletins, a", "groupe", 240, 240, 240)
    manifest = json.loads((lab.home.published / "public" / "manifest.json").read_text(encoding="utf-8"))
    assert "rapport/rpt_rh__bulletins.parquet" in manifest["files"] and "withheld" not in manifest


def public_pages(lab: Lab, build: str) -> dict[str, bytes]:
    tables, folder = lab.home.published / "public", lab.home.root / "pages"
    with open_ledger(lab.home) as ledger:
        ledger.record_build(build, True, [], [])
        edition = edition_of(ledger, tables, PUBLIC, build, None)
        organisation = lab.work(ledger).organisation
    files = write_report(lab.home, organisation, edition, tables, folder, 2020, PUBLIC)
    return {path.name: path.read_bytes() for path in files}


def test_the_public_pages_are_the_same_whatever_the_hidden_values(lab: Lab, tmp_path: Path):
    other = Lab(Depot(tmp_path / "autre"))
    other.depot.layer.write("catalogue/figures/essai.yml", FIGURE)
    other.accept(FORMER.format(year=2020) + "A3;z;oups;\n", 2020)
    pages = []
    for one, build, hidden in ((lab, "b1", 24), (other, "b2", 36)):
        staff(
            one,
            build,
            hidden,
            "delete from rapport.chiffres; insert into organisation.mots values ('reçue'), ('cegid_rh/bulletins');"
            f"create table rapport.rpt_sources ({SOURCES});"
            "insert into rapport.rpt_sources values ('cegid_rh/bulletins', 2020, 'reçue', null, null);",
        )
        published(one, build)
        assert ask(one, "select min(nb_bulletins) from p.rapport.rpt_rh__bulletins") == [(hidden,)]
        pages.append(public_pages(one, build))
    assert {name.rpartition(".")[2] for name in pages[0]} == {"json", "html", "pdf", "docx", "odt", "xlsx"}
    assert "Non diffus" in pages[0]["modele.json"].decode()
    assert pages[0] == pages[1]


OTHERWISE = "create table rapport.rpt_sources as select 2020 as exercice;"  # a declared column is not there


def test_a_public_profile_that_cannot_be_made_leaves_the_former_one_and_a_finding(lab: Lab):
    show_staff(lab)
    before = payslips(lab)
    staff(lab, "b2", 240, OTHERWISE + "create table rapport.rpt_nouveau as select 1 as un;")
    published(lab, "b2")
    assert payslips(lab) == before
    assert not (lab.home.published / "public" / "rapport" / "rpt_nouveau.parquet").exists()
    assert ask(lab, "select un from p.rapport.rpt_nouveau") == [(1,)]
    (found,) = ask(lab, "select code_regle, severite, ou from p.audit.constats where code_regle like 'SEC-%'")
    assert found == ("SEC-COHERENCE", "bloquant", "rapport")
    with open_ledger(lab.home) as ledger:
        assert [f.code for f in gather(lab.work(ledger)) if f.code[:3] == "SEC"] == ["SEC-COHERENCE"]
    payslips_more(lab, "b3", 200)
    assert payslips(lab) == {"a": 240, "b": 600, "c": 900}
    assert ask(lab, "select * from p.audit.constats where code_regle like 'SEC-%'") == []


def test_a_table_that_is_not_as_declared_is_kept_back_with_a_finding(lab: Lab):
    staff(lab, "b1", 240, "update rapport.rpt_rh__bulletins set nb_bulletins = 900 where code_collectivite = 'c';")
    published(lab)
    assert payslips(lab) == {} and (lab.home.published / "public" / "manifest.json").exists()
    (found,) = ask(lab, "select code_regle, severite, message from p.audit.constats where code_regle like 'SEC-%'")
    assert found[:2] == ("SEC-COHERENCE", "information") and "rpt_rh__bulletins (2020)" in found[2]


LINE = "update {table} set nb_bulletins = nb_bulletins + {more} where code_collectivite = 'c';"


def payslips_more(lab: Lab, build: str, more: int) -> None:
    """Publish ``more`` payslips at the collectivité c."""
    tables = ("rapport.rpt_rh__bulletins", "marts.fct_bulletins")
    staff(lab, build, 240, "".join(LINE.format(table=table, more=more) for table in tables))
    published(lab, build)


def test_the_staff_tables_stay_until_enough_persons_differ_and_the_ledger_knows_what_stands_behind(lab: Lab):
    show_staff(lab)
    before = payslips(lab)
    payslips_more(lab, "b2", 12)  # one agent
    assert payslips(lab) == before
    found = ask(lab, "select code_regle, severite, exercice from p.audit.constats where code_regle like 'SEC-%'")
    assert found == [("SEC-MAINTENU", "information", 2020)]
    manifest = json.loads((lab.home.published / "public" / "manifest.json").read_text(encoding="utf-8"))
    note = manifest["notes"]["2020"]
    assert note.startswith("Tableaux publics du personnel maintenus") and re.search(
        r"\(2020, version du \d\d/\d\d/\d{4}\)$", note
    )
    payslips_more(lab, "b3", 60)  # five
    assert payslips(lab) == {"a": 240, "b": 600, "c": 760}
    with open_ledger(lab.home) as ledger:
        (kept,) = ledger.populations().values()
        assert len(kept) == 2 and ledger.check({}) == []
        assert [sha256_of(lab.home.archive / sha) for sha in kept] == kept
        assert all((lab.home.archive / sha).stat().st_mode & 0o077 == 0 for sha in kept)


def public_rows(lab: Lab) -> list[str]:
    """Every file of a public profile, wherever it lies."""
    return [path.relative_to(lab.home.root).as_posix() for path in lab.home.root.rglob("*") if "public" in path.parts]


def test_a_public_profile_is_taken_back_from_everywhere_and_not_published_again(lab: Lab):
    show_staff(lab)
    for place in ("exports/2020/public", "reports/2020/public", f"{lab.home.published.readlink()}/report/2020/public"):
        (lab.home.root / place).mkdir(parents=True)
        (lab.home.root / place / "page.html").write_text("26 agents", encoding="utf-8")
    (lab.home.root / f"{lab.home.published.readlink()}/report/2020/public/page.html").unlink()
    payslips_more(lab, "b2", 60)  # the former publication stays beside
    identity = json.loads((lab.home.published / "public" / "manifest.json").read_text(encoding="utf-8"))["publication"]
    with open_ledger(lab.home) as ledger:
        places = withdraw(lab.work(ledger), "seuil trop bas", "A", None)
        (row,) = ledger.all_rows("withdrawals")
        assert (row["profile"], row["reason"], row["withdrawn_by"], row["places"]) == (
            identity,
            "seuil trop bas",
            "A",
            places,
        )
        assert [p for p in verify(lab.home, ledger).problems if "/public" in p] == []
    assert public_rows(lab) == [] and {place.partition("/")[0] for place in places} == {"builds", "exports", "reports"}
    with open_ledger(lab.home) as ledger, pytest.raises(NotPublished):
        withdraw(lab.work(ledger), "encore", "A", None)
    published(lab, "b2")
    assert public_rows(lab) == []
    found = ask(
        lab, "select code_regle, severite, exercice, message from p.audit.constats where code_regle like 'SEC-%'"
    )
    assert found[0][:3] == ("SEC-RETIRE", "bloquant", 0) and "seuil trop bas" in found[0][3]
    payslips_more(lab, "b3", 120)
    assert payslips(lab) == {"a": 240, "b": 600, "c": 820}


def test_without_the_population_behind_what_is_public_nothing_new_is(lab: Lab):
    show_staff(lab)
    before = payslips(lab)
    with open_ledger(lab.home) as ledger:
        ((sha,),) = ledger.populations().values()
    (lab.home.archive / sha).unlink()
    payslips_more(lab, "b2", 60)
    assert payslips(lab) == before
    found = ask(lab, "select code_regle, severite, exercice from p.audit.constats where code_regle like 'SEC-%'")
    assert found == [("SEC-ARCHIVE", "bloquant", 0)]  # the public profile of every exercice waits
    with open_ledger(lab.home) as ledger:
        assert f"archive/{sha}\u00a0: le fichier a disparu" in verify(lab.home, ledger).problems


def test_what_nobody_declared_is_kept_back_and_stops_nothing(lab: Lab):
    staff(lab, "b1", 240, "create table rapport.rpt_nouveau as select 1 as un;")
    published(lab)
    assert payslips(lab) == {"a": 240, "b": 600, "c": 700}
    assert not (lab.home.published / "public" / "rapport" / "rpt_nouveau.parquet").exists()
    (found,) = ask(
        lab, "select code_regle, severite, exercice, message from p.audit.constats where code_regle like 'SEC-%'"
    )
    assert found[:3] == ("SEC-NON-DECLARE", "information", 0) and found[3].endswith(" : rpt_nouveau")


def test_all_that_is_published_is_on_the_disk_before_it_is_shown(lab: Lab, monkeypatch):
    flushed: set[int] = set()
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: flushed.add(os.fstat(file).st_ino) or fsync(file))
    staff(lab, "b1", 24)
    published(lab)
    files = [*lab.home.published.resolve().rglob("*")]
    assert len(files) > 20
    assert [path.name for path in files if path.stat().st_ino not in flushed] == []


def test_a_first_public_profile_that_cannot_be_made_is_not_there(lab: Lab):
    staff(lab, "b1", 240, OTHERWISE)
    published(lab)
    assert not (lab.home.published / "public").exists()


PROGRAM = "erreur du programme ({}), que `millesime report` montre"
FAULTS = [
    (RuntimeError("the text 'DUPONT' could not be displayed"), PROGRAM.format("RuntimeError")),
    (DeclarationError("contenu/2020/a.md:3 : chiffre inconnu"), "contenu/2020/a.md:3 : chiffre inconnu"),
]


@pytest.mark.parametrize("stage", ["draw", "finish"])
def test_a_report_that_cannot_be_drawn_is_a_finding_and_holds_nothing_back(lab: Lab, stage: str):
    with open_ledger(lab.home) as ledger:
        for n, (error, said) in enumerate(FAULTS, 1):
            warehouse(lab, f"b{n}", n)
            pages = Broken(error if stage == "draw" else None, error if stage == "finish" else None)
            publish(lab.work(ledger), f"b{n}", [], pages=pages)
            assert ask(lab, "select valeur from p.rapport.chiffres") == [(n,)]
            (found,) = [one for one in gather(lab.work(ledger)) if one.code == "RAP-ECHEC"]
            assert (found.severity, found.exercice) == ("bloquant", 2020)
            assert found.message.endswith(f": {said}") and "DUPONT" not in found.message
        publish(lab.work(ledger), f"b{n}", [], pages=Broken(None, None))
        assert [one for one in gather(lab.work(ledger)) if one.code == "RAP-ECHEC"] == []


def test_a_disk_that_is_full_while_the_report_is_drawn_is_not_a_fault_of_the_report(lab: Lab):
    warehouse(lab, "b1", 1)
    with open_ledger(lab.home) as ledger, pytest.raises(OSError, match="No space left"):
        publish(lab.work(ledger), "b1", [], pages=Broken(None, OSError(errno.ENOSPC, "No space left on device")))


def test_an_interruption_of_a_query_of_the_report_is_none_of_its_faults(lab: Lab):
    interrupted = RuntimeError("Query interrupted")
    interrupted.__cause__ = KeyboardInterrupt()
    warehouse(lab, "b1", 1)
    with open_ledger(lab.home) as ledger, pytest.raises(RuntimeError, match="Query interrupted"):
        publish(lab.work(ledger), "b1", [], pages=Broken(interrupted, None))
