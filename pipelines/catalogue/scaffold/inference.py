"""Guesses, from the cells of a sample, how a column is written: its type, its format, whether it is personal.

A guess only proposes a declaration, which is then strict. What a sample cannot prove is a *doubt*, in English, which
the scaffold turns into a TODO. Nothing here reads a file.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pipelines.french import MONTH_WORDS

SPACES = " \t\u00a0\u2007\u2009\u202f"
MISSING_TOKENS = {
    "-",
    "--",
    "nc",
    "n.c.",
    "nd",
    "n.d.",
    "n.r.",
    "n/a",
    "na",
    "?",
    "néant",
    "null",
    "(vide)",
    "sans objet",
}
TRUE_WORDS = frozenset(
    """
    oui o vrai true yes y actif active activé activée ouvert enabled valide x
    """.split()
) | {"en service", "en activité"}
FALSE_WORDS = frozenset(
    """
    non n faux false no inactif inactive désactivé désactivée desactive fermé clos disabled suspendu
    bloqué invalide
    """.split()
) | {"hors service"}
SOME = 200  # cells of a long column that are examined
CAPITALS = "A-ZÀ-ÖØ-Þ"
SERIAL = re.compile(r"[3-5]\d{4}")  # a workbook's date as a number of days, from 1982 to 2064
DATE_WORDS = frozenset(
    """
    date debut fin jour creation connexion ouverture cloture entree sortie extraction naissance le
    created
    """.split()
)
OPPOSITES = {
    "oui": "non", "o": "n", "vrai": "faux", "true": "false", "yes": "no", "y": "n", "actif": "inactif",
    "active": "inactive", "ouvert": "fermé", "enabled": "disabled",
}  # fmt: skip
DATE_FORMATS = ["default", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d %B %Y", "%d %b %Y"]
MONTH_FORMATS = ["%B %Y", "%b %Y", "%b-%y", "%m/%Y"]
MONTH_NUMBER = "%m"
YEARLESS = ["%B", "%b", "%d %B", "%d %b"]  # of the exercice, under a heading that speaks of time
TIMES = [" %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M:%S.%f", "T%H:%M:%S%z", "T%H:%M:%S.%f%z"]
DATETIME_FORMATS = ["default", *(date + time for date in ["%Y-%m-%d", *DATE_FORMATS[1:]] for time in TIMES)]
PARIS = "Europe/Paris"
ISO = {"date": "%Y-%m-%d", "datetime": "%Y-%m-%d %H:%M:%S"}

# Words of a heading that make digits a code, not a quantity.
CODE_WORDS = frozenset(
    """
    code numero siren siret tel telephone cp postal matricule insee reference ref id identifiant
    ticket compte nir iban
    """.split()
)
MONTH_HEADINGS = {"mois", "month", "periode"}
QUANTITY = re.compile(rf"(.*\d)([{SPACES}]*)([^\s\d.,+\u2212-][^\s\d,+\u2212-]*)")
UNITS = {"EUR", "h", "km", "kg", "m²", "kWh", "MWh", "jours", "heures"}  # that may be glued to their number
SIZES = {"o": 0, "ko": 1, "Ko": 1, "Mo": 2, "Go": 3, "To": 4}  # powers of a thousand
YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")
TERM = re.compile(  # T1 2024, 1er trimestre, S2-24
    r"([TQ][1-4]|[1-4][TQ]|S[12]|[1-4] ?(er|re|e|è?me|nde?)? ?(trim|sem)(estre)?\.?|(trim|sem)(estre)?\.? ?[1-4])([ /.-]*(20)?\d\d)?",
    re.IGNORECASE,
)
YEAR_WORDS = {"annee", "exercice", "an", "millesime", "year"}
FLAG_WORDS = {"actif", "active", "est", "enabled", "ouvert", "valide", "oui"}
KEY_WORDS = {
    "id",
    "identifiant",
    "numero",
    "reference",
    "ref",
    "ticket",
    "matricule",
    "cle",
    "key",
    "login",
    "code",
}

# Words of a heading that announce personal data, and what happens to it unless someone decides otherwise.
DROPPED_WORDS = frozenset(
    """
    naissance nir securite adresse telephone tel portable mobile iban rib photo civilite sexe
    """.split()
)
# … where the cells may be persons: words without digits.
PERSON_WORDS = frozenset(
    """
    nom prenom prenoms agent intervenant demandeur salarie conjoint usager contact name surname
    firstname lastname chef responsable directeur directrice referent animateur animatrice titulaire beneficiaire
    technicien interlocuteur correspondant auteur redacteur valideur formateur conducteur chauffeur tuteur stagiaire
    signataire declarant adherent emprunteur locataire proprietaire assistant secretaire owner author assignee requester
    """.split()
)
PSEUDONYM_WORDS = frozenset(
    """
    login identifiant matricule mail mel email courriel user utilisateur username uid
    """.split()
)
# … unless the heading begins by saying that it is the name of a thing, or says that it is a number of people.
THING_WORDS = frozenset(
    """
    commune collectivite application logiciel service produit fichier ville site module structure organisme
    etablissement profil type
    """.split()
)
NUMBER_WORDS = frozenset("nb nombre nbre total".split())
NAMING_WORDS = frozenset("nom name libelle intitule code de d du des la le les l".split())  # what a thing is called
MAIL = re.compile(r"[^@\s<>;,]+@[^@\s<>;,]+\.[a-z]{2,}", re.IGNORECASE)
PHONE = re.compile(r"(\+33[ .-]?|0)[1-9]([ .-]?\d\d){4}")
IBAN = re.compile(r"[A-Z]{2}\d\d([ ]?[A-Z0-9]{4}){3,7}[ ]?[A-Z0-9]{0,3}")
ADDRESS = re.compile(r"(\d{1,3}\.){3}\d{1,3}(:\d+|/\d+)?|(?=.*::|(.*:){7})[0-9a-f:]{3,39}", re.IGNORECASE)
LOGIN = re.compile(  # prenom.nom, DOMAINE\\compte; not a file or a site
    r"[a-z]{1,20}[._](?!(pdf|docx?|xlsx?|csv|txt|xml|json|zip|html?|com|net|org)\b)[a-z-]{3,30}\d{0,3}"
    r"|[A-Za-z0-9.-]+\\[A-Za-z0-9._-]+"
)
DOTTED = re.compile(r"[a-z][a-z-]{0,19}\.[a-z][a-z-]{0,29}\d{0,3}", re.IGNORECASE)  # prenom.nom, p.nom
PAIR = re.compile(r"[A-Za-z_][\w.-]*=")
WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
CAPITALISED = re.compile(rf"(?:(?=[{CAPITALS}]){WORD} ){{1,3}}(?=[{CAPITALS}]){WORD}")
# What a place is called after a person begins with.
PLACE = re.compile(
    r"(saint|sainte|ste?|rue|avenue|place|square|[ée]cole|coll[èe]ge|lyc[ée]e|cr[èe]che|stade|gymnase|piscine|salle|espace|maison"
    r"|centre|parc|groupe|biblioth[èe]que|m[ée]diath[èe]que|th[ée][âa]tre|r[ée]sidence)\b",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"(?=.*\s)(?=.*\d).*")  # several words and a number: a product and its version, not an account
SHORT_LOGIN = re.compile(r"[a-z]{4,12}\d{0,2}")
INITIALS = (slice(1, None), slice(2, None), slice(None, -1), slice(None, -2))  # what is left without one or two
DATED = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]")
CIVIL = re.compile(r"(m|mme|mlle|monsieur|madame)\.?[ ]\S.*", re.IGNORECASE)
# Words of a heading, which distinguish it from a person or a login written the same way.
HEADING_WORDS = (
    CODE_WORDS
    | DATE_WORDS
    | FLAG_WORDS
    | KEY_WORDS
    | YEAR_WORDS
    | MONTH_HEADINGS
    | DROPPED_WORDS
    | PERSON_WORDS
    | PSEUDONYM_WORDS
    | THING_WORDS
    | NUMBER_WORDS
    | NAMING_WORDS
    | frozenset("montant taux prix cout part solde base valeur quantite volume duree heure ip time host".split())
)
ACCOUNT = re.compile(r"[A-Za-z0-9.-]+\\[A-Za-z0-9._-]+")  # DOMAINE\\compte
# First names shared by one agent in two, without accents: enough of them in a column mean that it holds persons.
FIRST_NAMES = frozenset(
    """
    adele adrien agathe agnes alain alexandra alexandre alexis alice aline amandine amelie ana anais andre andrea angelique
    anissa anita anna anne annick annie anthony antoine antonio arnaud arthur audrey aurelie aurelien aurore baptiste beatrice
    benjamin benoit bernadette bernard bertrand bob brigitte bruno camille carine carole caroline catherine cecile celia celine
    chantal charles charlotte chloe christel christelle christian christiane christine christophe claire clara claude claudine
    clemence clement coralie corinne cyril damien daniel danielle david delphine denis denise didier dominique dylan edith
    elisabeth elise elodie emilie emma emmanuel emmanuelle enzo eric estelle eva evelyne fabien fabienne fabrice fatima fatou
    florence florent florian france franck francois francoise frederic gabriel gaelle genevieve geoffrey georges gerald gerard
    gilbert gilles ginette gregory guillaume guy helene henri herve hugo ines irene isabelle jacqueline jacques jean jeanne
    jeremy jerome jessica joel joelle jonathan josiane jose joseph julia julie julien juliette justine karim karine kevin khadija
    laetitia laura laure laurence laurent lea lionel lise loic louis louise luc lucas lucie ludovic lydie maelle magali malika
    manon marc marcel margaux marguerite maria marie marine marion marjorie martin martine mathieu mathilde matthieu maud maurice
    maxime melanie melissa michael michel michele mickael mireille mohamed monique morgane muriel myriam nadege nadia nadine
    nathalie nathan nicolas nicole noemie nora odile olivia olivier ophelie oceane pascal pascale patrice patricia patrick paul
    paule pauline philippe pierre quentin rachel raphael raymond regine regis remi renaud rene robert roger roland romain rose
    sabine sabrina samia samira samuel sandra sandrine sarah sebastien serge severine simon simone solange sonia sophie stephane
    stephanie suzanne sylvain sylvie theo therese thibault thierry thomas valentin valerie vanessa veronique victor vincent
    virginie xavier yann yannick yasmine yves yvette yvonne zoe
    """.split()
)
# And surnames that are neither first names nor common words, for columns that hold surnames alone, or logins made from
# them.
SURNAMES = frozenset(
    """
    andrieu aubert aubry bailly barbier barthelemy benali benard berthier bertin besson blanchard blanchet bouchet
    bouvier boyer brunet bruneau caron carpentier charpentier chauvin chevallier colin collet collin cordier
    delaunay delmas deschamps diallo diaz dubois dufour dumas dumont dupont dupre dupuis dupuy durand duval etienne fabre faure
    fernandez ferreira fleury fournier gaillard garcia garnier gaudin gauthier gautier germain gillet girard giraud gomez goncalves
    gonzalez grondin guerin guichard guillet guillot guyot hamon hernandez hoarau huet humbert jacob jacquet joly klein laborde
    lacroix lambert lamy langlois laporte lebrun leblanc leclerc leclercq lecomte lefebvre lefevre leger legrand lejeune lemaire
    lemaitre lemoine leroux leroy leveque lopez maillard mallet marchal martinez marty masson menard mercier meunier meyer
    michaud millet monnier moreau morel morin muller nguyen pasquier payet pelletier pereira perez perret perrier perrin perrot
    petit pichon poirier prevost renault reynaud rodrigues rodriguez rolland rousseau roussel roux roy royer sanchez
    schmitt schneider tessier traore vasseur vidal weber
    """.split()
)
CODE = re.compile(r"[+-]?0\d+")  # digits that a number would not keep
NIR = re.compile(r"[12]\s?\d\d\s?(0[1-9]|1[0-2]|[2-9]\d)\s?[\dAB]{2}\s?\d{3}\s?\d{3}(\s?\d\d)?")
_PERSONAL_CELLS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("pseudonymise", MAIL.fullmatch),
    ("drop", MAIL.search),  # a name beside it
    ("drop", NIR.fullmatch),
    ("drop", PHONE.fullmatch),
    ("drop", IBAN.fullmatch),
    ("pseudonymise", ADDRESS.fullmatch),
    # JSON text with persons among its keys
    ("drop", lambda cell: cell.startswith("{") and are_values(re.findall(r'"((?:[^"\\]|\\.)*)":', cell))),
)


@dataclass(frozen=True)
class Guess:
    """How a column seems to be written, in the vocabulary of a declaration."""

    type: str = "string"
    options: dict[str, object] = field(default_factory=dict)  # format, decimalChar, trueValues… when not the default
    missing: list[str] = field(default_factory=list)  # words read as an empty cell
    doubts: list[str] = field(default_factory=list)


def slug(heading: str) -> str:
    """A heading as a name: ``N° de ticket`` → ``numero_de_ticket``."""
    text = re.sub(r"\b[nN]\s?[°º]", "numero ", heading)
    text = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "Oe"))
    text = "".join(c for c in text if not unicodedata.combining(c)).lower()
    return re.sub(r"[^a-z0-9]+", "_", text).strip("_")


def of(name: str) -> str:
    """``de`` with a name, as French elides it: ``de Kolok``, ``d’Orphée``."""
    return f"d’{name}" if slug(name)[:1] in set("aeiou") else f"de {name}"


def words(heading: str) -> set[str]:
    """The words of a heading."""
    return set(slug(heading).split("_"))


def personal(heading: str, values: Iterable[str], places: Collection[str] = ()) -> str | None:
    """``drop`` or ``pseudonymise`` when the cells or the heading look personal.

    The cells come first; the heading is used when they prove nothing, and may then say that they are things. ``places``
    are slugs of names by which no person is known here.
    """
    found, cells = words(heading), [value.strip(SPACES) for value in values if value.strip(SPACES)]
    for kept_as, looks in _PERSONAL_CELLS:
        if _most(cells, looks):
            return kept_as
    if _most(cells, lambda cell: slug(cell) in places):
        return None
    if _hold_names(cells) or _hold_persons(cells):
        return "pseudonymise" if found & PSEUDONYM_WORDS else "drop"
    is_thing = _is_thing(heading)
    if (not is_thing or "naissance" in found) and (said := _said_personal(found, cells)):
        return said
    if _most(cells, LOGIN.fullmatch) or _hold_logins(cells):
        return "pseudonymise"
    if is_thing:
        return None
    if _may_hold_persons(cells):
        return "drop"
    are_distinct = len(cells) > 3 and len(set(cells)) >= 0.9 * len(cells)
    return "pseudonymise" if are_distinct and all(map(SHORT_LOGIN.fullmatch, cells)) else None  # ``zkhelifa``


def names_members(heading: str, values: Iterable[str], places: Collection[str]) -> bool:
    """True when most cells are names of ``places``, or the heading says so: ``Commune``."""
    cells = [value.strip(SPACES) for value in values if value.strip(SPACES)]
    return _most(cells, lambda cell: slug(cell) in places) or bool(words(heading) & {"commune", "collectivite"})


def _is_thing(heading: str) -> bool:
    """True when the first meaningful word names no person: ``Nom de la commune``, not ``Chef de service``."""
    said = slug(heading).split("_")
    return bool(NUMBER_WORDS & {*said}) or next((word for word in said if word not in NAMING_WORDS), "") in THING_WORDS


def _said_personal(found: set[str], cells: list[str]) -> str | None:
    """What the words of a heading announce."""
    if found & PSEUDONYM_WORDS and not _most(cells, NUMBERED.match):
        return "pseudonymise"
    if found & DROPPED_WORDS or (found & PERSON_WORDS and not _most(cells, re.compile(r"\d").search)):
        return "drop"
    return None


def _most(cells: list[str], looks: Callable[[str], object]) -> bool:
    return bool(cells) and sum(bool(looks(cell)) for cell in cells) * 2 > len(cells)


def _hold_names(cells: list[str]) -> bool:
    """True when many cells, of one to four words, begin with a civility, contain a first name, or are surnames."""
    distinct = {cell for cell in cells if not PLACE.match(cell)}
    named = [cell for cell in distinct if CIVIL.fullmatch(cell) or (cell.count(" ") < 4 and _first_name(cell))]
    surnames = [cell for cell in distinct if slug(cell) in SURNAMES | FIRST_NAMES]
    all_words = all(re.fullmatch(r"[^\W\d_]+([ '’-][^\W\d_]+){0,3}", cell) for cell in distinct)
    return (len(named) >= 2 and len(named) * 3 > len(set(cells))) or (
        all_words and len(surnames) >= 2 and len(surnames) * 5 > len(set(cells))
    )


def _hold_persons(cells: list[str]) -> bool:
    """True when most cells are a given name and a surname in capitals, in either order: ``Awa DIOP``."""
    distinct = set(cells)
    parts = [part for cell in distinct if (part := _person(cell))]
    return len(parts) >= 2 and len(parts) * 2 > len(distinct) and _all_differ(parts, 0.5)


def _may_hold_persons(cells: list[str]) -> bool:
    """True when nearly all cells are two or three words, all or the first in capitals, and no word comes twice."""
    distinct = {cell for cell in cells if not PLACE.match(cell)}
    parts = [tuple(cell.split(" ", 1)) for cell in distinct if CAPITALISED.fullmatch(cell)]
    return len(parts) >= 3 and len(parts) >= 0.9 * len(set(cells)) and _all_differ(parts, 0.8)


def _person(text: str) -> tuple[str, str] | None:
    """(given name, surname) of ``Awa DIOP`` or ``DIOP Awa``; None when no word is in capitals, or all are."""
    parts = text.split(" ")
    if not 2 <= len(parts) <= 4 or not CAPITALISED.fullmatch(text) or PLACE.match(text):
        return None
    surnames = [part for part in parts if part.isupper()]
    given = [part for part in parts if not part.isupper()]
    return (" ".join(given), " ".join(surnames)) if given and max(map(len, surnames), default=0) > 1 else None


def _all_differ(parts: Sequence[tuple[str, ...]], share: float) -> bool:
    """True when few of the first words, and few of the last, come twice: those of things do, as in ``Serveur DNS``.

    In a long list, twenty given names are enough.
    """
    return all(len({*said}) >= min(share * len(parts), 20) for said in zip(*parts, strict=True))


def are_values(keys: Iterable[str]) -> bool:
    """True when one of an object's keys is a value, or all of them are logins or persons: they are not names of fields."""
    known = list(keys)
    return any(map(is_value, known)) or (
        bool(known) and (all(map(DOTTED.fullmatch, known)) or len(persons_in(known)) > 1)
    )


def persons_in(headings: Iterable[str]) -> list[str]:
    """The headings that seem to be a person's name, since no word in them says what the column holds."""
    persons = {text: part for text in headings if not words(text) & HEADING_WORDS and (part := _person(text))}
    far = {
        text: part for text, part in persons.items() if len(max(re.split("[ -]", part[1]), key=len)) > 3
    }  # no acronym
    return list(far) if len(far) > 1 and _all_differ(list(far.values()), 1) else []


def is_login(heading: str) -> bool:
    """True for ``prenom.nom``, when no word in it says what a column holds."""
    return bool(DOTTED.fullmatch(heading)) and not words(heading) & HEADING_WORDS


def is_written_as(text: str, cells: list[str]) -> bool:
    """True when a text would be one more of the logins, or persons, that most cells are: it is not their heading."""
    return not words(text) & HEADING_WORDS and any(
        look(text) and _most(cells, look) for look in (DOTTED.fullmatch, ACCOUNT.fullmatch, _known_login, _person)
    )


def may_be_a_person(heading: str, cells: list[str]) -> bool:
    """True for a heading written like cells that may be persons, when no word in it says what they are."""
    is_alike = CAPITALISED.fullmatch(heading) and not words(heading) & HEADING_WORDS
    return bool(is_alike) and _may_hold_persons([heading, *filter(None, cells)])


def _first_name(cell: str) -> bool:
    parts = [slug(part) for part in re.split(r"[ ,;]+", cell)]  # « Jean-Luc » stays one part
    return any(part.split("_")[0] in FIRST_NAMES for part in parts)


def is_value(text: str) -> bool:
    """True for something that is never the name of a column: a date, an address, a person, a social security or telephone number, a pair."""
    looks = (MAIL.search, NIR.fullmatch, PHONE.fullmatch, ADDRESS.fullmatch, CIVIL.fullmatch, DATED.match, PAIR.match)
    person = text.count(" ") < 3 and _first_name(text) and "france" not in text.casefold()  # or a country
    return person or any(look(text) for look in looks)


def _hold_logins(cells: list[str]) -> bool:
    """True when cells are short words, many of them a surname and initials: ``JDUPONT``, ``petita2``."""
    distinct = set(map(str.casefold, cells))
    named = sum(map(_known_login, distinct))
    return all(map(SHORT_LOGIN.fullmatch, distinct)) and named >= 2 and named * 5 > len(distinct)


def _known_login(text: str) -> bool:
    """True for a surname with an initial or two, before or after it."""
    login = text.casefold()
    return bool(SHORT_LOGIN.fullmatch(login)) and any(login.rstrip("0123456789")[cut] in SURNAMES for cut in INITIALS)


def guess(heading: str, values: Iterable[str], *, workbook: bool) -> Guess:
    """The type and format of a column. ``workbook``: native dates and numbers are read anyway."""
    cells = [value.strip(SPACES) for value in values]
    cells = [value for value in cells if value]
    if not cells:
        return Guess(doubts=["la colonne est vide dans l’exemple : de quel type est-elle ?"])
    kept = [value for value in cells if value.casefold() not in MISSING_TOKENS]
    found: Guess | None = None
    doubts: list[str] = []
    if kept:
        found = next(filter(None, (attempt(heading, kept, workbook) for attempt in ATTEMPTS)), None)
        if found is None:
            found, doubts = _nearly(heading, kept, workbook)
    missing = sorted({value for value in cells if value.casefold() in MISSING_TOKENS}) if found else []
    if missing:
        doubts.append(f"{', '.join(f'« {word} »' for word in missing)} : lu comme une cellule vide")
    if found is None:
        return Guess(doubts=doubts)
    return Guess(found.type, found.options, missing, [*found.doubts, *doubts])


def _nearly(heading: str, values: list[str], workbook: bool) -> tuple[Guess | None, list[str]]:
    """The type of nine cells out of ten; otherwise no guess, and a doubt if most cells look like some type."""
    some = _spread(values)
    for attempt in ATTEMPTS:
        if sum(bool(attempt(heading, [value], workbook)) for value in some) < 0.8 * len(some):
            continue  # not even nearly
        fits = {value: bool(attempt(heading, [value], workbook)) for value in set(values)}
        right = [value for value in values if fits[value]]
        if len(right) >= 0.9 * len(values) and (found := attempt(heading, right, workbook)):
            odd = len(values) - len(right)
            return found, [f"cellules écrites autrement : {odd} sur {len(values)}, dont les lignes seront refusées"]
    return None, _look_alike(heading, values, workbook)


def _look_alike(heading: str, values: list[str], workbook: bool) -> list[str]:
    """A doubt when most cells of a text look like dates or numbers."""
    if any(CODE.fullmatch(value) for value in values):
        return []
    some = _spread(values)
    for attempt, what in ((_date, "des dates"), (_number, "des nombres")):
        alike = sum(bool(attempt(heading, [value], workbook)) for value in some)
        if 2 * alike > len(some):
            return [f"cellules qui ressemblent à {what}, sans format commun : {alike} sur {len(some)}"]
    return []


def _spread(values: list[str]) -> list[str]:
    """A few hundred of the cells, from the first to the last: each is tried in every existing format."""
    return values[:: -(-len(values) // SOME)]


def flag(values: Iterable[str]) -> Guess | None:
    """The two words of a column that is known to be a flag, when they say which is which."""
    cells = [value.strip(SPACES) for value in values]
    return _boolean("actif", [value for value in cells if value], False)


def _boolean(heading: str, values: list[str], workbook: bool) -> Guess | None:
    distinct = sorted(set(values))
    folded = {value.casefold() for value in distinct}
    if folded <= {"0", "1"}:
        if not words(heading) & FLAG_WORDS:
            return None
        return Guess("boolean", {"trueValues": ["1"], "falseValues": ["0"]})
    if not folded <= TRUE_WORDS | FALSE_WORDS or (len(folded) == 1 and not words(heading) & FLAG_WORDS):
        return None
    true = [value for value in distinct if value.casefold() in TRUE_WORDS]
    false = [value for value in distinct if value.casefold() in FALSE_WORDS]
    doubts = []
    if not true or not false:
        seen = (true or false)[0]
        other = _opposite(seen)
        doubts.append(f"l’exemple ne contient que « {seen} » : quelle est l’autre valeur ?")
        true, false = true or [other], false or [other]
    return Guess("boolean", {"trueValues": true, "falseValues": false}, doubts=doubts)


def _opposite(value: str) -> str:
    pairs = OPPOSITES | {false: true for true, false in OPPOSITES.items()}
    other = pairs.get(value.casefold(), "?")
    return other.upper() if value.isupper() else other.capitalize() if value[:1].isupper() else other


def _year(heading: str, values: list[str], workbook: bool) -> Guess | None:
    if words(heading) & YEAR_WORDS and all(map(YEAR.fullmatch, values)):
        return Guess("year")
    return None


def _date(heading: str, values: list[str], workbook: bool) -> Guess | None:
    announced = any(word in DATE_WORDS or word.startswith(("dat", "dt")) for word in words(heading))
    native = [v for v in values if workbook and (reads("date", "default", v) or reads("datetime", "default", v))]
    serials = [v for v in values if workbook and SERIAL.fullmatch(v)]
    written = [v for v in values if v not in native and v not in serials]
    if serials and not (announced or native):
        return None
    doubts = [f"cellules qui sont des nombres, lus comme des dates : {len(serials)}"] if serials else []
    if not written:  # a workbook's own dates
        timed = any(not reads("date", "default", value) for value in native)
        return Guess("datetime" if timed else "date", doubts=doubts)
    days = [*DATE_FORMATS, *MONTH_FORMATS, *(YEARLESS if announced or words(heading) & MONTH_HEADINGS else [])]
    for kind, formats in (("date", days), ("datetime", DATETIME_FORMATS)):
        fitting = [fmt for fmt in formats if all(reads(kind, fmt, value) for value in written)]
        if fitting:
            if {"%d/%m", "%m/%d"} <= {fmt[:5] for fmt in fitting}:
                doubts.append("le jour et le mois pourraient être dans l’autre sens")
            if fitting[0] == "%Y%m%d" and not announced:
                doubts.append("des nombres de huit chiffres, lus comme des dates")
            zone = {"timezone": PARIS} if "%z" in fitting[0] else {}
            return Guess(kind, {} if fitting[0] == "default" else {"format": fitting[0], **zone}, doubts=doubts)
    return None


def reads(kind: str, fmt: str, value: str) -> bool:
    """True when ``value`` is a date (or datetime) written as ``fmt`` says, between 1900 and 2100."""
    return parsed(kind, fmt, value) is not None


def parsed(kind: str, fmt: str, value: str) -> dt.datetime | None:
    """The date that ``value`` is, or None."""
    pattern = ISO[kind] if fmt == "default" else fmt
    if pattern == "%Y%m%d" and len(value) != 8:  # strptime would accept fewer digits
        return None
    if "." not in value:
        pattern = pattern.replace(".%f", "")  # a fraction may be absent
    if written := re.search("%[Bb]", pattern):
        value, pattern = _with_month_number(value, written[0]), pattern.replace(written[0], "%m")
    try:
        found = dt.datetime.strptime(value, pattern)
    except ValueError:
        return None
    return found if 1900 <= found.year <= 2100 else None


def _with_month_number(value: str, directive: str) -> str:
    """``1er août 2024`` → ``1 8 2024``; not a date if no month is named."""
    word = re.search(r"[^\W\d_]{3,}", value)
    if word is None:
        return ""  # a number is not the name of a month
    for number, (full, short) in enumerate(MONTH_WORDS, start=1):
        forms = full if directive == "%B" else "|".join(short.split())
        if re.fullmatch(forms, word[0], re.IGNORECASE):
            after = value[word.end() :].removeprefix("." if directive == "%b" else "")
            return re.sub("^1er ", "1 ", value[: word.start()], flags=re.IGNORECASE) + str(number) + after
    return value


def period(heading: str) -> bool:
    """True for a year, or a month, a quarter or a semester with or without its year, used as a heading."""
    return length(heading) is not None


def length(period: str) -> int | None:
    """How many months a month, a quarter, a semester or a year has; None for anything else."""
    if YEAR.fullmatch(period):
        return 12
    if term := TERM.fullmatch(period):
        return 6 if re.search("(?<!e)s", term[0], re.IGNORECASE) else 3  # « semestre », and not « trimestre »
    months = (*MONTH_FORMATS, *(fmt for fmt in YEARLESS if "%d" not in fmt), "%Y-%m", "default")
    return 1 if any(reads("date", fmt, period) for fmt in months) else None


def period_in(heading: str) -> str | None:
    """The month, quarter, semester or year that a heading is, or ends with: ``Prêts janvier 2024`` → ``janvier 2024``."""
    parts = heading.split(" ")
    return next((tail for cut in range(len(parts)) if period(tail := " ".join(parts[cut:]))), None)


def kept_in(name: str, options: dict[str, object]) -> dict[str, object]:
    """The options of a field of that name: an instant is in Paris time, unless the name says that it is universal."""
    return options | {"timezone": "UTC"} if "timezone" in options and name.endswith("_utc") else options


def year_of(found: Guess, value: str) -> int | None:
    """The year of a cell of a dated column, in any of the ways that collection reads it."""
    if found.type == "year":
        return int(value) if value.isdecimal() else None
    date = date_of(found, value)
    return date.year if date and has_years(found) else None


def has_years(found: Guess) -> bool:
    """False for dates that are of their exercice."""
    return found.options.get("format") not in (*YEARLESS, MONTH_NUMBER)


def date_of(found: Guess, value: str) -> dt.datetime | None:
    """A cell of a column of dates, in any of the ways that collection reads it."""
    if SERIAL.fullmatch(value):
        return dt.datetime(1899, 12, 30) + dt.timedelta(days=int(value))
    fmt = str(found.options.get("format", "default"))
    return parsed(found.type, fmt, value) or parsed(found.type, "default", value) or parsed("date", "default", value)


def months(names: Sequence[str]) -> Guess | None:
    """How names are written that are all a month, with or without its year: ``janvier``, ``01``, ``03-2024``."""
    formats = ("%B", "%b", *MONTH_FORMATS, "%Y-%m", "%m-%Y", MONTH_NUMBER)
    return next(
        (Guess("date", {"format": fmt}) for fmt in formats if all(reads("date", fmt, one) for one in names)), None
    )


def are_parts_of_a_year(names: Sequence[str]) -> bool:
    """True when each of several names ends with a month, a quarter or a semester, or with its number alone."""
    numbers = sorted(int(last) for name in names if (last := name.rpartition(" ")[2]).isdecimal())
    return len(names) > 1 and (
        all((length(period_in(name) or "") or 12) < 12 for name in names)
        or (len(names) in (2, 4, 12) and numbers == list(range(1, len(names) + 1)))
    )


def _number(heading: str, values: list[str], workbook: bool) -> Guess | None:
    if words(heading) & CODE_WORDS or any(CODE.fullmatch(value) for value in values):
        return None
    written = [v for v in values if not (workbook and re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,6})?", v))]
    native = max((len(v.partition(".")[2]) for v in values if v not in written), default=0) if workbook else 0
    for group in ("", f"[{SPACES}]", r"\.", ","):
        whole = rf"(\d{{1,15}}|\d{{1,3}}({group}\d{{3}}){{1,4}})" if group else r"\d{1,15}"
        for mark in (",", r"\."):
            fits = re.compile(rf"[+\u2212-]?{whole}({mark}\d{{1,6}})?")
            if mark != group and all(map(fits.fullmatch, written)):
                return _as_number(written, group, mark, native)
    return None


def _as_number(written: list[str], group: str, mark: str, native: int) -> Guess:
    char = mark.replace("\\", "")
    decimals = max((len(value.partition(char)[2]) for value in written), default=0)
    options: dict[str, object] = {}
    doubts = []
    if any(char in value for value in written) and all(
        re.fullmatch(rf"[+-]?\d{{1,3}}{mark}\d{{3}}", value) for value in written if char in value
    ):
        doubts.append(f"« {char} » est lu comme la marque décimale : il pourrait séparer les milliers")
    if decimals and char != ".":
        options["decimalChar"] = char
    if group and any(re.search(rf"\d{group}\d{{3}}", value) for value in written):
        options["groupChar"] = " " if group.startswith("[") else group.replace("\\", "")
    decimals = max(decimals, native)
    if not decimals:
        return Guess("integer", options, doubts=doubts)
    if decimals > 2:  # two is the default, and another year may need them
        options["decimals"] = decimals
    return Guess("number", options, doubts=doubts)


def _quantity(heading: str, values: list[str], workbook: bool) -> Guess | None:
    """Numbers with their unit: always the same, or several sizes of files."""
    parts = [QUANTITY.fullmatch(value) for value in values]
    cut = [part.groups() for part in parts if part]
    units = {unit for _, _, unit in cut}
    if len(cut) < len(values) or not (len(units) == 1 or units <= SIZES.keys()):
        return None
    # a word glued to a number may be a code, as in 12B
    if not all(space or unit in SIZES or unit in UNITS or not unit.isalpha() for _, space, unit in cut):
        return None
    found = _number(heading, [bare for bare, _, _ in cut], workbook=False)
    if found is None:
        return None
    if len(units) == 1:
        return Guess(found.type, {**found.options, "suffix": units.pop()}, doubts=found.doubts)
    largest = max(units, key=lambda unit: SIZES[unit])
    worth = {unit: f"{Decimal(1000) ** (SIZES[unit] - SIZES[largest]):f}" for unit in sorted(units)}
    doubts = [*found.doubts, f"gardé en {largest} : chaque unité vaut-elle 1000 fois la suivante, ou 1024 ?"]
    return Guess("number", {**found.options, "suffix": worth}, doubts=doubts)


def flag_values(values: Iterable[str]) -> list[str]:
    """The two or fewer values of a column that may be a flag in its own words; empty when there are more."""
    distinct = sorted({value.strip(SPACES) for value in values} - {""})
    return distinct if len(distinct) <= 2 else []


ATTEMPTS = (_boolean, _year, _date, _number, _quantity)  # in order: the first that fits
