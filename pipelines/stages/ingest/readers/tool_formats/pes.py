"""Reads what is sent to the public accountant (PES V2 Aller) and his acknowledgements (PES_ACQUIT) into tables.

``bordereaux`` holds one record per ``Bordereau``, ``mandats`` and ``titres`` one per ``LigneDePiece`` of the expenditure
and of the receipts, ``acquits`` one per ``ElementACQUIT``. Headings are the names of the schema; those under ``COMPUTED``
are made here, from several elements: what a code means is known here only. Which bordereau counts is dbt's work.

Elements are known by their path, in both spellings that producers use, whatever the schema says of the rest. Values are
attributes (``V``): no text is ever looked at, so that an attached document costs no memory. Who is paid, who owes, objects,
attachments and signatures are not read, but for the identifier of a tiers that may be a public body: its SIREN or, for a
commune or a group of communes without one, its name. Only the code of a member is kept of it, and nothing of it reaches a
message.

Nothing may be lost: the records are counted apart, by the tags that open them, with code that shares nothing with the
reading.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.french import how_many
from pipelines.stages.ingest.readers.records import Records, written_rows
from pipelines.stages.ingest.readers.xml_outline import CHUNK, SEPARATOR, Outline

DEPENSE, RECETTE = "PES_DepenseAller", "PES_RecetteAller"
ROOTS = ("PES_Aller", "PES_ACQUIT")
SIDES = {DEPENSE: "D", RECETTE: "R"}
LINES = {DEPENSE: "mandats", RECETTE: "titres"}

# The elements that open a scope, by path from the root; below, what is noted in each, by path from it: path → heading.
BORDEREAU, PIECE, LIGNE, TIERS = "Bordereau", "Bordereau/Piece", "Bordereau/Piece/LigneDePiece", "Tiers/InfoTiers"
ACQUIT = "ACQUIT/ElementACQUIT"
OF_FILE = {"Enveloppe/Parametres/NomFic": "NomFic"} | {
    f"EnTetePES/{name}": name for name in ("DteStr", "IdColl", "CodBud")
}
OF_BORDEREAU = {
    f"BlocBordereau/{name}": name
    for name in "Exer IdBord DteBordEm TypBord NbrPce MtCumulAnnuel MtBordHT MtBordTVA".split()
} | {"BlocBordereau/MtBordHt": "MtBordHT"}
OF_PIECE = {
    f"{block}/{name}": name for block in ("BlocPiece", "BlocPiece/InfoPce") for name in ("IdPce", "TypPce", "NatPce")
}
OF_LIGNE = {
    f"BlocLignePiece/{block}/{name}": name
    for block in ("InfoLignePce", "InfoLignePiece")
    for name in "IdLigne Nature Fonction ModRegl MtHT MtTVA MtFactHT".split()
} | {f"BlocLignePiece/RattachPiece/{name}": name for name in "NatPceOrig ExerRat IdPceOrig IdLigneOrig".split()}
OF_TIERS = {name: name for name in "IdTiers NatIdTiers CatTiers TypTiers Nom".split()}
OF_ACQUIT = {name: name for name in "DomaineAck EtatAck NumBord ExerciceBord".split()} | {
    "Erreur/NumAnoAck": "NumAnoAck"
}

AMOUNTS = ("MtBudget", "MtTTC", "MtHorsTaxes")
KEY = ["IdColl", "CodBud", "Exer", "TypBord", "IdBord", "DteBordEm", "NumBordereau"]
COMPUTED = {
    "bordereaux": ["Sens", "NbPieces", "NbLignes", "MtLignesHT", "MtLignesTVA", "Empreinte"],
    "lignes": ["TypePiece", "Section", *AMOUNTS, "TiersPublic"],
    "acquits": ["Sens"],
}
COLUMNS = {
    "bordereaux": [
        "NomFic",
        "DteStr",
        *KEY,
        *"NbrPce MtCumulAnnuel MtBordHT MtBordTVA".split(),
        *COMPUTED["bordereaux"],
    ],
    "acquits": ["NomFic", "DteStr", *OF_ACQUIT.values(), *COMPUTED["acquits"]],
}
OF_LINES = [*KEY, "IdPce", *"IdLigne Nature Fonction ExerRat IdPceOrig IdLigneOrig".split(), *COMPUTED["lignes"]]
COLUMNS |= dict.fromkeys(LINES.values(), OF_LINES)

# What the codes mean. Of a bordereau that cancels, whole or in part, every amount is taken back; the flow does not say which.
CANCELS = "02"
REVERSES_A_RATTACHEMENT = "10"  # nature of the piece
RATTACHEMENT = {DEPENSE: "10", RECETTE: "11"}  # type of the piece
SAME_SIDE = {"01"}  # nature of the original piece: a mandat on the side of mandats, a titre on that of titres
ORDRE_PIECES, ORDRE_NATURE, ORDRE_PAYMENT = ("03", "04"), "18", "08"
SECTIONS = {"01": "F", "02": "I"}  # by nature of the piece: of others, the account tells
DOMAINS = {"5": "D", "6": "R"}
PERSON, LOCAL_BODIES = "01", ("23", "24")  # category of the tiers
SIRET, SIREN = "01", "02"  # nature of its identifier
PRINCIPAL = "01"  # the debtor, among those who owe together

AMOUNT = re.compile(r"[+-]?[0-9]{1,14}(?:\.[0-9]{0,2})?")
OPENING = re.compile(rb"<(?:[\w.-]+:)?(PES_DepenseAller|PES_RecetteAller|Bordereau|LigneDePiece|ElementACQUIT)[\s/>]")
LONGEST_TAG = 200  # bytes of one of these tags, at most
WHOLE = "un flux PES entier"


def read(path: Path, fichier: str, tables: list[str], workdir: Path) -> dict[str, Records]:
    """Read ``path``, delivered as ``fichier``, and write one CSV per table into ``workdir``.

    Returns the records of each of ``tables`` (bordereaux, mandats, titres, acquits). Raises DeliveryRefused: FIC-VIDE,
    FIC-XML, FIC-DOCTYPE, FIC-TAILLE, FIC-NATURE when it is neither a PES Aller nor a PES_ACQUIT, FIC-ENCODAGE when
    its tags cannot be counted apart: in UTF-16, or with tags in a comment.
    """
    paths = {name: workdir / f"{name}.csv" for name in COLUMNS}
    counts, is_ranked = _count(path)
    with ExitStack() as stack:
        sheets = {name: stack.enter_context(written_rows(path)) for name, path in paths.items()}
        reading = _Reading(fichier, sheets, is_ranked=is_ranked)
        reading.read(path)
    for name in COLUMNS:
        if reading.written[name] != counts[name]:
            raise DeliveryRefused(
                "FIC-ENCODAGE",
                fichier=fichier,
                recu=f"{how_many(counts[name], 'balises')} de {name}, dont {reading.written[name]} se lisent",
                attendu="un flux en UTF-8 ou en ISO-8859-1, sans bordereau ni pièce en commentaire",
            )
    return {name: Records(paths[name], list(COLUMNS[name]), None, counts[name]) for name in tables}


def lost(path: Path, fichier: str, tables: list[str], workdir: Path, refusal: DeliveryRefused) -> dict[str, Records]:
    """The replacement of a file that ``read`` refused: one refused bordereau, which stands for all that it held."""
    found = {}
    for name in tables:
        with written_rows(workdir / f"{name}.csv") as rows:
            if name == "bordereaux":
                rows.writerow([refusal.ligne or 1, fichier, *[""] * (len(COLUMNS[name]) - 1)])
        found[name] = Records(workdir / f"{name}.csv", list(COLUMNS[name]), None, 0)
    one = (refusal.ligne or 1, "LIG-DOCUMENT", refusal.attendu or WHOLE, refusal.recu or refusal.code)
    return found | {"bordereaux": Records(found["bordereaux"].path, COLUMNS["bordereaux"], None, 1, misshapen=[one])}


def _count(path: Path) -> tuple[Counter[str], bool]:
    """The records of each table, by their opening tags: a search in the bytes, no reading. And whether two of a table
    begin on one line: all are then numbered by rank, since a line must identify one record."""
    counts, side, line, last, is_ranked = Counter[str](), DEPENSE, 0, dict[str, int](), False
    for piece in _pieces(path):
        place = 0
        for match in OPENING.finditer(piece):
            line += piece.count(b"\n", place, match.start())
            place, tag = match.start(), match[1].decode()
            if tag in LINES:
                side = tag
                continue
            name = {"Bordereau": "bordereaux", "ElementACQUIT": "acquits"}.get(tag) or LINES[side]
            is_ranked |= last.get(name) == line
            last[name] = line
            counts[name] += 1
        line += piece.count(b"\n", place)
    return counts, is_ranked


def _pieces(path: Path) -> Iterator[bytes]:
    """The bytes of the file, piece by piece, none of which cuts a tag."""
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            text = rest + chunk
            begun = text.rfind(b"<", max(len(text) - LONGEST_TAG, 0))
            cut = begun if begun >= 0 else len(text)
            yield text[:cut]
            rest = text[cut:]
    yield rest


class _Step(dict[str, "_Step"]):
    """An element that is known, by name of its children; ``heading``: what its value is noted under; ``scope``: what it opens."""

    heading = scope = ""

    def below(self, path: str) -> "_Step":
        """The element at a path from this one."""
        step = self
        for name in path.split("/"):
            step = step.setdefault(name, _Step())
        return step


def _tree() -> _Step:
    root = _Step()
    scopes = {"": OF_FILE, ACQUIT: OF_ACQUIT}
    for side in LINES:
        scopes |= {f"{side}/{BORDEREAU}": OF_BORDEREAU, f"{side}/{PIECE}": OF_PIECE, f"{side}/{LIGNE}": OF_LIGNE}
        scopes[f"{side}/{LIGNE}/{TIERS}"] = OF_TIERS
    for scope, noted in scopes.items():
        step = root.below(scope) if scope else root
        step.scope = scope.rpartition("/")[2]
        for path, heading in noted.items():
            step.below(path).heading = heading
    return root


TREE = _tree()


@dataclass
class _Scope:
    """An open record: the line where it begins, what is noted of it, and what it counts."""

    line: int
    values: dict[str, str] = field(default_factory=dict)
    pieces: int = 0
    lines: int = 0
    ht: Decimal = Decimal(0)
    tva: Decimal = Decimal(0)
    content: Any = None  # the fingerprint of its pieces


class _Reading(Outline):
    """The reading of one file: the steps from the root to the open element, and the scopes that are open."""

    def __init__(self, fichier: str, sheets: dict[str, Any], *, is_ranked: bool):
        super().__init__(fichier)
        self._sheets, self._is_ranked, self.written = sheets, is_ranked, Counter[str]()
        self._steps: list[_Step] = []
        self._depth = 0  # below an element that is not known
        self._scopes = [_Scope(1)]
        self._side = DEPENSE
        self._bordereaux = 0
        self._tiers: list[dict[str, str]] = []  # of the open line
        self._ends = {"Bordereau": self._bordereau, "LigneDePiece": self._ligne, "ElementACQUIT": self._acquit}

    def start(self, name: str) -> None:
        if self._depth:
            self._depth += 1
            return
        local = name.rpartition(SEPARATOR)[2]
        if not self._steps:
            self._check_root(local)
            self._steps.append(TREE)
            return
        step = self._steps[-1].get(local)
        if step is None:
            self._depth = 1
            return
        self._steps.append(step)
        if step.heading:
            self._note(step.heading)
        elif step.scope:
            self._begin(step.scope)
        elif local in LINES:
            self._side = local

    def end(self, name: str) -> None:
        if self._depth:
            self._depth -= 1
            return
        step = self._steps.pop()
        if step.scope:
            scope = self._scopes.pop()
            if end := self._ends.get(step.scope):
                end(scope)
            elif step.scope == "InfoTiers":
                self._tiers.append(scope.values)

    def _check_root(self, local: str) -> None:
        if local not in ROOTS:
            raise DeliveryRefused(
                "FIC-NATURE",
                fichier=self.fichier,
                ligne=1,
                recu=f"racine « {local[:60]} »",
                attendu="un flux PES Aller (PES_Aller) ou son accusé (PES_ACQUIT)",
            )

    def _note(self, heading: str) -> None:
        """Keep a value; two for one heading are refused: neither can be chosen."""
        value = self.attributes.get("V", "").strip()
        if self._scopes[-1].values.setdefault(heading, value) != value:
            raise DeliveryRefused(
                "FIC-XML", fichier=self.fichier, ligne=self.line, colonne=heading, attendu="une seule valeur"
            )

    def _begin(self, scope: str) -> None:
        opened = _Scope(self.line)
        if scope == "Bordereau":
            self._bordereaux += 1
            opened.values["NumBordereau"] = str(self._bordereaux)
            opened.content = hashlib.sha256()
        elif scope == "Piece":
            self._scopes[-1].pieces += 1
        elif scope == "LigneDePiece":
            self._tiers = []
        self._scopes.append(opened)

    def _write(self, table: str, line: int, values: dict[str, str]) -> None:
        self.written[table] += 1
        place = self.written[table] if self._is_ranked else line
        self._sheets[table].writerow([place, *map(values.get, COLUMNS[table])])

    def _bordereau(self, scope: _Scope) -> None:
        values = self._scopes[0].values | scope.values
        values |= {"Sens": SIDES[self._side], "NbPieces": str(scope.pieces), "NbLignes": str(scope.lines)}
        values |= {"MtLignesHT": str(scope.ht), "MtLignesTVA": str(scope.tva), "Empreinte": scope.content.hexdigest()}
        self._write("bordereaux", scope.line, values)

    def _ligne(self, scope: _Scope) -> None:
        """Write a line, with what the codes of its bordereau and of its piece make of it."""
        bordereau, piece = self._scopes[1], self._scopes[2].values
        line = self._scopes[0].values | bordereau.values | piece | scope.values
        kind = line.get("TypBord"), line.get("TypPce"), line.get("NatPce")
        ht, tva = _amount(line.get("MtHT")), _amount(line.get("MtTVA") or "0")
        bordereau.lines += 1
        bordereau.ht += ht or 0
        bordereau.tva += tva or 0
        bordereau.content.update(repr(sorted((piece | scope.values).items())).encode())
        if ht is None or tva is None:  # refused, as they are written
            line |= dict.fromkeys(AMOUNTS, line.get("MtHT", "") if ht is None else line["MtTVA"])
        else:
            invoiced = _amount(line.get("MtFactHT"))
            for name, amount in zip(AMOUNTS, (ht, ht + tva, ht if invoiced is None else invoiced), strict=True):
                line[name] = str(-abs(amount) if kind[0] == CANCELS else amount)
        if kind[0] != CANCELS or line.get("NatPceOrig") not in SAME_SIDE:
            line |= {"ExerRat": "", "IdPceOrig": "", "IdLigneOrig": ""}
        line["TypePiece"] = self._type(*kind, line.get("ModRegl"))
        line["Section"] = SECTIONS.get(line.get("NatPce", ""), "")
        line["TiersPublic"] = _public_body(self._tiers)
        self._write(LINES[self._side], scope.line, line)

    def _type(self, bordereau: str | None, piece: str | None, nature: str | None, payment: str | None) -> str:
        if piece in ORDRE_PIECES or nature == ORDRE_NATURE or payment == ORDRE_PAYMENT:
            return "Ordre"
        if bordereau == CANCELS:
            return "Annulation" if nature == REVERSES_A_RATTACHEMENT else "Annulation ou réduction"
        return "Rattachement" if piece == RATTACHEMENT[self._side] else "Ordinaire"

    def _acquit(self, scope: _Scope) -> None:
        domain = DOMAINS.get(scope.values.get("DomaineAck", "").lstrip("0"), "")
        self._write("acquits", scope.line, self._scopes[0].values | scope.values | {"Sens": domain})


def _amount(text: str | None) -> Decimal | None:
    """The value of an amount; None when it is none."""
    return Decimal(text) if text and AMOUNT.fullmatch(text) else None


def _public_body(tiers: list[dict[str, str]]) -> str:
    """The SIREN of who is paid or owes, or the name of a local body without one; empty for a person, and for any identifier
    of another kind, which may be a social security number."""
    chosen = next((one for one in tiers if one.get("TypTiers") == PRINCIPAL), tiers[0] if len(tiers) == 1 else {})
    category, number = chosen.get("CatTiers", PERSON), chosen.get("IdTiers", "")
    if category == PERSON:
        return ""
    if chosen.get("NatIdTiers") == SIREN and re.fullmatch("[0-9]{9}", number):
        return number
    if chosen.get("NatIdTiers") == SIRET and re.fullmatch("[0-9]{14}", number):
        return number[:9]
    return chosen.get("Nom", "") if category in LOCAL_BODIES else ""
