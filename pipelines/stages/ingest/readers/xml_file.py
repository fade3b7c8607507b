"""Reads XML whose records are the elements at a declared path, from the root: ``export/tickets/ticket``.

A heading is a path in a record: ``titre``, ``demandeur/nom``, ``@id``, ``demandeur/@id``, or ``.`` for the text of the record
itself. Namespaces are passed over. The file is parsed twice, by two parsers that share no code: expat counts the records
with their lines (``xml_outline``), lxml gives the values, as a stream.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lxml import etree

from pipelines.catalogue.declarations import Table, TreeFormat
from pipelines.catalogue.patterns import same
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest.readers.named_values import Named, Sheet
from pipelines.stages.ingest.readers.xml_outline import Outline
from pipelines.stages.ingest.records import Records

MOST_NAMES = 100  # of elements beside the records: a document that names each its own way is none of lists


def read(path: Path, fichier: str, fmt: TreeFormat, table: Table, exercice: int, workdir: Path) -> Records:
    """The records of ``table``. Raises DeliveryRefused: FIC-VIDE, FIC-XML, FIC-DOCTYPE, FIC-TAILLE, FIC-ENTETE."""
    place = (table.records or "").strip("/").split("/")
    outline = _Outline(fichier, place)
    outline.read(path)
    sheet = Sheet(workdir / f"{table.name}.csv", fichier, table, exercice)
    sheet.write(_records(path, fichier, place, sheet.columns, outline.lines))
    return replace(sheet.close(len(outline.lines)), beside=outline.beside)


class _Outline(Outline):
    """The line of each record; a document without any must at least hold what they would lie in.

    What is beside the records and looks like some, several of a name or one of theirs otherwise spelt, is counted too.
    """

    def __init__(self, fichier: str, place: list[str]):
        super().__init__(fichier)
        self.lines = array("L")
        self._place, self._open = place, list[str]()
        self._holds_the_list = False
        self._siblings = Counter[str]()

    @property
    def beside(self) -> dict[str, int]:
        """The elements beside the records that look like some, by path."""
        *above, record = self._place
        found = {name: count for name, count in self._siblings.items() if count > 1 or same(name) == same(record)}
        return {"/".join([*above, name]): count for name, count in found.items()}

    def read(self, path: Path) -> None:
        super().read(path)
        if not self.lines and not self._holds_the_list:
            root = self.root.rpartition(" ")[2][:60]
            wanted = "/".join(self._place)
            raise DeliveryRefused(
                "FIC-XML",
                fichier=self.fichier,
                ligne=1,
                recu=f"racine « {root} »",
                attendu=f"des éléments « {wanted} »",
            )

    def start(self, name: str, line: int) -> None:
        self._open.append(name.rpartition(" ")[2])
        if self._open == self._place:
            self.lines.append(line)
        elif self._open == self._place[:-1]:
            self._holds_the_list = True
        elif self._open[:-1] == self._place[:-1] and len(self._siblings) < MOST_NAMES:
            self._siblings[self._open[-1]] += 1

    def end(self, name: str) -> None:
        self._open.pop()


def _records(path: Path, fichier: str, place: list[str], headings: list[str], lines: array) -> Iterator[Named]:
    steps = {heading: heading.split("/") for heading in headings}
    opened: list[str] = []
    rank = 0
    options = {
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "huge_tree": False,
        "collect_ids": False,
    }
    try:
        with path.open("rb") as file:
            events = etree.iterparse(file, events=("start", "end"), remove_comments=True, remove_pis=True, **options)
            for event, element in events:
                if event == "start":
                    opened.append(etree.QName(element).localname)
                    continue
                if opened == place:
                    line = lines[rank] if rank < len(lines) else 0
                    rank += 1
                    yield line, _values(element, steps, fichier, line)
                if len(opened) <= len(place):
                    _forget(element)
                opened.pop()
    except etree.XMLSyntaxError as error:
        line = error.lineno
    else:
        return
    raise DeliveryRefused("FIC-XML", fichier=fichier, ligne=line, attendu="un document XML bien formé")


def _values(record: etree._Element, steps: dict[str, list[str]], fichier: str, line: int) -> dict[str, str]:
    """Heading → text, of those that the record has; two values for one are refused: neither can be chosen."""
    found = {}
    for heading, path in steps.items():
        texts = set(_texts(record, path))
        if len(texts) > 1:
            raise DeliveryRefused("FIC-XML", fichier=fichier, ligne=line, colonne=heading, attendu="une seule valeur")
        if texts:
            found[heading] = texts.pop()
    return found


def _texts(element: etree._Element, path: list[str]) -> Iterator[str]:
    if not path or path == ["."]:
        yield "".join(element.itertext()).strip()
    elif path[0].startswith("@"):
        for name, value in element.attrib.items():
            if etree.QName(name).localname == path[0][1:]:
                yield str(value)
    else:
        for child in element:
            if isinstance(child.tag, str) and etree.QName(child).localname == path[0]:
                yield from _texts(child, path[1:])


def _forget(element: etree._Element) -> None:
    """Free an element that has been read, and what is before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
