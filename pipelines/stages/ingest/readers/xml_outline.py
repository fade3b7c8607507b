"""The first pass over an XML document, by expat: refuses any DOCTYPE before an entity could be declared, and what is malformed.

Values are read afterwards, by lxml: what is counted here, with its line, does not come from it.
"""

from pathlib import Path
from xml.parsers import expat

from pipelines.catalogue.rules import DeliveryRefused


class Outline:
    """Sees every element with the line where it begins; ``start`` and ``end`` are for those that extend it.

    A name is ``namespace name``, or ``name`` alone.
    """

    def __init__(self, fichier: str):
        self.fichier, self.root = fichier, ""
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self.end

    def read(self, path: Path) -> None:
        """Read the whole document. Raises DeliveryRefused FIC-VIDE, FIC-XML or FIC-DOCTYPE."""
        if path.stat().st_size == 0:
            raise DeliveryRefused("FIC-VIDE", fichier=self.fichier)
        try:
            with path.open("rb") as file:
                self._parser.ParseFile(file)
        except expat.ExpatError as error:
            raise DeliveryRefused(
                "FIC-XML", fichier=self.fichier, ligne=error.lineno, attendu="un document XML bien formé"
            ) from None

    def start(self, name: str, line: int) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def _doctype(self, *_: object) -> None:
        line = self._parser.CurrentLineNumber
        raise DeliveryRefused("FIC-DOCTYPE", fichier=self.fichier, ligne=line, attendu="un document sans DOCTYPE")

    def _start(self, name: str, _attributes: dict) -> None:
        self.root = self.root or name
        self.start(name, self._parser.CurrentLineNumber)
