"""Reads everything that is printed of a demonstration that lacks one thing of each kind: does each figure bear its state there?"""

import hashlib
import html
import json
import random
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
from pypdf import PdfReader

from pipelines.ledger.workspace import open_workspace
from pipelines.settings import Home
from tests.absences.removals import KINDS, Removal, removals
from tests.end_to_end.conftest import millesime

GIVEN = ("landing", "contenu", "catalogue", "expectations", "dbt_project", "organisation.yml")
FOLDERS = {"interne": "rapport", "public": "public/rapport"}  # where each edition's figures are published
MARKS = (
    "(p)",
    "partiel",
    "manquant",
    "publié",
)  # the last one: what an earlier report printed, in the place of what is missing
# A figure printed in a page: a link to the annex, or a button that opens its box; and the mark that may follow it.
PRINTED = re.compile(
    r'<(?:a href="[^"]*#c-|button type="button" class="chiffre" popovertarget="p-)([^"]+)"[^>]*>([^<]*)</(?:a|button)>([^<]{0,12})'
)
SPACES = re.compile(r"[\s\u200b]")
THREE = re.compile(r"^[^·]{1,20}·(?=[^·]{1,20}·[^·]{1,20}$)")
LINKED = re.compile(r'<w:hyperlink w:anchor="([^"]+)"[^>]*>(.*?)</w:hyperlink>((?:(?!</w:p>).){0,400})', re.DOTALL)

Row = dict[str, Any]


def rounds(demonstration: Path, seed: int) -> list[list[Removal]]:
    """What may be lacking at once in the last exercice: one of each kind, each of another system, until every kind has been."""
    with open_workspace(Home(demonstration)) as work:
        last = max(work.organisation.years)
        every = [one for one in removals(work, seed) if one.exercice == last]
    left, found = [kind for kind in KINDS if any(one.kind == kind for one in every)], list[list[Removal]]()
    while left:
        found.append(_one_of_each_kind(every, left, random.Random(f"{seed} {len(found)}")))
        left = [kind for kind in left if kind not in {one.kind for one in found[-1]}]
    return found


def _one_of_each_kind(every: list[Removal], first: list[str], draw: random.Random) -> list[Removal]:
    """One of each kind as far as there are systems; those of ``first``, then those that few offer, choose before others."""
    offered = {kind: sorted({one.key for one in every if one.kind == kind}) for kind in KINDS}
    chosen, taken = list[Removal](), set[str]()
    for kind in sorted(KINDS, key=lambda kind: (kind not in first, len(offered[kind]))):
        if free := [key for key in offered[kind] if key.split("/")[0] not in taken]:
            key = draw.choice(free)
            taken.add(key.split("/")[0])
            chosen.append(draw.choice([one for one in every if (one.kind, one.key) == (kind, key)]))
    return chosen


def with_gaps(demonstration: Path, home: Path, chosen: list[Removal]) -> None:
    """Run in ``home`` a demonstration that lacks these things."""
    home.mkdir(parents=True)
    for name in GIVEN:
        source = demonstration / name
        if source.exists():
            (shutil.copytree if source.is_dir() else shutil.copy)(source, home / name)
    shutil.copy(demonstration.parent / "key", home.parent / "key")
    for one in chosen:
        left = one.apply((home / "landing" / one.path).read_bytes())
        for path in (*one.others, *([one.path] if left is None else [])):
            (home / "landing" / path).unlink()
        if left is not None:
            (home / "landing" / one.path).write_bytes(left)
    done = millesime(home, "run", *sorted(path.name for path in (home / "landing").iterdir()))
    if "publié sous" not in done.stdout:  # what is refused or missing ends it with another code
        raise AssertionError(f"{done.stdout}\n{done.stderr}")


def unmarked(home: Path, exercice: int) -> list[str]:
    """Each place where a figure that lacks something is printed as if it were whole."""
    states = {(row["code"], row["exercice"]): row["etat"] for row in _figures(home / "published" / FOLDERS["interne"])}
    found = []
    for edition, folder in FOLDERS.items():
        rows = _figures(home / "published" / folder)
        report = home / "published" / "report" / str(exercice) / edition
        others = [row for row in rows if row["etat"] != states[row["code"], row["exercice"]]]
        said = [f"chiffres: {row['code']} {row['exercice']} is {row['etat']} there" for row in others]
        said += [*_without_state(report, rows, exercice), *_bare_numbers(report, rows)]
        marks = {name: [text.count(mark) for mark in ("(p)", "(partiel)")] for name, text in _texts(report).items()}
        if len({str(counts) for counts in marks.values()}) > 1:
            said.append(f"not as many marks in each form: {marks}")
        found += [f"{edition} {one}" for one in said]
    return found


def _without_state(report: Path, rows: list[Row], exercice: int) -> Iterator[str]:
    """The figures whose entry among all the figures of the year does not say their state, in each form."""
    # what is hidden is not there; what does not apply to the organisation is neither partial nor missing
    lacking = [row for row in rows if row["exercice"] == exercice and row["code_manquant"] not in ("s", "—")]
    lacking = [row for row in lacking if row["etat"] != "complet"]
    if not lacking:
        yield "no figure lacks anything"
    readers = {"modele": _in_model, "html": _in_annex, "pdf": _in_pdf, "docx": _in_word, "xlsx": _in_workbook}
    cited = _cited(report)
    for name, read in readers.items():
        said = read(report)
        for row in lacking:
            if name in ("pdf", "docx") and row["code"] not in cited:
                continue
            if not _says_so(said.get(row["code"]), row["etat"]):
                yield f"{name}: {row['code']} is {row['etat']}, and reads {said.get(row['code'])!r}"


def _bare_numbers(report: Path, rows: list[Row]) -> Iterator[str]:
    """The figures that a page or a document for Word prints without their mark."""
    for file in sorted([*report.rglob("*.html"), *report.rglob("*.docx")]):
        printed = _linked_in_page(file) if file.suffix == ".html" else _linked_in_word(file, rows)
        yield from (f"{file.relative_to(report)}: {one}" for one in bare(printed, rows))


def _texts(report: Path) -> dict[str, str]:
    """All that the page, the PDF and the document for Word say, without spaces."""
    (page,), (pdf,), (file,) = (report.glob(f"rapport*.{kind}") for kind in ("html", "pdf", "docx"))
    # without what the annex of the page repeats of each number, so that it leads to how it was computed
    said = re.sub('<ul class="calculs">.*?</ul>', "", page.read_text(encoding="utf-8"), flags=re.S)
    return {
        "html": _as_the_pdf(said),
        "pdf": SPACES.sub("", "".join(one.extract_text() for one in PdfReader(pdf).pages)),
        "docx": _as_the_pdf(zipfile.ZipFile(file).read("word/document.xml").decode()),
    }


def _as_the_pdf(source: str) -> str:
    """The text of a document, without the first of three exercices in a cell: the PDF has a curve there."""
    lines = re.sub(r"<w:br ?/>", "·", source)  # Word has each exercice on its line
    cells = (html.unescape(re.sub("<[^>]+>", "", cell)) for cell in re.split("</(?:t[dh]|w:tc)>", lines))
    return "|".join(THREE.sub("", SPACES.sub("", cell)) for cell in cells)


def _figures(folder: Path) -> list[Row]:
    with duckdb.connect() as db:
        db.execute(f"from '{folder}/chiffres.parquet'")
        columns = [one[0] for one in db.description or []]
        return [dict(zip(columns, row, strict=True)) for row in db.fetchall()]


def _says_so(said: str | None, state: str) -> bool:
    """True when a text says that a figure is partial or, of a missing one, holds no number."""
    if said is None:
        return False
    return any(mark in said for mark in MARKS) or (state == "manquant" and not re.search(r"\d", said))


def _in_model(report: Path) -> dict[str, str]:
    model = json.loads((report / "modele.json").read_text(encoding="utf-8"))
    return {one["code"]: f"{one['affichage']}, {one['statut']}" for one in model["chiffres"]}


def _in_annex(report: Path) -> dict[str, str]:
    """What the page says of each figure, up to its formula."""
    (page,) = report.glob("rapport*.html")
    blocks = page.read_text(encoding="utf-8").split('<div class="chiffre-source" id="c-')[1:]
    return {
        html.unescape(block.split('"')[0]): re.sub(
            "<[^>]+>|<code>.*?</code>", "", re.split("</strong>", block, maxsplit=1)[1].split(". ")[0]
        ).split("Valeur")[-1]
        for block in blocks
    }


def _in_pdf(report: Path) -> dict[str, str]:
    """What follows the label of each cited figure in the annex, without spaces: the state, then the value."""
    text = _texts(report)["pdf"].rpartition("Leschiffrescités")[2]
    said = {}
    for code, one in _cited(report).items():
        label, value = (re.escape(SPACES.sub("", one[name])) for name in ("libelle", "affichage"))
        if found := re.search(rf"{label}(,[^|]{{0,80}}?)?{value}", text):
            said[code] = f"{found[1] or ''} {one['affichage']}"
    return said


def _in_word(report: Path) -> dict[str, str]:
    """What follows the label of each cited figure in the annex: the state, then the value."""
    (file,) = report.glob("rapport*.docx")
    xml = zipfile.ZipFile(file).read("word/document.xml").decode()
    codes = {name: code for code in _cited(report) for name in (f"c-{code}", _bookmark(f"c-{code}"))}
    said = {}
    for line in re.findall(r"<w:tr[ >].*?</w:tr>", xml, flags=re.DOTALL):
        for name in re.findall('<w:bookmarkStart[^>]*w:name="([^"]+)"', line):
            if name in codes:
                said[codes[name]] = html.unescape(re.sub("<[^>]+>", "", line))
    return said


def _cited(report: Path) -> dict[str, Row]:
    """The figures that the report cites, which alone are in the annex of what is printed, by code."""
    model = json.loads((report / "modele.json").read_text(encoding="utf-8"))
    return {one["code"]: one for one in model["chiffres"] if one["est_cite"]}


def _in_workbook(report: Path) -> dict[str, str]:
    """The printed value of each figure and its state."""
    (file,) = report.glob("rapport*.xlsx")
    rows = list(openpyxl.load_workbook(file, read_only=True)["Chiffres"].iter_rows(values_only=True))
    head = next(row for row in rows if "Code" in row)
    at = {name: head.index(name) for name in ("Code", "Valeur imprimée", "État")}
    return {
        row[at["Code"]]: f"{row[at['Valeur imprimée']]} {row[at['État']]}"
        for row in rows[rows.index(head) + 1 :]
        if row[at["Code"]]
    }


def _linked_in_page(page: Path) -> Iterator[tuple[str, str, str]]:
    """The code of each figure that a page prints, the text, and what follows it."""
    for code, text, after in PRINTED.findall(page.read_text(encoding="utf-8")):
        yield html.unescape(code), html.unescape(text), html.unescape(after)


def _linked_in_word(file: Path, rows: list[Row]) -> Iterator[tuple[str, str, str]]:
    """The same of a document for Word."""
    codes = {_bookmark(f"c-{row['code']}"): row["code"] for row in rows}
    for anchor, *texts in LINKED.findall(zipfile.ZipFile(file).read("word/document.xml").decode()):
        if anchor in codes:
            text, after = (html.unescape(re.sub("<[^>]*>?", "", one)) for one in texts)
            yield codes[anchor], text, after[:12]


def _bookmark(name: str) -> str:
    """The name that Pandoc gives to a place, as Word allows it."""
    return name if len(name) <= 40 else f"X{hashlib.sha1(name.encode()).hexdigest()[1:]}"


def bare(printed: Iterable[tuple[str, str, str]], rows: list[Row]) -> Iterator[str]:
    """The figures that are printed without a mark, as numbers that only partial ones are."""
    by_code: dict[str, list[Row]] = {}
    for row in rows:
        by_code.setdefault(row["code"], []).append(row)
    for code, text, after in printed:
        number = _number(text)
        same = [row for row in by_code.get(code, []) if number is not None and _reads(number, row["valeur"])]
        if same and all(row["etat"] == "partiel" for row in same) and not any(mark in text + after for mark in MARKS):
            yield f"{code} is printed « {text} » as if it were whole"


def _number(text: str) -> Decimal | None:
    found = re.match(r"[-−]?\d[\d\s\u202f\u00a0]*(?:,\d+)?", text.strip())
    try:
        return Decimal(re.sub(r"\s", "", found[0]).replace(",", ".").replace("−", "-")) if found else None
    except InvalidOperation:
        return None


def _reads(number: Decimal, value: Decimal | None) -> bool:
    """True when the number is the value as a page writes it: rounded, in thousands for large volumes."""
    return value is not None and any(round(value / unit, -number.as_tuple().exponent) == number for unit in (1, 1000))  # type: ignore[operator]
