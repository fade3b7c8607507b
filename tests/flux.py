"""What the flows of the demonstration's second body say, read by code that shares nothing with the program or with what wrote them."""

import io
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

NET = {"01": 1, "02": -1}  # what the lines of a bordereau are worth, by its type; 03 is no budget execution
CLOSED = date.max


@dataclass(frozen=True)
class Line:
    """A line of an accepted bordereau, with its sign."""

    side: str
    account: str
    amount: Decimal
    debtor: str  # SIREN, or the name of who has none
    is_ordre: bool  # no money moves: the accounts count it, mandats and titres do not


def _said(element: ElementTree.Element, name: str) -> str:
    found = element.find(f".//{name}")
    return found.get("V", "") if found is not None else ""


def _documents(folder: Path) -> Iterator[ElementTree.Element]:
    for path in sorted(folder.iterdir()):
        if path.suffix != ".zip":
            yield ElementTree.fromstring(path.read_bytes())
            continue
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            for name in archive.namelist():
                yield ElementTree.fromstring(archive.read(name))


def lines(landing: Path, year: int) -> list[Line]:
    """The lines that count for the year: of each bordereau, one sending that was not refused."""
    found = []
    for (side, kind, _), slip in _slips(landing / str(year) / "pes", str(year)).items():
        for piece in slip.iter("Piece") if kind in NET else ():
            for line in piece.iter("LigneDePiece"):
                debtor = _said(line, "IdTiers")[:9] if _said(line, "NatIdTiers") == "01" else _said(line, "Nom")
                amount, is_ordre = NET[kind] * Decimal(_said(line, "MtHT")), _said(piece, "TypPce") == "03"
                found.append(Line(side[0], _said(line, "Nature"), amount, debtor, is_ordre))
    return found


def _slips(folder: Path, year: str) -> dict[tuple[str, str, str], ElementTree.Element]:
    """(side, type, number) → the bordereau."""
    roots = list(_documents(folder))
    refused = {
        (_said(root, "NomFic"), _said(answer, "NumBord"))
        for root in roots
        for answer in root.iter("ElementACQUIT")
        if _said(answer, "EtatAck") == "0"
    }
    chosen = {}
    for root in roots:
        for side in ("Depense", "Recette"):
            for slip in root.iterfind(f"./PES_{side}Aller/Bordereau"):
                number = _said(slip, "IdBord")
                if (_said(root, "NomFic"), number) not in refused and _said(slip, "Exer") == year:
                    chosen[side, _said(slip, "TypBord"), number] = slip
    return chosen


def realised(landing: Path, year: int) -> dict[tuple[str, str], Decimal]:
    """(side, account) → what the accounts of the year say was done, without what is carried over."""
    [path] = (landing / str(year) / "budget").glob("*_CA.xml")
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in ElementTree.fromstring(path.read_bytes()).iter(
        "{http://www.minefi.gouv.fr/cp/demat/docbudgetaire}LigneBudget"
    ):
        values = {child.tag.rpartition("}")[2]: child.get("V") for child in line}
        if values["Nature"] not in ("001", "002") and Decimal(values.get("MtReal", "0")):
            found[values["CodRD"], values["Nature"]] += Decimal(values["MtReal"])
    return dict(found)


@dataclass(frozen=True)
class Staff:
    """What the declarations of a year say."""

    hours: dict[str, Decimal]  # statut → paid hours
    present: Counter[str]  # statut → agents on 31 December
    ages: dict[str, Decimal]  # statut → the mean of the middles of their bands of five years
    came: int
    left: int


def staff(landing: Path, year: int) -> Staff:
    """By the last good declaration of each month."""
    hours: dict[str, Decimal] = defaultdict(Decimal)
    contracts: dict[tuple[str, str], dict[str, str]] = {}  # agent and first day → the contract, as last declared
    for text in _last_declarations(landing / str(year) / "dsn"):
        _read(text, contracts, hours)
    present, sums, came, left = Counter(), Counter(), 0, 0
    for who in {who for who, _ in contracts}:
        own = [contract for (other, _), contract in contracts.items() if other == who]
        last = max(own, key=lambda contract: (_day(contract.get("end")), _day(contract["001"])))
        came += min(_day(contract["001"]) for contract in own).year == year
        left += _day(last.get("end")).year == year
        if _day(last.get("end")) > date(year, 12, 31):
            age = year - _day(last["birth"]).year
            present[last["statut"]] += 1
            sums[last["statut"]] += Decimal(age // 5 * 5) + Decimal("2.5")
    return Staff(dict(hours), present, {statut: sums[statut] / present[statut] for statut in present}, came, left)


def _last_declarations(folder: Path) -> list[str]:
    """The last file of each month that is no test, in the order of the months."""
    months: dict[str, tuple[int, str]] = {}
    for path in folder.glob("*.dsn"):
        text = path.read_text(encoding="iso-8859-1")
        if "S10.G00.00.005,'02'" in text:
            month, order = (re.search(rf"S20.G00.05.{number},'(.*)'", text)[1] for number in ("005", "004"))
            months[month] = max(months.get(month, (0, "")), (int(order), text))
    return [months[month][1] for month in sorted(months, key=lambda said: said[2:4])]


def _read(text: str, contracts: dict[tuple[str, str], dict[str, str]], hours: dict[str, Decimal]) -> None:
    """Add what a declaration says: a rubrique a line, ``S21.G00.40.001,'01092015'``."""
    birth = who = paid = ""
    contract: dict[str, str] = {}
    for line in text.splitlines():
        rubrique, value = line[:14], line[16:-1]
        if rubrique == "S21.G00.30.006":
            birth = value
        elif rubrique == "S21.G00.30.019":
            who = value
        elif rubrique == "S21.G00.40.001":
            contract = contracts[who, value] = {"birth": birth}
            contract["001"] = value
        elif rubrique == "S21.G00.40.009":
            contract["009"] = value
        elif rubrique == "S21.G00.40.026":
            contract["statut"] = "contractuel" if value == "02" else "fonctionnaire"
        elif rubrique == "S21.G00.62.001":
            contract["end"] = value
        elif rubrique == "S21.G00.51.010":
            paid = value
        elif rubrique == "S21.G00.53.002":
            [statut] = {c["statut"] for (other, _), c in contracts.items() if other == who and c["009"] == paid}
            hours[statut] += Decimal(value)


def _day(text: str | None) -> date:
    return date(int(text[4:]), int(text[2:4]), int(text[:2])) if text else CLOSED
