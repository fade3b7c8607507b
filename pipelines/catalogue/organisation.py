"""The organisation of a home (``organisation.yml``): its name, collectivités, applications and exercices.

Nothing in the code knows one: whatever differs from one syndicate to another is in that file and in its home's
catalogue.
"""

import difflib
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import chain
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, model_validator
from pydantic import Field as PydanticField

from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.needs import missing
from pipelines.catalogue.source_grammar import RETENTION, Day, Declared, Name, System, Table, Valid
from pipelines.catalogue.sources import ExportRef, Registry
from pipelines.catalogue.spelling import folded_names
from pipelines.catalogue.yaml_file import DeclarationError, Lines, line_of, parse, read_mapping
from pipelines.did_you_mean import suggestion
from pipelines.french import NO_BREAK, enumeration
from pipelines.settings import Home


def _excess(number: str) -> int:
    """By how much the last digit of a SIREN or a SIRET is too large, from 0 to 9 (Luhn's formula)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return sum(value // 10 + value % 10 for value in doubled) % 10


def _checked(number: str) -> str:
    """Check the last digit of a SIREN or a SIRET. Raises ValueError when it is wrong."""
    if excess := _excess(number):
        kind, expected = "SIREN" if len(number) == 9 else "SIRET", (int(number[-1]) - excess) % 10
        raise ValueError(f"{number} n’est pas un {kind} : son dernier chiffre, d’après les autres, est {expected}")
    return number


def first_siret(siren: str) -> str:
    """The SIRET of the establishment 00001 of ``siren``, as an example."""
    return f"{siren}0001{-_excess(f'{siren}00010') % 10 if siren.isdecimal() else 0}"


def _hides(threshold: int) -> int:
    """Refuse a threshold below 3, which hides nothing: one of two persons knows the other. Raises ValueError."""
    if threshold < LEAST_THRESHOLD:
        raise ValueError(f"le seuil du secret statistique est d’au moins {LEAST_THRESHOLD}, et non {threshold}")
    return threshold


Siret = Annotated[str, PydanticField(pattern=r"^[0-9]{14}$"), AfterValidator(_checked)]
Siren = Annotated[str, PydanticField(pattern=r"^[0-9]{9}$"), AfterValidator(_checked)]
Duration = Annotated[str, PydanticField(pattern=RETENTION)]
COMMUNE = "commune"
LEAST_THRESHOLD = 3  # persons


class Collectivite(Declared):
    """A member of the syndicate; ``alias`` lists the spellings that its tools use.

    ``debiteur`` lists those under which lists of titres and mandats name it: anyone with another name there belongs to no
    member, so that an ``alias`` that happens to be a person's name is not taken for one. ``population`` is that of
    ``annee_population``. A body that is not a commune (communauté de communes, another syndicate, CCAS) has no code Insee:
    its ``type`` says what it is, and its SIREN identifies it. ``maire_nom``, ``maire_civilite`` and ``adresse`` are who
    letters are written to (the mayor, or who presides another body), and where.
    """

    code_insee: str | None = PydanticField(None, pattern=r"^[0-9][0-9AB][0-9]{3}$")
    siren: Siren
    nom: str
    type: str = COMMUNE
    population: int | None = PydanticField(None, gt=0)
    annee_population: int | None = None
    maire_nom: str | None = PydanticField(None, min_length=1)
    maire_civilite: Literal["Madame", "Monsieur"] | None = None
    adresse: str | None = PydanticField(None, min_length=1)
    alias: list[str] = []
    debiteur: list[str] = []

    @model_validator(mode="after")
    def _coherent(self) -> "Collectivite":
        if self.annee_population is not None and self.population is None:
            raise ValueError("annee_population: l’année d’une population qui n’est pas donnée")
        if self.code_insee is None and self.type == COMMUNE:
            raise ValueError("une commune a un code_insee, toute autre collectivité un type")
        return self

    @property
    def code(self) -> str:
        """Its identifier in the warehouse (``code_collectivite``): its code Insee if it has one, else its SIREN."""
        return self.code_insee or self.siren


class InUse(Declared):
    """What is used from one exercice to another, both included; always, when they are left out."""

    debut: int | None = None
    fin: int | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.debut is not None and self.fin is not None and self.fin < self.debut:
            raise ValueError(f"fin ({self.fin}) précède debut ({self.debut})")
        return self


class Application(InUse):
    """A business application: the system that exports its accounts has the same name as ``code``.

    ``indicateurs``: the last parts of the codes of the figures printed for it, in order.
    """

    code: Name
    libelle: str
    domaine: str
    indicateurs: list[Name]
    alias: list[str] = []


class Budget(InUse):
    """A budget of the organisation: a budget and accounts are expected for it every exercice from ``debut`` to ``fin``.

    ``code`` distinguishes budgets with the same SIRET; ``nomenclature`` is ``M57``, or one form of it, ``M57_A``.
    ``type`` matters before any of its documents has come: until then, what it is missing may be missing from any
    figure.
    """

    siret: Siret
    code: str | None = None
    libelle: str | None = None
    type: Literal["principal", "annexe"] | None = None
    nomenclature: str = PydanticField(pattern=r"^M[0-9]+[A-Z]*(_[A-Z0-9]+)*$")

    def overlaps(self, other: "Budget") -> bool:
        """True when a document could belong to both."""
        same = self.siret == other.siret and (self.code == other.code or None in (self.code, other.code))
        begins, ends = max(self.debut or 0, other.debut or 0), min(self.fin or 9999, other.fin or 9999)
        return same and begins <= ends


class Source(Declared):
    """What an organisation says of one of its sources, in the vocabulary of a source's declaration; ``valid`` is a system's."""

    owner: str | None = None
    due: Day | None = None
    retention: str | None = PydanticField(None, pattern=RETENTION)
    valid: Valid | None = None


class Conservation(Declared):
    """How long to keep what no export's own retention covers (ISO 8601: whole years or months).

    ``refus``: a refused delivery, from its refusal, and a file that nothing reads, from its deposit. ``remplacees``:
    the rows of a delivery, from the moment another replaced it. ``versions``: the rows that a frozen version was made
    from, from the end of its exercice. ``publications``: a previous publication, from when it was made. ``journaux``:
    logs, from when they were written.
    """

    refus: Duration = "P3M"
    remplacees: Duration = "P1Y"
    versions: Duration = "P2Y"
    publications: Duration = "P3M"
    journaux: Duration = "P6M"


class Personne(Declared):
    """Someone who may decide, prepare, review or approve in the organisation's name."""

    nom: str = PydanticField(min_length=1)
    fonction: str = PydanticField(min_length=1)


def _readable(colour: str) -> str:
    """A colour on which white letters are readable (WCAG 2.1, relative luminance: a contrast of 4.5). Raises ValueError."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    if 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) < 4.5:
        raise ValueError(f"{colour} est trop clair : des lettres blanches ne s’y liraient pas")
    return colour


class Image(Declared):
    """A picture of ``contenu/images``, and a description for those who cannot see it."""

    fichier: str = PydanticField(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    alternatif: str = PydanticField(min_length=1)


class Elu(Personne):
    """The president or a vice-president."""

    portrait: Image | None = None


class Identite(Declared):
    """How the report looks and who speaks in it. ``signature`` comes under the editorial, ``mentions`` under the contents;
    ``contact``, on the page of a member, is whom to call."""

    logo: Image | None = None
    couleur: Annotated[str, PydanticField(pattern=r"^#[0-9a-fA-F]{6}$"), AfterValidator(_readable)] = "#1b4f7d"
    couverture: Image | None = None
    elus: list[Elu] = []
    signature: Personne | None = None
    mentions: list[str] = []
    contact: str | None = None


class Service(Declared):
    """A part of the organisation, with its own parts."""

    nom: str = PydanticField(min_length=1)
    services: list["Service"] = []


class UnknownPerson(ValueError):
    """A name that is not in ``personnes`` of organisation.yml."""


class Exercices(Declared):
    """First and last exercice of the home, both included."""

    premier: int
    dernier: int

    @model_validator(mode="after")
    def _in_their_order(self) -> Self:
        if self.dernier < self.premier:
            raise ValueError(f"dernier ({self.dernier}) précède premier ({self.premier})")
        return self


Address = Annotated[str, PydanticField(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


class Organisation(Declared):
    """One syndicate; ``alias`` lists the spellings under which its tools name it, when it is one of their clients.

    ``article`` is what a sentence puts before ``sigle``, ``adresse`` is under its name in acts and letters.
    """

    nom: str
    sigle: str
    article: Literal["le", "la", "l’", "les", ""] = "le"
    siren: Siren
    alias: list[str] = []
    adresse: str | None = PydanticField(None, min_length=1)
    demonstration: bool = False
    exercices: Exercices
    collectivites: list[Collectivite] = []
    applications: list[Application] = []
    systemes: list[Name] = []
    budgets: list[Budget] = []
    personnes: list[Personne] = []
    contacts: dict[str, Address] = {}  # owner of exports → where refusals and reminders go
    identite: Identite = Identite()
    organigramme: list[Service] = []
    # why one person may sign for several roles of a release, when there are fewer than three
    cumul_des_visas: str | None = PydanticField(None, min_length=1)
    seuil_secret: Annotated[int, AfterValidator(_hides)] = 5
    # in %: a known loss up to this share of its lines, or of its amount, leaves a figure fit for messages and comparisons
    seuil_signification: Decimal = PydanticField(Decimal("0.5"), ge=0, le=100)
    conservation: Conservation = Conservation()
    sources: dict[str, Source] = {}  # system, or system/export → what the organisation overrides in the declaration

    @property
    def le_sigle(self) -> str:
        """``le SE``, ``l’EPT``, at the beginning of a sentence or inside it."""
        return _after(self.article, self.sigle)

    @property
    def du_sigle(self) -> str:
        """``du SE``, ``de l’EPT``."""
        return _after({"le": "du", "les": "des", "": "de"}.get(self.article, f"de {self.article}"), self.sigle)

    @property
    def population(self) -> str:
        """The divisor of amounts per inhabitant, with its year: ``population municipale de 2023``."""
        years = sorted({str(one.annee_population) for one in self.collectivites if one.annee_population})
        return f"population municipale de {enumeration(years)}" if years else "population municipale"

    @property
    def years(self) -> list[int]:
        """Its exercices, oldest first."""
        return list(range(self.exercices.premier, self.exercices.dernier + 1))

    def person(self, name: str) -> Personne:
        """The declared person meant by ``name``, whatever its case, accents and spaces. Raises UnknownPerson."""
        folded = folded_names([name, *(one.nom for one in self.personnes)])
        known, meant = {folded[one.nom]: one for one in self.personnes}, folded[name]
        if meant in known:
            return known[meant]
        near = [known[one].nom for one in difflib.get_close_matches(meant, known, n=1)]
        declared = (
            f"sont déclarés{NO_BREAK}: {', '.join(one.nom for one in self.personnes)}" if known else "la liste est vide"
        )
        raise UnknownPerson(
            f"« {name.strip()} » n’est pas déclaré dans organisation.yml (personnes){NO_BREAK}: "
            + "".join(f"vouliez-vous dire « {one} »{NO_BREAK}? " for one in near)
            + declared
        )

    def subscribes(self, system: str) -> bool:
        """True when the organisation uses this source system."""
        return system in self.systemes or any(a.code == system for a in self.applications)

    def applied(self, registry: Registry) -> Registry:
        """The declared sources, with the organisation's overrides applied."""
        return replace(
            registry,
            systems={name: self._applied(system) for name, system in registry.systems.items()},
            layouts={
                name: {first: self._applied(system) for first, system in years.items()}
                for name, years in registry.layouts.items()
            },
        )

    def _applied(self, system: System) -> System:
        own = {name: said.model_dump(exclude_none=True) for name, said in self.sources.items()}
        exports = [
            export.model_copy(
                update={
                    "tables": [self._naming(t) for t in export.tables],
                    **own.get(f"{system.system}/{export.name}", {}),
                }
            )
            for export in system.exports
        ]
        said = self.sources.get(system.system)
        valid = {"valid": said.valid} if said and said.valid else {}
        return system.model_copy(update={**own.get(system.system, {}), **valid, "exports": exports})

    def _naming(self, table: Table) -> Table:
        """A table whose fields of kind « member » know the spellings of each member, and its SIREN: part of a delivery's identity."""
        if all(field.personal != "member" for field in table.fields):
            return table
        known = {one.code: sorted({one.siren, *one.debiteur}) for one in self.collectivites}
        named = [f.model_copy(update={"values": known}) if f.personal == "member" else f for f in table.fields]
        return table.model_copy(update={"fields": named})

    def exports(self, registry: Registry, exercice: int) -> list[ExportRef]:
        """The exports expected for ``exercice``."""
        return [
            ref.of(exercice)
            for ref in registry.exports()
            if self.subscribes(ref.system.system) and ref.system.covers(exercice)
        ]


CONTACTS = re.compile(rb"^contacts:[^\n]*\n?(?:[ \t}\]][^\n]*\n?|\n)*", re.MULTILINE)


def declaration_of(home: Home) -> str:
    """SHA-256 of ``organisation.yml`` without its ``contacts``, which nothing published depends on."""
    return hashlib.sha256(CONTACTS.sub(b"", home.organisation_file.read_bytes())).hexdigest()


def _after(word: str, name: str) -> str:
    return f"{word}{name}" if word.endswith("’") else f"{word} {name}".strip()


Wrong = Iterator[tuple[tuple[Any, ...], str]]  # where in the file, what is said of it


def _wrong_codes(organisation: Organisation, lines: Lines) -> Wrong:
    """Two members or applications that share a code, a system that is listed twice."""
    codes = [
        (("collectivites", index), code)
        for index, member in enumerate(organisation.collectivites)
        for code in filter(None, (member.code_insee, member.siren))
    ]
    codes += [(("applications", index), one.code) for index, one in enumerate(organisation.applications)]
    codes += [(("systemes", index), system) for index, system in enumerate(organisation.systemes)]
    given: dict[tuple[str, str], tuple[str, int]] = {}
    for at, code in codes:
        before = given.setdefault((at[0], code), at)
        if before != at:
            yield at, f"{at[0]}: « {code} » est déjà donné à la ligne {lines[before]}"


def _wrong_names(organisation: Organisation, lines: Lines) -> Wrong:
    """A spelling that means two bodies, two persons of one name."""
    its_own, members = (organisation.sigle, organisation.nom, *organisation.alias), organisation.collectivites
    as_clients = [(name, rank) for rank, one in enumerate(members) for name in (one.nom, *one.alias)]
    as_debtors = [(name, rank) for rank, one in enumerate(members) for name in one.debiteur]
    persons = [one.nom for one in organisation.personnes]
    folded = folded_names([*its_own, *(name for name, _ in as_clients + as_debtors), *persons])
    for known, spellings in (({folded[name]: (name, -1) for name in its_own}, as_clients), ({}, as_debtors)):
        for name, rank in spellings:
            at = ("collectivites", rank)
            if not folded[name]:
                yield at, f"collectivites: « {name} » n’est pas un nom"
            before, other = known.setdefault(folded[name], (name, rank))
            if other != rank:
                whose = f"celle de la ligne {lines['collectivites', other]}" if other >= 0 else "l’organisation"
                yield at, f"collectivites: « {name} » désigne aussi {whose} (« {before} »)"
    named: dict[str, int] = {}
    for rank, name in enumerate(persons):
        first = named.setdefault(folded[name], rank)
        if first != rank or not folded[name]:
            what = f"est déjà à la ligne {lines['personnes', first]}" if first != rank else "n’est pas un nom"
            yield ("personnes", rank), f"personnes.{rank}.nom: « {name} » {what}"


def _wrong_systems(organisation: Organisation, catalogue: Catalogue) -> Wrong:
    """A system that is undeclared or switched off, an indicator that no figure gives."""
    named = [(("systemes", rank), system) for rank, system in enumerate(organisation.systemes)]
    named += [(("applications", rank), one.code) for rank, one in enumerate(organisation.applications)]
    for at, system in named:
        if system not in catalogue.systems:
            yield at, missing(f"{at[0]}:", "system", system, catalogue.systems.off, catalogue.systems.on)
    known = [declared.figure.indicateur for declared in catalogue.figures.indicators()]
    for rank, application in enumerate(organisation.applications):
        for index, name in enumerate(application.indicateurs):
            if name not in known:
                meant = suggestion(name, known) or (f" ; il a {', '.join(known)}" if known else "")
                said = f"applications.{rank}.indicateurs: le catalogue n’a pas d’indicateur « {name} »{meant}"
                yield ("applications", rank, "indicateurs", index), said


def _wrong_budgets(organisation: Organisation, lines: Lines) -> Wrong:
    """A budget that is not the organisation's, a document that could belong to two."""
    for rank, one in enumerate(organisation.budgets):
        at = ("budgets", rank, "siret")
        if not one.siret.startswith(organisation.siren):
            whose = f"{one.siret} n’est pas un établissement de l’organisation ({organisation.siren})"
            yield at, f"budgets.{rank}.siret: {whose}"
        for before, other in enumerate(organisation.budgets[:rank]):
            if one.overlaps(other):
                yield (
                    at,
                    f"budgets.{rank}: {one.siret} est déjà donné pour les mêmes exercices à la ligne "
                    f"{lines['budgets', before]} : donner à chacun son code, ou des exercices distincts",
                )


def _wrong_sources(organisation: Organisation, catalogue: Catalogue) -> Wrong:
    """What is said of no system or export, the address of nobody who owns one."""
    exports = {ref.key for ref in catalogue.registry.exports()}
    for name, said in organisation.sources.items():
        if name not in catalogue.registry.systems and name not in exports:
            yield ("sources", name), f"sources: « {name} » n’est ni un système ni un export"
        if name in exports and said.valid:
            yield ("sources", name, "valid"), f"sources: valid se dit d’un système, et non d’un export ({name})"
    owners = sorted({ref.owner for ref in organisation.applied(catalogue.registry).exports()})
    for owner in organisation.contacts:
        if owner not in owners:
            meant = suggestion(owner, owners)
            yield ("contacts", owner), f"contacts: « {owner} » n’est le propriétaire d’aucun export{meant}"


def load_organisation(home: Home, catalogue: Catalogue) -> Organisation:
    """Read the home's organisation. Raises DeclarationError naming its first mistake."""
    path = home.organisation_file
    if not path.exists():
        raise DeclarationError(f"{path} n’existe pas : créer un dossier par `millesime init`")
    data, lines = read_mapping(path)
    organisation = parse(Organisation, data, lines, path)
    mistakes = chain(
        _wrong_codes(organisation, lines),
        _wrong_names(organisation, lines),
        _wrong_systems(organisation, catalogue),
        _wrong_budgets(organisation, lines),
        _wrong_sources(organisation, catalogue),
    )
    if first := next(mistakes, None):
        at, wrong = first
        raise DeclarationError(f"{path}:{line_of(at, lines)} {wrong}")
    return organisation
