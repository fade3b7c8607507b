"""Writes delimited files and workbooks whose bytes depend on their content only.

Both writers return the physical line that they wrote, so that the place of a planted defect is known.
"""

import codecs
import csv
import datetime as dt
import io
from collections.abc import Iterable
from dataclasses import dataclass, field

import xlsxwriter

BOMS = {"utf-8-sig": codecs.BOM_UTF8, "utf-16": codecs.BOM_UTF16_LE}
CODECS = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}


@dataclass
class FichierTexte:
    """A delimited file."""

    encodage: str = "utf-8"
    separateur: str = ";"
    fin_de_ligne: str = "\r\n"
    tout_entre_guillemets: bool = False
    separateur_final: bool = False  # a delimiter also ends every record
    _lignes: int = 0
    _morceaux: list[str] = field(default_factory=list)

    def ajoute(self, cellules: Iterable[object]) -> int:
        """Append a record; return its physical line."""
        tampon = io.StringIO()
        csv.writer(
            tampon,
            delimiter=self.separateur,
            lineterminator="",
            quoting=csv.QUOTE_ALL if self.tout_entre_guillemets else csv.QUOTE_MINIMAL,
        ).writerow(["" if cellule is None else cellule for cellule in cellules])
        return self.ligne_libre(tampon.getvalue() + self.separateur * self.separateur_final)

    def ligne_libre(self, texte: str = "") -> int:
        """Append a line unchanged: a title, or nothing."""
        return self._note(texte + self.fin_de_ligne)

    def _note(self, texte: str) -> int:
        ligne = self._lignes + 1
        self._lignes += texte.count("\n")
        self._morceaux.append(texte)
        return ligne

    def octets(self) -> bytes:
        """The whole file, encoded strictly."""
        texte = "".join(self._morceaux)
        return BOMS.get(self.encodage, b"") + texte.encode(CODECS.get(self.encodage, self.encodage))


class Classeur:
    """A workbook; its creation date is that of the exercice, never today's."""

    def __init__(self, exercice: int, titre: str):
        self._tampon = io.BytesIO()
        self._classeur = xlsxwriter.Workbook(
            self._tampon,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._classeur.set_properties(
            {"title": titre, "author": "DÉMONSTRATION", "created": dt.datetime(exercice + 1, 1, 15, 9, 0)}
        )
        self._date = self._classeur.add_format({"num_format": "dd/mm/yyyy"})
        self._gras = self._classeur.add_format({"bold": True})

    def feuille(self, nom: str) -> "Feuille":
        """Add a sheet."""
        return Feuille(self._classeur.add_worksheet(nom), self._date, self._gras)

    def octets(self) -> bytes:
        """Close the workbook and return it."""
        self._classeur.close()
        return self._tampon.getvalue()


class Feuille:
    """A sheet, filled row by row: a date makes a date cell, and a text always makes a text cell."""

    def __init__(self, feuille: object, date: object, gras: object):
        self._feuille, self._date, self._gras = feuille, date, gras
        self._lignes = 0

    def ajoute(self, cellules: Iterable[object], *, gras: bool = False) -> int:
        """Append a row; return its number (from 1)."""
        for colonne, valeur in enumerate(cellules):
            if valeur is None or valeur == "":
                continue
            if isinstance(valeur, dt.date):
                self._feuille.write_datetime(self._lignes, colonne, dt.datetime.combine(valeur, dt.time()), self._date)
            else:
                self._feuille.write(self._lignes, colonne, valeur, self._gras if gras else None)
        self._lignes += 1
        return self._lignes


def serie(date: dt.date) -> int:
    """The serial number under which a spreadsheet keeps a date."""
    return (date - dt.date(1899, 12, 30)).days
