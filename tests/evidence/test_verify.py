"""Anything changed, removed or added in the archive, the lake, the publication or a release is reported."""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import sha256_of
from pipelines.evidence.verify import verify
from pipelines.ledger.records import Finding
from pipelines.ledger.state import LEDGER, STATE, databases_of, read_state, sealed, write_state
from pipelines.ledger.state import files_of as state_files
from pipelines.ledger.store import open_ledger
from pipelines.runs.pages import enter
from pipelines.runs.state import facts
from pipelines.settings import Home
from pipelines.stages.publish.release import Visas, write_release
from tests.cli.conftest import VENTES_2019, Bench, check


def problems(bench: Bench) -> list[str]:
    with bench.ledger() as ledger:
        return [problem.replace("\u00a0", " ") for problem in verify(bench.home, ledger).problems]


@pytest.fixture
def frozen(filled: Bench) -> Bench:
    """Two deliveries of the sales, the former one kept by a release, and a publication."""
    filled.home.warehouse.parent.mkdir(parents=True)
    with duckdb.connect(str(filled.home.warehouse)) as db:
        db.execute("create schema rapport; create table rapport.chiffres as select 'x' as code, 2019 as exercice")
    with filled.work() as work:
        work.ledger.record_build("b1", True, [one.manifest.delivery for one in work.ledger.current().values()], [])
        write_release(work, 2019, facts(work, "b1", []), Visas("A", "B", "C"), None, {})
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V9;05/01/2019;1,00\n")
    filled.receive("ventes/ventes", 2019, check("ok", True))
    return filled


def the_only(bench: Bench, pattern: str) -> Path:
    """The file of the former delivery of the sales, or the first of several."""
    return sorted(bench.home.root.glob(pattern), key=lambda path: (path.stat().st_mtime_ns, path.name))[0]


def test_an_untouched_home_raises_nothing(frozen):
    assert problems(frozen) == []


FILES = [
    "archive/*",
    "lake/ventes/ventes/2019/*[0-9a-f].parquet",
    "lake/ventes/ventes/2019/*.refus.parquet",
    "lake/ventes/ventes/2019/*.ignores.parquet",
    "lake/ventes/*.json",
    "releases/2019-v1/rapport/chiffres.parquet",
    "releases/2019-v1/organisation.yml",
    "releases/2019-v1/state.json",
]


@pytest.mark.parametrize("pattern", FILES)
def test_a_changed_or_missing_file_of_a_former_delivery_or_a_release_is_detected(frozen, pattern):
    path = the_only(frozen, pattern)
    shown = str(path.relative_to(frozen.home.root))
    before = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(before[:-2] + b"#" + before[-1:])
    assert [p for p in problems(frozen) if p.startswith(shown)] == [f"{shown} : le fichier a été modifié"]
    path.unlink()
    told = [p for p in problems(frozen) if p.startswith(shown)]
    assert told and told[0].endswith("a disparu")


def edited(path: Path, change: Callable[[dict], None]) -> None:
    kept = json.loads(path.read_text(encoding="utf-8"))
    change(kept)
    path.write_text(json.dumps(kept), encoding="utf-8")


def reseal(kept: dict) -> None:
    """Change a version, and the fingerprint with it."""
    kept["engine"] = "other"
    kept["fingerprint"] = fingerprint(sealed(kept))


@pytest.mark.parametrize(
    "change",
    [
        reseal,
        lambda kept: kept.update(engine="other"),
        lambda kept: kept.update(checks=[]),
        lambda kept: kept["visas"].update(approved_by="D"),
        lambda kept: kept.update(reason="une autre"),
        lambda kept: kept["deliveries"].pop(),
        lambda kept: kept["files"].pop("organisation.yml"),
        lambda kept: kept.pop("ledger"),
        lambda kept: kept.update(ledger="rien"),
        lambda kept: kept.clear(),
    ],
)
def test_what_a_release_says_of_itself_is_what_the_ledger_entered(frozen, change):
    edited(frozen.home.releases / "2019-v1" / "state.json", change)
    assert "releases/2019-v1/state.json : le fichier a été modifié" in problems(frozen)


def test_the_head_that_a_release_keeps_is_compared_with_the_chain(frozen):
    edited(frozen.home.releases / "2019-v1" / "state.json", lambda kept: kept["ledger"].update(hash="0" * 64))
    assert [p for p in problems(frozen) if "que connaît 2019-v1 : la chaîne a été réécrite" in p]


def test_an_added_file_or_release_is_detected(frozen):
    (frozen.home.releases / "2019-v1" / "rapport" / "autre.parquet").write_text("x")
    (frozen.home.releases / "2019-v2").mkdir()
    (frozen.home.releases / ".2019-v2.123").mkdir()  # what a killed release leaves
    assert problems(frozen) == [
        "releases/2019-v1/rapport/autre.parquet : le fichier a été ajouté",
        "releases/2019-v2 : le registre ne connaît pas cette version",
    ]


@pytest.fixture
def published(filled: Bench) -> Bench:
    filled.publish("('x', 2019, 1, 'EUR', 0, 'calculé', null, 'complet', 'X', 'd', 'f')")
    return filled


def test_the_state_of_the_publication_is_the_one_that_was_published(published):
    path = published.home.published / STATE
    assert problems(published) == []
    before = path.read_text(encoding="utf-8")
    for damage in (before.replace('"b1"', '"b2"'), before + " ", "{}", "[]", "rien", ""):
        path.write_text(damage, encoding="utf-8")
        assert problems(published) == ["published/state.json : n’est pas l’état de la dernière publication"]
    path.unlink()
    assert problems(published) == ["published/state.json : le fichier a disparu"]


def test_a_changed_or_added_file_of_the_publication_is_detected(published):
    (published.home.published / "rapport" / "chiffres.parquet").write_bytes(b"PAR1")
    (published.home.published / "rapport" / "autre.parquet").write_bytes(b"PAR1")
    assert problems(published) == [
        "published/rapport/chiffres.parquet : le fichier a été modifié",
        "published/rapport/autre.parquet : le fichier a été ajouté",
    ]


def test_the_copy_of_the_ledger_holds_what_the_publication_rests_on(published):
    path = published.home.published / LEDGER
    with published.ledger() as ledger:
        kept = ledger.all_rows("deliveries")
    with open_ledger(Home(published.home.published)) as copy:
        assert copy.all_rows("deliveries") == kept
    path.write_bytes(path.read_bytes().replace(b"ventes_2019", b"ventes_2018"))
    assert [p for p in problems(published) if p.startswith("published/ledger.db : deliveries ")]
    path.write_bytes(b"rien")
    assert problems(published) == ["published/ledger.db : le fichier a été modifié"]


def test_the_copy_of_the_ledger_holds_nothing_that_the_ledger_does_not(published):
    with published.ledger() as ledger:
        ledger.copy_to(published.home.published / LEDGER)
    assert problems(published) == []
    with open_ledger(Home(published.home.published)) as copy:
        copy.record_decision(Finding("A", "alerte", 2019, "a", "a"), "accepted", "jamais décidé", "A")
    (published.home.published / "ledger.head").unlink(missing_ok=True)
    assert problems(published) == ["chain : il manque à la fin 1 écriture que connaît published/ledger.db"]


def test_a_stray_file_among_pages_and_exports_is_detected_and_so_is_a_missing_folder_of_an_export(published):
    export = published.home.root / "exports" / "2019" / "public"
    (export / "donnees").mkdir(parents=True)
    for path in (export / "LISEZMOI.txt", export / "donnees" / "a.csv"):
        path.write_text("un")
    with published.ledger() as ledger:
        enter(ledger, published.home, [export / "LISEZMOI.txt", export / "donnees" / "a.csv"])
    assert problems(published) == []
    shutil.rmtree(export / "donnees")
    (export / "corrige.csv").write_text("faux")
    page = published.home.audit / "2019" / "etat-definitif.html"
    page.parent.mkdir(parents=True)
    page.write_text("faux")
    assert sorted(problems(published)) == [
        "audit/2019/etat-definitif.html : le fichier a été ajouté",
        "exports/2019/public/corrige.csv : le fichier a été ajouté",
        "exports/2019/public/donnees/a.csv : le fichier a disparu",
    ]


def test_a_public_profile_that_comes_back_after_its_withdrawal_is_detected(published):
    place = published.home.published / "public"
    with published.ledger() as ledger:
        last = ledger.last_publication()["publication"]
        ledger.record_withdrawal("0" * 32, "o", "erreur", "A", ["builds/ancienne/public", "exports/2019/public"])
        ledger.record_withdrawal(last, "p", "erreur", "A", ["published/public", "PostgreSQL"])
    assert [p for p in problems(published) if "de nouveau" in p] == []
    (place / "rapport").mkdir(parents=True, exist_ok=True)
    (place / "rapport" / "chiffres.parquet").write_bytes(b"faux")
    (published.home.builds / "ancienne" / "public").mkdir(parents=True)
    (published.home.exports / "2019" / "public").mkdir(parents=True)  # of what was published since
    assert [p.partition(" :")[0] for p in problems(published) if "de nouveau" in p] == [
        "builds/ancienne/public",
        "published/public",
    ]


def test_pages_and_exports_are_those_that_were_written(published):
    page, export = published.home.root / "audit/2019/etat.html", published.home.root / "exports/2019/public/a.csv"
    for path in (page, export):
        path.parent.mkdir(parents=True)
        path.write_text("un")
    with published.ledger() as ledger:
        enter(ledger, published.home, [page, export])
    assert problems(published) == []
    for path in (page, export):
        path.write_text("deux")
    assert problems(published) == [
        "audit/2019/etat.html : le fichier a été modifié",
        "exports/2019/public/a.csv : le fichier a été modifié",
    ]
    shutil.rmtree(export.parent)  # nothing is given away any longer
    page.unlink()
    assert problems(published) == ["audit/2019/etat.html : le fichier a disparu"]


def test_a_page_rewritten_otherwise_is_detected_though_the_ledger_knows_it(published):
    page = published.home.published / "report" / "a.pdf"
    page.parent.mkdir()
    with published.ledger() as ledger:
        for text in ("un", "deux"):
            page.write_text(text)
            last = ledger.last_publication()["publication"]
            ledger.record_writing(last, {"published/report/a.pdf": sha256_of(page)})
    assert problems(published) == [
        "published/report/a.pdf : le fichier a été modifié",
        "published/report/a.pdf : le registre porte deux écritures différentes de ce fichier",
    ]


@pytest.mark.parametrize("subject", ["une autre", "2019-v9", ""])
def test_an_entry_of_another_publication_or_release_says_nothing_of_a_page(published, subject):
    page = published.home.published / "report" / "a.pdf"
    page.parent.mkdir()
    page.write_text("un")
    name = "published/report/a.pdf"
    with published.ledger() as ledger:
        ledger.record_writing(ledger.last_publication()["publication"], {name: sha256_of(page)})
        page.write_text("deux")
        ledger.record_writing(subject, {name: sha256_of(page)})
    assert problems(published) == [f"{name} : le fichier a été modifié"]


def test_a_page_of_a_release_is_the_first_that_was_entered_of_it(frozen):
    page = frozen.home.releases / "2019-v1" / "etat" / "etat.json"
    page.parent.mkdir()
    name = "releases/2019-v1/etat/etat.json"
    with frozen.ledger() as ledger:
        for text, subject in (("un", "2019-v1"), ("deux", "2019-v1"), ("deux", "2019-v2")):
            page.write_text(text)
            ledger.record_writing(subject, {name: sha256_of(page)})
    assert problems(frozen) == [
        f"{name} : le fichier a été modifié",
        f"{name} : le registre porte deux écritures différentes de ce fichier",
    ]


def test_a_state_under_its_former_name_does_not_replace_the_one_that_is_there(frozen):
    folder = frozen.home.releases / "2019-v1"
    shutil.copyfile(folder / "state.json", folder / "release.json")
    (folder / "state.json").write_text("{}")
    assert "releases/2019-v1/state.json : le fichier a été modifié" in problems(frozen)


def test_a_warehouse_is_one_that_was_built_and_the_traced_one_that_of_the_publication(published):
    home = published.home
    home.warehouse.parent.mkdir(parents=True)
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("create table une as select 1 as x")
    with published.ledger() as ledger:
        build = ledger.last_publication()["build"]
        ledger.record_warehouse(build, sha256_of(home.warehouse), is_whole=True, project="", sources={})
    home.warehouse_published.parent.mkdir(parents=True, exist_ok=True)
    home.warehouse_published.unlink(missing_ok=True)
    shutil.copyfile(home.warehouse, home.warehouse_published)
    assert problems(published) == []
    for path in (home.warehouse, home.warehouse_published):
        with duckdb.connect(str(path)) as db:
            db.execute("create table autre as select 1 as x")
        shown = path.relative_to(home.root)
        assert problems(published).pop() == f"{shown} : n’est pas l’entrepôt qui a été construit"


def test_an_older_publication_put_back_is_detected_though_the_ledger_enters_it_again(published):
    folder = published.home.published
    with published.work() as work:
        state = {**facts(work, "b1", []), **read_state(folder), "ledger": asdict(work.ledger.settled_head())}
        older = write_state(folder, state)
        work.ledger.record_publication("une", "b1", older)
    assert "published/state.json : l’état ne repose pas sur les écritures qui précèdent la sienne" not in problems(
        published
    )
    with published.work() as work:
        work.ledger.record_decision(Finding("A", "alerte", 2019, "a", "a"), "accepted", "vu", "A")
        work.ledger.record_publication("deux", "b1", "0" * 64)
        work.ledger.record_publication("trois", "b1", older)
    assert "published/state.json : l’état ne repose pas sur les écritures qui précèdent la sienne" in problems(
        published
    )


def test_a_view_added_to_a_published_database_is_detected_though_the_ledger_knows_its_file(published):
    file = published.home.published / "millesime.duckdb"
    with duckdb.connect() as db:
        db.execute(f"attach '{file}' as p; create schema if not exists p.rapport")
        db.execute("create table p.rapport.t as select 1 as x")
    before = databases_of(file.parent)["millesime.duckdb"]
    with duckdb.connect() as db:
        db.execute(f"attach '{file}' as p; create view p.rapport.faux as select 2 as x")
    assert databases_of(file.parent)["millesime.duckdb"].keys() - before.keys() == {"rapport.faux"}


def test_a_printed_head_says_which_release_or_publication_reached_it(published):
    with published.ledger() as ledger:
        (row,) = ledger.all_rows("publications")
        printed = ledger.head_at("publications", row["seq"])
        assert verify(published.home, ledger, printed).sealed == f"la publication {row['publication'][:8]}"
        ledger.record_publication("autre", "b1", "0" * 64)
        assert verify(published.home, ledger, printed).sealed.endswith(", qui n’est plus celle qui est publiée")
        assert verify(published.home, ledger, ledger.head()).sealed == "la publication autre"


def test_a_database_is_what_its_state_says_though_the_ledger_knows_its_file(published):
    home = published.home
    file = home.published / "millesime.duckdb"
    parquet = home.published / "rapport" / "chiffres.parquet"
    with duckdb.connect(str(file)) as db:
        db.execute(f"create schema rapport; create table rapport.chiffres as from '{parquet}'")
        db.execute("create table rapport.vide (a integer)")
        db.execute(f"copy rapport.vide to '{parquet.with_name('vide.parquet')}'")
    with published.ledger() as ledger:
        state = {
            **read_state(home.published),
            "files": state_files(home.published),
            "tables": databases_of(home.published),
        }
        sha256 = write_state(home.published, state)
        ledger.record_publication(sha256[:32], "b1", sha256)
        ledger.record_writing(sha256[:32], {"published/millesime.duckdb": sha256_of(file)})
        assert problems(published) == []
        for change, table in (
            ("update rapport.chiffres set valeur = valeur * 10", "chiffres"),
            ("comment on column rapport.vide.a is 'autre'", "vide"),
            ("create table rapport.autre (a integer)", "autre"),
        ):
            with duckdb.connect(str(file)) as db:
                db.execute(change)
            told = f"published/millesime.duckdb : la table rapport.{table} n’est pas celle qui a été publiée"
            assert told in problems(published)
            assert "published/millesime.duckdb : le fichier a été modifié" in problems(published)
            ledger.record_writing(sha256[:32], {"published/millesime.duckdb": sha256_of(file)})
            assert told in problems(published)
            assert "published/millesime.duckdb : le fichier a été modifié" not in problems(published)


def sign(home: Home, key: Path, state: Path) -> None:
    """Sign a state, as docs/auditor.md says."""
    state.with_name("state.json.sig").unlink(missing_ok=True)
    run = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", "millesime", str(state)]
    subprocess.run(run, check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="OpenSSH is not installed")
def test_a_signature_beside_a_state_is_that_of_somebody_who_may_sign(frozen, tmp_path):
    home, state = frozen.home, frozen.home.releases / "2019-v1" / "state.json"
    for name in ("presidente", "autre"):
        new = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(new, check=True, capture_output=True)
    sign(home, tmp_path / "presidente", state)
    refused = ["releases/2019-v1/state.json.sig : la signature n’est pas celle d’un signataire déclaré"]
    assert problems(frozen) == refused  # nobody may sign
    public = (tmp_path / "presidente.pub").read_text(encoding="utf-8")
    (home.root / "signataires").write_text(f'presidente@sicio.fr namespaces="millesime" {public}', encoding="utf-8")
    assert problems(frozen) == []
    with frozen.ledger() as ledger:
        (who,) = verify(home, ledger).signed.values()
        assert who.startswith("presidente@sicio.fr, clé SHA256:")
    sign(home, tmp_path / "autre", state)
    assert problems(frozen) == refused
    sign(home, tmp_path / "presidente", state)
    state.write_text(state.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert sorted(problems(frozen)) == sorted([*refused, "releases/2019-v1/state.json : le fichier a été modifié"])
