"""The first pass over an XML document, by expat: refuses a DOCTYPE before any entity can be declared, and malformed documents.

Values are read afterwards, by lxml: what is counted here, with its line, is independent of it.
"""

import re
from pathlib import Path
from xml.parsers import expat

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.settings import limits
from pipelines.stages.ingest.readers.records import SEVERAL

CHUNK = 1 << 20
BYTES = 4  # of a character, at most
# the name that many programs give to UTF-8, which expat does not know by it
UTF8 = re.compile(rb"""\A(\xef\xbb\xbf)?(<\?xml\s[^>]*?encoding\s*=\s*["'])utf8(?=["'])""", re.IGNORECASE)
SEPARATOR = "\1"  # of a namespace and a name, which no document can hold: expat refuses a namespace that holds it
NAMES = 50  # different names of elements, at most, for each column that a table may have


class Outline:
    """Sees every element; ``start`` and ``end`` are for those that extend it.

    A name is ``namespace SEPARATOR name``, or ``name`` alone; ``attributes`` and ``line`` are those of the element that begins.
    """

    def __init__(self, fichier: str):
        self.fichier, self.root = fichier, ""
        self.attributes: dict[str, str] = {}
        self._parser = expat.ParserCreate(namespace_separator=SEPARATOR)
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self.end
        self._parser.StartNamespaceDeclHandler = self._namespace
        self._names, self._namespaces, self._columns = set[str](), set[str](), limits().columns
        self._begun, self._most = 0, limits().elements

    def read(self, path: Path) -> None:
        """Read the whole document. Raises DeliveryRefused FIC-VIDE, FIC-XML, FIC-TAILLE or FIC-DOCTYPE."""
        if path.stat().st_size == 0:
            raise DeliveryRefused("FIC-VIDE", fichier=self.fichier)
        try:
            with path.open("rb") as file:
                self._parser.Parse(UTF8.sub(rb"\1\2UTF-8", file.read(CHUNK)))
                while chunk := file.read(CHUNK):
                    self._parser.Parse(chunk)
                    if file.tell() - max(self._parser.CurrentByteIndex, 0) > BYTES * limits().cell + CHUNK:
                        self._too_much(
                            f"des balises, des attributs et des commentaires de {limits().cell} caractères au plus"
                        )
                self._parser.Parse(b"", True)
        except (LookupError, ValueError):  # an encoding that this parser has no table of
            raise DeliveryRefused(
                "FIC-XML", fichier=self.fichier, ligne=1, attendu="un encodage connu, comme UTF-8"
            ) from None
        except expat.ExpatError as error:
            raise DeliveryRefused(
                "FIC-XML", fichier=self.fichier, ligne=error.lineno, attendu="un document XML bien formé"
            ) from None

    @property
    def line(self) -> int:
        """The line that the parser has come to."""
        return self._parser.CurrentLineNumber

    def start(self, name: str) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def _too_much(self, attendu: str) -> None:
        """What a parser holds whole, and looks at again with each chunk or each element."""
        raise DeliveryRefused("FIC-TAILLE", fichier=self.fichier, ligne=self.line, attendu=attendu)

    def _doctype(self, *_: object) -> None:
        raise DeliveryRefused("FIC-DOCTYPE", fichier=self.fichier, ligne=self.line, attendu="un document sans DOCTYPE")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.attributes = attributes
        self._begun += 1
        if self._begun > self._most:
            self._too_much(f"{self._most} éléments {SEVERAL}")
        if name not in self._names:
            self.root = self.root or name
            self._names.add(name)
            if len(self._names) > (most := NAMES * self._columns):
                self._too_much(f"{most} noms d’éléments différents au plus")
        self.start(name)

    def _namespace(self, _: str | None, uri: str | None) -> None:
        self._namespaces.add(uri or "")
        if len(self._namespaces) > self._columns:
            self._too_much(f"{self._columns} espaces de noms au plus")
