"""Two hundred hostile files, from a seed: ``python -m tests.stages.ingest.hostile [seed]`` reads each and prints the table of the docs.

Each is a file that the pipeline reads, one per format, then damaged; or one at the edge of a limit: what it holds is the most
that is read, or one more.
"""

import random
import resource
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

from demo.home import make_home
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.sources import ExportRef
from pipelines.settings import Home, limits, shipped
from pipelines.stages.ingest import child
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.ingest.landing import files_of
from tests.deliveries import HEADER, KEY, Depot
from tests.ods import write_ods

SEED = 46
GIGABYTE = 1 << 20  # in kilobytes, as the system counts them
SECONDS = 60  # of a busy machine: on a quiet one the slowest takes six
OF_THE_DEMO = {  # format → an export of the demonstration, and its exercice
    "csv": ("teams/usages", 2020),
    "xlsx": ("kolok/comptes", 2020),
    "budget_xml": ("budget/documents", 2020),
    "citrix": ("citrix/journal", 2020),
    "zimbra": ("zimbra/comptes", 2020),
    "dsn": ("dsn/declarations", 2022),
}
ROW = "A1;un libellé;1,00;03/02/2020\n"
FIELDS = [{"name": "code", "title": "code"}, {"name": "libelle", "title": "libelle"}]


@dataclass(frozen=True)
class Base:
    """A file that is read, before it is damaged."""

    format: str
    ref: ExportRef
    exercice: int
    name: str
    content: bytes


@dataclass(frozen=True)
class Hostile:
    """One file; ``too_large`` when it is at the edge of a limit: beyond it, or not."""

    what: str
    base: Base
    content: bytes
    too_large: bool | None = None


def cut(chance: random.Random, content: bytes) -> bytes:
    """Ends somewhere."""
    return content[: chance.randrange(1, len(content))]


def flipped(chance: random.Random, content: bytes) -> bytes:
    """Twenty bytes are others."""
    changed = bytearray(content)
    for _ in range(20):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def shuffled(chance: random.Random, content: bytes) -> bytes:
    """Its lines are in another order."""
    lines = content.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines)


def with_a_long_line(chance: random.Random, content: bytes) -> bytes:
    """A line of five million characters stands somewhere."""
    return _inserted(chance, content, b"x" * 5_000_000 + b"\n")


def nested(chance: random.Random, content: bytes) -> bytes:
    """A hundred thousand things open somewhere, and none closes."""
    return _inserted(chance, content, chance.choice([b"[", b"{", b"<a>", b'"', b"("]) * 100_000)


def with_a_line_many_times(chance: random.Random, content: bytes) -> bytes:
    """One of its lines comes 120 000 times."""
    lines = content.splitlines(keepends=True)
    return content + chance.choice(lines)[:200] * 120_000


def _inserted(chance: random.Random, content: bytes, more: bytes) -> bytes:
    place = chance.randrange(len(content))
    return content[:place] + more + content[place:]


DAMAGES: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "is empty": lambda _, __: b"",
    "holds blanks": lambda _, __: b" \r\n\t" * 1000,
    "is cut": cut,
    "lacks its last byte": lambda _, content: content[:-1],
    "has other bytes": flipped,
    "is noise": lambda chance, _: chance.randbytes(100_000),
    "holds null bytes": lambda chance, content: _inserted(chance, content, b"\0" * 9),
    "is in UTF-16": lambda _, content: content.decode("latin-1").encode("utf-16"),
    "comes twice": lambda _, content: content * 2,
    "has other line ends": lambda _, content: content.replace(b"\r\n", b"\n").replace(b"\n", b"\r"),
    "has its lines shuffled": shuffled,
    "has a line of five million characters": with_a_long_line,
    "opens and does not close": nested,
    "is a web page": lambda _, content: b"<!DOCTYPE html><html><body>" + content + b"</body></html>",
    "has a line 120 000 times": with_a_line_many_times,
}


def bases(folder: Path) -> list[Base]:
    """A file of each format."""
    make_home(folder / "demo", [2020, 2022])
    catalogue = Catalogue(shipped(), folder / "demo")
    found = []
    for kind, (key, exercice) in OF_THE_DEMO.items():
        ref = catalogue.registry.export_of(key)
        path = files_of(folder / "demo" / "landing", ref, exercice)[0]
        found.append(Base(kind, ref, exercice, path.name, path.read_bytes()[:200_000]))
    declared = {
        "json": ({"type": "json"}, {"records": "l"}, b'{"l": [\n{"code": "A1", "libelle": "x"},\n{"code": "A2"}]}\n'),
        "jsonl": ({"type": "jsonl"}, {}, b'{"code": "A1", "libelle": "x"}\n{"code": "A2"}\n'),
        "xml": (
            {"type": "xml"},
            {"records": "/r/l"},
            b"<r>\n<l><code>A1</code></l>\n<l><libelle>x</libelle></l>\n</r>\n",
        ),
        "key_value": ({"type": "key_value"}, {}, b'code=A1 libelle="x y"\ncode=A2 libelle=z\n'),
    }
    for kind, (said, table, content) in declared.items():
        ref = Depot(folder / kind).declare(FIELDS, kind=said, table=table)
        found.append(Base(kind, ref, 2020, f"export.{kind}", content))
    ref = Depot(folder / "zip").declare(table={"member": "a.csv"}, export={"archive": "zip"})
    found.append(Base("zip", ref, 2020, "export.zip", zipped(folder, {"a.csv": HEADER + ROW})))
    ref = Depot(folder / "ods").declare(kind={"type": "ods"})
    table = {"Feuille": [HEADER.strip().split(";"), ["A1", "x", 1.0, "03/02/2020"]]}
    found.append(Base("ods", ref, 2020, "export.ods", write_ods(folder / "table.ods", table).read_bytes()))
    return found


def zipped(folder: Path, members: dict[str, str]) -> bytes:
    """An archive."""
    path = folder / "members.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path.read_bytes()


def workbook(folder: Path, sheets: int, columns: int) -> bytes:
    """A workbook, whose first sheet is a table."""
    path = folder / "sheets.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for rank in range(sheets):
            sheet = book.add_worksheet(f"F{rank}")
            sheet.write_row(0, 0, HEADER.strip().split(";"))
            sheet.write_row(1, 0, ["A1", "x", 1, "03/02/2020"])
        if columns > 4:
            book.worksheets()[0].write(0, columns - 1, "dernière")
    return path.read_bytes()


def hostile(folder: Path, seed: int) -> Iterator[Hostile]:
    """Every file of the seed."""
    chance, found = random.Random(seed), bases(folder)
    for base in found:
        for what, damage in DAMAGES.items():
            yield Hostile(what, base, damage(chance, base.content))
        yield Hostile(
            "is of another format", base, chance.choice([o for o in found if o.format != base.format]).content
        )
    yield from edges(folder, {base.format: base for base in found})


def edges(folder: Path, found: dict[str, Base]) -> Iterator[Hostile]:
    """The most that is read, then one more."""
    most = limits()
    csv = Base("csv", Depot(folder / "csv").declare(), 2020, "export.csv", b"")
    xlsx = Base("xlsx", Depot(folder / "xlsx").declare(kind={"type": "xlsx"}), 2020, "export.xlsx", b"")
    for more in (0, 1):
        beyond = bool(more)
        wide = HEADER.strip() + "".join(f";c{n}" for n in range(most.columns - 4 + more)) + "\n"
        # as many as may be declared: DuckDB's usual memory may refuse them first
        yield Hostile(
            "columns", csv, (wide + ROW.strip() + ";" * (most.columns - 4 + more) + "\n").encode(), beyond or None
        )
        yield Hostile("columns", xlsx, workbook(folder, 1, most.columns + more), beyond or None)
        yield Hostile("sheets", xlsx, workbook(folder, 500 + more, 4), beyond)
        yield Hostile("misshapen lines", csv, (HEADER + ROW + "a;b\n" * (most.misshapen + more)).encode(), beyond)
        yield Hostile(
            "empty lines", csv, (HEADER + ROW + "\n" * (most.misshapen + more) + '"A;2";x;1;\n').encode(), beyond
        )
        members = {f"{n}.txt": "x" for n in range(10_000 - 1 + more)} | {"a.csv": HEADER + ROW}
        yield Hostile("members", found["zip"], zipped(folder, members), beyond)
        text = "x" * (most.cell * 10 if more else most.cell)  # its length is only known to some megabytes
        yield Hostile(
            "attribute", found["xml"], f'<r><l a="{text}"><code>A1</code><libelle>x</libelle></l></r>'.encode(), beyond
        )
        depth = 900 + 4000 * more
        deep = f'{{"l": [{{"libelle": "x", "code": {"[" * depth}{"]" * depth}}}]}}'
        yield Hostile("nesting", found["json"], deep.encode(), beyond)


def answer(one: Hostile, folder: Path) -> tuple[str, float]:
    """What becomes of it, and after how many seconds."""
    path = folder / one.base.name
    path.write_bytes(one.content)
    start = time.monotonic()
    try:
        manifest = ingest(Home(folder / "home"), one.base.ref, one.base.exercice, [path], KEY)
    except DeliveryRefused as refusal:
        assert refusal.fichier, one
        said = refusal.code
    else:
        for counts in manifest.tables.values():
            assert counts.lues == counts.acceptees + counts.refusees + counts.ignorees
        said = "read"
    return said, time.monotonic() - start


def main(seed: int) -> None:
    """Prove that each is answered in little time and memory, and print a line for each format."""
    answers: dict[str, list[str]] = defaultdict(list)
    slowest: dict[str, tuple[float, str]] = {}
    with tempfile.TemporaryDirectory(prefix="millesime-hostile-") as name:
        for one in hostile(Path(name), seed):
            kind = one.base.format
            said, seconds = answer(one, Path(name))  # which proves the balance of what is read
            assert seconds < SECONDS, (one.what, kind)
            assert one.too_large in (None, said == "FIC-TAILLE"), (one.what, kind, said)
            answers[kind].append(said)
            slowest[kind] = max(slowest.get(kind, (0.0, "")), (seconds, one.what))
    for kind, said in answers.items():
        counted = ", ".join(f"{said.count(code)} {code}" for code in sorted(set(said), key=said.count, reverse=True))
        seconds, what = slowest[kind]
        print(f"| {kind} | {len(said)} | {seconds:.1f} s ({what}) | {counted} |")
    forks, connection = child._parent()
    connection.close()
    forks.wait()  # its children count only once it has ended
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"{sum(map(len, answers.values()))} files, {memory // 1024} MB")
    assert memory < GIGABYTE


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SEED)
