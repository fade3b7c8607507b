"""Says which columns hold persons, and which texts are persons and not names of columns: in doubt, they do."""

import re
from collections.abc import Callable, Collection, Iterable

from pipelines.stages.ingest.draft.words import (
    DROPPED,
    HEALTH,
    KNOWN,
    NAMING,
    PERSON,
    PSEUDONYM,
    SPACES,
    THING,
    most,
    says,
    slug,
)

CAPITAL = "A-ZÀ-ÖØ-Þ"
WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
CAPITALISED = re.compile(rf"(?:(?=[{CAPITAL}]){WORD} ){{1,3}}(?=[{CAPITAL}]){WORD}")
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


def is_no_name(heading: str, cells: Collection[str], *, is_path: bool) -> bool:
    """True for a heading that seems to be a person, as the cells below it may be, or a value: not a name for a field.

    ``is_path``: it is a path in a record, which has dots.
    """
    if is_value(heading):
        return True
    is_login = DOTTED.fullmatch(heading) and not is_path
    is_alike = CAPITALISED.fullmatch(heading) and are_persons([heading, *cells], CAPITALISED.fullmatch)
    return bool(is_person(heading) or is_login or is_alike) and not says(heading, KNOWN)
