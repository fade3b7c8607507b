"""Guesses how a column is written: its type, its format, whether it is personal.

Each way of writing is tried with the expression by which collection would read the cells. What they do not prove is a *doubt*,
in French, which becomes a TODO.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from pipelines.catalogue.source_grammar import ISO, Field, Table
from pipelines.stages.ingest.typing import pattern_of, read_field

SPACES = " \t\u00a0\u2007\u2009\u202f"
SOME = 200  # cells of a long column on which every way is tried
# casefolded: the last is \N, of a dump
MISSING = {"-", "--", "nc", "n.c.", "nd", "n.d.", "n/a", "?", "néant", "null", "\\n"}
LEAP = 2000  # the year of a date that is written without one

PAIRS = [  # the words of a flag, as ``slug`` writes them
    ("oui", "non"), ("o", "n"), ("vrai", "faux"), ("true", "false"), ("yes", "no"), ("y", "n"), ("1", "0"),
    ("actif", "inactif"), ("active", "desactive"), ("ouvert", "ferme"), ("en_service", "hors_service"),
]  # fmt: skip
NUMBERS: list[dict[str, Any]] = [
    {"type": "integer"},
    {"type": "integer", "groupChar": " "},
    {"type": "number"},
    {"type": "number", "decimalChar": ","},
    {"type": "number", "decimalChar": ",", "groupChar": " "},
    {"type": "number", "groupChar": " "},
    {"type": "number", "decimalChar": ",", "groupChar": "."},
    {"type": "number", "groupChar": ","},
]
DAYS = ["default", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d %B %Y", "%d %b %Y"]
MONTHS = ["%B %Y", "%b %Y", "%b-%y", "%m/%Y", "%m-%Y", "%Y-%m"]
YEARLESS = ["%B", "%b", "%d %B", "%d %b"]  # of the exercice
TIMES = [" %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M:%S.%f", "T%H:%M:%S%z", "T%H:%M:%S.%f%z"]
MOMENTS = ["default", *(day + time for day in ["%Y-%m-%d", *DAYS[1:]] for time in TIMES)]
QUANTITY = re.compile(rf"([+\u2212-]?[\d.,{SPACES}]*\d)([{SPACES}]*)([^\s\d.,+\u2212-][^\s\d,+\u2212-]*)")
GLUED = {"EUR", "h", "km", "kg", "m²", "kWh", "MWh", "o", "ko", "Ko", "Mo", "Go", "To"}  # units that may be

# What the words of a heading say. Digits are a code under some, a date under others.
CODE = "code numero siren siret tel telephone cp postal matricule insee reference ref id identifiant ticket compte nir iban"
DATE = "date debut fin jour mois periode creation connexion ouverture cloture entree sortie extraction naissance le created month"
FLAG = "actif active est enabled ouvert valide"
YEAR_WORDS = "annee exercice an millesime year"
KEY = "id identifiant numero reference ref ticket matricule cle key login code"
DROPPED = "naissance ne nee nir securite adresse telephone tel portable mobile iban rib photo civilite sexe"
PERSON = "nom prenom prenoms agent intervenant demandeur usager contact responsable referent beneficiaire technicien auteur titulaire"
HEALTH = "sante allergie allergies allergene regime medical medicale handicap pathologie"
PSEUDONYM = "login identifiant matricule mail email courriel user utilisateur username uid"
THING = "commune collectivite application logiciel service produit fichier ville site structure etablissement lieu type nb nombre total"
WORDS = "statut priorite urgence categorie motif nature etat niveau objet titre description solution filiere contrat cadre profil"
NAMING = "nom name libelle intitule code de d du des la le les l"  # the words of the name of a thing

QUANTITIES = "montant taux prix cout part solde base valeur quantite volume duree heure poste serveur"
KNOWN = " ".join(
    (CODE, DATE, FLAG, YEAR_WORDS, KEY, DROPPED, HEALTH, PERSON, PSEUDONYM, THING, WORDS, NAMING, QUANTITIES)
)

CAPITAL = "A-ZÀ-ÖØ-Þ"
WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
CAPITALISED = re.compile(rf"(?:(?=[{CAPITAL}]){WORD} ){{1,3}}(?=[{CAPITAL}]){WORD}")
YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")
TERM = re.compile(  # T1 2024, 1er trimestre, S2-24
    r"([TQ][1-4]|[1-4][TQ]|S[12]|[1-4] ?(er|re|e|è?me|nde?)? ?(trim|sem)(estre)?\.?|(trim|sem)(estre)?\.? ?[1-4])([ /.-]*(20)?\d\d)?",
    re.IGNORECASE,
)
MAIL = re.compile(r"[^@\s<>;,]+@[^@\s<>;,]+\.[a-z]{2,}", re.IGNORECASE)
CIVIL = re.compile(r"(m|mme|mlle|monsieur|madame)\.?[ ]\S.*", re.IGNORECASE)
NIR = re.compile(r"[12]\s?\d\d\s?(0[1-9]|1[0-2]|[2-9]\d)\s?[\dAB]{2}\s?\d{3}\s?\d{3}(\s?\d\d)?")
PHONE = re.compile(r"(\+33[ .-]?|0)[1-9]([ .-]?\d\d){4}")
IBAN = re.compile(r"[A-Z]{2}\d\d([ ]?[A-Z0-9]{4}){3,7}[ ]?[A-Z0-9]{0,3}")
ADDRESS = re.compile(r"(\d{1,3}\.){3}\d{1,3}(:\d+|/\d+)?|(?=.*::|(.*:){7})[0-9a-f:]{3,39}", re.IGNORECASE)
ACCOUNT = re.compile(r"[A-Za-z0-9.-]+\\[A-Za-z0-9._-]+")  # DOMAINE\\compte
DOTTED = re.compile(  # prenom.nom, p.nom2; not a file or a site
    r"[a-z][a-z-]{0,19}\.(?!(pdf|docx?|xlsx?|csv|txt|xml|json|zip|html?|com|net|org)\b)[a-z][a-z-]{1,29}\d{0,3}",
    re.IGNORECASE,
)
NEVER_A_NAME = [  # of a column
    MAIL.search, CIVIL.fullmatch, NIR.fullmatch, PHONE.fullmatch, ADDRESS.fullmatch,
    re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]").match, re.compile(r"[A-Za-z_][\w.-]*=").match,
]  # fmt: skip


@dataclass(frozen=True)
class Guess:
    """How a column seems to be written, in the vocabulary of a declaration."""

    type: str = "string"
    options: dict[str, Any] = field(default_factory=dict)  # format, decimalChar, trueValues… when not the default
    missing: list[str] = field(default_factory=list)  # words read as an empty cell
    doubts: list[str] = field(default_factory=list)
    values: list[Any] = field(
        default_factory=list
    )  # what the cells are read as, None where they cannot be; not of texts

    @property
    def dates(self) -> list[dt.date]:
        """The dates of a column of dates, those without a year being of ``LEAP``."""
        return [value for value in self.values if value] if self.type in ("date", "datetime") else []

    @property
    def years(self) -> set[int]:
        """The years that its cells say."""
        if self.type == "year":
            return {value for value in self.values if value}
        return {date.year for date in self.dates} if self.has_years else set()

    @property
    def has_years(self) -> bool:
        """False for dates that are of their exercice."""
        return self.options.get("format") not in (*YEARLESS, "%m")


def slug(heading: str) -> str:
    """A heading as a name: ``N° de ticket`` → ``numero_de_ticket``."""
    text = re.sub(r"\b[nN]\s?[°º]", "numero ", heading)
    text = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "Oe"))
    text = "".join(c for c in text if not unicodedata.combining(c)).lower()
    return re.sub(r"[^a-z0-9]+", "_", text).strip("_")


def says(heading: str, known: str) -> bool:
    """True when one of the words of a heading is among ``known``."""
    return not {*slug(heading).split("_")}.isdisjoint(known.split())


def read(cells: Sequence[str], way: dict[str, Any], *, workbook: bool) -> list[Any]:
    """What collection would read of cells written in this way: None where it would refuse them."""
    rows = duckdb.execute(f"select {_reading(way, workbook)} from (select unnest($1) as c)", [list(cells)]).fetchall()
    return [value for (value,) in rows]


def _reading(way: dict[str, Any], workbook: bool) -> str:
    column = Field.model_validate({"name": "c", "title": "c", **way})
    table = Table(name="t", title="t", fields=[column])
    return read_field(column, "c", table, workbook=workbook, exercice=LEAP).value


def guess(heading: str, cells: Iterable[str], *, workbook: bool) -> Guess:
    """The type and format of a column. ``workbook``: native dates and numbers are read anyway."""
    texts = [cell.strip(SPACES) for cell in cells]
    full = [text for text in texts if text]
    if not full:
        return Guess(doubts=["la colonne est vide dans l’exemple : de quel type est-elle ?"])
    kept = [text for text in full if text.casefold() not in MISSING]
    some = kept[:: -(-len(kept) // SOME)] if kept else []
    ways = list(_ways(heading, some, workbook)) if some else []
    if not ways:
        return Guess()
    counts = ", ".join(f"count({_reading(way, workbook)})" for way in ways)
    found = duckdb.execute(f"select {counts} from (select unnest($1) as c)", [some]).fetchone() or ()
    best = max(found)
    way = ways[found.index(best)]
    if best < 0.9 * len(some):
        what = "des dates" if way["type"] in ("date", "datetime") else "des nombres"
        alike = [f"cellules qui ressemblent à {what}, sans format commun : au plus {best} sur {len(some)} lisibles"]
        return Guess(doubts=alike if 3 * best >= len(some) or most(some, QUANTITY.fullmatch) else [])
    others = [one for one, count in zip(ways, found, strict=True) if count == best]
    doubts = list(_doubts(way, others, kept))
    missing = sorted({text for text in full if text.casefold() in MISSING})
    if missing:
        doubts.append(f"{', '.join(f'« {word} »' for word in missing)} : lu comme une cellule vide")
    values = read(texts, way, workbook=workbook)
    odd = sum(value is None for value, text in zip(values, texts, strict=True) if text and text not in missing)
    if odd:
        doubts.append(f"cellules écrites autrement : {odd} sur {len(kept)}, dont les lignes seront refusées")
    return Guess(way["type"], _options(way, kept, workbook), missing, doubts, values)


def _ways(heading: str, cells: list[str], workbook: bool) -> Iterator[dict[str, Any]]:
    """The ways in which the cells may be written, the likeliest first."""
    yield from _flags(heading, cells)
    if says(heading, YEAR_WORDS):
        yield {"type": "year"}
    numbers = list(_numbers(heading, cells))
    is_dated = says(heading, DATE) or any(word.startswith(("dat", "dt")) for word in slug(heading).split("_"))
    if not is_dated:
        yield from numbers
    days = [*DAYS, *MONTHS, *(YEARLESS if is_dated else []), *(["%Y%m%d"] if is_dated else [])]
    for kind, fmt in [*(("date", day) for day in days), *(("datetime", moment) for moment in MOMENTS)]:
        pattern = re.compile(pattern_of(ISO[kind] if fmt == "default" else fmt))
        # a workbook's own date may be a number of days
        if any(map(pattern.fullmatch, cells)) or (workbook and is_dated and fmt == "default"):
            yield {"type": kind, "format": fmt, **({"timezone": "Europe/Paris"} if "%z" in fmt else {})}
    if is_dated:
        yield from numbers


def _flags(heading: str, cells: list[str]) -> Iterator[dict[str, Any]]:
    """The flag whose two words the cells are; ``1`` and ``0`` are one under some headings only."""
    words = {slug(cell) for cell in cells}
    for true, false in PAIRS:
        if words == {true, false} and (true != "1" or says(heading, FLAG)):
            written = {word: sorted({cell for cell in cells if slug(cell) == word}) for word in words}
            yield {"type": "boolean", "trueValues": written[true], "falseValues": written[false]}


def _numbers(heading: str, cells: list[str]) -> Iterator[dict[str, Any]]:
    has_digits = most(cells, re.compile(r"\d").search)
    if not has_digits or says(heading, CODE) or any(re.fullmatch(r"[+-]?0\d+", cell) for cell in cells):
        return  # a number would lose the zero of a code
    cut = [part.groups() for cell in cells if (part := QUANTITY.fullmatch(cell))]
    units = {unit for _, _, unit in cut}
    # a word glued to a number may be a code, as in 12B
    is_unit = len(cut) == len(cells) and all(space or unit in GLUED or not unit.isalpha() for _, space, unit in cut)
    suffix = {"suffix": min(units)} if is_unit and len(units) == 1 else {}
    for way in NUMBERS:
        yield way | suffix | ({"decimals": 6} if way["type"] == "number" else {})


def _doubts(way: dict[str, Any], others: list[dict[str, Any]], cells: list[str]) -> Iterator[str]:
    """What the cells do not prove; ``others`` are the ways that read as many."""
    if {"%d/%m", "%m/%d"} <= {str(one.get("format"))[:5] for one in others}:
        yield "le jour et le mois pourraient être dans l’autre sens"
    mark = way.get("decimalChar", ".")
    marked = [cell for cell in cells if mark in cell]
    if way["type"] == "number" and marked and all(re.fullmatch(r"[+-]?\d{1,3}[.,]\d{3}", cell) for cell in marked):
        yield f"« {mark} » est lu comme la marque décimale : il pourrait séparer les milliers"


def _options(way: dict[str, Any], cells: list[str], workbook: bool) -> dict[str, Any]:
    """The options that a declaration has to say."""
    options = {key: value for key, value in way.items() if key not in ("type", "decimals") and value != "default"}
    if way["type"] == "number":
        marks = {way.get("decimalChar", "."), "."} if workbook else {way.get("decimalChar", ".")}
        ends = [found[1] for cell in cells if (found := re.search(rf"[{''.join(marks)}](\d+)\D*$", cell))]
        if (decimals := max(map(len, ends), default=0)) > 2:  # two is the default, and another year may need them
            options["decimals"] = decimals
    return options


# what is personal ------------------------------------------------------------------------------------------------


def personal(heading: str, values: Iterable[str], places: Collection[str] = ()) -> str | None:
    """``drop`` or ``pseudonymise`` when the cells, or failing that the heading, look personal.

    ``places`` are slugs of names by which no person is known here.
    """
    cells = [value.strip(SPACES) for value in values if value.strip(SPACES)]
    if most(cells, lambda cell: slug(cell) in places):
        return None
    login = "pseudonymise" if says(heading, PSEUDONYM) else "drop"
    shapes: list[tuple[str, Callable[[str], object]]] = [
        ("pseudonymise", MAIL.fullmatch), ("drop", MAIL.search), ("drop", NIR.fullmatch), ("drop", PHONE.fullmatch),
        ("drop", IBAN.fullmatch), ("pseudonymise", ADDRESS.fullmatch), ("pseudonymise", ACCOUNT.fullmatch),
        ("pseudonymise", DOTTED.fullmatch), ("drop", lambda cell: cell.startswith("{")), (login, CIVIL.fullmatch),
    ]  # fmt: skip
    for kept_as, looks in shapes:
        if most(cells, looks):
            return kept_as
    is_thing = is_of_a_thing(heading)
    if are_persons(cells) or (not is_thing and are_persons(cells, CAPITALISED.fullmatch)):
        return login
    if is_thing and not says(heading, "naissance"):
        return None
    if says(heading, PSEUDONYM):
        return "pseudonymise"
    has_digits = most(cells, re.compile(r"\d").search)
    return "drop" if says(heading, f"{DROPPED} {HEALTH}") or (says(heading, PERSON) and not has_digits) else None


def is_of_a_thing(heading: str) -> bool:
    """True when the first meaningful word names no person: ``Nom de la commune``, not ``Chef de service``."""
    first = next((word for word in slug(heading).split("_") if word not in NAMING.split()), "")
    return first in THING.split()


def is_person(text: str) -> bool:
    """True for a given name and a surname in capitals, in either order: ``Awa DIOP``."""
    parts = text.split(" ")
    surnames = [part for part in parts if part.isupper()]
    return bool(CAPITALISED.fullmatch(text)) and len(surnames) < len(parts) and max(map(len, surnames), default=0) > 3


def are_persons(cells: Collection[str], looks: Callable[[str], object] = is_person) -> bool:
    """True when most cells look like persons, few of whose first words, and few of whose last, come twice."""
    distinct = [cell.split(" ") for cell in set(cells) if looks(cell)]
    firsts, lasts = {parts[0] for parts in distinct}, {parts[-1] for parts in distinct}
    differ = min(len(firsts), len(lasts)) >= min(0.8 * len(distinct), 20)  # in a long list, twenty are enough
    return len(distinct) >= 2 and 2 * len(distinct) > len(set(cells)) and differ


def most(cells: Collection[str], looks: Callable[[str], object]) -> bool:
    """True when more than half of the cells look so."""
    return bool(cells) and sum(bool(looks(cell)) for cell in cells) * 2 > len(cells)


def names_members(heading: str, values: Iterable[str], places: Collection[str]) -> bool:
    """True when most cells are names of ``places``, or the heading says so: ``Commune``."""
    cells = [value.strip(SPACES) for value in values if value.strip(SPACES)]
    return most(cells, lambda cell: slug(cell) in places) or says(heading, "commune collectivite")


def is_value(text: str) -> bool:
    """True for something that is never the name of a column: a date, an address, a person, a telephone number, a pair."""
    return any(look(text) for look in NEVER_A_NAME)


def is_one_of_those(text: str, cells: list[str]) -> bool:
    """True when a text would be one more of the logins, or persons, that most cells are: it is not their heading."""
    shapes = (DOTTED.fullmatch, ACCOUNT.fullmatch, is_person)
    return not says(text, KNOWN) and any(look(text) and most(cells, look) for look in shapes)


# months, quarters, years -----------------------------------------------------------------------------------------


def length(period: str) -> int | None:
    """How many months a month, a quarter, a semester or a year has; None for anything else."""
    if YEAR.fullmatch(period):
        return 12
    if term := TERM.fullmatch(period):
        return 6 if re.search("(?<!e)s", term[0], re.IGNORECASE) else 3  # « semestre », and not « trimestre »
    return 1 if any(re.fullmatch(pattern_of(fmt), period) for fmt in (*MONTHS, "%B", "%b")) else None


def period_in(heading: str) -> tuple[str, str, str] | None:
    """The month, quarter, semester or year that a heading is, begins or ends with, between what is before it and what is after it:
    ``Prêts``, ``janvier 2024`` and nothing.
    """
    words = heading.split(" ")
    for cut in range(len(words)):
        if length(end := " ".join(words[cut:])):
            return " ".join(words[:cut]), end, ""
        if length(start := " ".join(words[: len(words) - cut])):
            return "", start, " ".join(words[len(words) - cut :])
    return None


def months(names: Sequence[str]) -> Guess | None:
    """How names are written that are all a month, with or without its year: ``janvier``, ``01``, ``03-2024``."""
    for fmt in (*MONTHS, "%B", "%b", "%m"):
        pattern = re.compile("0[1-9]|1[0-2]" if fmt == "%m" else pattern_of(fmt))
        if all(map(pattern.fullmatch, names)):
            return Guess("date", {"format": fmt}, values=read(names, {"type": "date", "format": fmt}, workbook=False))
    return None


def are_parts_of_a_year(names: Sequence[str]) -> bool:
    """True when each of several names ends with a month, a quarter or a semester, or with its number alone."""
    numbers = sorted(int(last) for name in names if (last := name.rpartition(" ")[2]).isdecimal())
    return len(names) > 1 and (
        all((found := period_in(name)) and (length(found[1]) or 12) < 12 for name in names)
        or (len(names) in (2, 4, 12) and numbers == list(range(1, len(names) + 1)))
    )
