"""Reads XML whose records are the elements at a declared path, from the root: ``export/tickets/ticket``.

A heading is a path in a record: ``titre``, ``demandeur/nom``, ``@id``, ``demandeur/@id``, or ``.`` for the text of the record
itself; ``../@code`` and ``../../nom`` begin in its ancestors, which are read beforehand since they may come after. Namespaces are
ignored. The file is parsed twice, by two parsers that share no code: expat counts the records with their lines
(``xml_outline``), lxml gives the values, as a stream.
"""

from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lxml import etree

from pipelines.catalogue.headings import climbed
from pipelines.catalogue.patterns import same
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.source_grammar import Table, TreeFormat
from pipelines.stages.ingest.readers.named_values import Named, Sheet
from pipelines.stages.ingest.readers.records import MOST_NAMES, Records
from pipelines.stages.ingest.readers.xml_outline import SEPARATOR, Outline


def read(path: Path, fichier: str, fmt: TreeFormat, table: Table, exercice: int, workdir: Path) -> Records:
    """The records of ``table``. Raises DeliveryRefused: FIC-VIDE, FIC-XML, FIC-DOCTYPE, FIC-TAILLE, FIC-ENTETE."""
    place = (table.records or "").strip("/").split("/")
    outline = _Outline(fichier, place)
    outline.read(path)
    sheet = Sheet(workdir / f"{table.name}.csv", fichier, table, exercice)
    sheet.write(_records(path, fichier, place, sheet.columns, outline.lines))
    return replace(sheet.close(len(outline.lines)), lists=outline.lists)


# what lxml does not read of a document that expat found well formed
TOO_LONG = (
    etree.ErrorTypes.ERR_RESOURCE_LIMIT,
    etree.ErrorTypes.ERR_CDATA_NOT_FINISHED,
    etree.ErrorTypes.ERR_NAME_TOO_LONG,
)
STRICTER = {
    etree.ErrorTypes.DTD_XMLID_VALUE: "des attributs xml:id qui commencent par une lettre",
    etree.ErrorTypes.DTD_ID_REDEFINED: "des attributs xml:id tous différents",
    etree.ErrorTypes.WAR_NS_URI: "des espaces de noms qui soient des adresses (URI), sans espace ni accolade",
}
DEEPEST = 255  # as lxml, which reads the records afterwards


@dataclass
class _Kind:
    """The elements at one path."""

    count: int = 0
    is_several: bool = False  # in one parent
    holds_more: bool = False  # attributes or elements
    inside: dict[str, "_Kind"] = field(default_factory=dict)


class _Outline(Outline):
    """The line of each record; a document without records must at least have the element that would contain them.

    What looks like records is counted, wherever it is: several elements of one name with attributes or elements of
    their own; beside the records, several of one name, or one whose name is a variant spelling of theirs.
    """

    def __init__(self, fichier: str, place: list[str]):
        super().__init__(fichier)
        self.lines = array("L")
        self._place, self._open = place, list[str]()
        self._holds_the_list = False
        self._kinds, self._known = [_Kind()], 0
        self._seen: list[set[str]] = [set()]  # the names in each open element

    @property
    def lists(self) -> dict[str, int]:
        """The elements that look like records, by path."""
        return dict(self._lists(self._kinds[0], []))

    def _lists(self, above: _Kind, path: list[str]) -> Iterator[tuple[str, int]]:
        is_beside = path == self._place[:-1]
        for name, kind in above.inside.items():
            is_near = is_beside and (kind.is_several or same(name) == same(self._place[-1]))
            if is_near or (kind.is_several and kind.holds_more):
                yield "/".join([*path, name]), kind.count
            yield from self._lists(kind, [*path, name])

    def read(self, path: Path) -> None:
        super().read(path)
        if not self.lines and not self._holds_the_list:
            root = self.root.rpartition(SEPARATOR)[2][:60]
            wanted = "/".join(self._place)
            raise DeliveryRefused(
                "FIC-XML",
                fichier=self.fichier,
                ligne=1,
                recu=f"racine « {root} »",
                attendu=f"des éléments « {wanted} »",
            )

    def start(self, name: str) -> None:
        if len(self._open) == DEEPEST:
            self._too_much(f"{DEEPEST} niveaux d’éléments au plus")
        name = name.rpartition(SEPARATOR)[2]
        self._open.append(name)
        self._count(name)
        above = len(self._place) - len(self._open)
        if above == 0 and self._open == self._place:
            self.lines.append(self.line)
        elif above == 1 and self._open == self._place[:-1]:
            self._holds_the_list = True

    def _count(self, name: str) -> None:
        above, seen = self._kinds[-1], self._seen[-1]
        above.holds_more = True
        kind = above.inside.get(name)
        if kind is None:
            kind, self._known = _Kind(), self._known + 1
            if self._known <= MOST_NAMES:
                above.inside[name] = kind
        kind.count += 1
        kind.is_several |= name in seen
        kind.holds_more |= bool(self.attributes)
        if name in above.inside:
            seen.add(name)
        self._kinds.append(kind)
        self._seen.append(set())

    def end(self, name: str) -> None:
        self._open.pop()
        self._kinds.pop()
        self._seen.pop()


def _records(path: Path, fichier: str, place: list[str], headings: list[str], lines: array) -> Iterator[Named]:
    steps = {heading: heading.split("/") for heading in headings if not climbed(heading)[0]}
    above = _above(path, fichier, place, headings)
    opened: list[str] = []
    passed = [-1] * len(place)  # how many of each element leading to the records came before the open one
    rank, depth = 0, len(place)
    for event, element in events(path, fichier):
        if event == "start":
            opened.append(element.tag.rpartition("}")[2])
            if len(opened) < depth and opened == place[: len(opened)]:
                passed[len(opened)] += 1
            continue
        if len(opened) == depth and opened == place:
            line = lines[rank] if rank < len(lines) else 0
            rank += 1
            texts = _texts_by_heading(element, steps)
            texts |= {heading: found[passed[level]] for heading, (level, found) in above.items()}
            yield line, _values(texts, fichier, line)
        if len(opened) <= depth:
            forget(element)
        opened.pop()


def events(path: Path, fichier: str, tags: Sequence[str] | None = None) -> Iterator[tuple[str, etree._Element]]:
    """(``start`` or ``end``, element) of a document, as a stream; only of ``tags`` if given. Raises DeliveryRefused."""
    safe = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    left_out = {"collect_ids": False, "remove_comments": True, "remove_pis": True}
    try:
        with path.open("rb") as file:
            yield from etree.iterparse(file, events=("start", "end"), tag=tags, **safe, **left_out)
    except etree.XMLSyntaxError as error:
        refusal = unread(error, fichier)
    else:
        return
    raise refusal


def unread(error: etree.XMLSyntaxError, fichier: str) -> DeliveryRefused:
    """The refusal of what lxml does not read of a document that expat found well formed."""
    kind = error.code
    rule = "FIC-TAILLE" if kind in TOO_LONG else "FIC-XML"
    most = "des textes de dix millions de caractères, des noms de 50 000 et 255 niveaux d’éléments au plus"
    said = most if kind in TOO_LONG else STRICTER.get(kind, "un document XML bien formé")
    return DeliveryRefused(rule, fichier=fichier, ligne=error.lineno, attendu=said)


def _above(path: Path, fichier: str, place: list[str], headings: list[str]) -> dict[str, tuple[int, list[set[str]]]]:
    """Heading that begins above the records → the depth of its element and the texts of each such element, in order."""
    found: dict[str, tuple[int, list[set[str]]]] = {}
    steps: dict[int, dict[str, list[str]]] = {}  # by depth
    for heading in headings:
        up, rest = climbed(heading)
        if up:
            found[heading] = len(place) - up, []
            steps.setdefault(len(place) - up, {})[heading] = rest.split("/")
    opened: list[str] = []
    for event, element in events(path, fichier) if found else ():
        if event == "start":
            opened.append(element.tag.rpartition("}")[2])
            continue
        if opened == place[: len(opened)]:
            for heading, rest in steps.get(len(opened), {}).items():
                found[heading][1].append(set(_texts(element, rest)))
        kept = [(depth, {one[0] for one in asked.values()}) for depth, asked in steps.items()]
        if not any(opened[:depth] == place[:depth] and {*opened[depth : depth + 1]} & names for depth, names in kept):
            forget(element, {name for depth, names in kept if depth == len(opened) - 1 for name in names})
        opened.pop()
    return found


def _values(texts: dict[str, set[str]], fichier: str, line: int) -> dict[str, str]:
    """Heading → text, for those that the record has; two values for one are refused: neither can be chosen."""
    if several := next((heading for heading, found in texts.items() if len(found) > 1), None):
        raise DeliveryRefused("FIC-XML", fichier=fichier, ligne=line, colonne=several, attendu="une seule valeur")
    return {heading: text for heading, found in texts.items() for text in found}


def _texts_by_heading(record: etree._Element, steps: dict[str, list[str]]) -> dict[str, set[str]]:
    """Heading → the texts that a record has under it."""
    inside: dict[str, list[etree._Element]] = {}
    for child in record:
        inside.setdefault(child.tag.rpartition("}")[2], []).append(child)
    found: dict[str, set[str]] = {}
    attributes: dict[str, set[str]] = {}  # by heading: looked through once, there may be fifty thousand
    for heading, (first, *rest) in steps.items():
        if first[0] == "@":
            found[heading] = attributes.setdefault(first, set())
        elif first == ".":
            found[heading] = set(_texts(record, [first]))
        else:
            found[heading] = {text for child in inside.get(first, ()) for text in _texts(child, rest)}
    for name in record.keys() if attributes else ():
        if (first := f"@{name.rpartition('}')[2]}") in attributes:
            attributes[first].add(record.get(name))
    return found


def _texts(element: etree._Element, path: list[str]) -> Iterator[str]:
    if not path or path == ["."]:
        yield ("".join(element.itertext()) if len(element) else element.text or "").strip()
    elif path[0].startswith("@"):
        for name in element.keys():
            if name.rpartition("}")[2] == path[0][1:]:
                yield element.get(name)
    else:
        for child in element.iterchildren(f"{{*}}{path[0]}"):
            yield from _texts(child, path[1:])


def forget(element: etree._Element, kept: Collection[str] = ()) -> None:
    """Free an element that has been read and what is before it, up to one whose name is ``kept``."""
    element.clear()
    parent = element.getparent()
    while parent is not None and (before := element.getprevious()) is not None:
        if before.tag.rpartition("}")[2] in kept:
            break
        parent.remove(before)
