"""Reads a report's page as a reader does, and says which of its numbers have no address, or one that does not give them.

Two rules, and no list, tell the numbers that nothing computes: names (years, days, ordinals), and what an author typed in
a declaration or a text.
"""

import json
import re
import shlex
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import lxml.html

from pipelines.address import FIGURES, Address, figure
from pipelines.french import MINUS, MONTHS
from pipelines.sql import literal

NUMBER = re.compile(rf"[{MINUS}+]?\d(?:[\d\u202f]*\d)?(?:,\d+)?")
NAMES = re.compile(
    rf"\b(?:Figure|figure|Tableau) \d+|\b(?:19|20)\d\d\b|\b\d{{1,2}}[ \u00a0](?:{'|'.join(MONTHS)})\b|\d\d/\d\d/\d{{4}}|\b\d+(?:er?|re)\b"
)
SCALES = {
    "To": Decimal(1000),
    "k€": Decimal(1000),
    "M€": Decimal(1_000_000),
    "Gb/s": Decimal(1000),
}  # rounded for readers
# drawings (their numbers are in the table under them), the names of rows and columns, of chapters; the annex, where links lead
ASIDE = "//svg|//*[@aria-hidden]|//th|//h1|//h2|//h3|//h4|//h5"
ANNEX = "//section[@aria-labelledby='sources-et-methode']"


class Report:
    """A published report: its page, its model, the tables of its profile; ``typed`` is all that authors wrote."""

    def __init__(self, folder: Path, tables: Path, typed: str) -> None:
        (page,) = folder.glob("rapport_activite_*.html")
        root = lxml.html.fromstring(page.read_text(encoding="utf-8"))
        self.main = root.get_element_by_id("contenu")
        self.names = {one.text_content().strip() for one in root.xpath("//th")}
        for one in root.xpath(f"{ASIDE}|{ANNEX}"):
            one.text, one[:] = None, []
        for one in root.xpath("//sup"):  # « 1er »
            one.drop_tag()
        self.year = json.loads((folder / "modele.json").read_text(encoding="utf-8"))
        self.exercice = self.year["exercice"]
        self.entries = {one["id"]: one for table in self.year["calculs"] for one in table["adresses"]}
        self.columns = {(where, text): column for where, text, column in _cells(self.year["chapitres"])}
        self.tables, self.db = tables / "rapport", duckdb.connect()
        self.typed = {number(found) for found in NUMBER.findall(typed)}

    def wrong(self) -> list[str]:
        """Every number of the page that has no address, or whose address does not give it."""
        found = []
        for where, text in _texts(self.main):
            unnamed = re.sub("«\\s*([^»]*?)\\s*»", lambda quoted: quoted[0] * (quoted[1] not in self.names), text)
            said = [one for one in NUMBER.findall(NAMES.sub("", unnamed)) if not self._is_explained(one, where, text)]
            found += [f"{one} dans « {text.strip()} » ({where or 'sans adresse'})" for one in said]
        return found

    def _is_explained(self, said: str, where: str | None, text: str) -> bool:
        if where is None:
            return number(said) in self.typed
        column = self.columns.get((where, text.strip()))
        places = len(said.partition(",")[2])
        unit = re.search(rf"{re.escape(said)}\W*({'|'.join(SCALES)})(?!\w)", text)
        scale = SCALES[unit[1]] if unit else Decimal(1)
        values = {
            abs((value / scale).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))
            for value in self.values(where, column)
        }
        return abs(number(said)) in values

    def values(self, where: str, column: str | None) -> list[Decimal]:
        """What an address gives: a column of its row or, when the page does not say which, each of them."""
        if where.startswith("c-"):
            return self._row(figure(where.removeprefix("c-"), self.exercice), "valeur", None)
        entry = self.entries[where]
        if "table" in entry:
            address = asked(entry["commande"])
            assert (address.table, dict(address.key)) == (entry["table"], entry["cle"]), entry
            return self._row(address, "valeur" if address.table == FIGURES else column, entry["calcul"])
        if "moins" in entry["calcul"]:
            now, before = ((self.values(part, "valeur") or [Decimal(0)])[0] for part in entry["de"])
            return [now - before, *([100 * (now - before) / before] if before else [])]
        if totals := re.fullmatch(r"(100 × )?somme de (\w+) ÷ somme de (\w+)", entry["calcul"]):
            times, above, below = totals.groups()
            return [(100 if times else 1) * self._sum(entry["de"], above) / self._sum(entry["de"], below)]
        if entry["calcul"] == "somme":
            return [self._sum(entry["de"], column)]
        if entry["calcul"] != "médiane":
            return self._worked(entry)
        of = [self.values(part, None) for part in entry["de"]]
        return [median(values) for values in zip(*of, strict=False)]

    def _worked(self, entry: dict[str, Any]) -> list[Decimal]:
        """What a calculation written with its numbers gives, each of which an address that it names gives too."""
        said = entry["calcul"].removeprefix("100 × ")
        of = [value for part in entry["de"] for value in self.values(part, None)]
        assert {abs(number(one)) for one in NUMBER.findall(said)} <= {abs(value) for value in of}, entry
        above, _, below = said.partition(" ÷ ")
        return [100 * _added(above) / _added(below) if below else _added(above)]

    @staticmethod
    def _tests(address: Address, held: list[tuple[str, str]]) -> str:
        return " and ".join(address.tests([name for name, _ in held]))

    def _sum(self, parts: list[str], column: str | None) -> Decimal:
        return sum((value for part in parts for value in self.values(part, column)), Decimal(0))

    def _row(self, address: Address, column: str | None, how: str | None) -> list[Decimal]:
        file = f"read_parquet({literal(self.tables / f'{address.table}.parquet')})"
        held = self.db.execute(f"select column_name, column_type from (describe from {file})").fetchall()
        numbers = [name for name, kind in held if re.match("DECIMAL|.*INT|DOUBLE", kind)]
        if column and column not in numbers:  # a number in the words of a row
            (words,) = self.db.execute(f"select {column} from {file} where {self._tests(address, held)}").fetchone()
            return [number(one) for one in NUMBER.findall(str(words))]
        names = [column] if column else numbers
        gathered = "max" if how and how.startswith("maximum") else "sum"
        asked = ", ".join(f"{gathered}({name}), count(*)" for name in names)
        row = self.db.execute(f"select {asked} from {file} where {self._tests(address, held)}").fetchone()
        assert how or set(row[1::2]) <= {1}, f"{address.command} : {row[1]} lignes"
        return [Decimal(value) for value in row[::2] if value is not None]


def asked(command: str) -> Address:
    """What a command traces."""
    _, _, name, *filters, year = shlex.split(command)
    key = [tuple(one.split("=", 1)) for one in filters]
    return figure(name, int(year)) if "." in name else Address(name, tuple(key), int(year))


def _added(said: str) -> Decimal:
    """« (80 + 10) », « ((80 + 10) − (60 + 20)) », « 150 »."""
    sums = [sum(number(one) for one in NUMBER.findall(part)) for part in said.split(f" {MINUS} ")]
    return Decimal(sums[0] - sum(sums[1:]))


def number(said: str) -> Decimal:
    """The number that a reader reads."""
    return Decimal(said.replace("\u202f", "").replace(",", ".").replace(MINUS, "-"))


def _texts(element: Any, where: str | None = None) -> Iterator[tuple[str | None, str]]:
    """The texts of a part of the page, each with the address that it leads to."""
    href = element.get("href", "")
    where = href[1:] if re.match(r"#(c-|a\d)", href) else where
    if element.text:
        yield where, element.text
    for child in element:
        yield from _texts(child, where)
        if child.tail:
            yield where, child.tail


def _cells(part: Any) -> Iterator[tuple[str, str, str | None]]:
    """The addresses of the cells of a model, each with its text and its column."""
    if isinstance(part, dict) and "adresse" in part and "texte" in part:
        yield part["adresse"], part["texte"], part.get("colonne")
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else []:
        yield from _cells(one)
