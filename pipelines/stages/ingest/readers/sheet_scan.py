"""Scans the bytes of a workbook, independently of calamine, for rows that hold something, formulas and errors.

One scanner per kind of workbook: the XML of ``.xlsx`` and ``.ods``, the records of ``.xls``. All run in a child process.
"""

import io
import re
import struct
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from pipelines.settings import limits

REF = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
RANK = re.compile("[0-9]{1,9}")  # calamine takes anything else for 0
LAST_COLUMN = 16_384  # XFD
MOST_CELLS = 1_000_000  # of a sheet that is not written as the usual programs do, and takes long to look at
MOST_REPEATED = 2_000_000  # rows down to the last element of an .ods that holds something


@dataclass
class Scan:
    """The result of scanning the bytes of one sheet."""

    rows: set[int] = field(default_factory=set)  # rows that hold a value
    widest: int = 0
    formulas: list[str] = field(default_factory=list)  # cells whose formula has no stored result
    zeros: list[str] = field(default_factory=list)  # cells whose formula has 0 for result
    errors: dict[tuple[int, int], str] = field(default_factory=dict)  # (row, column) → #DIV/0!…
    # first row, last row, column of the value they show
    merges: list[tuple[int, int, int]] = field(default_factory=list)
    # cells of an .xlsx whose text has no rank among those of the workbook
    lost: list[str] = field(default_factory=list)

    def see(self, name: str, place: tuple[int, int], kind: str | None, said: str | None, *, is_formula: bool) -> None:
        """Note a cell of an .xlsx at (row, column); ``said`` is None when nothing is stored."""
        if is_formula and not said and (said is None or kind != "str"):  # an empty text is a result
            self.formulas.append(name)
        elif is_formula and said == "0":
            self.zeros.append(name)
        if said:
            self.rows.add(place[0])
            self.widest = max(self.widest, place[1])
        if kind == "e":
            self.errors[place] = said or "#N/A"
        elif kind == "s" and said and not RANK.fullmatch(said):
            self.lost.append(name)


class Refused(Exception):
    """A rule code, with where and what was expected."""

    def __init__(self, code: str, **where: object):
        self.answer = {"code": code, **where}


def open_scanner(path: Path, kind: str) -> "_Xlsx | _Ods | _Xls":
    """The scanner of a workbook of that kind (xlsx, ods, xls): ``names`` of its sheets, in order, and ``scan`` of one.

    ``recalculates``: the workbook asks to be computed when it is opened.
    """
    return {"xlsx": _Xlsx, "ods": _Ods, "xls": _Xls}[kind](path)


def _parse(data: bytes):
    _refuse_doctype(data)
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


def _refuse_doctype(data: bytes) -> None:
    if any("<!DOCTYPE".encode(encoding) in data[:4096] for encoding in ("ascii", "utf-16-le", "utf-16-be")):
        raise Refused("FIC-DOCTYPE", attendu="un classeur sans DOCTYPE")


def _elements(xml: bytes, *tags: str) -> Iterator[tuple[str, object]]:
    """Events of the elements ``tags`` of a document, as a stream."""
    _refuse_doctype(xml)
    options = {"resolve_entities": False, "no_network": True, "huge_tree": False}
    yield from etree.iterparse(io.BytesIO(xml), events=("start", "end"), tag=[f"{{*}}{tag}" for tag in tags], **options)


def _refuse_shared(places: Collection[object]) -> None:
    """Refuse sheets that lie at one place: the same bytes would be looked at for each of them."""
    if len(set(places)) < len(places):
        raise Refused("FIC-NATURE", attendu="un classeur dont chaque feuille a son propre contenu")


def _forget(element) -> None:
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def column_number(letters: str) -> int:
    """``A`` → 1, ``AA`` → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def cell_name(row: int, column: int) -> str:
    """``(3, 27)`` → ``AA3``."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


# .xlsx ------------------------------------------------------------


ROW_START, CELL_START = b'<row r="', b'<c r="'
LETTERS = re.compile(rb"[A-Z]{1,4}")  # one letter more than the last column has
PLAIN_TEXT = rb"<v>[0-9]{1,9}</v></c>"  # its rank among the texts of the workbook
ODD_TEXT = re.compile(rb"""=\s*["']s["'](?!>%s)""" % PLAIN_TEXT)
FORMULA = rb"f(?:\s[^<>]*)?(?:/>|>[^<>]*</f>)"
# a formula without a result or whose result is 0, an error, a text that is not told by its rank alone
LOOKED_AT = re.compile(
    rb"""<(?:(?!%s<v>(?!0</v>)[^<>]+</v></c>)f[\s/>]|c [^<>]*?\st\s*=\s*["'](?:e["']|s["'][^<>]*>(?!%s)))"""
    % (FORMULA, PLAIN_TEXT)
)
CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"([^<>&]*)>(<%s)?(?:<v>([^<>&]*)</v>)?</c>' % FORMULA)
KIND = re.compile(rb"""\st\s*=\s*["'](\w+)["']""")
MERGED = re.compile(rb"""<mergeCell\s[^<>]*?\bref\s*=\s*["']([A-Z0-9:]+)["']""")
PREFIXED = re.compile(rb"xmlns:\w+\s*=\s*[\"'][^\"']*/(?:spreadsheetml/2006/)?main[\"']")  # of the cells' own namespace
# Where one of these appears, the bytes alone do not say what is a cell and what holds something.
UNUSUAL = (b"<!", b"<v/>", b"<v ", b"<v></v>", b"<t/>", b"<t></t>", b'"></t>', b"'></t>", b"<t />", b"&#")


def _is_plain(xml: bytes) -> bool:
    """True for UTF-8 in which each row and each cell begins by saying which one it is."""
    start = xml[:256].lower()
    if b"\0" in start or (b"encoding=" in start and b"utf-8" not in start) or xml.count(b"<?") > 1:
        return False
    if any(one in xml for one in UNUSUAL) or PREFIXED.search(xml):
        return False
    return xml.count(ROW_START) == sum(map(xml.count, (b"<row ", b"<row>", b"<row/"))) and xml.count(CELL_START) == sum(
        map(xml.count, (b"<c ", b"<c>", b"<c/"))
    )


class _Xlsx:
    def __init__(self, path: Path):
        self.path = path
        with zipfile.ZipFile(path) as archive:
            book = _parse(archive.read("xl/workbook.xml"))
            relations = _parse(archive.read("xl/_rels/workbook.xml.rels"))
        if any(p.get("date1904") in ("1", "true") for p in book.iter("{*}workbookPr")):
            raise Refused("FIC-NATURE", recu="un calendrier qui commence en 1904", attendu="le calendrier 1900")
        targets = {r.get("Id"): r.get("Target") for r in relations if (r.get("Type") or "").endswith("/worksheet")}
        self._parts = {}
        for sheet in book.iter("{*}sheet"):
            (rid,) = (value for name, value in sheet.attrib.items() if name.endswith("}id"))
            if rid in targets:
                self._parts[sheet.get("name")] = "xl/" + targets[rid].removeprefix("/xl/")
        _refuse_shared(self._parts.values())
        self.names = list(self._parts)
        # a program that writes formulas without computing them stores 0 and asks for that
        self.recalculates = any(p.get("fullCalcOnLoad") in ("1", "true") for p in book.iter("{*}calcPr"))

    def scan(self, name: str) -> Scan:
        with zipfile.ZipFile(self.path) as archive:
            xml = archive.read(self._parts[name])
        return (self._scan_plain(xml) if _is_plain(xml) else None) or self._scan_any(xml)

    def _scan_plain(self, xml: bytes) -> Scan | None:
        """The bytes as the usual programs write them: one look at each row, one at each formula and each error.

        None when they are not written that way.
        """
        numbers, heads = [], set()
        for row in xml.split(b"</row>"):
            end = len(row) if row.endswith(b"</v></c>") else max(row.rfind(b"</v>"), row.rfind(b"</t>"))
            if end >= 0:
                start = row.rfind(ROW_START, 0, end) + len(ROW_START)  # rows that hold nothing may precede it
                numbers.append(row[start : row.find(b'"', start)])
                last = row.rfind(CELL_START, 0, end) + len(CELL_START)
                heads.add(row[last : last + 4])
        columns = [LETTERS.match(head) for head in heads]
        if not all(columns) or not all(map(bytes.isdigit, numbers)):
            return None
        widest = max((column_number(column[0].decode()) for column in columns), default=0)
        scan = Scan(set(map(int, numbers)), widest)
        if any(sign in xml for sign in (b"<f>", b"<f ", b"<f/", b'"e"', b"'e'")) or ODD_TEXT.search(xml):
            end = 0
            for found in LOOKED_AT.finditer(xml):
                if found.start() >= end:  # once a cell, whatever it repeats
                    end = self._look_at(scan, xml, xml.rfind(CELL_START, 0, found.end()))
        for merged in MERGED.finditer(xml):
            self._see_merged(scan, merged[1].decode())
        return scan

    def _look_at(self, scan: Scan, xml: bytes, start: int) -> int:
        """See the cell that begins at ``start``, most often without a parser; return where it ends."""
        if plain := CELL.match(xml, start):
            letters, row, attributes, formula, said = plain.groups()
            place, kind = (int(row), column_number(letters.decode())), KIND.search(attributes)
            told = kind and kind[1].decode(), said and said.decode()
            scan.see(f"{letters.decode()}{place[0]}", place, *told, is_formula=formula is not None)
            return plain.end()
        end = xml.index(b">", start) + 1
        if xml[end - 2] != ord("/"):
            end = xml.index(b"</c>", start) + len(b"</c>")
        cell = _parse(xml[start:end])
        found = REF.fullmatch(cell.get("r"))
        self._see(scan, cell, int(found[2]), column_number(found[1]))
        return end

    def _scan_any(self, xml: bytes) -> Scan:
        scan, row, column, cells = Scan(), 0, 0, 0
        for event, element in _elements(xml, "row", "c", "mergeCell"):
            if element.tag.endswith("}mergeCell"):
                if event == "end":
                    self._see_merged(scan, element.get("ref") or "")
                continue
            is_row = element.tag.endswith("}row")
            if event == "start":
                if is_row:
                    row, column = int(element.get("r") or row + 1), 0
                continue
            if is_row:
                _forget(element)
                continue
            place = REF.fullmatch(element.get("r") or "")
            row, column = (int(place[2]), column_number(place[1])) if place else (row, column + 1)
            if (element.get("r") and not place) or column > LAST_COLUMN:
                raise Refused("FIC-NATURE", attendu="des cellules de A1 à XFD1048576")
            cells += 1
            if cells > MOST_CELLS:
                raise Refused(
                    "FIC-TAILLE", attendu="un classeur de moins de cellules, ou enregistré de nouveau par un tableur"
                )
            self._see(scan, element, row, column)
        return scan

    @staticmethod
    def _see_merged(scan: Scan, ref: str) -> None:
        first, last = (REF.fullmatch(end) for end in (ref.partition(":")[0], ref.rpartition(":")[2]))
        if first and last and first[2] != last[2]:
            scan.merges.append((int(first[2]), int(last[2]), column_number(first[1])))
            if len(scan.merges) > MOST_CELLS:
                raise Refused("FIC-TAILLE", attendu="moins d’un million de cellules fusionnées")

    @staticmethod
    def _see(scan: Scan, cell, row: int, column: int) -> None:
        stored = cell.find("{*}v")
        said = (stored is not None and stored.text) or "".join(t.text or "" for t in cell.iterfind("{*}is//{*}t"))
        name, stored_text = cell.get("r") or f"ligne {row}", said or (None if stored is None else "")
        scan.see(name, (row, column), cell.get("t"), stored_text, is_formula=cell.find("{*}f") is not None)


# .ods ------------------------------------------------------------


class _Ods:
    """A row or a cell may say that it is repeated: only those that hold something are counted that many times."""

    recalculates = False

    def __init__(self, path: Path):
        with zipfile.ZipFile(path) as archive:
            if b"encryption-data" in archive.read("META-INF/manifest.xml"):
                raise Refused("FIC-PROTEGE", attendu="un classeur sans mot de passe")
            xml = archive.read("content.xml")
        self._longest = limits().cell
        self._scans = self._read(xml)
        self.names = list(self._scans)

    def scan(self, name: str) -> Scan:
        return self._scans[name]

    def _read(self, xml: bytes) -> dict[str, Scan]:
        scans: dict[str, Scan] = {}
        scan, row, depth = Scan(), 0, 0
        for event, element in _elements(xml, "table", "table-row"):
            is_row = element.tag.endswith("}table-row")
            if not is_row:
                depth += 1 if event == "start" else -1  # a table inside a cell is not a sheet
                if event == "start" and depth == 1:
                    scan, row = Scan(), 0
                    scans[_attribute(element, "name")] = scan
                continue
            if event == "start" or depth != 1:
                continue
            repeated = int(_attribute(element, "number-rows-repeated") or 1)
            if self._see_row(scan, element, row + 1, repeated) and row + repeated > MOST_REPEATED:
                raise Refused("FIC-TAILLE", attendu="moins de deux millions de lignes")
            row += repeated
            _forget(element)
        return scans

    def _see_row(self, scan: Scan, element, row: int, repeated: int) -> bool:
        column, holds = 0, False
        for cell in element:
            if not isinstance(cell.tag, str) or not cell.tag.endswith(("}table-cell", "}covered-table-cell")):
                continue
            kind = _attribute(cell, "value-type")
            if sum(int(_attribute(spaces, "c") or 1) for spaces in cell.iter("{*}s")) > self._longest:
                raise Refused("FIC-TAILLE", attendu=f"des cellules de {self._longest} caractères au plus")
            shown = "\n".join("".join(p.itertext()) for p in cell.iterfind("{*}p"))
            is_error = any(name.endswith("}value-type") and value == "error" for name, value in cell.attrib.items())
            times = int(_attribute(cell, "number-columns-repeated") or 1)
            if (spanned := int(_attribute(cell, "number-rows-spanned") or 1)) > 1:
                scan.merges.append((row, row + spanned - 1, column + 1))
            if _attribute(cell, "formula") is not None and not kind and not shown:
                scan.formulas.append(cell_name(row, column + 1))
            if (kind and kind != "string") or shown or _attribute(cell, "string-value"):
                holds = True
                scan.widest = max(scan.widest, column + times)
                if is_error or (_attribute(cell, "formula") and shown.startswith(("#", "Err:"))):
                    lines = range(row, row + min(repeated, MOST_REPEATED))
                    if times * len(lines) > MOST_REPEATED:
                        raise Refused("FIC-TAILLE", attendu="moins de deux millions de cellules semblables")
                    code = shown if shown.startswith("#") else "#N/A"
                    scan.errors |= {(line, column + 1 + c): code for line in lines for c in range(times)}
            column += times
        if holds and repeated <= MOST_REPEATED:
            scan.rows.update(range(row, row + repeated))
        return holds


def _attribute(element, name: str) -> str | None:
    """The attribute of that local name, of OpenDocument's own namespaces."""
    wanted = f":1.0}}{name}"
    return next((value for key, value in element.attrib.items() if key.endswith(wanted)), None)


# .xls ------------------------------------------------------------

FREE = 0xFFFFFFFA  # from here on, a sector's number is a mark: end of a chain, free…
SMALL_STREAM = 4096  # bytes below which a stream lies elsewhere: a workbook is never so small
ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
BOF, EOF, FILEPASS, DATEMODE, BOUNDSHEET = 0x809, 0x0A, 0x2F, 0x22, 0x85
FORMULA, BOOLERR, MULRK, MERGECELLS = 0x06, 0x205, 0xBD, 0xE5
VALUES = {0x203, 0x27E, 0xFD, 0x204, 0xD6}  # NUMBER, RK, LABELSST, LABEL, RSTRING


class _Xls:
    """The records of the stream ``Workbook`` of an OLE container ([MS-CFB], [MS-XLS])."""

    recalculates = False

    def __init__(self, path: Path):
        self._stream = _workbook_stream(path.read_bytes())
        self._starts: dict[str, int] = {}
        for kind, body in self._records(0):
            if kind == FILEPASS:
                raise Refused("FIC-PROTEGE", attendu="un classeur sans mot de passe")
            if kind == DATEMODE and body[:2] == b"\x01\x00":
                raise Refused("FIC-NATURE", recu="un calendrier qui commence en 1904", attendu="le calendrier 1900")
            if kind == BOUNDSHEET and body[5] == 0:  # a sheet of cells: neither a chart nor macros
                length, is_wide = body[6], body[7] & 1
                encoded = body[8 : 8 + length * (2 if is_wide else 1)]
                name = encoded.decode("utf-16-le" if is_wide else "latin-1")
                self._starts[name] = struct.unpack("<I", body[:4])[0]
        _refuse_shared(self._starts.values())
        self.names = list(self._starts)

    def scan(self, name: str) -> Scan:
        scan = Scan()
        for kind, body in self._records(self._starts[name]):
            if kind == MERGECELLS:
                ranges = struct.iter_unpack("<4H", body[2 : 2 + (len(body) - 2) // 8 * 8])
                scan.merges += [(first + 1, last + 1, left + 1) for first, last, left, _ in ranges if last > first]
            if kind not in VALUES and kind not in (FORMULA, BOOLERR, MULRK):
                continue
            row, column = (number + 1 for number in struct.unpack("<HH", body[:4]))
            if kind == MULRK:
                column = struct.unpack("<H", body[-2:])[0] + 1
            elif kind == BOOLERR and body[7]:
                scan.errors[row, column] = ERRORS.get(body[6], "#N/A")
            elif kind == FORMULA and body[12:14] == b"\xff\xff":
                if body[6] == 3:  # an empty text
                    continue
                if body[6] == 2:
                    scan.errors[row, column] = ERRORS.get(body[8], "#N/A")
            scan.rows.add(row)
            scan.widest = max(scan.widest, column)
        return scan

    def _records(self, place: int) -> Iterator[tuple[int, bytes]]:
        """(type, body) from ``place`` to the end of the part that begins there; charts within it are passed over."""
        depth = 0
        while place + 4 <= len(self._stream):
            kind, length = struct.unpack_from("<HH", self._stream, place)
            place += 4 + length
            if place > len(self._stream):
                break
            depth += (kind == BOF) - (kind == EOF)
            if not depth:
                return
            if depth == 1:
                yield kind, self._stream[place - length : place]
        raise Refused("FIC-TRONQUE", attendu="un classeur .xls entier")


def _workbook_stream(data: bytes) -> bytes:
    """The bytes of the stream that holds the workbook."""
    container = _Container(data)
    for name, first, length in container.entries():
        if name == "EncryptedPackage":
            raise Refused("FIC-PROTEGE", attendu="un classeur sans mot de passe")
        if name in ("Workbook", "Book"):
            stream = container.chain(first)[:length]
            if len(stream) < max(length, SMALL_STREAM):
                raise Refused("FIC-TRONQUE", attendu="un classeur .xls entier")
            return stream
    raise Refused("FIC-NATURE", attendu="un classeur .xls")


class _Container:
    """An OLE file: sectors, chained by a table. A chain that is broken or endless is refused."""

    def __init__(self, data: bytes):
        self._data, self._size = data, 1 << min(struct.unpack_from("<H", data, 30)[0], 16)
        if self._size not in (512, 4096):
            raise Refused("FIC-NATURE", attendu="un classeur .xls lisible")
        tables = _numbers(data[76:512])
        following = struct.unpack_from("<I", data, 68)[0]
        for _ in range(len(data) // self._size):
            if following >= FREE:
                break
            *more, following = _numbers(self._sector(following))
            tables += more
        self._next = [entry for table in tables if table < FREE for entry in _numbers(self._sector(table))]

    def entries(self) -> Iterator[tuple[str, int, int]]:
        """(name, first sector, bytes) of every stream."""
        folder = self.chain(struct.unpack_from("<I", self._data, 48)[0])
        for place in range(0, len(folder) - 127, 128):
            entry = folder[place : place + 128]
            name = entry[: min(max(struct.unpack_from("<H", entry, 64)[0] - 2, 0), 64)]
            yield name.decode("utf-16-le", "replace"), *struct.unpack_from("<II", entry, 116)

    def chain(self, first: int) -> bytes:
        """The bytes of the sectors that follow one another from ``first``."""
        parts: list[bytes] = []
        while first < FREE:
            if first >= len(self._next) or len(parts) > len(self._data) // self._size:
                raise Refused("FIC-TRONQUE", attendu="un classeur .xls entier")
            parts.append(self._sector(first))
            first = self._next[first]
        return b"".join(parts)

    def _sector(self, number: int) -> bytes:
        return self._data[(number + 1) * self._size : (number + 2) * self._size]


def _numbers(raw: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4]))
