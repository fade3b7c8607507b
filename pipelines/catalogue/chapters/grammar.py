"""What a chapter's YAML may say: sections made of blocks, each block from one table of ``rapport`` or from prose.

This module defines the vocabulary. ``load`` reads the files, and ``pipelines.stages.report`` fills blocks with rows and
draws them. A column's ``format`` says how its values are written, never how they are computed.
"""

from string import Formatter
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


def _of_a_figure(sentence: str) -> str:
    """Refuse what a message cannot refer to."""
    try:
        named = {name for _, name, *_ in Formatter().parse(sentence) if name is not None}
    except ValueError:
        raise ValueError(f"« {sentence} » est illisible : une accolade s’écrit {{{{ ou }}}}") from None
    if unknown := sorted(named - {"valeur", "evolution", "exercice", "precedent", "libelle"}):
        raise ValueError(
            f"un message dit valeur, evolution, exercice, precedent et libelle, et non {', '.join(unknown)}"
        )
    return sentence


Said = Annotated[str, AfterValidator(_of_a_figure)]
Format = Literal[
    "texte",
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

    ``chiffre`` takes unit, decimals and code from the columns of the same row; ``volume`` is in gigabytes, in terabytes
    from a thousand. ``quotient`` names the two columns whose totals give, divided, the total of this one, over the rows
    that hold both. ``palier``, in a cascade: a subtotal of the amounts before it, drawn from zero.
    """

    nom: Name
    titre: str
    format: Format = "entier"
    quotient: tuple[Name, Name] | None = None
    palier: bool = False


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


class Donnees(Declared):
    """The rows behind a block, read from one table of ``rapport``.

    ``exercices`` is how many years up to the report's. ``agrege`` combines the rows that would share a cell; a missing
    value among them makes the cell missing. ``total`` adds a last row, the sum of the others; ``ensemble`` gives the
    value that marks a row of the table as a total already. In the section of a member, ``concerne`` keeps the rows
    whose column lists its name: ``{collectivites: libelle_collectivite}``. ``sans_nuls`` leaves out the rows that hold
    nothing but zeros and inapplicable values. ``avec`` is another table: if the organisation uses none of the systems
    behind it, the rows are not printed.
    """

    id: Identifier
    titre: str
    table: Table
    filtres: dict[Name, Value | list[Value]] = {}
    exercices: int = PydanticField(default=1, ge=1, le=10)
    ordre: list[Order] = []
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
    vide: str

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
    known are left out.

    ``montre``: what its title adds, when it is known: the first row, the highest or lowest month (of each column), the
    change of the total since the year before, the share of the credits that was carried out, the column that holds most, the
    row that does, where one row begins and ends. ``seuil_pct``: a row that
    is farther than this from the median of its column gets a sentence, followed by the text ``figures/<id>.md`` of the
    year.
    """

    genre: Literal["graphique"]
    seuil_pct: int | None = PydanticField(default=None, ge=1)
    montre: Literal["premier", "pic", "creux", "evolution", "taux", "majorite", "plus_fournie", "extremites"] | None = (
        None
    )
    forme: Literal["barres", "groupes", "multiples", "mois", "pyramide", "execution", "cascade"]


class Matrice(Declared):
    """One row per ``code``, one column per value of ``croise.par``: each cell is the series of the last ``exercices``,
    with its curve.

    ``detail`` is printed under the title of the row; ``commentaires`` are the texts of the year about a row, ``{code}``
    replaced.
    """

    genre: Literal["matrice"]
    id: Identifier
    titre: str
    table: Table
    filtres: dict[Name, Value | list[Value]] = {}
    exercices: int = PydanticField(default=3, ge=2, le=10)
    ordre: list[Order] = []
    code: Name
    lignes: Colonne
    detail: Name | None = None
    croise: Croisement
    commentaires: Prose | None = None
    vide: str


class Liste(Declared):
    """One entry per row: a title, then sentences."""

    genre: Literal["liste"]
    id: Identifier
    titre: str
    table: Table
    filtres: dict[Name, Value | list[Value]] = {}
    ordre: list[Order] = []
    forme: Literal["colonne", "grille"] = "colonne"
    entree: list[Name]
    details: list[Colonne] = []
    vide: str


class ChiffreCle(Declared):
    """A figure that is shown large, by its code; the declared label is used when none is given.

    ``un|plusieurs`` in its label are the forms that agree with less than two, and with more.
    """

    code: str
    libelle: str | None = None


class Chiffres(Declared):
    """Key figures side by side; with ``nombre``, the first that many of them that may be shown."""

    genre: Literal["chiffres"]
    chiffres: list[ChiffreCle]
    nombre: int | None = PydanticField(default=None, ge=1)


class Message(Declared):
    """A sentence on a figure: ``plus`` when it is above zero, ``moins`` below, ``nul`` at zero; none when that form is left out.

    ``{valeur}`` is the figure with its unit, without its sign; ``{evolution}``, its change since the year before, with
    its comma; ``{libelle}``, its name. ``parmi``, instead of ``chiffre``: whichever of these figures, or of all of the year
    that are no ratio (``tous``), rose most in proportion, of those that were ``au_moins`` that much the year before.
    """

    chiffre: str | None = None
    parmi: list[str] | Literal["tous"] = []
    au_moins: int = PydanticField(default=0, ge=0)
    plus: Said
    moins: Said | None = None
    nul: Said | None = None

    @model_validator(mode="after")
    def _is_of_a_figure(self) -> "Message":
        if bool(self.chiffre) == bool(self.parmi):
            raise ValueError("donner chiffre ou parmi, l’un des deux")
        return self


class Messages(Declared):
    """The results of the year: the first ``nombre`` sentences that may be said. A person answers for them (``RAP-MESSAGES``)."""

    genre: Literal["messages"]
    nombre: int = PydanticField(default=5, ge=1)
    messages: list[Message] = PydanticField(min_length=1)


class Compares(Declared):
    """Rows that include the value of the year before, and the change."""

    table: Table
    filtres: dict[Name, Value | list[Value]] = {}
    libelle: Name
    ordre: list[Order] = []


class Indicateurs(Compares):
    """Such rows as key figures: label, value of the year, the change since the year before, and ``moyenne``, the column
    of the mean of all members."""

    genre: Literal["indicateurs"]
    moyenne: Name | None = None
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
    """A part of organisation.yml: the portraits of ``elus``, the ``signature``, or the ``organigramme``."""

    genre: Literal["elus", "signature", "organigramme"]


Bloc = Annotated[
    Tableau
    | Graphique
    | Matrice
    | Liste
    | Chiffres
    | Messages
    | Indicateurs
    | Evolutions
    | Texte
    | Contenu
    | Alarmes
    | Presentation,
    PydanticField(discriminator="genre"),
]


class IndicateurMembre(Declared):
    """What the page of a member counts: the sum of a column of ``rapport``, or the number of rows without one, by exercice
    and ``code_collectivite``; or by exercice alone, over the rows that list the member: ``concerne``, as in a block."""

    libelle: str
    unite: str
    decimales: int = PydanticField(default=0, ge=0, le=6)
    table: Table
    colonne: Name | None = None
    concerne: dict[Name, Name] = PydanticField(default={}, max_length=1)
    filtres: dict[Name, Value | list[Value]] = {}

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


class Presence(Declared):
    """Rows of the report's year, in one table of ``rapport``."""

    table: Table
    filtres: dict[Name, Value | list[Value]] = {}


class Section(Declared):
    """Blocks under one title; with ``si``, the section is left out if everything came for the year and there are no such rows.

    ``objet`` is its part of the chapter's title (« le réseau »), for an organisation that does not follow all of them.
    """

    id: Identifier
    titre: str
    objet: str | None = None
    si: Presence | None = None
    pour_chaque: PourChaque | None = None
    blocs: list[Bloc]


class Chapitre(Declared):
    """A file: one chapter."""

    id: Identifier
    titre: str
    partie: str | None = None
    sections: list[Section]

    @property
    def tables(self) -> list[str]:
        """The tables of ``rapport`` that are printed, by name."""
        named = {bloc.table for section in self.sections for bloc in section.blocs if hasattr(bloc, "table")}
        named |= {avec for section in self.sections for bloc in section.blocs if (avec := getattr(bloc, "avec", None))}
        named |= {section.pour_chaque.table for section in self.sections if section.pour_chaque}
        named |= {section.si.table for section in self.sections if section.si}
        if any(
            bloc.genre in ("chiffres", "messages", "texte", "contenu")
            for section in self.sections
            for bloc in section.blocs
        ):
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
