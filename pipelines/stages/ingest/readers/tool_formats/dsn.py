"""Reads a social declaration (DSN, norm NEODeS) into tables.

``declarations`` holds one record per S20.G00.05 (declaration), ``contrats`` one per S21.G00.40 (contract) with its
person, its end (62) and its last suspension (65), ``activites`` one per S21.G00.53 (activity) with the remuneration
(51) that it follows. Headings are the rubriques of the norm (``S21.G00.40.007``), values their text; a few, such as
``NumDeclaration``, are counted here, and ``MontantBrut`` is the sum of what a declaration pays: nobody's own pay is
kept. The rest is ignored. Which declaration counts and what the codes mean is dbt's work.

A file is ISO-8859-1, one rubrique per line: ``S21.G00.40.006,'ADJOINT D'ANIMATION'``. The value lies between the first
apostrophe and the last one of the line; an apostrophe inside is not escaped. A block begins when the code
changes or when its rubriques no longer ascend.

Nothing may be lost: the file announces its own number of lines and of declarations (S90.G00.90), and the records are
counted apart, by the rubrique that opens each, with code that shares nothing with the reading.
"""

import mmap
import re
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.settings import limits
from pipelines.stages.ingest.readers.records import TOO_MANY_LINES, Records, refuse_too_many, written_rows

ENVOI, TOTAL = "S10.G00.00", "S90.G00.90"
DECLARATION, ENTREPRISE, ETABLISSEMENT = "S20.G00.05", "S21.G00.06", "S21.G00.11"
INDIVIDU, CONTRAT, FIN, SUSPENSION = "S21.G00.30", "S21.G00.40", "S21.G00.62", "S21.G00.65"
VERSEMENT, REMUNERATION, ACTIVITE = "S21.G00.50", "S21.G00.51", "S21.G00.53"

PARENTS = {  # the branches of the norm's tree that are read
    ENVOI: None,
    DECLARATION: ENVOI,
    ENTREPRISE: DECLARATION,
    ETABLISSEMENT: ENTREPRISE,
    INDIVIDU: ETABLISSEMENT,
    CONTRAT: INDIVIDU,
    FIN: CONTRAT,
    SUSPENSION: CONTRAT,
    VERSEMENT: INDIVIDU,
    REMUNERATION: VERSEMENT,
    ACTIVITE: REMUNERATION,
    TOTAL: ENVOI,
}
# What complete their parent: the employer of a declaration, the end and the suspensions of a contract.
COMPLEMENTS = (ENTREPRISE, ETABLISSEMENT, FIN, SUSPENSION)
TABLES = {DECLARATION: "declarations", CONTRAT: "contrats", ACTIVITE: "activites"}

BRUT = "001"  # S21.G00.51.011: rémunération brute non plafonnée
MANDATS = ("80", "81")  # S21.G00.40.007: elected members, who are no staff
NORME, NAISSANCE = f"{ENVOI}.006", f"{INDIVIDU}.006"
KEY = ["NumDeclaration", f"{DECLARATION}.005", f"{INDIVIDU}.019"]


def _rubriques(block: str, *numbers: int) -> list[str]:
    return [f"{block}.{number:03d}" for number in numbers]


COLUMNS = {
    "declarations": [
        "NumDeclaration",
        *_rubriques(ENVOI, 5, 6),
        *_rubriques(DECLARATION, 1, 2, 3, 4, 5, 6, 7),
        *_rubriques(ENTREPRISE, 1),
        *_rubriques(ETABLISSEMENT, 1),
        "NbIndividus",
        "MontantBrut",
    ],
    "contrats": [
        *KEY,
        *_rubriques(INDIVIDU, 1, 2, 4, 5, 6),
        *_rubriques(CONTRAT, 9, 1, 7, 4, 6, 10, 11, 12, 13, 14, 20, 21, 26, 53, 55),
        *_rubriques(FIN, 1, 2),
        *_rubriques(SUSPENSION, 1, 2, 3),
        "NbSuspensions",
    ],
    "activites": [*KEY, *_rubriques(REMUNERATION, 10, 1, 2, 11), *_rubriques(ACTIVITE, 1, 2, 3)],
}

LONGEST = 1_000  # bytes of a line; a value of the norm has 120 characters at most
FIRST = re.compile(rb"(?:\xef\xbb\xbf)?S10\.G00\.00\.")  # with the mark of UTF-8, so that its refusal says the encoding
RUBRIQUE = re.compile(rb"(S[0-9]{2}\.G[0-9]{2}\.[0-9]{2})\.([0-9]{3}),'([\x20-\x7e\xa0-\xff]*)'")
# What ISO-8859-1 does not print, and the accents of UTF-8 (« Ã© », « Â° »), which no text of the norm writes otherwise.
FOREIGN = re.compile(rb"[\x80-\x9f]|[\xc2\xc3][\xa0-\xbf]|\xef\xbb\xbf")


def read(path: Path, fichier: str, tables: list[str], workdir: Path) -> dict[str, Records]:
    """Read ``path``, delivered as ``fichier``, and write one CSV per table into ``workdir``.

    Returns the records of each of ``tables`` (declarations, contrats, activites). Raises DeliveryRefused: FIC-VIDE,
    FIC-NATURE when it is no DSN, FIC-ENCODAGE, FIC-DSN for a line or an order of blocks that the norm does not know,
    FIC-TRONQUE when the file does not hold what it announces.
    """
    if path.stat().st_size == 0:
        raise DeliveryRefused("FIC-VIDE", fichier=fichier)
    paths = {name: workdir / f"{name}.csv" for name in COLUMNS}
    with ExitStack() as stack:
        sheets = {name: stack.enter_context(written_rows(path)) for name, path in paths.items()}
        _Reading(fichier, sheets).read(path)
    counts = _count(path)
    return {name: Records(paths[name], list(COLUMNS[name]), None, counts[name]) for name in tables}


def _count(path: Path) -> Counter[str]:
    """The records of each table, by the rubrique that opens them: a search in the bytes, no reading."""
    opening = {f"{block}.001".encode(): name for block, name in TABLES.items()}
    pattern = re.compile(rb"^(" + b"|".join(map(re.escape, opening)) + rb"),", re.MULTILINE)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return Counter(opening[match[1]] for match in pattern.finditer(content))


@dataclass
class _Block:
    """An open block: its code, the line where it begins, its values by rubrique and those of its complements."""

    code: str
    line: int
    values: dict[str, str] = field(default_factory=dict)
    natures: dict[str | None, str] = field(default_factory=dict)  # of a person's contracts, by their number


class _Reading:
    """The reading of one file: the blocks that are open, from the envoi down to the innermost."""

    def __init__(self, fichier: str, sheets: dict[str, Any]):
        self.fichier, self._sheets = fichier, sheets
        self._open: list[_Block] = []
        self._last = ("", "")  # code and number of the line before
        self._declarations = 0
        self._line = 0

    def read(self, path: Path) -> None:
        most = limits().elements
        with path.open("rb") as file:
            for self._line, line in enumerate(iter(lambda: file.readline(LONGEST), b""), start=1):
                refuse_too_many(self._line, most, self.fichier, TOO_MANY_LINES, self._line)
                self._rubrique(*self._parsed(line))
        self._end()

    def _parsed(self, line: bytes) -> tuple[str, str, str]:
        """Block, number and value of a line."""
        if self._line == 1 and not FIRST.match(line):
            raise self._refusal("FIC-NATURE", f"une DSN, dont la première rubrique est {ENVOI}.001")
        if FOREIGN.search(line):
            raise self._refusal("FIC-ENCODAGE", "ISO-8859-1, l’encodage de la norme")
        match = RUBRIQUE.fullmatch(line.removesuffix(b"\n").removesuffix(b"\r"))
        if match is None and len(line) < LONGEST and not line.endswith(b"\n"):
            raise self._refusal("FIC-TRONQUE", "une dernière ligne entière")
        if match is None:
            raise self._refusal("FIC-DSN", "une rubrique par ligne : S21.G00.40.001,'valeur'")
        return match[1].decode(), match[2].decode(), match[3].decode("iso-8859-1")

    def _rubrique(self, block: str, number: str, value: str) -> None:
        """Take one line in."""
        begins = block != self._last[0] or number <= self._last[1]
        self._last = (block, number)
        if block not in PARENTS:
            self._pass_over()
            return
        if begins:
            self._begin(block, number)
        rubrique = f"{block}.{number}"
        self._open[-1].values[rubrique] = _birth(value) if rubrique == NAISSANCE else value

    def _pass_over(self) -> None:
        """A remuneration has activities only below it: any other block ends it."""
        while self._open and self._open[-1].code in (REMUNERATION, ACTIVITE):
            self._close()

    def _begin(self, block: str, number: str) -> None:
        """Open a block under its parent, after closing the deeper ones."""
        parent = PARENTS[block]
        if parent and all(above.code != parent for above in self._open):
            raise self._refusal("FIC-DSN", f"le bloc {parent} avant {block}")
        if parent is None and self._open:
            raise self._refusal("FIC-DSN", f"un seul bloc {block}")
        if number != "001" and (block, number) != (INDIVIDU, "002"):  # a person may have no NIR yet
            raise self._refusal("FIC-DSN", f"la rubrique {block}.001 d’abord, puis les autres dans l’ordre", block)
        while self._open and self._open[-1].code != parent:
            self._close()
        self._open.append(_Block(block, self._line))
        if block == DECLARATION:
            self._declare()
        elif block == INDIVIDU:
            self._count_up(DECLARATION, "NbIndividus")
        elif block == SUSPENSION:
            self._count_up(CONTRAT, "NbSuspensions")

    def _declare(self) -> None:
        if not self._open[0].values.get(NORME):
            raise self._refusal("FIC-DSN", "la version de la norme avant la première déclaration", NORME)
        self._declarations += 1
        self._open[-1].values |= {"NumDeclaration": str(self._declarations), "NbIndividus": "0", "MontantBrut": "0"}

    def _values(self, block: str) -> dict[str, str]:
        """What is noted of the open block of this code."""
        return self._block(block).values

    def _block(self, code: str) -> _Block:
        return next(above for above in self._open if above.code == code)

    def _count_up(self, block: str, name: str) -> None:
        values = self._values(block)
        values[name] = str(int(values.get(name, "0")) + 1)

    def _pay(self, paid: dict[str, str]) -> None:
        """Add a gross pay to what its declaration pays; with an amount that is no number, its sum is refused."""
        declaration = self._values(DECLARATION)
        nature = self._block(INDIVIDU).natures.get(paid.get(f"{REMUNERATION}.010"))
        if paid.get(f"{REMUNERATION}.011") != BRUT or nature in MANDATS:
            return
        amount = paid.get(f"{REMUNERATION}.013", "")
        try:
            declaration["MontantBrut"] = str(Decimal(declaration["MontantBrut"]) + Decimal(amount))
        except InvalidOperation:
            declaration["MontantBrut"] = "illisible"

    def _close(self) -> None:
        """Close the innermost block: write its record, or complete its parent."""
        block = self._open.pop()
        if name := TABLES.get(block.code):
            values = {name: value for above in self._open for name, value in above.values.items()} | block.values
            self._sheets[name].writerow([block.line, *(values.get(column, "") for column in COLUMNS[name])])
            if block.code == CONTRAT:
                number, nature = (block.values.get(f"{CONTRAT}.{rubrique}") for rubrique in ("009", "007"))
                self._open[-1].natures[number] = nature or ""
        elif block.code == REMUNERATION:
            self._pay(block.values)
        elif block.code in COMPLEMENTS:
            above = self._open[-1].values
            if block.code != SUSPENSION and f"{block.code}.001" in above:
                expected = f"un seul bloc {block.code} par {PARENTS[block.code]}"
                raise DeliveryRefused("FIC-DSN", fichier=self.fichier, ligne=block.line, attendu=expected)
            former = {rubrique: "" for rubrique in above if rubrique.startswith(block.code)}
            above |= former | block.values

    def _end(self) -> None:
        """Compare what was read with what the file announces."""
        total = self._open.pop() if self._open[-1].code == TOTAL else None
        if total is None or f"{TOTAL}.002" not in total.values or self._last != (TOTAL, "002"):
            raise self._refusal("FIC-TRONQUE", f"{TOTAL}.001 et {TOTAL}.002 à la fin du fichier")
        for rubrique, found in ((f"{TOTAL}.001", self._line), (f"{TOTAL}.002", self._declarations)):
            announced = total.values[rubrique]
            if announced.lstrip("0") != str(found):
                expected = f"{announced}, le nombre annoncé" if announced.isdigit() else "un nombre"
                raise DeliveryRefused(
                    "FIC-TRONQUE",
                    fichier=self.fichier,
                    ligne=total.line,
                    colonne=rubrique,
                    recu=f"{found} dans le fichier",
                    attendu=expected,
                )

    def _refusal(self, code: str, expected: str, column: str | None = None) -> DeliveryRefused:
        return DeliveryRefused(code, fichier=self.fichier, ligne=self._line, colonne=column, attendu=expected)


def _birth(text: str) -> str:
    """A birth date (ddmmyyyy) whose day or month is unknown (99), as the first one: only the year counts."""
    day, month, year = text[:2], text[2:4], text[4:]
    return ("01" if day == "99" else day) + ("01" if month == "99" else month) + year
