"""What a chapter's YAML may say: sections made of blocks, each block from one table of ``rapport`` or from prose.

This module defines the vocabulary. ``load`` reads the files, and ``pipelines.stages.report`` fills blocks with rows and
draws them. A column's ``format`` says how its values are written, never how they are computed.
"""

import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator
from pydantic import Field as PydanticField

from pipelines.catalogue.source_grammar import Declared, Name

Table = Annotated[str, PydanticField(pattern=r"^(rpt_[a-z0-9_]+|chiffres)$")]
Identifier = Annotated[str, PydanticField(pattern=r"^[a-z][a-z0-9-]*$")]
Order = Annotated[str, PydanticField(pattern=r"^-?[a-z][a-z0-9_]*$")]  # -column: the greatest first
# what every title and sentence may refer to: the keys of ``Editor.names`` (pipelines/stages/report/model.py)
NAMES = ("exercice", "precedent", "sigle", "le_sigle", "Le_sigle", "du_sigle", "profil", "population")
Prose = Annotated[str, PydanticField(pattern=r"^[a-z][a-z0-9_{}/-]*\.md$")]
Value = bool | int | str


# in a message: a number of its figure or the code of another one, and the words that agree with it, {valeur:agent|agents}
PLACEHOLDER = re.compile(r"\{([a-z0-9_.]*)(?::([^{}]*))?\}")
OF_MESSAGE = ("valeur", "avant", "difference", "variation", "part", "exercice", "precedent")


def _of_a_figure(sentence: str) -> str:
    """Refuse what a message cannot refer to."""
    named = [name for name, _ in PLACEHOLDER.findall(sentence) if "." not in name]
    if unknown := sorted(set(named) - {*OF_MESSAGE}):
        raise ValueError(
            f"un message dit {', '.join(OF_MESSAGE)} ou le code d’un autre chiffre, et non {', '.join(unknown)}"
        )
    if set("{}") & set(PLACEHOLDER.sub("", sentence)):
        raise ValueError(f"« {sentence} » est illisible : une accolade de trop, ou qui manque")
    return sentence


Said = Annotated[str, AfterValidator(_of_a_figure)]
Format = Literal[
    "texte",
    "chemin",
    "entier",
    "decimal1",
    "decimal2",
    "euros",
    "euros2",
    "pourcent0",
    "pourcent1",
    "date",
    "mois",
    "oui_non",
    "chiffre",
    "volume",
]


class Colonne(Declared):
    """A column that is printed.

    ``chemin``: « Poste de travail > Ordinateur » is printed « Ordinateur (Poste de travail) ». ``chiffre`` takes unit,
    decimals and code from the columns of the same row; ``volume`` is in gigabytes, in terabytes
    from a thousand. ``quotient`` names the two columns whose totals give, divided, the total of this one, over the rows
    that hold both, and ``variation`` those of which the total of this one is the change, in %, from the second to the first.
    ``palier``, in a cascade: a subtotal of the amounts before it, drawn from zero. ``facultative``, in a table: printed if
    one of its rows has a value there; in a list, if its row has.
    """

    nom: Name
    titre: str
    format: Format = "entier"
    quotient: tuple[Name, Name] | None = None
    variation: tuple[Name, Name] | None = None
    palier: bool = False
    facultative: bool = False

    @property
    def times(self) -> int:
        """What a quotient is multiplied by: 100 for a percentage."""
        return 100 if self.format.startswith("pourcent") else 1


class Croisement(Declared):
    """One printed column for each value of ``par``, filled with ``valeur``; ``valeurs`` come first, in this order.

    ``nul``: when everything came, what no row gives, or a row leaves blank beside others of its column, is 0, rather
    than not applicable.
    """

    par: Name
    valeur: Name
    format: Format = "entier"
    valeurs: list[str] = []
    nul: bool = False


class Rangees(Declared):
    """Rows of a table of ``rapport``: those with these values."""

    table: Table
    filtres: dict[Name, Value | list[Value]] = {}


class Imprimees(Rangees):
    """Rows that a block prints under a title, in this order; ``vide`` is printed when there are none."""

    id: Identifier
    titre: str
    ordre: list[Order] = []
    vide: str


class Donnees(Imprimees):
    """The rows behind a block, read from one table of ``rapport``.

    ``exercices`` is how many years up to the report's. ``agrege`` combines the rows that would share a cell; a missing
    value among them makes the cell missing. ``total`` adds a last row, the sum of the others; ``ensemble`` gives the
    value that marks a row of the table as a total already. In the section of a member, ``concerne`` keeps the rows
    whose column lists its name: ``{collectivites: libelle_collectivite}``. ``sans_nuls`` leaves out the rows that hold
    nothing but zeros and inapplicable values. ``avec`` is another table: if the organisation uses none of the systems
    behind it, the rows are not printed.
    """

    exercices: int = PydanticField(default=1, ge=1, le=10)
    lignes: Colonne
    colonnes: list[Colonne] = []
    croise: Croisement | None = None
    agrege: Literal["somme", "maximum"] | None = None
    total: str | None = None
    ensemble: dict[Name, Value] = {}
    concerne: dict[Name, Name] = PydanticField(default={}, max_length=1)
    sans_nuls: bool = False
    avec: Name | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _columns_are_said_once(self) -> "Donnees":
        if bool(self.colonnes) == bool(self.croise):
            raise ValueError("donner colonnes ou croise, l’un des deux")
        return self


class Tableau(Donnees):
    """A table."""

    genre: Literal["tableau"]


class Graphique(Donnees):
    """A chart, with the same rows as a table behind it.

    barres: a bar per row; groupes: a bar per column, row by row; multiples: a small chart per row; mois: months from
    left to right; pyramide: two columns back to back; execution: credits as an outline, what was done inside; cascade:
    one row of amounts, from its first column to its last one, by what the others add or subtract; those that are not
    known are left out; ecarts: how far each row is from the whole, in %, then its value and that of the whole.

    ``montre``: what its title adds, when it is known: the first row, the highest or lowest month (of each column), the
    change of the total since the year before, the share of the credits that was carried out, the column that holds most, the
    row that does, where one row begins and ends, how far the first row is from others. ``seuil_pct``: a row that
    is farther than this from the median of its column gets a sentence, followed by the text ``figures/<id>.md`` of the
    year.
    """

    genre: Literal["graphique"]
    seuil_pct: int | None = PydanticField(default=None, ge=1)
    montre: (
        Literal["premier", "pic", "creux", "evolution", "taux", "majorite", "plus_fournie", "extremites", "ecarts"]
        | None
    ) = None
    forme: Literal["barres", "groupes", "multiples", "mois", "pyramide", "execution", "cascade", "ecarts"]


class Matrice(Imprimees):
    """One row per ``code``, one column per value of ``croise.par``: each cell is the series of the last ``exercices``,
    with its curve.

    ``detail`` is printed under the title of the row; ``commentaires`` are the texts of the year about a row, ``{code}``
    replaced.
    """

    genre: Literal["matrice"]
    exercices: int = PydanticField(default=3, ge=2, le=10)
    code: Name
    lignes: Colonne
    detail: Name | None = None
    croise: Croisement
    commentaires: Prose | None = None


class Liste(Imprimees):
    """One entry per row: a title, then its details; one that has a heading and no value is « non renseigné ».

    In ``portraits``, an entry is a person, whose picture organisation.yml may give; in ``puces``, a line without headings.
    """

    genre: Literal["liste"]
    forme: Literal["colonne", "grille", "portraits", "puces"] = "colonne"
    entree: list[Name]
    details: list[Colonne] = []


class ChiffreCle(Declared):
    """A figure that is shown large, by its code; the declared label is used when none is given.

    ``un|plusieurs`` in its label are the forms that agree with less than two, and with more.
    """

    code: str
    libelle: str | None = None


class Chiffres(Declared):
    """Key figures side by side; with ``nombre``, the first that many of them that may be shown; ``compares``: each with
    what it was the year before."""

    genre: Literal["chiffres"]
    compares: bool = False
    chiffres: list[ChiffreCle]
    nombre: int | None = PydanticField(default=None, ge=1)


class Seuil(Declared):
    """What makes a figure worth telling by itself: below, or above, a limit that the law or the budget gives."""

    moins_de: Decimal | None = None
    plus_de: Decimal | None = None


class Message(Declared):
    """A candidate for the messages of the year, on a figure of a domain; ``messages`` says what makes it worth telling.

    ``hausse`` and ``baisse`` when the figure moved by 5 % or more since the year before, else ``dit``; ``nul`` at zero,
    ``negatif`` below; a form that is left out says nothing, but ``dit`` replaces the first two. ``sens`` follows, with
    what the fact means, if its figures are known. ``tous``: it concerns every member. ``service``: it is about what
    members get, and not about the body itself. ``vers`` is the chapter or section that says more.

    In braces: ``valeur`` and ``avant``, the figure and that of the year before; ``difference`` and ``variation`` (in %)
    between them, without sign; ``part``, of the figure ``sur``; ``exercice``, ``precedent``, or the code of another
    figure; ``{valeur:agent|agents}`` adds the words that agree.
    """

    domaine: str
    vers: Identifier
    chiffre: str
    sur: str | None = None
    seuil: Seuil | None = None
    tous: bool = False
    service: bool = False
    dit: Said | None = None
    hausse: Said | None = None
    baisse: Said | None = None
    nul: Said | None = None
    negatif: Said | None = None
    sens: Said | None = None

    @property
    def codes(self) -> list[str]:
        """The figures that it may print."""
        forms = (self.dit, self.hausse, self.baisse, self.nul, self.negatif, self.sens)
        named = (name for form in forms for name, _ in PLACEHOLDER.findall(form or "") if "." in name)
        return list(dict.fromkeys([self.chiffre, *([self.sur] if self.sur else []), *named]))


class Messages(Declared):
    """The messages of the year: at most ``nombre``, ``services`` of them at least about services if there are so many.

    A person answers for them (``RAP-MESSAGES``). A text of the year, ``fichier``, replaces them.
    """

    genre: Literal["messages"]
    nombre: int = PydanticField(default=6, ge=1)
    services: int = PydanticField(default=0, ge=0)
    fichier: Prose | None = None
    messages: list[Message] = PydanticField(min_length=1)


class Evenements(Rangees):
    """Rows that happened on a day, and the column that says what."""

    date: Name
    texte: Name


class Frise(Declared):
    """The dates of the year, at most ``nombre``, one event a day: those of the first of ``sources`` before the others."""

    genre: Literal["frise"]
    titre: str
    nombre: int = PydanticField(default=7, ge=2)
    sources: list[Evenements] = PydanticField(min_length=1)


class Compares(Rangees):
    """Rows that include the value of the year before, and the change."""

    libelle: Name
    ordre: list[Order] = []


class Indicateurs(Compares):
    """Such rows as key figures: label, value of the year, the change since the year before, and ``part``, the column of
    the part that it is of the whole."""

    genre: Literal["indicateurs"]
    part: Name | None = None
    note: str | None = None


class Evolutions(Compares):
    """Such rows as sentences: by how much each changed since the year before, the largest change first."""

    genre: Literal["evolutions"]
    titre: str


class Texte(Declared):
    """A shipped text, the same every year."""

    genre: Literal["texte"]
    fichier: Prose


class Contenu(Declared):
    """A text of the year, from the home's ``contenu/<exercice>/``; ``vide`` is printed if nobody wrote it."""

    genre: Literal["contenu"]
    fichier: Prose
    vide: str | None = None


class Alarmes(Declared):
    """Every published row of the year that raises an alarm (``alertes.yml``), each in its sentence."""

    genre: Literal["alertes"]


class Presentation(Declared):
    """A part of organisation.yml: the ``signature``, or the ``organigramme``."""

    genre: Literal["signature", "organigramme"]


Bloc = Annotated[
    Tableau
    | Graphique
    | Matrice
    | Liste
    | Chiffres
    | Messages
    | Frise
    | Indicateurs
    | Evolutions
    | Texte
    | Contenu
    | Alarmes
    | Presentation,
    PydanticField(discriminator="genre"),
]


class IndicateurMembre(Rangees):
    """What the page of a member counts: the sum of a column of ``rapport``, or the number of rows without one, by exercice
    and ``code_collectivite``; or by exercice alone, over the rows that list the member: ``concerne``, as in a block.

    With ``habitants``, what the members count adds up: it is also told for that many inhabitants, beside what all members
    together have, and as a part of it. ``verse``: it is what the member pays; of the others, what it receives."""

    libelle: str
    unite: str
    decimales: int = PydanticField(default=0, ge=0, le=6)
    habitants: int | None = PydanticField(default=None, ge=1)
    verse: bool = False
    colonne: Name | None = None
    concerne: dict[Name, Name] = PydanticField(default={}, max_length=1)

    @property
    def relations(self) -> list[str]:
        """The table, and each column that is counted, as ``table.column``."""
        columns = [*([self.colonne] if self.colonne else []), *self.concerne]
        return [self.table, *(f"{self.table}.{column}" for column in columns)]


class PourChaque(Declared):
    """A section for each value of ``code`` in ``table``, for the report's year; ``{column}`` in its title is replaced."""

    table: Table
    code: Name
    ordre: list[Order] = []


class Presence(Rangees):
    """Rows of the report's year, in one table of ``rapport``."""


class Section(Declared):
    """Blocks under one title; with ``si``, the section is left out if everything came for the year and there are no such rows.

    ``membres``: it is about the members, and left out for an organisation without any, unless a row says otherwise.
    ``objet`` is its part of the chapter's title (« le réseau »), for an organisation that does not follow all of them.
    """

    id: Identifier
    titre: str
    objet: str | None = None
    si: Presence | None = None
    membres: bool = False
    pour_chaque: PourChaque | None = None
    blocs: list[Bloc]

    @property
    def tables(self) -> list[str]:
        """The tables of ``rapport`` of its blocks, one a block that has one."""
        return [bloc.table for bloc in self.blocs if hasattr(bloc, "table")]


class Chapitre(Declared):
    """A file: one chapter; ``page_seule`` when no other shares its pages, unless a section is left out.

    ``pictogramme`` is drawn beside its title: the path of an SVG line, on a square of 24.
    """

    id: Identifier
    titre: str
    partie: str | None = None
    pictogramme: Annotated[str, PydanticField(pattern=r"^[A-Za-z0-9 .,-]+$")] | None = None
    page_seule: bool = False
    sections: list[Section]

    @property
    def tables(self) -> list[str]:
        """The tables of ``rapport`` that are printed, by name."""
        named: set[str] = set()
        for part in (part for section in self.sections for _, part in section.parts()):
            named.update(filter(None, (getattr(part, "table", None), getattr(part, "avec", None))))
            if isinstance(part, Chiffres | Messages | Texte | Contenu):
                named.add("chiffres")
        return sorted(named)


class Synthese(Chapitre):
    """The page of a member (``synthese.yml``): ``sous_titre`` comes above its blocks, ``indicateurs`` are what it counts."""

    sous_titre: str
    indicateurs: list[IndicateurMembre]


class Couverture(Declared):
    """The report's own wording (``rapport.yml``): its title, those of its contents and of its annex.

    ``glossaire`` gives the meaning of its words; those that no chapter uses are left out.
    """

    rapport: Literal["rapport"]
    titre: str
    sommaire: str
    annexe: str
    glossaire: dict[str, str] = {}
