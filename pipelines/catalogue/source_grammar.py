"""The vocabulary of a source declaration: pydantic models of the YAML in ``catalogue/systems`` and ``shapes``.

Fields use Table Schema (specs.frictionlessdata.io/table-schema): name, title, type, format, decimalChar, groupChar,
trueValues, falseValues, constraints, missingValues, primaryKey. What Table Schema cannot say is ours: files, format of
the file, header by first exercice, personal data, lines to ignore, months expected, validity, owner, due date,
retention. Reading the YAML and resolving shapes is the work of ``sources``; reading files, of ``ingest``.
"""

import datetime as dt
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator
from pydantic import Field as PydanticField
from pydantic_core import InitErrorDetails, PydanticCustomError

from pipelines.catalogue.headings import EACH, UP, climbed, numbered
from pipelines.catalogue.patterns import is_named, is_one_of
from pipelines.did_you_mean import suggestion

Name = Annotated[str, PydanticField(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Char = Annotated[str, PydanticField(min_length=1, max_length=1)]
Severity = Literal["critical", "warning"]
FieldType = Literal["string", "integer", "number", "boolean", "date", "datetime", "year"]
RETENTION = r"^P[1-9]\d*[YM]$"  # an ISO 8601 duration in whole years or months
OTHERS = "autres"  # what replaces a cell of kind « member » that names no member
ACCOUNTS = "comptes"  # the shape of a business application, which organisation.yml lists separately
WORKBOOKS = ("xlsx", "ods", "xls")
TREES = ("json", "jsonl", "xml", "key_value")
READERS = Path(__file__).parents[1] / "stages" / "ingest" / "readers" / "tool_formats"
TOOLS = tuple(module.name for module in pkgutil.iter_modules([str(READERS)]))
# What a date's format may consist of: strptime's directives, except that %B and %b are French months, that %y is 20yy,
# that .%f may be absent from a cell and that %z is also Z.
DIRECTIVES = ("%d", "%m", "%B", "%b", "%Y", "%y", "%H", "%M", "%S", "%f", "%z")
Month = Annotated[str, PydanticField(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


def _regular(pattern: str) -> str:
    """Refuse what DuckDB's regular expressions (RE2) do not support: lookaround and back references."""
    try:
        re.compile(pattern)
    except re.error as error:
        place = "" if error.pos is None else f", au caractère {error.pos + 1}"
        raise ValueError(f"« {pattern} » n’est pas une expression régulière{place}") from None
    if re.search(r"\(\?(=|!|<=|<!|>)|\\[1-9]|\(\?P=", pattern):
        raise ValueError(
            "une expression régulière ne peut ni regarder autour ((?=, (?!, (?<=, (?<!) ni rappeler un groupe (\\1)"
        )
    return pattern


Pattern = Annotated[str, AfterValidator(_regular)]


def _day_of_any_year(text: str) -> str:
    try:
        dt.date.fromisoformat(f"2001-{text}")
    except ValueError:
        raise ValueError(f"« {text} » n’est pas un mois et un jour, comme 03-31") from None
    return text


Day = Annotated[str, AfterValidator(_day_of_any_year)]


# The canon's word → those that a system writes for it. A word that is not mapped stays as written, and is judged as
# such. YAML reads the code ``5`` as a number.
Words = dict[str, list[Annotated[str, PydanticField(coerce_numbers_to_str=True)]]]


def _one_group(pattern: str) -> str:
    """Refuse a pattern that does not say which part of the text to keep."""
    if re.compile(pattern).groups != 1:
        raise ValueError(
            "il faut un groupe entre parenthèses, et un seul : la partie à garder ; (?:…) groupe sans garder"
        )
    return pattern


Part = Annotated[Pattern, AfterValidator(_one_group)]
HeaderRows = Annotated[int, PydanticField(ge=1, le=5)]


def _is_one_of_several(occurrence: str) -> str:
    rank, of = map(int, occurrence.split("/"))
    if rank > of:
        raise ValueError("occurrence: le rang de la colonne, puis combien portent cet intitulé, comme 1/2")
    return occurrence


# ``2/3``: the second from the left of the three columns with the same heading
Occurrence = Annotated[str, PydanticField(pattern="^[1-9][0-9]?/[2-9][0-9]?$"), AfterValidator(_is_one_of_several)]
Unit = Annotated[str, PydanticField(pattern=r"^[^\s\d.,+−-][^\s\d,+−-]*$")]
Factor = Annotated[Decimal, PydanticField(gt=0, max_digits=18)]


class Declared(BaseModel):
    """A declaration: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def parts(self) -> Iterator[tuple[tuple[Any, ...], "Declared"]]:
        """The declaration itself, then those inside it at any depth, each with its path."""
        yield (), self
        for name in type(self).model_fields:
            yield from _inner(getattr(self, name), (name,))


def _inner(value: object, at: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Declared]]:
    if isinstance(value, Declared):
        yield from (((*at, *below), part) for below, part in value.parts())
    elif isinstance(value, list | dict):
        for key, one in enumerate(value) if isinstance(value, list) else value.items():
            yield from _inner(one, (*at, key))


ISO = {"date": "%Y-%m-%d", "datetime": "%Y-%m-%d %H:%M:%S"}  # the format of a moment whose field declares none


class Constraints(Declared):
    """Table Schema constraints. ``required`` and ``pattern`` refuse a line; the others are judged on the table."""

    required: bool = False
    unique: bool = False
    pattern: Pattern | None = None
    enum: list[str | int] | None = None
    minimum: str | int | float | None = None
    maximum: str | int | float | None = None
    minLength: int | None = None
    maxLength: int | None = None


class Field(Declared):
    """One column of a table."""

    name: Name
    title: str
    description: str | None = None
    type: FieldType = "string"
    format: str = "default"
    decimalChar: Char = "."
    groupChar: Char | None = None
    trueValues: list[str] = ["true", "True", "TRUE", "1"]
    falseValues: list[str] = ["false", "False", "FALSE", "0"]
    constraints: Constraints = Constraints()
    # ours
    decimals: int = PydanticField(2, ge=0, le=6)
    # the unit that every cell is written with; or units, each with its value
    suffix: Unit | dict[Unit, Factor] | None = None
    timezone: Literal["UTC", "Europe/Paris"] | None = None  # of what enters the lake, when cells carry their own (%z)
    personal: Literal["drop", "pseudonymise", "generalise", "member", "keep"] | None = None
    # figures may compare its persons with those of another exercice; retention then waits for both
    across_years: bool = True
    # what happens to it at the end of retention: nothing is left, or equal values become other equal values
    at_term: Literal["empty", "draw"] | None = None
    band: int = PydanticField(5, ge=2, le=50)  # years of age in a band, for a birth date that is generalised
    severity: Severity = "critical"
    values: Words = {}
    member: bool = False  # names a member of the organisation: a spelling that matches nobody is a finding
    informative: bool = False  # no line depends on it: a cell not as declared is reported, its line not refused

    @model_validator(mode="after")
    def _coherent(self) -> "Field":
        if self.informative and (self.constraints.required or self.personal):
            raise ValueError(
                "informative: une colonne obligatoire ou personnelle est nécessaire, et ne peut pas l’être"
            )
        if self.type in ("date", "datetime") and self.format != "default":
            self._check_format(re.findall(r"%.", self.format))
        self._check_zone()
        if self.suffix is not None and (self.type not in ("integer", "number") or not self.suffix):
            raise ValueError("suffix: seul un nombre a une unité, ou plusieurs")
        if (self.type == "number" or self.suffix) and self.groupChar == self.decimalChar:
            raise ValueError("groupChar et decimalChar sont le même caractère")
        if self.type == "boolean" and not (self.trueValues and self.falseValues):
            raise ValueError("trueValues et falseValues : il faut au moins une valeur à chacune")
        if self.type == "boolean" and set(self.trueValues) & set(self.falseValues):
            raise ValueError("une même valeur est dans trueValues et dans falseValues")
        if self.member and (self.type != "string" or self.personal):
            raise ValueError("member: un texte gardé tel quel, qui nomme une collectivité d’organisation.yml")
        if self.at_term and (self.kept_type != "string" or self.personal not in (None, "keep")):
            raise ValueError("at_term: seul un texte gardé tel quel peut être vidé ou remplacé à son terme")
        if self.at_term == "empty" and self.constraints.required:
            raise ValueError("at_term: une colonne obligatoire ne peut pas être vidée")
        return self

    @model_validator(mode="after")
    def _what_becomes_of_it_fits(self) -> "Field":
        if self.personal == "generalise" and self.type != "date":
            raise ValueError("generalise: seule une date de naissance devient une tranche d’âge")
        if self.personal == "member" and (self.type != "string" or self.values or self.constraints.pattern):
            raise ValueError(
                "member: un texte, qui devient le code d’une collectivité ; organisation.yml en donne les orthographes (debiteur)"
            )
        return self

    @model_validator(mode="after")
    def _words_are_mapped_once(self) -> "Field":
        if self.values and self.type != "string":
            raise ValueError(f"values: seule une colonne de type string a des mots, et non {self.type}")
        words = [word for written in self.values.values() for word in written]
        if "" in words or not all(self.values.values()):
            raise ValueError(
                "values: donner à chaque mot ceux qui l’écrivent ; une cellule vide est une valeur absente (missingValues)"
            )
        if twice := sorted({word for word in words if words.count(word) > 1}):
            raise ValueError(f"values: {', '.join(twice)} : donné deux fois")
        known = self.constraints.enum
        if known and (unknown := [word for word in self.values if word not in known]):
            raise ValueError(f"values: {', '.join(unknown)} : hors des valeurs permises ({', '.join(map(str, known))})")
        return self

    def _check_format(self, said: list[str]) -> None:
        """Refuse a date's format, made of the directives ``said``, that is incomplete or ambiguous."""
        if unknown := sorted(set(said) - set(DIRECTIVES)):
            raise ValueError(f"format: {', '.join(unknown)} : inconnu ; sont connus {' '.join(DIRECTIVES)}")
        for ways in (["%m", "%B", "%b"], ["%Y", "%y"], *([one] for one in DIRECTIVES)):
            if sum(said.count(way) for way in ways) > 1:
                raise ValueError(f"format: {' ou '.join(ways)} : une seule fois")
        if not {"%m", "%B", "%b"} & set(said):
            raise ValueError("format: une date a un mois : %m, %B ou %b")
        if self.type == "datetime" and "%d" not in said:
            raise ValueError("format: une colonne datetime a un jour : %d")
        if "%y" in said and self.personal == "generalise":
            raise ValueError("format: %y est une année à partir de 2000 ; une date de naissance s’écrit avec %Y")
        if "%f" in said and not re.search("%S[.,]%f", self.format):
            raise ValueError("format: les fractions suivent les secondes : %S.%f")

    def _check_zone(self) -> None:
        zoned = self.type in ("date", "datetime") and "%z" in self.format
        if zoned != (self.timezone is not None):
            raise ValueError(
                "timezone: va avec %z, quand la cellule dit son fuseau : ce qui est gardé est en UTC ou en Europe/Paris"
            )
        if zoned and "%H" not in self.format:
            raise ValueError("format: %z est le fuseau d’une heure : il faut %H")
        if zoned and (self.timezone == "UTC") != self.name.endswith("_utc"):
            raise ValueError("timezone: le nom d’une colonne gardée en UTC finit par _utc, et celui d’aucune autre")

    @property
    def kept_type(self) -> str:
        """The Table Schema type of what enters the lake: a pseudonym is a string, a band its lowest age."""
        return {"pseudonymise": "string", "generalise": "integer"}.get(self.personal or "", self.type)

    @property
    def sql_type(self) -> str:
        """The DuckDB type of the column in the lake."""
        return {
            "string": "VARCHAR",
            "integer": "BIGINT",
            "number": f"DECIMAL(18,{self.decimals})",
            "boolean": "BOOLEAN",
            "date": "DATE",
            "datetime": "TIMESTAMP",
            "year": "INTEGER",
        }[self.kept_type]


class Provenance(NamedTuple):
    """A column that ingest adds to every accepted row, so that it can be found again in its original."""

    name: str
    sql_type: str


COLUMN = Provenance("_colonne", "VARCHAR")  # heading of the cell, when columns become rows
PROVENANCE = [
    Provenance("exercice", "INTEGER"),
    Provenance("_livraison", "VARCHAR"),
    Provenance("_fichier", "VARCHAR"),  # of an archive: archive/member
    Provenance("_feuille", "VARCHAR"),  # NULL when what was read has no sheets
    Provenance("_ligne", "BIGINT"),
]


class FieldFormat(Declared):
    """How one system writes a field of a shape: only what may differ from system to system.

    ``values`` maps its words to the shape's, ``pattern`` gives the words it uses when the shape leaves them open,
    ``required`` says that it always fills a field that others may leave empty.
    """

    name: Name
    format: str | None = None
    decimalChar: Char | None = None
    groupChar: Char | None = None
    trueValues: list[str] | None = None
    falseValues: list[str] | None = None
    values: Words | None = None
    pattern: Pattern | None = None
    required: bool = False
    suffix: Unit | dict[Unit, Factor] | None = None
    timezone: Literal["UTC", "Europe/Paris"] | None = None


class Origin(Declared):
    """Where the text of a field comes from, before it is typed: exactly one of the keys marked *.

    A heading alone is short for ``{column: heading}``. Every pattern matches the whole text, and keeps what its one
    group captures. ``heading`` and ``under`` go together: each column whose heading matches gives a row, ``heading``
    being what the first field reads (several may each read a part of it) and the cell what the second one reads.
    A group of ``total`` keeps the word that the headings of the columns it adds up have in common.
    """

    # * a heading; several, joined by a space
    column: str | Annotated[list[str], PydanticField(min_length=2)] | None = None
    pattern: Part | None = None  # of ``column``: the part that is kept
    occurrence: Occurrence | None = None  # with ``column``: which one of the columns of that heading, and of how many
    constant: Annotated[str, PydanticField(min_length=1)] | None = None  # *
    file: Part | None = None  # * of the file's name
    sheet: Part | None = None  # * of the sheet's name
    heading: Part | None = None  # * of the heading of each column that becomes a row
    ignore: Pattern | None = None  # with ``heading``: headings of the columns that are not read, such as totals
    under: Name | None = None  # * the cell under the heading that this field reads
    empty: Literal["refuse", "skip", "zero"] = "refuse"  # with ``under``: an empty cell refuses, gives no row, or is 0
    total: Pattern | None = None  # with ``under``: headings of the columns that hold the sum of the cells of their line

    @model_validator(mode="before")
    @classmethod
    def _a_heading_alone(cls, said: object) -> object:
        return {"column": said} if isinstance(said, str) else said

    @model_validator(mode="after")
    def _one_origin(self) -> "Origin":
        given = self.model_dump(exclude_defaults=True).keys()
        if len(given & {"column", "constant", "file", "sheet", "heading", "under"}) != 1:
            raise ValueError("donner une de ces clés, et une seule : column, constant, file, sheet, heading, under")
        beside = {"pattern": "column", "occurrence": "column", "ignore": "heading", "empty": "under", "total": "under"}
        for key, other in beside.items():
            if key in given and other not in given:
                raise ValueError(f"{key} va avec {other}")
        if self.occurrence and isinstance(self.column, list):
            raise ValueError("occurrence: d’un seul intitulé, et non de plusieurs colonnes jointes")
        return self

    @property
    def columns(self) -> list[str]:
        """The headings that it reads."""
        if isinstance(self.column, str):
            return [numbered(self.column, self.occurrence) if self.occurrence else self.column]
        return self.column or []

    @property
    def whole(self) -> str | None:
        """The heading whose cells it reads unchanged; None when it takes less, more or something else."""
        return self.columns[0] if isinstance(self.column, str) and self.pattern is None else None


LEAST = Decimal("0.9")


class Ignore(Declared):
    """Lines that are not data: those where ``column`` fully matches ``pattern``.

    ``sums`` names the columns whose value on that line is a total, to compare with our own sum (one total a column, for a
    field read under several headings); ``counts`` the columns that hold a number of lines. ``least`` is the share of an
    announced total below which the file is refused as truncated.
    """

    column: Name
    pattern: Pattern
    reason: Literal["total", "commentaire"] = "total"
    sums: list[Name] = []
    counts: list[Name] = []
    least: Decimal = PydanticField(LEAST, ge=0, le=1)


class ExerciceRule(Declared):
    """How the content proves its exercice: every value of ``column`` lies ``within`` it, or ``not_after`` its end.

    ``overlaps``: an export also holds lines of other years (tickets opened before and still open), which count in theirs:
    one is known by its key in the export of its year.
    """

    column: Name
    rule: Literal["within", "not_after"]
    overlaps: bool = False


class Period(Declared):
    """What a table is expected to cover: each month of its exercice, or of those in ``months``, found in the dates of ``column``."""

    column: Name
    every: Literal["month"] = "month"
    months: list[Annotated[int, PydanticField(ge=1, le=12)]] = PydanticField(default=list(range(1, 13)), min_length=1)

    def expects(self, month: str) -> bool:
        """True of a month, as ``2020-03``, in which lines are expected."""
        return int(month[-2:]) in self.months


class CsvFormat(Declared):
    """A delimited text file. ``utf-8`` accepts a byte order mark; ``utf-16`` requires one."""

    type: Literal["csv"]
    encoding: Literal["utf-8", "cp1252", "iso-8859-15", "utf-16"] = "utf-8"
    delimiter: Literal[";", ",", "\t", "|"] = ";"
    title: str | None = None  # what a title line above the header must contain; {exercice} is replaced by the year
    html: bool = False  # the tool writes the content of its web pages: `&amp;` means `&`
    header: bool = True  # false: no line names the columns, and the table's headings are their ranks, from "1"

    @model_validator(mode="after")
    def _title_stands_above_a_header(self) -> "CsvFormat":
        if self.title and not self.header:
            raise ValueError("title: un fichier sans en-tête (header: false) n’a pas de ligne de titre")
        return self


class WorkbookFormat(Declared):
    """A workbook; each table names its sheets."""

    type: Literal["xlsx", "ods", "xls"]
    title: str | None = None


class TreeFormat(Declared):
    """Records that name their own values: each table gives the path of its records, and its headings are paths within one.

    ``json``, ``jsonl`` (one record per line): ``user.name``. Records of ``json`` under the keys of an object lie at
    ``objects.*``, and the heading ``*`` reads their key. ``xml``: ``user/name``, ``user/@id`` for an attribute,
    ``.`` for the text of the record itself. ``../`` starts from what contains the record: ``../@code``, ``../service``.
    ``key_value``: one record per line, ``key=value key="value"``. All but ``xml``, which states its encoding, are
    UTF-8.
    """

    type: Literal["json", "jsonl", "xml", "key_value"]


class ToolFormat(Declared):
    """A format of one tool or standard: the Python reader of that name (``readers/tool_formats``) gives its tables, with its own
    headings."""

    type: Literal[TOOLS]  # type: ignore[valid-type]


Format = Annotated[CsvFormat | WorkbookFormat | TreeFormat | ToolFormat, PydanticField(discriminator="type")]


class Shape(Declared):
    """A table that several systems deliver, each in its own layout."""

    shape: Name
    title: str
    description: str
    fields: list[Field]
    primaryKey: list[Name] = []
    missingValues: list[str] = [""]


class Table(Declared):
    """One table of an export, its shape resolved: ``fields`` is complete."""

    name: Name
    title: str
    description: str | None = None
    shape: Name | list[Name] | None = None  # those whose union it enters
    sheet: str | list[str] | None = None  # of a workbook: names or patterns; the first visible sheet by default
    member: str | None = None  # of an archive: pattern of its files; any by default
    # json, xml: the path of the records, from the root; in json, * is every key of an object
    records: str | None = None
    header: dict[int, dict[Name, Origin]] = {}
    # how many lines the headings take, one above the other; if that changes, by first exercice
    headerRows: HeaderRows | dict[int, HeaderRows] = 1
    optional: list[Name] = []  # fields whose column a file may be missing: its user chooses what the tool displays
    fields: list[Field] = []
    primaryKey: list[Name] = []
    missingValues: list[str] = [""]
    ignore: list[Ignore] = []
    exercice: ExerciceRule | None = None
    period: Period | None = None

    @model_validator(mode="after")
    def _names_exist(self) -> "Table":
        known = {field.name for field in self.fields}
        if len(known) != len(self.fields) or not known:
            raise ValueError(
                f"la table « {self.name} » {'déclare deux fois la même colonne' if known else 'ne déclare aucune colonne'}"
            )
        unknown: list[InitErrorDetails] = []  # each with its place
        for place, name in self._named():
            if name not in known:
                said = f"la table « {self.name} » n’a pas de colonne « {name} »{suggestion(name, known)}"
                kind = PydanticCustomError("unknown_field", "{said}", {"said": said})
                unknown.append(InitErrorDetails(type=kind, loc=place, input=name))
        if unknown:
            raise ValidationError.from_exception_data(self.name, unknown)
        if "exercice" in known:
            raise ValueError("une colonne ne peut pas s’appeler « exercice » : toute ligne en porte déjà une")
        return self

    def _named(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """The fields that are named elsewhere than in ``fields``, each with its place in the declaration."""
        for key, names in (("primaryKey", self.primaryKey), ("optional", self.optional)):
            yield from (((key, index), name) for index, name in enumerate(names))
        for year, header in self.header.items():
            for name, origin in header.items():
                yield ("header", year, name), name
                if origin.under:
                    yield ("header", year, name, "under"), origin.under
        for rank, rule in enumerate(self.ignore):
            yield ("ignore", rank, "column"), rule.column
            for key, names in (("sums", rule.sums), ("counts", rule.counts)):
                yield from ((("ignore", rank, key, index), name) for index, name in enumerate(names))
        if self.exercice:
            yield ("exercice", "column"), self.exercice.column
        if self.period:
            yield ("period", "column"), self.period.column

    @model_validator(mode="after")
    def _header_is_whole(self) -> "Table":
        for year, header in self.header.items():
            readers: dict[str, list[str]] = {}
            for name, origin in header.items():
                if origin.whole:
                    readers.setdefault(" ".join(origin.whole.split()).casefold(), []).append(name)
            if twice := next((names for names in readers.values() if len(names) > 1), None):
                raise ValueError(
                    f"header de {year} : {' et '.join(twice)} ont le même intitulé ; si une cellule donne deux colonnes, chacune dit la "
                    "partie qu’elle garde, {column: …, pattern: '(…)'}"
                )
            if not any(origin.column or origin.heading for origin in header.values()):
                raise ValueError(f"header de {year} : rien n’y lit une colonne du fichier")
            required = {field.name for field in self.fields if field.constraints.required}
            if lacking := sorted(required - header.keys()):
                raise ValueError(f"header de {year} : il manque l’intitulé de {', '.join(lacking)}, obligatoire")
        return self

    @model_validator(mode="after")
    def _origins_fit(self) -> "Table":
        read = {*self.optional, *(n for rule in self.ignore for n in (rule.column, *rule.counts))}
        summed = {name for rule in self.ignore for name in rule.sums}
        for year, header in self.header.items():
            elsewhere = {name for name in read & header.keys() if not header[name].column}
            elsewhere |= {name for name in summed & header.keys() if not (header[name].column or header[name].under)}
            if elsewhere:
                raise ValueError(
                    f"header de {year} : optional et ignore nomment des colonnes lues dans le fichier, "
                    f"et non {', '.join(sorted(elsewhere))}"
                )
            spread = [name for name, origin in header.items() if origin.heading]
            cells = {name: origin for name, origin in header.items() if origin.under}
            if len(cells) != bool(spread) or any(origin.under not in spread for origin in cells.values()):
                raise ValueError(
                    f"header de {year} : heading et under vont ensemble ; un seul under, qui nomme une colonne qui a heading"
                )
            if self.primaryKey and (lacking := [name for name in spread if name not in self.primaryKey]):
                raise ValueError(
                    f"header de {year} : chaque colonne donne une ligne, donc primaryKey contient {' et '.join(lacking)}"
                )
            if wrong := sorted(
                n for n in (*spread, *cells) if self.field(n).personal == "drop" or self.field(n).informative
            ):
                raise ValueError(
                    f"header de {year} : {', '.join(wrong)} : ce que donne une colonne devenue ligne est gardé, et nécessaire"
                )
            shown = [name for name, origin in header.items() if not (origin.column or origin.under)]
            if wrong := sorted(n for n in shown if self.field(n).personal not in (None, "keep")):
                raise ValueError(
                    f"header de {year} : {', '.join(wrong)} : donnée personnelle, qui se lirait dans l’origine que garde chaque ligne"
                )
            for name, origin in cells.items():
                if (origin.empty == "zero" or origin.total) and self.field(name).type not in ("integer", "number"):
                    raise ValueError(f"header de {year} : {name} : seul un nombre peut valoir zéro, ou avoir un total")
        return self

    @model_validator(mode="after")
    def _optional_may_be_empty(self) -> "Table":
        needed = {*self.primaryKey, *(field.name for field in self.fields if field.constraints.required)}
        if wrong := sorted(needed & set(self.optional)):
            raise ValueError(f"optional: {', '.join(wrong)} : obligatoire, tout fichier en a donc la colonne")
        return self

    @model_validator(mode="after")
    def _controls_can_be_computed(self) -> "Table":
        kept = {field.name: field for field in self.kept_fields}
        if self.exercice:
            field = kept.get(self.exercice.column)
            if field is None or field.personal or field.type not in ("date", "datetime", "year", "integer"):
                raise ValueError("exercice: la colonne est une date ou une année qui est gardée")
            if self.exercice.overlaps and not self.primaryKey:
                raise ValueError(
                    "exercice: overlaps demande primaryKey, qui dit quelle ligne d’une autre année est la même"
                )
        if self.period:
            field = kept.get(self.period.column)
            if field is None or field.personal or field.type not in ("date", "datetime"):
                raise ValueError("period: la colonne est une date qui est gardée")
        for name in (n for rule in self.ignore for n in rule.sums):
            if name not in kept or kept[name].type not in ("integer", "number"):
                raise ValueError(f"ignore: sums: « {name} » n’est pas un nombre qui est gardé")
        return self

    @property
    def has_doubles(self) -> bool:
        """True when several lines of one key may come, each a finding."""
        return bool(self.primaryKey) and all(self.field(name).severity == "warning" for name in self.primaryKey)

    @property
    def shapes(self) -> list[str]:
        """The shapes that it fills."""
        return [self.shape] if isinstance(self.shape, str) else self.shape or []

    @property
    def sheets(self) -> list[str]:
        """The patterns of its sheets."""
        return [self.sheet] if isinstance(self.sheet, str) else self.sheet or []

    @property
    def dated_by(self) -> str | None:
        """The column of dates that says which month of its exercice a line belongs to."""
        said = (
            self.period.column
            if self.period
            else self.exercice and self.exercice.rule == "within" and self.exercice.column
        )
        return said if said and self.field(said).type in ("date", "datetime") else None

    @property
    def tells_parts_apart(self) -> bool:
        """True when it declares separate parts to be read from several files or sheets: by patterns, or by a part of a name."""
        named = any(origin.file or origin.sheet for header in self.header.values() for origin in header.values())
        return named or len(self.sheets) > 1 or any(set("*?[") & set(one) for one in (*self.sheets, self.member or ""))

    def reads_sheet(self, name: str, unread: Iterable[str] = ()) -> bool:
        """True when one of its patterns names that sheet, unless one of ``unread`` does and no name without ``*``."""
        plain = [one for one in self.sheets if not set("*?[") & set(one)]
        return is_one_of(name, plain) or (is_one_of(name, self.sheets) and not is_one_of(name, unread))

    def may_hold(self, wanted: Mapping[str, bool | int | str]) -> bool:
        """True when some line of it may hold these values: no layout leaves their fields out, or gives another constant."""
        fields = {field.name: field for field in self.fields}

        def may(origin: Origin | None, field: Field | None, value: bool | int | str) -> bool:
            if origin is None or field is None or origin.constant is None:
                return origin is not None
            if isinstance(value, bool):
                return origin.constant in (field.trueValues if value else field.falseValues)
            return origin.constant in (str(value), *field.values.get(str(value), []))

        return not self.header or any(
            all(may(header.get(name), fields.get(name), value) for name, value in wanted.items())
            for header in self.header.values()
        )

    def reads_member(self, name: str) -> bool:
        """True when it is read from that member of an archive."""
        return self.member is None or is_named(name, self.member)

    def field(self, name: str) -> Field:
        """The field of that name; KeyError when there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def has_personal_data(self) -> bool:
        """True when no cell of this table may appear in a message."""
        return any(field.personal for field in self.fields)

    @property
    def kept_fields(self) -> list[Field]:
        """The fields that enter the lake, in order."""
        return [field for field in self.fields if field.personal != "drop"]

    @property
    def measures(self) -> list[Field]:
        """The numbers that say how much, and neither which line nor anything of a person."""
        numbers = [field for field in self.fields if field.type in ("integer", "number") and field.personal is None]
        return [field for field in numbers if field.name not in self.primaryKey]

    def origins_of(self, exercice: int) -> dict[str, Origin]:
        """Field name → where its text comes from, in the files of ``exercice``: a header holds from its first exercice on,
        the oldest for those before it as well. Without a header, a title is a heading."""
        if self.header:  # it lists what the file holds; what it leaves out is absent and therefore empty
            first = max((year for year in self.header if year <= exercice), default=min(self.header))
            return dict(self.header[first])
        return {field.name: Origin(column=field.title) for field in self.fields}

    def titles_in_files(self, exercice: int) -> dict[str, str]:
        """Field name → its heading in a file of ``exercice``; its title, when a file has none."""
        origins = self.origins_of(exercice)
        return {
            field.name: " + ".join(origins[field.name].columns if field.name in origins else []) or field.title
            for field in self.fields
        }

    def header_rows_of(self, exercice: int) -> int:
        """How many lines the headings of an ``exercice`` file take."""
        if isinstance(self.headerRows, int):
            return self.headerRows
        first = max((year for year in self.headerRows if year <= exercice), default=None)
        return self.headerRows[first] if first is not None else 1

    def ungiven(self, exercice: int) -> list[Field]:
        """The fields kept for which the files of ``exercice`` give nothing: its header leaves them out."""
        given = self.origins_of(exercice)
        return [field for field in self.kept_fields if field.name not in given]

    def header_of(self, exercice: int) -> dict[str, str]:
        """Field name → heading in the file, in ``exercice``, for the fields that read whole cells."""
        return {name: origin.whole for name, origin in self.origins_of(exercice).items() if origin.whole}

    def columns_of(self, exercice: int) -> list[str]:
        """The headings that are read from a file of ``exercice``, each once."""
        return list(dict.fromkeys(h for origin in self.origins_of(exercice).values() for h in origin.columns))

    def headings_of(self, exercice: int) -> list[str]:
        """Those of them that it must hold."""
        needed = {h for name, o in self.origins_of(exercice).items() if name not in self.optional for h in o.columns}
        return [heading for heading in self.columns_of(exercice) if heading in needed]

    @property
    def provenance(self) -> list[Provenance]:
        """The columns that ingest adds to its rows."""
        spread = any(origin.heading for header in self.header.values() for origin in header.values())
        return [*PROVENANCE, COLUMN] if spread else PROVENANCE


class Export(Declared):
    """An export: one or several files, delivered together, which give one or several tables."""

    name: Name
    title: str
    # pattern in landing/<exercice>/<system>/; with a leading "/", in landing/<exercice>/
    files: str = PydanticField(pattern=r"^/?[^/]+$")
    optional: bool = False  # never reported as missing
    by_document: bool = False  # models take documents whole or not at all: an unreadable one refuses no other
    may_repeat: bool = False  # the same bytes may serve several exercices: a list kept by hand
    nominative: bool = False  # file names may contain a person's: they are shown by pattern and SHA-256
    database: Literal["glpi"] | None = None  # the reader (in stages/extract) that writes it from the tool's database
    # of the files, those named .zip are archives, whose members are of that ``format``
    archive: Literal["zip"] | None = None
    format: Format
    tables: list[Table]
    # patterns of sheets, members and lists in a document that nobody needs: anything else unread is a finding
    unread: list[str] = []
    owner: str | None = None
    due: Day | None = None
    retention: str | None = PydanticField(None, pattern=RETENTION)

    @model_validator(mode="after")
    def _fits_its_format(self) -> "Export":
        if "**" in self.files:
            raise ValueError("files: ** n’est pas permis, une livraison tient dans un dossier")
        kind = self.format.type
        if kind in ("csv", "jsonl", "key_value") and len({table.member for table in self.tables}) != len(self.tables):
            raise ValueError(
                f"un fichier {kind} est une seule table"
                if self.archive
                else f"un export {kind} a une table, et une seule"
            )
        if self.database and (kind != "csv" or self.archive):
            raise ValueError("database: ce qui est lu d’une base s’écrit en csv")
        if kind in WORKBOOKS:
            read = [(table.member, sheet) for table in self.tables for sheet in table.sheets or [""]]
            if len(set(read)) != len(read):
                raise ValueError(
                    "deux tables lisent la même feuille : plusieurs mesures d’une feuille sont une table (docs/catalogue.md, « mesure »)"
                )
            if any(field.groupChar == "." for table in self.tables for field in table.fields):
                raise ValueError(
                    "groupChar: les nombres d’un classeur ont un point, qui ne peut pas séparer les milliers"
                )
        self._tables_say_where(kind)
        title = getattr(self.format, "title", None) or ""
        if set(re.findall(r"{[^}]*}", title)) - {"{exercice}"} or re.sub(r"{exercice}", "", title).count("{"):
            raise ValueError("title: entre accolades, seul {exercice} est permis")
        return self

    def _tables_say_where(self, kind: str) -> None:
        """Refuse a place (sheet, member, records) that the format does not have, and require one that it needs."""
        for table in self.tables:
            if table.sheet is not None and (kind not in WORKBOOKS or not table.sheets):
                raise ValueError(f"sheet: pour un classeur seulement ({', '.join(WORKBOOKS)}), et non vide")
            if table.member is not None and not self.archive:
                raise ValueError("member: pour une archive seulement (archive: zip)")
            if table.headerRows != 1 and (kind not in ("csv", *WORKBOOKS) or not getattr(self.format, "header", True)):
                raise ValueError("headerRows: pour un csv ou un classeur, dont des lignes nomment les colonnes")
            if table.records is not None and kind not in ("json", "xml"):
                raise ValueError("records: pour json et xml seulement")
            if kind == "xml" and not table.records:
                raise ValueError(
                    "records: donner le chemin des enregistrements depuis la racine, comme export/tickets/ticket"
                )
            if isinstance(self.format, CsvFormat) and not self.format.header:
                headings = [h for header in table.header.values() for o in header.values() for h in o.columns]
                if not headings or any(not re.fullmatch("[1-9][0-9]{0,3}", heading) for heading in headings):
                    raise ValueError(
                        'header: sans ligne d’en-tête, il donne à chaque colonne son rang, comme login: "1"'
                    )
        if self.unread and kind not in (*WORKBOOKS, "json", "jsonl", "xml") and not self.archive:
            raise ValueError("unread: pour les classeurs, les archives, json, jsonl et xml seulement")

    @model_validator(mode="after")
    def _origins_fit_its_format(self) -> "Export":
        origins = [o for table in self.tables for header in table.header.values() for o in header.values()]
        kind, named = self.format.type, getattr(self.format, "header", True)
        if self.nominative and any(origin.file for origin in origins):
            raise ValueError(
                "nominative: aucune colonne ne se lit dans un nom de fichier qui peut être celui d’une personne"
            )
        if kind not in WORKBOOKS and any(origin.sheet for origin in origins):
            raise ValueError(f"header: un fichier {kind} n’a pas de feuille")
        if (kind not in (*WORKBOOKS, "csv") or not named) and any(origin.heading for origin in origins):
            raise ValueError("header: heading demande une ligne d’intitulés, que seuls csv et les classeurs ont")
        return self

    @model_validator(mode="after")
    def _headings_stay_inside(self) -> "Export":
        """Refuse a heading that climbs above the document, or where there is nothing above a record."""
        kind = self.format.type
        if kind not in TREES:
            return self
        for table in self.tables:
            mark, places = (".", 1) if kind == "json" else ("/", 0)
            path = table.records.strip("/").split(mark) if table.records else []
            above = len(path) - 1 + places if path else 0
            for heading in (h for header in table.header.values() for o in header.values() for h in o.columns):
                steps, rest = climbed(heading)
                if kind == "json" and rest != EACH and steps and path[-steps:][:1] == [EACH]:
                    raise ValueError(
                        f"header: « {heading} » : ce qui contient ces enregistrements n’a pas d’autre valeur qu’eux"
                    )
                if kind == "json" and rest == EACH and path[-1 - steps : len(path) - steps] != [EACH]:
                    raise ValueError(
                        f"header: « {heading} » : est la clé sous laquelle se trouve un enregistrement, où records a {EACH} "
                        "(objects.*)"
                    )
                if steps > above or (steps and rest in ("", ".")):
                    raise ValueError(
                        f"header: « {heading} » : au-dessus d’un enregistrement, {UP}… nomme une valeur de ce qui le contient, "
                        f"{above} fois au plus ici"
                    )
        return self

    def takes(self, name: str) -> bool:
        """True when a file of that name is one of this export."""
        return is_named(name, self.files.removeprefix("/"))


class Valid(Declared):
    """First and last exercice that a system covers; ``2020-03``: from, or up to, that month, inclusive."""

    first: int | Month | None = None
    last: int | Month | None = None

    def months(self, exercice: int) -> list[str]:
        """The months of ``exercice`` in which the system is in use, as ``2020-03``."""
        first, last = f"{self.first or exercice}", f"{self.last or exercice}"
        every = [f"{exercice}-{month:02}" for month in range(1, 13)]
        return [month for month in every if month[: len(first)] >= first and month[: len(last)] <= last]


class System(Declared):
    """One source system."""

    system: Name
    title: str
    owner: str
    national: bool = False  # what any public body sends to the State, whatever its software
    due: Day = "03-31"  # of the year after the exercice
    retention: str = PydanticField("P5Y", pattern=RETENTION)  # of the originals, after the exercice
    valid: Valid = Valid()
    exports: list[Export]

    def covers(self, exercice: int) -> bool:
        """True when the system was in use in ``exercice``."""
        return bool(self.valid.months(exercice))
