"""A dishonest operator who has the home and the code: each forgery is reported, or detected only with a head kept elsewhere."""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import sha256_of
from pipelines.evidence.verify import Verification, release_problems, verify
from pipelines.ledger.chain import ORIGIN, Head, _stored, link_of
from pipelines.ledger.lost_ledger import LedgerLost
from pipelines.ledger.records import ORIGINAL, DeliveredFile, Finding, Manifest, Removal, TableCounts
from pipelines.ledger.state import LEDGER, STATE, files_of, sealed, write_state
from pipelines.ledger.store import open_ledger
from pipelines.settings import Home

FINDING = Finding("PUB-ECART", "alerte", 2020, "a", "a")
PAGE, LETTER = "published/report/2020/rapport.pdf", "transmissions/2020-v1/public/orly/courrier.docx"
Forgery = Callable[[Home], None]


def put(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return sha256_of(path)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A delivery, its original and its rows, a decision, a release, two publications, a page, an export, a member's folder."""
    home = Home(tmp_path_factory.mktemp("forgeries") / "home")
    with open_ledger(home) as ledger:
        original = put(home.root / "original", "un;deux\n")
        put(home.archive / original, "un;deux\n")
        rows = put(home.lake / "essai/lignes/2020/d1.parquet", "lignes")
        counts = TableCounts(1, 1, 0, 0, "essai/lignes/2020/d1.parquet", rows)
        made = Manifest("d1", "essai", "export", 2020, [DeliveredFile("f.csv", original, 8)], {"lignes": counts})
        put(home.lake / "essai" / "export.2020.d1.json", made.as_json())
        ledger.record_delivery(made)
        ledger.record_build("b1", True, ["d1"], [])
        ledger.record_warehouse("b1", put(home.warehouse, "entrepôt"), is_whole=True, project="", sources={})
        ledger.record_decision(FINDING, "accepted", "vu", "A")
        release(home, ledger, "2020-v1")
        publish(home, ledger, "une")
        publish(home, ledger, "deux")
        written = {
            PAGE: put(home.published / "report/2020/rapport.pdf", "page"),
            "published/millesime.duckdb": put(home.published / "millesime.duckdb", "tables"),
            "audit/2020/etat.html": put(home.audit / "2020/etat.html", "état"),
            "exports/2020/public/a.csv": put(home.exports / "2020/public/a.csv", "export"),
            "transmissions/2020-v1/public/orly/r.pdf": put(home.transmissions / "2020-v1/public/orly/r.pdf", "rapport"),
        }
        put(home.root / LETTER, "à signer")
        ledger.record_writing("deux", written)
    return home


def release(home: Home, ledger, name: str) -> None:
    folder = home.releases / name
    put(folder / "rapport/chiffres.parquet", "chiffres")
    visas = {"prepared_by": "A", "reviewed_by": "B", "approved_by": "C"}
    said = {"release": name, "build": "b1", "visas": visas, "reason": None, "exercice": 2020}
    state = {**said, "files": files_of(folder), "ledger": asdict(ledger.settled_head()), "deliveries": []}
    seal = fingerprint(sealed(state))
    sha256 = write_state(folder, {**state, "fingerprint": seal})
    ledger.record_release(name, 2020, 1, seal, "b1", visas, None, sha256)


def publish(home: Home, ledger, name: str) -> None:
    folder = home.builds / name
    put(folder / "rapport/chiffres.parquet", f"chiffres de {name}")
    state = {"build": "b1", "files": files_of(folder), "tables": {}, "ledger": asdict(ledger.settled_head())}
    ledger.record_publication(name, "b1", write_state(folder, state))
    ledger.copy_to(folder / LEDGER)
    home.published.unlink(missing_ok=True)
    home.published.symlink_to(Path("builds") / name)
    home.warehouse_published.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(home.warehouse, home.warehouse_published)


@pytest.fixture
def home(honest: Home, tmp_path: Path) -> Home:
    shutil.copytree(honest.root, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def verified(home: Home, printed: Head | None = None) -> Verification:
    with open_ledger(home) as ledger:
        return verify(home, ledger, printed)


def told(home: Home, printed: Head | None = None) -> list[str]:
    return [one.replace("\u00a0", " ") for one in verified(home, printed).problems]


# what he does ----------------------------------------------------------------


def edit(name: str) -> Forgery:
    def forge(home: Home) -> None:
        path = home.root / name if "*" not in name else next(home.root.glob(name))
        path.write_bytes(path.read_bytes() + b"0")

    return forge


def add_link(name: str) -> Forgery:
    """A folder of pages of his own, behind a link."""

    def forge(home: Home) -> None:
        elsewhere = home.root.parent / "ailleurs"
        put(elsewhere / "rapport.html", "faux")
        (home.root / name).symlink_to(elsewhere)

    return forge


def entered_again(home: Home) -> None:
    """A page, and an honest entry of it in the ledger."""
    edit(PAGE)(home)
    with open_ledger(home) as ledger:
        ledger.record_writing("deux", {PAGE: sha256_of(home.root / PAGE)})


def entered_for_another(home: Home) -> None:
    edit(PAGE)(home)
    with open_ledger(home) as ledger:
        ledger.record_writing("une", {PAGE: sha256_of(home.root / PAGE)})


def added_and_entered(home: Home) -> None:
    """A page that nobody published, and an honest entry of it."""
    name = "published/report/2020/definitif.pdf"
    with open_ledger(home) as ledger:
        ledger.record_writing("deux", {name: put(home.root / name, "faux")})


def letter_after_it_was_sent(home: Home) -> None:
    with open_ledger(home) as ledger:
        folder = home.transmissions / "2020-v1"
        sent = {p.relative_to(home.root).as_posix(): sha256_of(p) for p in folder.rglob("*") if p.is_file()}
        ledger.record_writing("deux", sent)
    edit(LETTER)(home)


def second_name(home: Home) -> None:
    """What tools still open under its former name, and an honest entry of it."""
    with open_ledger(home) as ledger:
        ledger.record_writing("deux", {"published/rapport.duckdb": put(home.published / "rapport.duckdb", "faux")})


def put_back(home: Home) -> None:
    home.published.unlink()
    home.published.symlink_to(Path("builds") / "une")


def without_original(home: Home) -> None:
    next(home.archive.glob("[0-9a-f]*")).unlink()


def state_and_entry(home: Home) -> None:
    """Tables and state, which a new entry of the ledger takes for a publication: it rests on an older head."""
    put(home.published / "rapport/chiffres.parquet", "faux")
    state = json.loads((home.published / STATE).read_text(encoding="utf-8"))
    new = write_state(home.published, {**state, "files": files_of(home.published)})
    with open_ledger(home) as ledger:
        ledger.record_decision(FINDING, "withdrawn", "une écriture entre les deux", "A")
        ledger.record_publication("trois", "b1", new)


@contextmanager
def unguarded(home: Home) -> Iterator[sqlite3.Connection]:
    """The ledger, its triggers taken away and put back."""
    with sqlite3.connect(home.ledger_file) as db:
        guards = db.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
        for name, _ in guards:
            db.execute(f"drop trigger {name}")
        yield db
        for _, sql in guards:
            db.execute(sql)


def row_of_the_ledger(home: Home) -> None:
    with unguarded(home) as db:
        db.execute("update decisions set decided_by = 'Z'")


def copy_of_the_ledger(home: Home) -> None:
    """What the ledger would be restored from."""
    row_of_the_ledger(Home(home.published))


def decision_gone(home: Home) -> None:
    with unguarded(home) as db:
        db.execute("delete from decisions")


def tail_cut(home: Home) -> None:
    with unguarded(home) as db:
        (table, row) = db.execute("select table_name, row from chain order by seq desc limit 1").fetchone()
        db.execute(f"delete from {table} where seq = ?", (row,))
        db.execute("delete from chain where seq = (select max(seq) from chain)")


def links_swapped(home: Home) -> None:
    with unguarded(home) as db:
        db.execute("update chain set seq = -seq where seq in (1, 2)")
        db.execute("update chain set seq = 3 + seq where seq < 0")


def head_forged(home: Home) -> None:
    home.ledger_head.write_text(f"1 {'0' * 64}\n", encoding="utf-8")


FORGERIES: dict[str, tuple[Forgery, str]] = {
    "an original": (edit("archive/*"), "archive/* : le fichier a été modifié"),
    "an original, removed": (without_original, "l’original de f.csv (essai/export) a disparu"),
    "typed rows": (edit("lake/essai/lignes/2020/d1.parquet"), "le fichier a été modifié"),
    "a manifest of the lake": (edit("lake/essai/export.2020.d1.json"), "le fichier a été modifié"),
    "a published table": (edit("published/rapport/chiffres.parquet"), "le fichier a été modifié"),
    "a published database": (edit("published/millesime.duckdb"), "le fichier a été modifié"),
    "the second name of a database": (second_name, "n’est pas millesime.duckdb, dont il est un second nom"),
    "a page": (edit(PAGE), "le fichier a été modifié"),
    "a page, entered again": (entered_again, "deux écritures différentes de ce fichier"),
    "a page, entered for another publication": (entered_for_another, f"{PAGE} : le fichier a été modifié"),
    "a page, added and entered": (added_and_entered, "definitif.pdf : le registre l’ajoute après coup"),
    "an audit page": (edit("audit/2020/etat.html"), "le fichier a été modifié"),
    "an export": (edit("exports/2020/public/a.csv"), "le fichier a été modifié"),
    "what goes to a member": (edit("transmissions/2020-v1/public/orly/r.pdf"), "le fichier a été modifié"),
    "what goes to a member, added": (
        lambda home: put(home.transmissions / "2020-v1/public/orly/autre.pdf", "x") and None,
        "orly/autre.pdf : le fichier a été ajouté",
    ),
    "a letter, once sent": (letter_after_it_was_sent, f"{LETTER} : le fichier a été modifié"),
    "a link among published pages": (add_link("published/report/definitif"), "definitif : le fichier a été ajouté"),
    "a link in a release": (add_link("releases/2020-v1/report"), "2020-v1/report : le fichier a été ajouté"),
    "a link among audit pages": (add_link("audit/2021"), "audit/2021 : le fichier a été ajouté"),
    "a link among exports": (add_link("exports/2020/corrige"), "exports/2020/corrige : le fichier a été ajouté"),
    "a state": (edit("published/state.json"), "n’est pas l’état de la dernière publication"),
    "tables, state and an entry": (state_and_entry, "l’état ne repose pas sur les écritures qui précèdent la sienne"),
    "a former publication, put back": (put_back, "n’est pas l’état de la dernière publication"),
    "a table of a former publication": (edit("builds/une/rapport/chiffres.parquet"), "le fichier a été modifié"),
    "the state of a former publication": (edit("builds/une/state.json"), "le fichier a été modifié"),
    "the copy of the ledger": (copy_of_the_ledger, "published/ledger.db : decisions 1"),
    "a figure of a release": (edit("releases/2020-v1/rapport/chiffres.parquet"), "le fichier a été modifié"),
    "the state of a release": (edit("releases/2020-v1/state.json"), "releases/2020-v1/state.json : le fichier a été m"),
    "a release, removed": (lambda home: shutil.rmtree(home.releases / "2020-v1"), "le fichier a disparu"),
    "a release, added": (
        lambda home: put(home.releases / "2020-v2/x", "x") and None,
        "le registre ne connaît pas cette version",
    ),
    "the warehouse": (edit("warehouse/current/warehouse.duckdb"), "n’est pas l’entrepôt qui a été construit"),
    "the traced warehouse": (edit("warehouse/published/warehouse.duckdb"), "n’est pas l’entrepôt qui a été construit"),
    "a row of the ledger": (row_of_the_ledger, "decisions 1 : l’écriture n’est plus celle qui a été enregistrée"),
    "a decision, removed": (decision_gone, "decisions 1 : l’écriture a disparu"),
    "the end of the ledger": (tail_cut, "il manque à la fin 1 écriture que connaît ledger.head"),
    "two links of the chain": (links_swapped, "l’écriture n’est plus celle qui a été enregistrée"),
    "the kept head": (head_forged, "que connaît ledger.head : la chaîne a été réécrite"),
    "the kept head, removed": (lambda home: home.ledger_head.unlink(), "ledger.head : le fichier a disparu"),
}


def test_an_honest_home_raises_nothing(home: Home):
    assert told(home) == [] and verified(home).removed == {}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_detected(home: Home, forgery: str):
    forge, said = FORGERIES[forgery]
    first = next(home.archive.glob("[0-9a-f]*")).relative_to(home.root).as_posix()
    forge(home)
    assert [one for one in told(home) if said.replace("archive/*", first) in one], told(home)


def test_tables_of_a_release_are_compared_and_its_pages_drawn_again(home: Home):
    with open_ledger(home) as ledger:
        public = home.releases / "2020-v1/public/chiffres.parquet"
        page = home.releases / "2020-v1/report/r.pdf"
        kept = {path.relative_to(home.root).as_posix(): put(path, "un") for path in (public, page)}
        ledger.record_writing("2020-v1", kept)
        assert release_problems(home, ledger, "2020-v1") == []
        put(page, "deux")
        assert release_problems(home, ledger, "2020-v1") == []
        put(public, "deux")
        put(home.releases / "2020-v1/rapport/x.parquet", "x")
        edit("releases/2020-v1/rapport/chiffres.parquet")(home)
        told_of = [one.partition("\u00a0")[0] for one in release_problems(home, ledger, "2020-v1")]
        names = ("rapport/x.parquet", "rapport/chiffres.parquet", "public/chiffres.parquet")
        assert told_of == [f"releases/2020-v1/{name}" for name in names]


def test_an_original_whose_removal_is_forged_is_counted(home: Home):
    sha256 = next(home.archive.glob("[0-9a-f]*")).name
    without_original(home)
    with open_ledger(home) as ledger:
        ledger._add(
            "purges", sha256=sha256, name="f.csv", export="essai/export", exercice=2020,
            kept_until="2020-12-31", purged_at="2026-01-01T00:00:00+00:00",
        )  # fmt: skip
        ledger.record_removal(Removal("FAUX", sha256))
    assert verified(home).removed == {ORIGINAL: 1, "FAUX": 1}


def test_a_clock_set_back_is_detected(home: Home, clock):
    with open_ledger(home) as ledger:
        clock("2020-01-01T00:00:00+00:00")
        ledger.record_decision(FINDING, "withdrawn", "antidatée", "A")
    assert [one for one in verified(home).dated_back if "2020-01-01" in one]


def rewritten(home: Home, change: str) -> Head:
    """Change entries, then rewrite the chain from its beginning, and the head beside it."""
    with unguarded(home) as db:
        db.execute(change)
        last = ORIGIN
        for seq, table, row in db.execute("select seq, table_name, row from chain order by seq").fetchall():
            stored = _stored(db, table, row)
            assert stored is not None
            last = link_of(last, table, stored)
            db.execute("update chain set hash = ? where seq = ?", (last, seq))
    home.ledger_head.write_text(f"{seq} {last}\n", encoding="utf-8")
    return Head(seq, last)


def test_a_ledger_written_anew_is_not_that_of_the_publication(home: Home):
    rewritten(home, "update decisions set decided_by = 'Z'")
    with pytest.raises(LedgerLost, match="n’est pas celui de la publication"):
        told(home)


def test_rewriting_what_follows_the_publication_is_detected_by_a_head_kept_elsewhere_alone(home: Home):
    """A page of ``audit/``, and its entry: the folder agrees with itself again, and the printed head is from before them."""
    with open_ledger(home) as ledger:
        printed = ledger.head_at("publications", 2)
        kept = ledger.head()
        ((seq, files),) = [(row["seq"], row["files"]) for row in ledger.all_rows("writings")]
    edit("audit/2020/etat.html")(home)
    files["audit/2020/etat.html"] = hashlib.sha256((home.audit / "2020/etat.html").read_bytes()).hexdigest()
    rewritten(home, f"update writings set files = '{json.dumps(files)}' where seq = {seq}")
    assert told(home) == [] and told(home, printed) == []
    assert [one for one in told(home, kept) if "que connaît le document imprimé : la chaîne a été réécrite" in one]


def test_rewriting_everything_is_detected_by_the_printed_head_alone(home: Home):
    """The figures, each state, the ledger from its beginning, its head and its copy."""
    with open_ledger(home) as ledger:
        printed = ledger.head_at("publications", 2)
    shutil.rmtree(home.root / "releases")
    for file in ("ledger.db", "ledger.head"):
        (home.root / file).unlink()
    for place in ("builds", "audit", "exports", "transmissions", "warehouse"):
        shutil.rmtree(home.root / place)
    home.published.unlink()
    made = Manifest.from_dict(json.loads((home.lake / "essai/export.2020.d1.json").read_text(encoding="utf-8")))
    aside = home.root / "lake"
    aside = aside.rename(home.root.parent / "lake")
    with open_ledger(home) as ledger:
        aside.rename(home.lake)
        ledger.record_delivery(made)
        ledger.record_build("b1", True, ["d1"], [])
        ledger.record_warehouse("b1", put(home.warehouse, "faux"), is_whole=True, project="", sources={})
        release(home, ledger, "2020-v1")
        publish(home, ledger, "deux")
    assert told(home) == []
    assert [one for one in told(home, printed) if "que connaît le document imprimé" in one]
