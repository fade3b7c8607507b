"""Reads a budget document (``DocumentBudgetaire``, alone or in a ``CompteFinancierUnique``) into tables.

``documents`` holds one record per ``Budget`` element, ``lignes`` one per ``LigneBudget``, ``emprunts`` and
``consolidations`` one per ``EMPRUNT`` and ``CONSOLIDATION`` of the annexes. Values are the text of the ``V``
attributes under the schema's own names; headings such as ``MtSup@ProdChaRat`` name a repeated element and its
code. Elements marked ``calculated="true"`` restate others: they are set apart, else everything would count twice. So is an
element of the annexes that says nothing: it is neither a loan nor a total.

The file is parsed twice, by two parsers that share no code. Expat goes first (``xml_outline``): it counts the elements
with the line where each begins. lxml then gives the values, as a stream. What the values mean (which amount is the budget, which
section) is dbt's work.
"""

from array import array
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from lxml import etree

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest.readers.records import Misshapen, Records, written_rows
from pipelines.stages.ingest.readers.xml_file import events, forget
from pipelines.stages.ingest.readers.xml_outline import SEPARATOR, Outline

BUDGET = "http://www.minefi.gouv.fr/cp/demat/docbudgetaire"
CFU = "http://www.minefi.gouv.fr/cp/demat/doccfu"
COMPTABLE = "http://www.minefi.gouv.fr/cp/demat/doccomptable"
PREFIX = f"{{{BUDGET}}}"
CALCULATED, EMPTY_ELEMENT = "ligne calculée", "élément sans aucune valeur"

KEY = ["IdEtab", "CodBud", "CodTypBud", "Nomenclature", "Exer", "NatDec", "NumDec"]
COLUMNS = {
    "documents": [
        "NumBudget",
        *KEY,
        *"LibelleEtab IdColl LibelleColl CodColl CodInseeColl NatCEPL ProjetBudget DteStr DteDec NatVote".split(),
        *"BudgPrec ReprRes IdEtabPal LibelleEtabPal VersionSchema CodeEditeur Scellement@sha1".split(),
        *"Scellement@date NbLignes NbLignesCalculees NbEmprunts".split(),
    ],
    "lignes": [
        "NumBudget",
        "NumLigne",
        *KEY,
        *"Nature LibCpte Fonction Operation ContNat ContFon ContOp ArtSpe CodRD MtBudgPrec MtRARPrec".split(),
        *"MtPropNouv MtPrev CredOuv MtReal MtRAR3112 OpBudg TypOpBudg OpeCpteTiers MtSup@BudgetHorsRAR".split(),
        *"MtSup@ProdChaRat MtSup@ICNE MtSup@ICNEPrec MtSup@APVote MtSup@RARPrec MtSup@MtOpeCumul".split(),
        *"MtSup@MtOpeInfo CaracSup@Section CaracSup@TypOpe CaracSup@ChapSpe CaracSup@ProgAutoNum".split(),
        *"CaracSup@ProgAutoLib".split(),
    ],
    "emprunts": [
        "NumBudget",
        "NumEmprunt",
        *KEY,
        *"CodTypEmpr NumContrat ObjEmpr LibOrgaPreteur CodArticle LibCpte AnEncaisse DtSignInit".split(),
        *"MtEmprOrig DureeRest CodTyptxInit TxActua CodPeriodRemb IndSousJacent Structure MtIntExer".split(),
        *"MtCapitalExer MtCapitalRestDu_01_01 MtCapitalRestDu_31_12 MtICNE".split(),
    ],
    "consolidations": [
        "NumBudget",
        "NumConsolidation",
        *KEY,
        *"CodTypBudAgreg CodBudAnnex LibBudAnnex SiretBudAnnexe CodInvFonc MtCredOuv CodRD".split(),
        *"MtRealMandatTitre RAR Groupe".split(),
    ],
}
RECORDS = {"documents": "Budget", "lignes": "LigneBudget", "emprunts": "EMPRUNT", "consolidations": "CONSOLIDATION"}
# Of the tables that follow the lines: the heading that numbers their records; and of those, what a document counts.
ORDINALS = {"lignes": "NumLigne", "emprunts": "NumEmprunt", "consolidations": "NumConsolidation"}
COUNTED = {"lignes": "NbLignes", "emprunts": "NbEmprunts"}
# What a heading must say for its document to be identified, and what replaces the counts of one that cannot be read
# whole.
IDENTITY = {"IdEtab", "Nomenclature", "Exer", "NatDec", "CodTypBud"}
LOST_COUNTS = {"NbLignes": "1", "NbLignesCalculees": "0", "NbEmprunts": "0"}
WHOLE = "un document budgétaire entier"
HEADERS = ("VersionSchema", "BlocEditeur", "Scellement", "EnTeteDocBudgetaire", "EnTeteBudget", "BlocBudget")
# Bulky parts that nothing reads: dropped as they pass, so that memory does not grow with the file.
ANNEXES = "SOMMAIRE PATRIMOINE CONCOURS PERSONNEL TIERS VENTILATION PRES_CROISEE FORMATION".split()
UNREAD = frozenset([f"{{{COMPTABLE}}}LigneComptable", *(PREFIX + name for name in ANNEXES)])
WANTED = frozenset(heading for columns in COLUMNS.values() for heading in columns)
# The amounts of a line that figures add up: present but empty, one is not 0.
AMOUNTS = frozenset(["MtRARPrec", "MtPrev", "CredOuv", "MtReal", "MtRAR3112"])
EMPTY = 'V=""'  # what such a cell is expected to hold, since it is not a number
# The case of these codes varies from vendor to vendor (RARPrec, RARprec; APVote, ApVote).
CODED = {heading.casefold(): heading for heading in WANTED if heading.startswith(("MtSup@", "CaracSup@"))}


def read(path: Path, fichier: str, tables: list[str], workdir: Path) -> dict[str, Records]:
    """Read ``path``, delivered as ``fichier``, and write one CSV per table into ``workdir``.

    Returns the records of each of ``tables`` (documents, lignes, emprunts, consolidations). Raises DeliveryRefused:
    FIC-VIDE, FIC-XML, FIC-DOCTYPE, or FIC-NATURE when the tree holds no budget document.
    """
    outline = _Outline(fichier)
    outline.read(path)
    with _sheets(workdir, outline.lines) as sheets:
        _Reading(fichier, sheets).read(path)
    return {name: sheets[name].records() for name in tables}


def lost(path: Path, fichier: str, tables: list[str], workdir: Path, refusal: DeliveryRefused) -> dict[str, Records]:
    """The replacement of a file that ``read`` refused: the heading of each of its documents, and one refused line in each.

    A document whose heading is incomplete, or of which nothing is left, becomes a refused heading. A file with a
    DOCTYPE is read no further.
    """
    outline, headings = _Outline(fichier), _Headings(fichier)
    with suppress(DeliveryRefused):
        outline.read(path)
    if refusal.code != "FIC-DOCTYPE":
        with suppress(DeliveryRefused):
            headings.read(path)
    begun = list(outline.lines["documents"]) or [1]
    begun += begun[-1:] * (len(headings.found) - len(begun))
    refused: dict[str, list[Misshapen]] = {name: [] for name in COLUMNS}
    with _sheets(workdir, {}) as sheets:
        for rank, (line, said) in enumerate(zip_longest(begun, headings.found, fillvalue={}), 1):
            number, place = {"NumBudget": str(rank)}, line if rank < len(begun) else max(line, refusal.ligne or 0)
            if IDENTITY <= said.keys():
                sheets["documents"].write(line, said | number | LOST_COUNTS)
            table = "lignes" if IDENTITY <= said.keys() else "documents"
            sheets[table].write(place, number)
            refused[table].append((place, "LIG-DOCUMENT", refusal.attendu or WHOLE, refusal.recu or refusal.code))
    read = {name: len(lines) for name, lines in refused.items()} | {"documents": len(begun)}
    return {name: replace(sheets[name].records(), read=read[name], misshapen=refused[name]) for name in tables}


class _Outline(Outline):
    """The first pass: checks that it is a well-formed budget document, and finds the line on which each record begins."""

    def __init__(self, fichier: str):
        super().__init__(fichier)
        self.lines = {name: array("L") for name in RECORDS}
        self._lines_of = {f"{BUDGET}{SEPARATOR}{tag}": self.lines[name] for name, tag in RECORDS.items()}

    def read(self, path: Path) -> None:
        super().read(path)
        if self.lines["documents"]:
            return
        namespace, _, name = self.root.rpartition(SEPARATOR)
        code = "FIC-VIDE" if namespace in (BUDGET, CFU) else "FIC-NATURE"
        root = f"racine « {name[:60]} »"
        raise DeliveryRefused(code, fichier=self.fichier, ligne=1, recu=root, attendu="au moins un élément Budget")

    def start(self, name: str) -> None:
        if (lines := self._lines_of.get(name)) is not None:
            lines.append(self.line)


class _Sheet:
    """One table being written: its CSV, what is set apart, and the line of each record."""

    def __init__(self, path: Path, columns: list[str], lines: array, rows: Any):
        self.path, self.columns, self.seen = path, columns, 0
        self._lines, self._rows = lines, rows
        self._ignored: list[tuple[int, str]] = []

    def next_line(self) -> int:
        """Count one more record of the file and give the line where it begins."""
        self.seen += 1
        return self._lines[self.seen - 1] if self.seen <= len(self._lines) else 0

    def write(self, line: int, values: dict[str, str]) -> None:
        self._rows.writerow([line, *(values.get(column, "") for column in self.columns)])

    def set_apart(self, line: int, reason: str) -> None:
        self._ignored.append((line, reason))

    def records(self) -> Records:
        records = Records(self.path, list(self.columns), None, len(self._lines))
        return records.leaving(self._ignored, self.path.with_suffix(".apart"))


@contextmanager
def _sheets(workdir: Path, lines: Mapping[str, array]) -> Iterator[dict[str, _Sheet]]:
    """The tables being written; ``lines``: where the records of each begin, if they are known."""
    with ExitStack() as stack:
        paths = {name: workdir / f"{name}.csv" for name in COLUMNS}
        rows = {name: stack.enter_context(written_rows(path)) for name, path in paths.items()}
        yield {n: _Sheet(paths[n], COLUMNS[n], lines.get(n, array("L")), rows[n]) for n in COLUMNS}


class _Reading:
    """The second pass: the values, element by element, and the document they belong to."""

    def __init__(self, fichier: str, sheets: dict[str, _Sheet]):
        self.fichier, self.sheets = fichier, sheets
        self._document: dict[str, str] = {}  # above the Budget elements
        self._budget: dict[str, str] | None = None  # None outside a Budget element
        self._line = 0
        self._counts: dict[str, int] = {}
        self._at_end: dict[str, Any] = {RECORDS[table]: partial(self._record, table) for table in ORDINALS}
        self._at_end["Budget"] = self._end_budget

    def read(self, path: Path) -> None:
        names = ("DocumentBudgetaire", *HEADERS, *RECORDS.values())
        for event, element in events(path, self.fichier, [*(PREFIX + name for name in names), *UNREAD]):
            name = etree.QName(element).localname
            if event == "start":
                self._start(name)
            elif element.tag in UNREAD:
                forget(element)
            elif name in HEADERS:
                self._note(name, element)
            elif at_end := self._at_end.get(name):
                at_end(element)

    def _start(self, name: str) -> None:
        if name == "DocumentBudgetaire":
            self._document = {}
        elif name == "Budget":
            self._line = self.sheets["documents"].next_line()
            self._budget = {"NumBudget": str(self.sheets["documents"].seen)}
            self._counts = {"NbLignes": 0, "NbLignesCalculees": 0, "NbEmprunts": 0}

    def _note(self, name: str, element: etree._Element) -> None:
        """Keep what a heading says of the document or of its budget."""
        target = self._document if self._budget is None else self._budget
        if name == "Scellement":
            target |= {f"Scellement@{key}": element.get(key, "") for key in ("sha1", "date")}
        elif name == "VersionSchema":
            target[name] = element.get("V", "")
        else:
            target |= self._values(element, self._line)

    def _record(self, table: str, element: etree._Element) -> None:
        sheet = self.sheets[table]
        line = sheet.next_line()
        if self._budget is None or "Exer" not in self._budget:
            raise self._refusal(line, "l’en-tête du budget avant ses lignes")
        if element.get("calculated", "").strip().lower() in ("true", "1"):
            sheet.set_apart(line, CALCULATED)
            self._counts["NbLignesCalculees"] += table == "lignes"
        elif table != "lignes" and not _says_something(element):
            sheet.set_apart(line, EMPTY_ELEMENT)
        else:
            own = {ORDINALS[table]: str(sheet.seen), "NumBudget": self._budget["NumBudget"]}
            key = {name: self._budget.get(name, "") for name in KEY}
            sheet.write(line, self._values(element, line) | key | own)
            if table in COUNTED:
                self._counts[COUNTED[table]] += 1
        forget(element)

    def _end_budget(self, element: etree._Element) -> None:
        counts = {name: str(count) for name, count in self._counts.items()}
        self.sheets["documents"].write(self._line, self._document | (self._budget or {}) | counts)
        self._budget = None
        forget(element)

    def _values(self, element: etree._Element, line: int) -> dict[str, str]:
        """The ``V`` of each child of the schema; two values for one child are refused: neither can be chosen."""
        values: dict[str, str] = {}
        for child in element:
            if not child.tag.startswith(PREFIX):
                continue
            name, value = child.tag[len(PREFIX) :], child.get("V", "")
            if name in AMOUNTS and not value.strip():
                value = EMPTY
            if code := child.get("Code"):
                name = CODED.get(f"{name}@{code}".casefold(), "")
            if name in WANTED and values.setdefault(name, value) != value:
                raise self._refusal(line, "une seule valeur", name)
        return values

    def _refusal(self, line: int, expected: str, column: str | None = None) -> DeliveryRefused:
        return DeliveryRefused("FIC-XML", fichier=self.fichier, ligne=line, colonne=column, attendu=expected)


class _Headings(_Reading):
    """The headings of the documents of a file, as far as they can be read."""

    def __init__(self, fichier: str):
        super().__init__(fichier, {})
        self.found: list[dict[str, str]] = []

    def _start(self, name: str) -> None:
        if name == "DocumentBudgetaire":
            self._document = {}
        elif name == "Budget":
            self._budget = dict(self._document)
            self.found.append(self._budget)

    def _record(self, table: str, element: etree._Element) -> None:
        forget(element)

    def _end_budget(self, element: etree._Element) -> None:
        self._budget = None
        forget(element)


def _says_something(element: etree._Element) -> bool:
    """Whether a child of the schema has a value."""
    return any(child.tag.startswith(PREFIX) and child.get("V", "").strip() for child in element)
