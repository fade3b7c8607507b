"""Measures what hostile exports cost, read or refused: ``python -m tests.bench.hostile [scale]``; at most 10 s of processor, 1 GB each."""

import sys
import tempfile
import zipfile
from collections.abc import Callable
from importlib import import_module
from multiprocessing import Process
from pathlib import Path

from tests.bench.ingest import DECLARATION, EXERCICE
from tests.bench.measure import Measure, answer, measured

MODULE = "tests.bench.hostile"
SECONDS, MEGABYTES = 10, 1024
SCALE = 1_000_000  # lines, columns, or hundreds of characters
HEADER = "Numéro;Date;Libellé;Code;Montant;Soldé\n"
LINE = "1;02/01/2020;x;AB123;1,00;O\n"
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
CSV, XLSX, XML, JSON = '{type: csv, encoding: utf-8, delimiter: ";"}', "{type: xlsx}", "{type: xml}", "{type: json}"
PAIRS = "{type: key_value}"


def columns(path: Path, many: int) -> None:
    """A CSV of a million columns."""
    path.write_text(HEADER.strip() + ";c" * many + "\n" + LINE, encoding="utf-8")


def misshapen(path: Path, many: int) -> None:
    """A million lines of another shape."""
    path.write_text(HEADER + LINE + "a;b\n" * many, encoding="utf-8")


def bad(path: Path, many: int) -> None:
    """A million lines whose date is none."""
    path.write_text(HEADER + LINE.replace("02/01", "32/01") * many, encoding="utf-8")


def empty(path: Path, many: int) -> None:
    """Twenty million lines that hold nothing."""
    path.write_text(HEADER + LINE + "\n" * (20 * many), encoding="utf-8")


def cell(path: Path, many: int) -> None:
    """A cell of a hundred million characters."""
    path.write_text(HEADER + LINE.replace("x", "x" * (100 * many)), encoding="utf-8")


def quotes(path: Path, many: int) -> None:
    """A line of fifty million cells, each a delimiter between quotes."""
    path.write_text(HEADER + '";' * (75 * many), encoding="utf-8")


def stray(path: Path, many: int) -> None:
    """A cell beyond the last column, in a workbook."""
    _workbook(path, '<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="ZZZZ2"><v>1</v></c></row>')


def rows(path: Path, many: int) -> None:
    """A sheet of a million rows that hold nothing."""
    named = "".join(f'<c t="inlineStr"><is><t>{title}</t></is></c>' for title in HEADER.strip().split(";"))
    _workbook(path, f"<row>{named}</row>" + "<row/>" * many)


def attribute(path: Path, many: int) -> None:
    """An XML attribute of a hundred million characters."""
    path.write_text(f'<a><b c="{"x" * (100 * many)}"/></a>', encoding="utf-8")


def records(path: Path, many: int) -> None:
    """An XML document of a third of a million records that no field reads."""
    path.write_text("<a>" + "<b><c>1</c></b>\n" * (many // 3) + "</a>", encoding="utf-8")


def namespaces(path: Path, many: int) -> None:
    """Half a million namespaces."""
    path.write_text("<a>" + "".join(f'<b xmlns="u{n}"/>\n' for n in range(many // 2)) + "</a>", encoding="utf-8")


def names(path: Path, many: int) -> None:
    """Elements of a million names."""
    path.write_text("<a>" + "".join(f"<b{n}/>\n" for n in range(many)) + "</a>", encoding="utf-8")


def text(path: Path, many: int) -> None:
    """A JSON text of 120 million characters, the last of which takes four bytes."""
    path.write_text('{"a": [{"c": "' + "x" * (120 * many) + '\U0001f600"}]}', encoding="utf-8")


def objects(path: Path, many: int) -> None:
    """Forty million JSON objects that hold nothing."""
    path.write_text('{"a": [' + "{}," * (40 * many) + "{}]}", encoding="utf-8")


def levels(path: Path, many: int) -> None:
    """JSON records of nine hundred lists, one in the other."""
    path.write_text('{"a": [' + f'{{"c": {"[" * 900}{"]" * 900}}},' * (many // 18) + "{}]}", encoding="utf-8")


def keyed(path: Path, many: int) -> None:
    """A million and a half JSON records that no field reads."""
    path.write_text('{"a": [' + '{"c":"1","d":"2"},' * (3 * many // 2 - 2) + "{}]}", encoding="utf-8")


def attributes(path: Path, many: int) -> None:
    """XML records of fifty thousand attributes."""
    held = " ".join(f'a{n}=""' for n in range(50_000))
    path.write_text(f"<a>{f'<b {held}/>' * (many // 5000)}</a>", encoding="utf-8")


def children(path: Path, many: int) -> None:
    """Ten million elements in one XML record."""
    path.write_text("<a><b>" + "<c/>" * (10 * many) + "</b></a>", encoding="utf-8")


def pairs(path: Path, many: int) -> None:
    """Half a million lines of a log."""
    line = 'Numéro=1 Date=2020-01-02 Libellé="x y" Code=AB123 Montant=1.00 Soldé=O\n'
    path.write_text(line * (many // 2), encoding="utf-8")


def _workbook(path: Path, sheet: str) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("F").write(0, 0, "x")
    with zipfile.ZipFile(path) as book:
        members = {name: book.read(name) for name in book.namelist()}
    members["xl/worksheets/sheet1.xml"] = SHEET.format(sheet).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in members.items():
            book.writestr(name, content)


CASES: dict[str, tuple[Callable[[Path, int], None], str]] = {
    **{one.__name__: (one, CSV) for one in (columns, misshapen, bad, empty, cell, quotes)},
    **{one.__name__: (one, XLSX) for one in (stray, rows)},
    **{one.__name__: (one, XML) for one in (attribute, attributes, records, namespaces, names, children)},
    **{one.__name__: (one, JSON) for one in (text, objects, levels, keyed)},
    pairs.__name__: (pairs, PAIRS),
}


def read(name: str, path: Path) -> Measure:
    """Take in one of them: how it is answered."""
    from pipelines.catalogue.load import Catalogue
    from pipelines.catalogue.rules import DeliveryRefused
    from pipelines.settings import Home
    from pipelines.stages.ingest.delivery import ingest

    kind = CASES[name][1]
    declared = DECLARATION.format(
        format=kind,
        date=', format: "%d/%m/%Y"' if kind == CSV else "",
        number=', decimalChar: ","' if kind == CSV else "",
    )
    if place := {XML: "/a/b", JSON: "a"}.get(kind):
        records = f"title: Opérations\n        records: {place}\n        fields"
        declared = declared.replace("title: Opérations\n        fields", records)
    systems = path.parent / "shipped" / "catalogue" / "systems"
    systems.mkdir(parents=True, exist_ok=True)
    (systems / "banc.yml").write_text(declared, encoding="utf-8")
    ref = Catalogue(path.parent / "shipped", None).registry.export_of("banc/operations")
    try:
        counts = ingest(Home(path.parent / "home"), ref, EXERCICE, [path], b"k" * 32).tables["operations"]
    except DeliveryRefused as refusal:
        return {"answer": refusal.code}
    return {"answer": f"{counts.acceptees} read, {counts.refusees} refused"}


def main(scale: int) -> bool:
    """Print one line a case; true when none costs too much."""
    print(f"\n{'hostile':12}{'MB':>8}{'seconds':>9}{'peak MB':>9}  answer")
    fits = True
    for name, (write, kind) in CASES.items():
        with tempfile.TemporaryDirectory(prefix="millesime-hostile-") as folder:
            path = Path(folder) / f"export.{kind[7:].partition(',')[0].rstrip('}')}"
            # a process begins with the peak of the one that starts it
            writer = Process(target=write, args=(path, scale))
            writer.start()
            writer.join()
            cost = measured(MODULE, name, path)
            size = path.stat().st_size / 1e6
        print(f"{name:12}{size:>8.1f}{cost['processor']:>8.1f}s{cost['peak_mb']:>9.0f}  {cost['answer']}")
        fits = fits and cost["processor"] < SECONDS and cost["peak_mb"] < MEGABYTES
    return fits


if __name__ == "__main__":
    if len(sys.argv) == 3:
        for module in ("duckdb", "pipelines.catalogue.load", "pipelines.stages.ingest.delivery"):
            import_module(module)
        answer(lambda: read(sys.argv[1], Path(sys.argv[2])))
    else:
        sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else SCALE))
