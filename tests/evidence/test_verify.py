"""Anything changed, removed or added in a folder that is evidence, or in the ledger, is reported; what a dishonest operator
enters as if it were honest is, too, or by a head kept elsewhere alone."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import sha256_of
from pipelines.evidence.links import AGAIN
from pipelines.evidence.verify import Verification, publication_problems, verify
from pipelines.ledger.chain import ORIGIN, Head, _stored, link_of
from pipelines.ledger.closing import (
    PARTS,
    SUMS,
    close,
    close_delivery,
    close_originals,
    enter,
    listed,
    names_in,
    read,
    refused_name,
    sums_of,
    take_away,
)
from pipelines.ledger.lost_ledger import LedgerLost
from pipelines.ledger.records import DeliveredFile, Finding, Manifest, Removal, TableCounts
from pipelines.ledger.state import LEDGER, STATE, databases_of, files_of, sealed, write_state
from pipelines.ledger.store import Ledger, open_ledger
from pipelines.locking import only_writer
from pipelines.settings import Home

DOCS = Path(__file__).parents[2] / "docs"
FINDING = Finding("PUB-ECART", "alerte", 2020, "a", "a")
SENT = "transmissions/2020-v1/public"
# each folder that is evidence, and two files of it
FOLDERS = {
    "archive": ("f.csv", "g.csv"),  # named by their hashes
    "lake": ("essai/lignes/2020/d1.parquet", "essai/export.2020.d1.json"),
    "releases/2020-v1": ("rapport/chiffres.parquet", "etat/etat.html"),
    "builds/une": ("rapport/chiffres.parquet", "report/rapport.pdf"),  # a former publication
    "builds/deux": ("rapport/chiffres.parquet", "report/rapport.pdf"),
    "audit/2020": ("etat.html", "etat.json"),
    "exports/2020/public": ("donnees/a.csv", "LISEZMOI.txt"),
    "exports/superset/interne": ("superset_interne.zip", "b.zip"),
    "reports/2020/interne": ("rapport.pdf", "site/index.html"),
    SENT: ("orly/r.pdf", "orly/comptes/CA.xml"),
    "actes/2020": ("acte.txt", "lisez.txt"),
    "docs": ("dbt.html", "autre.html"),
}
ONCE = ("archive", "lake", "releases/2020-v1", "builds/une", "builds/deux", SENT)  # never written again
Change = Callable[[Path, str, str], None]


def put(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return sha256_of(path)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make(Home(tmp_path_factory.mktemp("evidence") / "home"))


def make(home: Home) -> Home:
    """A delivery, one that could not be read, a release, two publications, and everything that is made from them."""
    with open_ledger(home) as ledger:
        original = put(home.root / "original", "un;deux\n")
        refused = put(home.root / "refused", "rien\n")
        for sha256, text in ((original, "un;deux\n"), (refused, "rien\n")):
            put(home.archive / sha256, text)
        rows = put(home.lake / "essai/lignes/2020/d1.parquet", "lignes")
        counts = TableCounts(1, 1, 0, 0, "essai/lignes/2020/d1.parquet", rows)
        made = Manifest("d1", "essai", "export", 2020, [DeliveredFile("f.csv", original, 8)], {"lignes": counts})
        put(home.lake / made.lake_manifest, made.as_json())
        close_delivery(home, ledger, made)
        ledger.record_delivery(made)
        files = [{"name": "g.csv", "sha256": refused}]
        close_originals(home, ledger, refused_name(files), [refused])
        ledger.record_refusal("essai/export", 2020, files, {}, None)
        ledger.record_build("b1", True, ["d1"], [])
        ledger.record_warehouse("b1", put(home.warehouse, "entrepôt"), is_whole=True, project="", sources={})
        ledger.record_decision(FINDING, "accepted", "vu", "A")
        release(home, ledger, "2020-v1")
        publish(home, ledger, "une")
        publish(home, ledger, "deux")
        for place in list(FOLDERS)[5:]:
            for name in FOLDERS[place]:
                put(home.root / place / name, f"{place} {name}")
            close(home, ledger, home.root / place)
        sent = home.root / SENT
        put(sent / "orly/courrier.docx", "signé")
        sums = {name: sha256_of(sent / name) for name in names_in(sent) if name != SUMS}
        ledger.record_sending("2020-v1", 2020, "public", {"1": "Orly"}, "2021-01-01", "courriel", sums)
        close(home, ledger, sent, [sent / name for name in sums])
    for name in ("original", "refused"):
        (home.root / name).unlink()
    return home


def release(home: Home, ledger: Ledger, name: str) -> None:
    folder = home.releases / name
    put(folder / "rapport/chiffres.parquet", "chiffres")
    visas = {"prepared_by": "A", "reviewed_by": "B", "approved_by": "C"}
    said = {"release": name, "build": "b1", "visas": visas, "reason": None, "exercice": 2020}
    state = {**said, "files": files_of(folder), "ledger": asdict(ledger.settled_head()), "deliveries": []}
    seal = fingerprint(sealed(state))
    sha256 = write_state(folder, {**state, "fingerprint": seal})
    ledger.record_release(name, 2020, 1, seal, "b1", visas, None, sha256)
    close(home, ledger, folder)
    put(folder / "etat/etat.html", "approuvé par C")
    close(home, ledger, folder)


def publish(home: Home, ledger: Ledger, name: str, build: str = "b1") -> None:
    folder = home.builds / name
    (folder / "rapport").mkdir(parents=True)
    for file in ("millesime.duckdb", "rapport_public.duckdb"):
        with duckdb.connect(str(folder / file)) as db:
            db.execute(f"create schema rapport; create table rapport.chiffres as select '{name}' as code, 1 as valeur")
            db.execute(f"copy rapport.chiffres to '{folder}/rapport/chiffres.parquet'")
    head = asdict(ledger.settled_head())
    state = {"build": build, "files": files_of(folder), "tables": databases_of(folder), "ledger": head}
    ledger.record_publication(name, build, write_state(folder, state))
    put(folder / "report/rapport.pdf", f"page de {name}")
    ledger.copy_to(folder / LEDGER)
    close(home, ledger, folder)
    point(home, folder)
    home.warehouse_published.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(home.warehouse, home.warehouse_published)


def point(home: Home, folder: Path) -> None:
    home.published.unlink(missing_ok=True)
    home.published.symlink_to(Path("builds") / folder.name)


@pytest.fixture
def home(honest: Home, tmp_path: Path) -> Home:
    shutil.copytree(honest.root, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def verified(home: Home, printed: Head | None = None) -> Verification:
    with open_ledger(home) as ledger:
        return verify(home, ledger, printed)


def told(home: Home, printed: Head | None = None) -> list[str]:
    return [one.replace("\u00a0", " ") for one in verified(home, printed).problems]


def named(home: Home, place: str) -> tuple[str, str]:
    """Two files of a folder."""
    first, second = FOLDERS[place]
    if place == "archive":
        first, second = sorted(path.name for path in home.archive.iterdir() if path.is_file())
    return first, second


# every folder --------------------------------------------------------------------


def swap(folder: Path, first: str, second: str) -> None:
    kept = (folder / first).read_bytes()
    (folder / first).write_bytes((folder / second).read_bytes())
    (folder / second).write_bytes(kept)


def change_list(folder: Path, first: str, second: str) -> None:
    (sums, *_) = lists(folder)
    sums.write_text(sums.read_text(encoding="utf-8").replace("0", "1"), encoding="utf-8")


def lists(folder: Path) -> list[Path]:
    """The lists of a folder."""
    return [folder / SUMS] if (folder / SUMS).exists() else sorted((folder / PARTS).iterdir())


def link(folder: Path, first: str, second: str) -> None:
    """A link in place of a file or folder, to the same bytes: they may change later."""
    home = next(parent for parent in (folder / first).parents if parent.name == "home")
    elsewhere = home.parent / "-".join((folder / first).relative_to(home).parts)
    shutil.move(folder / first, elsewhere)
    (folder / first).symlink_to(elsewhere)


def shut(folder: Path, first: str, second: str) -> None:
    """A folder that cannot be read, because its path is too long for the system: no right is lacking, even to root."""
    name, here = "x" * 200, os.open(folder, os.O_RDONLY)
    for _ in range(21):
        os.mkdir(name, dir_fd=here)
        there = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    os.close(here)


GONE, CHANGED, FILE, FOLDER, LINK, LINKED, FOLDER_LINKED = (
    "le fichier a disparu",
    "le fichier a été modifié",
    "le fichier a été ajouté",
    "le dossier a été ajouté",
    "le lien a été ajouté",
    "le fichier a été remplacé par un lien",
    "le dossier a été remplacé par un lien",
)
CHANGES: dict[str, tuple[Change, list[tuple[str, str]]]] = {  # what is done → each file, and what is said of it
    "change": (lambda f, a, b: put(f / a, "x") and None, [("a", CHANGED)]),
    "truncate": (lambda f, a, b: (f / a).write_bytes((f / a).read_bytes()[:-1]) and None, [("a", CHANGED)]),
    "empty": (lambda f, a, b: (f / a).write_bytes(b""), [("a", CHANGED)]),
    "remove": (lambda f, a, b: (f / a).unlink(), [("a", GONE)]),
    "rename": (lambda f, a, b: (f / a).rename(f / "x.autre") and None, [("a", GONE), ("x.autre", FILE)]),
    "swap two": (swap, [("a", CHANGED), ("b", CHANGED)]),
    "add": (lambda f, a, b: put(f / "autre.csv", "faux") and None, [("autre.csv", FILE)]),
    "add, hidden": (lambda f, a, b: put(f / ".autre", "faux") and None, [(".autre", FILE)]),
    "add a folder": (lambda f, a, b: [put(f / "x/y" / name, "faux") for name in "ab"] and None, [("x", FOLDER)]),
    "add a hidden folder": (lambda f, a, b: put(f / ".x/y", "faux") and None, [(".x", FOLDER)]),
    "leave a folder unfinished": (
        lambda f, a, b: put(f / ".x.12/y", "faux") and None,
        [(".x.12", f"{FOLDER}, ou laissé par une commande interrompue : la refaire l’enlève")],
    ),
    "add a link": (lambda f, a, b: (f / "x").symlink_to(f.parent), [("x", LINK)]),
    "add a broken link": (lambda f, a, b: (f / "x").symlink_to(f / "rien"), [("x", LINK)]),
    "add an empty folder": (lambda f, a, b: (f / "x/y").mkdir(parents=True), [("x", FOLDER)]),
    "put a link in place": (link, [("a", LINKED)]),
    "put a folder in place": (
        lambda f, a, b: (f / a).unlink() or (f / a).mkdir(),
        [("a", "le fichier a été remplacé par un dossier")],
    ),
    "put a link in place of the folder": (lambda f, a, b: link(f.parent, f.name, b), [(".", FOLDER_LINKED)]),
    "change the list": (change_list, [("list", CHANGED)]),
    "remove the list": (lambda f, a, b: lists(f)[0].unlink(), [("list", GONE)]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_in_every_folder_is_one_sentence(home: Home, change: str):
    do, said = CHANGES[change]
    expected = []
    for place in FOLDERS:
        folder = home.root / place
        first, second = named(home, place)
        names = {"a": first, "b": second, "list": lists(folder)[0].relative_to(folder).as_posix()}
        do(folder, first, second)
        expected += [f"{place}/{names.get(name, name)}".removesuffix("/.") + f" : {what}" for name, what in said]
    if (home.builds / "deux").is_symlink():
        expected.append("published : n’est pas un lien vers une publication")
    assert sorted(told(home)) == sorted(expected)


def test_a_folder_that_cannot_be_looked_into_is_one_sentence(home: Home):
    for place in FOLDERS:
        shut(home.root / place, "", "")
    said = sorted(told(home))
    assert [one.partition("/xxx")[0] for one in said] == sorted(FOLDERS)
    assert all(one.endswith(" : le dossier ne se lit pas") for one in said)


def enter_again(home: Home, ledger: Ledger, folder: Path) -> None:
    """Write the lists of a folder anew, and enter them as the program does: the chain is whole."""
    if not (folder / PARTS).is_dir():
        close(home, ledger, folder)
        return
    for part in lists(folder):
        names = read(part.read_text(encoding="utf-8"))
        enter(home, ledger, part, sums_of(folder, [name for name in names if (folder / name).is_file()]))


FILES = [
    name for name in CHANGES if not ("link" in name or "list" in name or "place" in name or "empty folder" in name)
]


@pytest.mark.parametrize("change", FILES)
def test_what_is_written_once_is_not_written_again_though_the_ledger_enters_its_list(home: Home, change: str):
    do, _ = CHANGES[change]
    with open_ledger(home) as ledger:
        for place in ONCE:
            do(home.root / place, *named(home, place))
            enter_again(home, ledger, home.root / place)
    said = told(home)
    # a folder in what is sent is another member's, and is prepared when it pleases
    expected = [place for place in ONCE if not (place == SENT and "folder" in change)]
    assert [place for place in ONCE if any(one.startswith(place) for one in said)] == expected


@pytest.mark.parametrize("name", [SUMS, f"{PARTS}/autre"])
def test_a_list_that_lies_anywhere_else_is_a_file_like_another(home: Home, name: str):
    """One in a folder of the folder, entered, would say something else of a file than the folder's own."""
    file, changed = "sous/a.csv", []
    with open_ledger(home) as ledger:
        for place in FOLDERS:
            folder = home.root / place
            put(folder / file, "vrai")
            if (folder / PARTS).is_dir():
                enter(home, ledger, lists(folder)[0], sums_of(folder, [*read(lists(folder)[0].read_text()), file]))
            else:
                close(home, ledger, folder)
        before = told(home)
        for place in FOLDERS:
            put(home.root / place / file, "faux")
            enter(home, ledger, home.root / place / "sous" / name, {"a.csv": sha256_of(home.root / place / file)})
            where = f"{place}/sous/{name} : {FILE}" if name == SUMS else f"{place}/sous/{PARTS} : {FOLDER}"
            changed += [f"{place}/{file} : {CHANGED}", where]
    assert sorted(told(home)) == sorted([*before, *changed])


EXTRA = {
    "archive/SHA256SUMS.d/autre": "cette liste n’est celle d’aucune livraison du registre",
    "lake/SHA256SUMS.d/autre": "cette liste n’est celle d’aucune livraison du registre",
    f"builds/{'a' * 32}/SHA256SUMS": "cette liste n’est celle d’aucune publication du registre",
    "releases/2020-v2/SHA256SUMS": "cette liste n’est celle d’aucune version du registre",
    "transmissions/2020-v2/public/SHA256SUMS": "cette liste n’est celle d’aucune version du registre",
}


@pytest.mark.parametrize("file", EXTRA)
def test_a_list_that_no_entry_explains_is_reported(home: Home, file: str):
    folder = home.root / file.partition(f"/{SUMS}")[0]
    name = put(folder / "un/faux.csv", "faux") and "un/faux.csv"
    with open_ledger(home) as ledger:
        enter(home, ledger, home.root / file, sums_of(folder, [name]))
    assert told(home) == [f"{file} : {EXTRA[file]}"]


@pytest.mark.parametrize("place", [*ONCE[:3], "builds/deux", SENT])
def test_an_entry_whose_list_is_no_more_is_reported(home: Home, place: str):
    """The folder goes, and its lists with it, as the ledger enters that they went."""
    folder = home.root / place
    with open_ledger(home) as ledger:
        take_away(home, ledger, sorted(folder.iterdir()) if (folder / PARTS).is_dir() else [folder])
    assert told(home)


def test_a_publication_forged_whole_is_noticed_by_nothing_in_the_home(home: Home):
    """With its build, its warehouse and its entries: docs/auditor.md says that publishing again alone shows it."""
    shutil.rmtree(home.warehouse_published.parent)
    with open_ledger(home) as ledger:
        ledger.record_build("faux", True, ["d1"], [])
        ledger.record_warehouse("faux", put(home.warehouse, "faux"), is_whole=True, project="", sources={})
        publish(home, ledger, "trois", "faux")
    assert told(home) == []


@pytest.mark.parametrize("place", ONCE[:4])
def test_a_removal_explains_its_own_list_alone(home: Home, place: str):
    """A true removal was entered before, of something else, and of the same thing before it was closed."""
    folder, (first, _) = home.root / place, named(home, place)
    with open_ledger(home) as ledger:
        ledger.record_removal(Removal("CONS-REFUS", "e" * 64, files=["e" * 64]))
        ledger.record_withdrawal("autre", "p", "erreur", "A", ["exports/2020/public", "builds/autre/public"])
        take_away(home, ledger, [folder / first])
    assert told(home)


@pytest.mark.parametrize("place", sorted({*FOLDERS} - {*ONCE}))
def test_what_a_command_draws_at_any_time_may_be_drawn_by_anybody(home: Home, place: str):
    """Nothing in the home tells a forger's list from that of the command: docs/auditor.md says so."""
    put(home.root / place / FOLDERS[place][0], "faux")
    with open_ledger(home) as ledger:
        close(home, ledger, home.root / place)
    assert told(home) == []


def test_everything_that_was_sent_is_kept_as_it_went(home: Home):
    put(home.root / SENT / "orly/courrier.docx", "autre chose")
    assert told(home) == [f"{SENT}/orly/courrier.docx : n’est pas ce qui est parti"]


def test_a_foreign_publication_or_release_or_a_whole_folder_removed_is_one_sentence(home: Home):
    for place in ("builds/" + "a" * 32, "releases/2020-v2", "exports/2020/corrige", "audit/2021"):
        put(home.root / place / "rapport/chiffres.parquet", "faux")
    shutil.rmtree(home.releases / "2020-v1")
    shutil.rmtree(home.docs)
    found = told(home)
    for place in ("builds/" + "a" * 32, "releases/2020-v2", "exports/2020/corrige", "audit/2021"):
        assert f"{place} : {FOLDER}" in found
    assert (
        "releases/2020-v1/SHA256SUMS : le fichier a disparu" in found
        and "docs/SHA256SUMS : le fichier a disparu" in found
    )
    assert len(found) == 6, found


def test_an_honest_home_raises_nothing_and_is_read_whole(home: Home):
    with open_ledger(home) as ledger:
        head = ledger.head()
    assert told(home) == [] and verified(home).removed == {} and verified(home).head == head
    files = sum(1 for folder in home.evidence for _ in names_in(folder))
    assert sum(count for what, count in verified(home).checked.items() if "fichiers" in what) == files


def test_what_people_may_write_raises_nothing(home: Home):
    put(home.acts / "2020/courriers/orly.docx", "brouillon")
    with open_ledger(home) as ledger:
        close(home, ledger, home.acts / "2020", [home.acts / "2020/courriers/orly.docx"])
    put(home.acts / "2020/courriers/orly.docx", "signé")
    put(home.contenu / "2020/avant-propos.md", "texte")
    put(home.root / SENT / "orly/courrier.pdf", "signé")
    assert told(home) == []
    (home.acts / "2020/courriers/orly.docx").unlink()
    assert told(home) == []
    put(home.acts / "2020/courriers/choisy.docx", "jamais écrit")
    assert told(home) == [f"actes/2020/courriers/choisy.docx : {FILE}"]


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="coreutils is not installed")
@pytest.mark.parametrize("place", FOLDERS)
def test_anybody_checks_a_folder_with_sha256sum_and_a_list_of_names(home: Home, place: str):
    """The two commands of docs/auditor.md."""
    folder = home.root / place
    put(folder / "ligne\nbrisée\\.txt", "un nom difficile")
    with open_ledger(home) as ledger:
        if (folder / PARTS).is_dir():
            enter(home, ledger, folder / PARTS / "autre", sums_of(folder, ["ligne\nbrisée\\.txt"]))
        else:
            close(home, ledger, folder)
    assert not [one for one in told(home) if "brisée" in one and one.endswith(FILE)]
    commands = re.findall(r"^    (.*)$", (DOCS / "auditor.md").read_text(encoding="utf-8"), re.MULTILINE)
    commands = [one for one in commands if "sha256sum --" in one]
    check, compare = (one for one in commands if (PARTS in one) == (folder / PARTS).is_dir())
    for command in (check, compare):
        done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    put(folder / "autre.txt", "x")
    done = subprocess.run(["bash", "-c", compare], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "autre.txt" in done.stdout


# databases ------------------------------------------------------------------------

WRITTEN = {
    "a macro": ("create macro main.sum(x) as 42", "macro main.sum"),
    "a table macro": ("create macro rapport.chiffre() as table select 1", "table_macro rapport.chiffre"),
    "a sequence": ("create sequence main.s", "sequence main.s"),
    "a view": ("create view rapport.faux as select 2 as x", "rapport.faux"),
    "a type": ("create type main.t as enum ('a')", "type main.t"),
    "an index": ("create index i on rapport.chiffres (code)", "index rapport.i"),
    "a table": ("create table rapport.autre (a integer)", "rapport.autre"),
    "a value": ("update rapport.chiffres set valeur = 42", "rapport.chiffres"),
    "a default": ("alter table rapport.chiffres alter valeur set default 42", "default rapport.chiffres.valeur"),
    "a collation": (
        "drop table rapport.chiffres; create table rapport.chiffres (code varchar collate nocase, valeur integer); "
        "insert into rapport.chiffres from '{folder}/rapport/chiffres.parquet'",
        "collation rapport.chiffres",
    ),
    "a schema": ("create schema autre", "schema autre"),
    "a constraint": ("alter table rapport.chiffres alter valeur set not null", "rapport.chiffres"),
    "a type of a column": ("alter table rapport.chiffres alter valeur type bigint", "rapport.chiffres"),
    "a comment": ("comment on column rapport.chiffres.valeur is 'autre'", "rapport.chiffres"),
    "a row": ("insert into rapport.chiffres from rapport.chiffres", "rapport.chiffres"),
}


@pytest.mark.parametrize("database", ["deux/millesime.duckdb", "deux/rapport_public.duckdb", "une/millesime.duckdb"])
@pytest.mark.parametrize("written", WRITTEN)
def test_a_database_holds_nothing_but_what_was_published_though_the_ledger_enters_its_file(
    home: Home, database: str, written: str
):
    sql, name = WRITTEN[written]
    with duckdb.connect(str(home.builds / database)) as db:
        db.execute(sql.format(folder=(home.builds / database).parent))
    assert told(home) == [f"builds/{database} : {CHANGED}"]
    with open_ledger(home) as ledger:
        close(home, ledger, (home.builds / database).parent)
    again = f"builds/{database.partition('/')[0]}/{SUMS} : {AGAIN}"
    assert sorted(told(home)) == sorted([again, f"builds/{database} : {name} n’est pas ce qui a été publié"])


@pytest.mark.parametrize("place", ["current", "published"])
def test_a_warehouse_is_one_that_was_built_and_the_traced_one_that_of_the_publication(home: Home, place: str):
    put(home.root / "warehouse" / place / "warehouse.duckdb", "autre")
    assert told(home) == [f"warehouse/{place}/warehouse.duckdb : n’est pas l’entrepôt qui a été construit"]


# links ----------------------------------------------------------------------------


def test_a_former_publication_put_back_is_not_the_last(home: Home):
    home.published.unlink()
    home.published.symlink_to(Path("builds") / "une")
    assert told(home)[0] == "published : n’est pas la dernière publication du registre"
    home.published.unlink()
    shutil.copytree(home.builds / "deux", home.published)
    assert "published : n’est pas un lien vers une publication" in told(home)


def test_a_state_and_its_entry_forged_rest_on_an_older_head(home: Home):
    """Tables and state, which a new entry of the ledger takes for a publication."""
    state = json.loads((home.published / STATE).read_text(encoding="utf-8"))
    new = write_state(home.published, {**state, "build": "b2"})
    with open_ledger(home) as ledger:
        ledger.record_decision(FINDING, "withdrawn", "une écriture entre les deux", "A")
        ledger.record_publication("trois", "b1", new)
        point(home, (home.builds / "deux").rename(home.builds / "trois"))
        close(home, ledger, home.builds / "trois")
    assert "builds/trois/state.json : l’état ne repose pas sur les écritures qui précèdent la sienne" in told(home)


@pytest.mark.parametrize("said", [{"visas": {}}, {"reason": "une autre"}, {"ledger": {"entries": 1, "hash": "0" * 64}}])
def test_what_a_release_says_of_itself_is_what_the_ledger_entered(home: Home, said: dict):
    folder = home.releases / "2020-v1"
    state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    write_state(folder, {**state, **said})
    with open_ledger(home) as ledger:
        close(home, ledger, folder)
    assert "releases/2020-v1/state.json : n’est pas l’état de la version que le registre connaît" in told(home)


def test_a_public_profile_that_comes_back_after_its_withdrawal_is_reported(home: Home):
    for place in (home.published.resolve() / "public", home.exports / "2020/public"):
        shutil.rmtree(place, ignore_errors=True)
    with open_ledger(home) as ledger:
        put(home.published / "public/rapport.parquet", "public")
        close(home, ledger, home.builds / "deux")
        gone = [home.builds / "deux/public", home.exports / "2020/public"]
        ledger.record_withdrawal("deux", "p", "erreur", "A", ["builds/deux/public", "exports/2020/public"])
        take_away(home, ledger, gone)
    assert not [one for one in told(home) if "builds/deux/SHA" not in one]
    put(home.published / "public/rapport.parquet", "public")
    put(home.exports / "2020/public/a.csv", "public")
    found = told(home)
    assert f"builds/deux/public : {FOLDER}" in found and f"exports/2020 : {FOLDER}" in found


def test_a_withdrawal_explains_one_change_of_each_list(home: Home):
    with open_ledger(home) as ledger:
        ledger.record_withdrawal(
            "deux", "p", "erreur", "A", ["builds/deux/report", "builds/deux/public", "builds/une/report"]
        )
        take_away(home, ledger, [home.builds / "deux/report", home.builds / "une/report"])
    assert told(home) == []
    with open_ledger(home) as ledger:
        take_away(home, ledger, [home.builds / "deux" / LEDGER])
    assert told(home) == [f"builds/deux/{SUMS} : {AGAIN}"]


def test_an_original_whose_removal_is_forged_is_counted(home: Home):
    (sha256, _) = named(home, "archive")
    with open_ledger(home) as ledger:
        ledger.record_removal(Removal("FAUX", sha256))
        take_away(home, ledger, [home.archive / sha256])
    assert told(home) == [] and verified(home).removed == {"FAUX": 1}


def test_a_clock_set_back_is_reported(home: Home, clock):
    with open_ledger(home) as ledger:
        clock("2020-01-01T00:00:00+00:00")
        ledger.record_decision(FINDING, "withdrawn", "antidatée", "A")
    assert [one for one in verified(home).dated_back if "2020-01-01" in one]


# the chain ------------------------------------------------------------------------


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


FORGED: dict[str, tuple[Callable[[Home], None], str]] = {
    "a row": (row_of_the_ledger, "decisions 1 : l’écriture n’est plus celle qui a été enregistrée"),
    "a decision, removed": (decision_gone, "decisions 1 : l’écriture a disparu"),
    "the end": (tail_cut, "il manque à la fin 1 écriture que connaît ledger.head"),
    "two links": (links_swapped, "l’écriture n’est plus celle qui a été enregistrée"),
    "the kept head": (
        lambda home: put(home.ledger_head, f"1 {'0' * 64}\n") and None,
        "que connaît ledger.head : la chaîne a été réécrite",
    ),
    "the kept head, removed": (lambda home: home.ledger_head.unlink(), "ledger.head : le fichier a disparu"),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forgery_in_the_ledger_is_reported(home: Home, forgery: str):
    forge, said = FORGED[forgery]
    forge(home)
    assert [one for one in told(home) if said in one], told(home)


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


def test_rewriting_what_follows_the_publication_is_reported_by_a_head_kept_elsewhere_alone(home: Home):
    """A page of ``audit/``, its list, and the entry of it: the folder agrees with itself again."""
    with open_ledger(home) as ledger:
        printed, kept = ledger.head_at("publications", 2), ledger.head()
    put(home.audit / "2020/etat.html", "faux")
    sums = home.audit / "2020" / SUMS
    before = sha256_of(sums)
    sums.write_text(listed(sums_of(sums.parent)), encoding="utf-8")
    rewritten(home, f"update closings set sha256 = '{sha256_of(sums)}' where sha256 = '{before}'")
    assert told(home) == [] and told(home, printed) == []
    assert [one for one in told(home, kept) if "que connaît le document imprimé : la chaîne a été réécrite" in one]


def test_a_decision_cut_off_after_the_publication_is_reported_by_whoever_holds_a_later_head(home: Home):
    with open_ledger(home) as ledger:
        before = ledger.head()
        ledger.record_decision(FINDING, "withdrawn", "gênante", "A")
        later = ledger.head()
    tail_cut(home)
    home.ledger_head.write_text(f"{before.entries} {before.hash}\n", encoding="utf-8")
    assert told(home) == []
    assert told(home, later) == ["chain : il manque à la fin 1 écriture que connaît le document imprimé"]


def test_a_head_kept_elsewhere_is_compared_by_itself(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each command that writes adds its head to the file; what is cut off afterwards shows without anybody asking."""
    heads = tmp_path / "heads"
    monkeypatch.setenv("MILLESIME_HEADS_FILE", str(heads))
    assert "ne se lit pas" in told(home)[0]
    for reason in ("gênante", "une autre"):
        with only_writer(home), open_ledger(home) as ledger:
            ledger.record_decision(FINDING, "withdrawn", reason, "A")
        with only_writer(home):
            pass  # nothing new, nothing added
    assert len(heads.read_text(encoding="utf-8").splitlines()) == 2 and told(home) == []
    tail_cut(home)
    with open_ledger(home) as ledger:
        head = ledger.head()
    home.ledger_head.write_text(f"{head.entries} {head.hash}\n", encoding="utf-8")
    assert told(home) == ["chain : il manque à la fin 1 écriture que connaît heads, ligne 2"]


def test_rewriting_everything_is_reported_by_the_printed_head_alone(home: Home):
    """The figures, each state, the lists, the ledger from its beginning, its head and its copy."""
    with open_ledger(home) as ledger:
        printed = ledger.head_at("publications", 2)
    made = Manifest.from_dict(json.loads((home.lake / "essai/export.2020.d1.json").read_text(encoding="utf-8")))
    for place in (*home.evidence, home.root / "warehouse"):
        if place not in (home.archive, home.lake):
            shutil.rmtree(place)
    home.published.unlink()
    (refused,) = {path.name for path in home.archive.iterdir() if path.is_file()} - {made.files[0].sha256}
    (home.archive / refused).unlink()
    for folder in (home.archive, home.lake):
        shutil.rmtree(folder / PARTS)
        folder.rename(home.root.parent / folder.name)
    for file in ("ledger.db", "ledger.head"):
        (home.root / file).unlink()
    with open_ledger(home) as ledger:
        for folder in (home.archive, home.lake):
            (home.root.parent / folder.name).rename(folder)
        close_delivery(home, ledger, made)
        ledger.record_delivery(made)
        ledger.record_build("b1", True, ["d1"], [])
        ledger.record_warehouse("b1", put(home.warehouse, "faux"), is_whole=True, project="", sources={})
        release(home, ledger, "2020-v1")
        publish(home, ledger, "deux")
    assert told(home) == []
    assert [one for one in told(home, printed) if "que connaît le document imprimé" in one]


def test_a_printed_head_says_which_release_or_publication_reached_it(home: Home):
    with open_ledger(home) as ledger:
        first, second, frozen = (
            ledger.head_at(*of) for of in (("publications", 1), ("publications", 2), ("releases", 1))
        )
    assert verified(home, second).sealed == "la publication deux"
    assert verified(home, first).sealed == "la publication une, qui n’est plus celle qui est publiée"
    assert verified(home, frozen).sealed == "la version 2020-v1"


def test_the_problems_of_the_publication_alone(home: Home):
    put(home.audit / "2020/etat.html", "faux")
    with open_ledger(home) as ledger:
        assert publication_problems(home, ledger) == []
        put(home.published / "report/rapport.pdf", "faux")
        assert [one.partition("\u00a0")[0] for one in publication_problems(home, ledger)] == [
            "builds/deux/report/rapport.pdf"
        ]


# signatures -----------------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="OpenSSH is not installed")
def test_a_signature_beside_a_list_is_that_of_somebody_who_may_sign(home: Home, tmp_path: Path):
    sums = home.releases / "2020-v1" / SUMS
    for name in ("presidente", "autre"):
        new = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(new, check=True, capture_output=True)

    def sign(key: str) -> None:
        """Sign, as docs/auditor.md says."""
        sums.with_name(f"{SUMS}.sig").unlink(missing_ok=True)
        run = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(tmp_path / key), "-n", "millesime", str(sums)]
        subprocess.run(run, check=True, capture_output=True)

    sign("presidente")
    refused = ["releases/2020-v1/SHA256SUMS.sig : la signature n’est pas celle d’un signataire déclaré"]
    assert told(home) == refused  # nobody may sign
    public = (tmp_path / "presidente.pub").read_text(encoding="utf-8")
    (home.root / "signataires").write_text(f'presidente@sicio.fr namespaces="millesime" {public}', encoding="utf-8")
    assert told(home) == []
    (who,) = verified(home).signed.values()
    assert who.startswith("presidente@sicio.fr, clé SHA256:")
    sign("autre")
    assert told(home) == refused
