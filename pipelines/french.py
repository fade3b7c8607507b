"""How numbers, amounts and dates are written for French readers: one place for the report, the erratum and the screen.

Rounding is half-up on decimals. Spaces and signs are those of the Unicode CLDR for French: U+202F between thousands,
U+00A0 before a unit, U+2212 for a negative number.
"""

import datetime as dt
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

NARROW = "\u202f"
NO_BREAK = "\u00a0"
MINUS = "\u2212"
LONGEST = 12  # decimals of a number with infinitely many
MISSING_CODES = {  # printed instead of a missing value, in words
    "NC": "non communiqué",
    "?": "inconnu",
    "—": "sans objet",
    "m": "non reçu, non accepté ou non fourni par l’outil",
    "ns": "non suivi",
    "s": "secret statistique",
}
UNITS = {"EUR": "€"}
SIGNS = {"EUR", "%", "km", "Go", "Mb/s"}  # units that no sentence leaves out
PREPOSITIONS = set("à au aux de des du en par pour sous sur".split())  # what follows one does not agree
INVARIABLE = set(
    "accès avis bois bus cas colis concours cours corps décès devis discours fois mois parcours pas pays permis poids procès "
    "progrès recours refus relais repas secours succès temps acquis admis compris mis pris remis repris transmis".split()
)
MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
# The months as tools write them: a regular expression for full names, and one for short forms, which a full stop may
# follow. Accents may be missing: some tools write FEVRIER.
MONTH_WORDS = [
    ("janvier", "janv jan"),
    ("f[ée]vrier", "f[ée]vr f[ée]v"),
    ("mars", "mars mar"),
    ("avril", "avr"),
    ("mai", "mai"),
    ("juin", "juin jun"),
    ("juillet", "juil jul"),
    ("ao[ûu]t", "ao[ûu]t aou"),
    ("septembre", "sept sep"),
    ("octobre", "oct"),
    ("novembre", "nov"),
    ("d[ée]cembre", "d[ée]c"),
]


def number(value: Decimal, decimals: int, space: str = NARROW) -> str:
    """``4764020.26`` → ``4 764 020,26``."""
    rounded = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    rounded = rounded or abs(rounded)  # never −0
    return f"{rounded:,f}".replace(",", space).replace(".", ",").replace("-", MINUS)


def signed(text: str) -> str:
    """The sign of each negative number in a text as French writes it: ``-0,62`` → ``−0,62``; ``1500`` alone → ``1 500``."""
    if re.fullmatch(r"-?\d+(,\d+)?", text):
        return exact(Decimal(text.replace(",", ".")))
    return re.sub(r"(?<![\w.,-])-(?=\d)", MINUS, text)


def exact(value: Decimal | Fraction | int, space: str = NARROW) -> str:
    """A number to its last digit, without superfluous zeros; one that never ends, to twelve decimals and « … »."""
    fraction, ended = Fraction(value), ""
    places = _places(fraction.denominator)
    if places is None:
        places, ended = LONGEST, "…"
    whole, rest = divmod(abs(fraction.numerator) * 10**places // fraction.denominator, 10**places)
    decimals = f",{rest:0{places}d}" if places else ""
    return f"{MINUS if fraction < 0 else ''}{f'{whole:,}'.replace(',', space)}{decimals}{ended}"


def _places(denominator: int) -> int | None:
    """How many decimals a fraction in lowest terms has; None when there are infinitely many."""
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    return max(twos, fives) if denominator == 1 else None


def places(value: Decimal, unit: str = "") -> int:
    """The decimals that a number needs; those of an amount are two at least."""
    return max(2 if unit == "EUR" else 0, -int(value.normalize().as_tuple().exponent))


def how_many(count: int, words: str) -> str:
    """A count with the form of its words that agrees: ``1, "ligne lue|lignes lues"`` → ``1 ligne lue``; ``0, "lignes"`` → ``0 ligne``."""
    return f"{number(Decimal(count), 0)} {agreed(words, Decimal(count))}"


def quantity(value: Decimal | None, decimals: int, unit: str, missing: str | None = None) -> str:
    """A number with its unit, or the code printed instead: ``41 489,54 €``, ``NC``."""
    if value is None:
        return missing or "—"
    return f"{number(value, decimals)}{NO_BREAK}{UNITS.get(unit) or agreed(unit, value)}"


def points(value: Decimal, decimals: int) -> str:
    """By how much a percentage moved: ``2,5 points``."""
    return quantity(value, decimals, "points")


def volume(gigabytes: Decimal) -> str:
    """A volume of data in the unit that gives the fewest digits: ``12 Go``, ``3,5 To``, ``807 To``."""
    if abs(gigabytes) < 1000:
        return quantity(gigabytes, 0, "Go")
    terabytes = gigabytes / 1000
    return quantity(terabytes, 0 if abs(terabytes) >= 100 else 1, "To")


def thousands(euros: Decimal | float) -> str:
    """An amount in thousands: ``2,5 k€``, ``1 402 k€``."""
    value = Decimal(str(euros)) / 1000
    return f"{number(value, 0 if abs(value) >= 100 else 1)}{NO_BREAK}k€"


def millions(euros: Decimal | float) -> str:
    """An amount in millions: ``1,18 M€``."""
    return f"{number(Decimal(str(euros)) / 1_000_000, 2)}{NO_BREAK}M€"


def agreed(unit: str, value: Decimal) -> str:
    """A unit in the plural, or ``un|plusieurs``, in the singular below two: ``1,5 jour``, ``0 agent formé``, ``1 repas``."""
    if "|" in unit or abs(value) >= 2:
        return form(unit, value)
    words = unit.split(" ")
    for place, word in enumerate(words):
        if word in PREPOSITIONS or "’" in word:
            break
        if word.endswith("s") and word.replace("-", "").isalpha() and word not in INVARIABLE:
            words[place] = word[:-1]
    return " ".join(words)


def form(words: str, value: Decimal | None) -> str:
    """The form of ``un|plusieurs`` that agrees with a number: singular below two; plural when there is no number."""
    one, _, many = words.partition("|")
    return one if not many or (value is not None and abs(value) < 2) else many


def day(iso: str) -> str:
    """``2021-01-15`` → ``15/01/2021``, where there is no room for words."""
    return dt.date.fromisoformat(iso[:10]).strftime("%d/%m/%Y")


def moment(utc: str) -> str:
    """A moment of the ledger (ISO, UTC) by the clock of Paris: ``24/11/2026 14:05``."""
    return dt.datetime.fromisoformat(utc).astimezone(ZoneInfo("Europe/Paris")).strftime("%d/%m/%Y %H:%M")


def date(day: dt.date) -> str:
    """``1er juillet 2020``, ``12 mai 2021``."""
    return f"{'1er' if day.day == 1 else day.day}{NO_BREAK}{MONTHS[day.month - 1]} {day.year}"


def printed(value: Decimal, decimals: int, unit: str) -> str:
    """A number inside a sentence: with its unit when that is a sign (``69,3 %``), alone when it is a noun (``27``).

    Days are written as people count them: ``4,5``, not ``4,50``.
    """
    if unit in SIGNS:
        return quantity(value, decimals, unit)
    text = number(value, decimals)
    return text.rstrip("0").rstrip(",") if unit == "jours" and "," in text else text


def rounded(value: Decimal, decimals: int, unit: str) -> str:
    """A number as a reader remembers it, in a sentence or on a card: ``3,30 M€``, ``194 k€``, ``8 432 €``, ``26,20 €``,
    ``69,9 To``, ``1 Gb/s``, ``31 km``; any other as ``printed`` writes it."""
    size = abs(value)
    if unit == "EUR" and size >= 1000:
        if size < 10_000:
            return quantity(value, 0, unit)
        return thousands(value) if size < 999_500 else millions(value)
    if unit in ("Go", "octets"):
        return volume(value if unit == "Go" else value / 10**9)
    if unit == "Mb/s" and size >= 1000:
        return f"{exact(value / 1000)}{NO_BREAK}Gb/s"
    if unit == "km":
        return f"{exact(value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))}{NO_BREAK}km"
    return printed(value, decimals, unit)


def measured(value: Decimal, decimals: int, unit: str) -> str:
    """A number by itself, with its unit: ``7,8 heures``, ``1 agent``, ``807 To``."""
    if unit == "Go":
        return volume(value)
    text = printed(value, decimals, unit)
    return text if unit in SIGNS or not unit else f"{text}{NO_BREAK}{agreed(unit, value)}"


def month(number_: int) -> str:
    """``1`` → ``janvier``."""
    return MONTHS[number_ - 1]


def typeset(text: str) -> str:
    """A sentence with no-break spaces: before ``: ; ! ? » % €``, after ``«``, in « art. L. 5211-39 »; one missing after a word is added."""
    text = re.sub(r"(?<=\bart\.) (?=\S)|(?<=\b[LRD]\.) (?=\d)", NO_BREAK, text)
    text = re.sub(r" (?=[:»%€](?:\W|$))|(?<=[^\W_])(?=:\s)", NO_BREAK, text)
    return re.sub(r" (?=[;!?](?:\s|$))|(?<=[^\W_])(?=[;!?](?:\s|$))", NARROW, text).replace("« ", f"«{NO_BREAK}")


def capitalised(text: str) -> str:
    """Capitalise the first letter, leaving the others as they are: ``État de l’EPT``."""
    return text[:1].upper() + text[1:]


def plain(text: str) -> str:
    """A name for a file: ``Choisy-le-Roi`` → ``choisy-le-roi``."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")


def enumeration(words: list[str]) -> str:
    """``a, b et c``."""
    return " et ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
