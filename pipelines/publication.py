"""Names that writers and readers of a publication share: its profiles, their places, its pages."""

from pathlib import Path
from typing import Protocol

INTERNE, PUBLIC = "interne", "public"
LETTER = "courrier.docx"  # of what goes to a member: a draft, which is completed before it is sent
LETTERS = (LETTER, "courrier.pdf")  # the draft, and what somebody signed of it
IMAGES = "images"  # of contenu: the pictures of the organisation, for every year
FOLDERS = {INTERNE: ".", PUBLIC: "public"}  # profile → where its tables lie in a publication
EDITIONS = {INTERNE: "interne", PUBLIC: "publique"}  # what readers call each
DEMONSTRATION = "DÉMONSTRATION\u00a0: données fictives."  # printed on what an invented home makes
MENTIONS = {INTERNE: "édition interne, à ne pas diffuser", PUBLIC: "édition publique"}  # printed on its pages
# Profile → the file of its tables, in its folder. No database is named after a schema in it: a client could not tell
# ``rapport.chiffres`` from a catalog's.
DATABASES = {INTERNE: "millesime.duckdb", PUBLIC: "rapport_public.duckdb"}
PROFILES = tuple(FOLDERS)
# schemas of facts: what all readers of the first profile may read, and what few may
MARTS, RESTREINT = "marts", "restreint"


class Pages(Protocol):
    """What is made from a publication's tables; an error of it holds nothing back."""

    @property
    def exercice(self) -> int | None:
        """That of the report; None when there is none."""

    def draw(self, publication: Path) -> None:
        """Draw what shows nothing of the publication's entry in the ledger, before there is one."""

    def finish(self, publication: Path) -> None:
        """Write what prints the head that the entry reached."""
