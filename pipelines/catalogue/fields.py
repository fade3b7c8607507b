"""The meaning of columns, whichever table they are in (``fields.yml``), and the texts made from it.

This module defines the grammar of that file, looks columns up by table and name, and fills in the titles and descriptions
missing from a declaration or an entry of dbt's YAML. Its functions work on mappings; ``load`` reads the files.
"""

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field as PydanticField

from pipelines.catalogue.overlay import Overlay, Thing
from pipelines.catalogue.source_grammar import Declared, FieldType
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.french import enumeration

KEY = re.compile(r"([a-z][a-z0-9_]*\.)?[a-z_][a-z0-9_]*")  # ``column`` or ``table.column``
# The suffix of a column's name gives its unit.
UNITS = {
    "eur": "EUR",
    "pct": "%",
    "ans": "an",
    "annees": "an",
    "jours": "jour",
    "heures": "heure",
    "minutes": "minute",
    "etp": "ETP",
    "etpr": "ETPR",
    "go": "Go",
    "octets": "octet",
    "mbits": "Mbit/s",
    "km": "km",
}
# The dimensions along which a measure may add, and their wording. A key column that names no dimension is a
# ``ventilations``.
Dimension = Literal["collectivites", "temps", "ventilations", "documents", "sens"]
ALONG: dict[Dimension, str] = {
    "collectivites": "d’une collectivité à l’autre",
    "temps": "d’un mois ou d’un exercice à l’autre",
    "ventilations": "d’une catégorie à l’autre",
    "documents": "d’un document du budget à l’autre",
    "sens": "entre dépenses et recettes",
}
NUMBERS = {"smallint", "integer", "int", "bigint", "hugeint", "decimal", "numeric", "real", "float", "double"}
NEVER_ADDS = "%"  # a share adds along nothing: no need to say so


class Entry(Declared):
    """One entry: ``column`` gives everything, ``table.column`` only what differs in that table.

    ``additif`` says how a measure adds over the detail rows of its table: ``oui``, ``non``, or along which dimensions
    only. ``dimension`` is what a column distinguishes rows by; ``chiffre``, for a column of one table, is the figure
    that its detail rows add up to.
    """

    title: Annotated[str, PydanticField(pattern=r"[^.]$")] | None = None  # a workbook's heading
    type: FieldType | None = None
    unit: str | None = None
    personal: bool | None = None  # the column is about one person
    quasi_identifier: bool | None = None  # together with others of its kind, it identifies a person
    persons: bool | None = None  # the column counts persons
    public: str | None = None  # why its free texts are for anybody to read
    # those of its texts that anybody may read, besides what the catalogue names elsewhere
    words: list[str] | None = None
    additif: Literal["oui", "non"] | Annotated[tuple[Dimension, ...], PydanticField(min_length=1)] | None = None
    dimension: Dimension | None = None
    chiffre: str | None = None
    description: Annotated[str, PydanticField(pattern=r"\.$")] | None = None  # a sentence

    @functools.cached_property
    def said(self) -> dict[str, Any]:
        """The keys that the entry gives."""
        return self.model_dump(exclude_none=True)


class Meaning(Entry):
    """What a column means in one table."""

    title: str
    type: FieldType = "string"
    personal: bool = False
    quasi_identifier: bool = False
    persons: bool = False
    words: list[str] = []
    description: str

    @property
    def adds_along(self) -> tuple[Dimension, ...] | None:
        """The dimensions over which the measure adds; None when nothing says how it does."""
        match self.additif:
            case "oui":
                return tuple(ALONG)
            case None:
                return () if self.unit == NEVER_ADDS else None
            case "non":
                return ()
            case along:
                return along

    @property
    def text(self) -> str:
        """The description shown to readers of the column, with how the measure adds."""
        sentences, along = [self.description], self.adds_along
        if along is not None and len(along) in (0, len(ALONG)):
            sentences.append("S’additionne." if along else "Ne s’additionne pas.")
        elif along is not None:
            sentences.append(f"Ne s’additionne que {enumeration([ALONG[one] for one in along])}.")
        if self.chiffre:
            sentences.append(f"Somme des lignes de détail d’un exercice : le chiffre {self.chiffre}.")
        return " ".join(sentences)


@dataclass(frozen=True)
class Fields:
    """Every entry, by its key."""

    entries: Mapping[str, Entry] = field(default_factory=dict)

    def of(self, table: str, column: str) -> Meaning | None:
        """What ``column`` means in ``table``; None when no entry defines the name."""
        everywhere, here = self.entries.get(column), self.entries.get(f"{table}.{column}")
        if everywhere is None:
            return None
        return Meaning(**everywhere.said | (here.said if here else {}))

    def speak_of_persons(self, table: str, columns: Iterable[str]) -> bool:
        """True if a column is about one person, distinguishes persons or counts them."""
        said = [self.of(table, column) for column in columns]
        return any(one and (one.personal or one.quasi_identifier or one.persons) for one in said)


def is_measure(column: Mapping[str, Any], key: Collection[str], said: Meaning | None) -> bool:
    """True for a column of a contract (``name``, ``data_type``) that holds a number and is not a key."""
    is_number = str(column.get("data_type", "")).lower().partition("(")[0].strip() in NUMBERS
    return is_number and column["name"] not in key and not (said and said.dimension)


def unit_of(column: str) -> str | None:
    """The unit given by a name's suffix."""
    return UNITS.get(column.rpartition("_")[2])


def make_fields(declared: Overlay) -> Fields:
    """The entries in effect. Raises DeclarationError naming file and line."""
    fields = Fields({thing.name: thing.parsed(Entry) for thing in declared})
    if wrong := [reason for thing in declared for reason in _wrong(thing, declared, fields.entries)]:
        raise DeclarationError("\n".join(wrong))
    return fields


def _wrong(thing: Thing, declared: Overlay, entries: Mapping[str, Entry]) -> Iterator[str]:
    """Why an entry cannot be used alongside the others."""
    table, _, column = thing.name.rpartition(".")
    if not KEY.fullmatch(thing.name):
        yield f"{thing.place} « {thing.name} » n’est ni une colonne ni table.colonne"
    elif column not in entries:
        off = f" : {declared.off[column].place} le désactive" if column in declared.off else ""
        yield f"{thing.place} {thing.name}: aucune entrée « {column} » ne dit ce que ce nom signifie partout{off}"
    else:
        here, everywhere = entries[thing.name].said, entries[column].said
        if table and not here:
            yield f"{thing.place} {thing.name}: cette entrée est vide"
        # a home that replaces one of the two is not responsible for the other
        if table and thing.path == declared[column].path:
            for key, _ in here.items() & everywhere.items():
                yield f"{thing.at(key)} {thing.name}.{key}: répète ce que « {column} » dit partout"
        said = everywhere | here
        for name in ("title", "description"):
            if name not in said:
                yield f"{thing.place} {thing.name}: il manque « {name} »"
        if (unit := unit_of(column)) and said.get("unit") != unit:
            yield f"{thing.at('unit')} {thing.name}.unit: la fin du nom annonce « {unit} »"


def completed(declared: list[Any], table: str, fields: Fields, *, titles: bool = True) -> list[Any]:
    """The declared fields of ``table`` with the titles and descriptions that were left out.

    ``titles`` is false for a table without ``header`` and for a shape: there a title is a heading of the file, which
    only the declaration may give.
    """
    whole = []
    for entry in declared:
        said = fields.of(table, str(entry.get("name"))) if isinstance(entry, dict) else None
        texts = {"title": said.title, "description": said.description} if said else {}
        if not titles:
            texts.pop("title", None)
        whole.append(texts | entry if texts else entry)
    return whole


def meaning(column: Any) -> str | None:
    """What a declared field says of itself: its description, else its title as a sentence; None for what ingest adds."""
    title = getattr(column, "title", None)
    return getattr(column, "description", None) or (f"{title.strip().rstrip('.')}." if title else None)


def doc_blocks(fields: Fields) -> str:
    """Every text as a doc block of dbt: ``column``, and ``table__column`` where it differs in a table."""
    told = {key: fields.of(*key.rpartition(".")[::2]) for key in fields.entries}
    blocks = {key.replace(".", "__"): said.text for key, said in told.items() if said}
    return "\n".join(f"{{% docs {name} %}}\n{text}\n{{% enddocs %}}\n" for name, text in blocks.items())


def described(entry: dict[str, Any], fields: Fields) -> dict[str, Any]:
    """A model, or a table of a source, of dbt's YAML, whose columns without words of their own have the doc block of theirs.

    A home may give a name another meaning in one table: that table's block is then the one.
    """
    if not entry.get("columns"):
        return entry
    columns = []
    for column in entry["columns"]:
        name = column["name"]
        if column.get("description") in (None, "", f"{{{{ doc('{name}') }}}}"):
            column = {said: value for said, value in column.items() if said != "description"}
            key = next((key for key in (f"{entry['name']}.{name}", name) if key in fields.entries), None)
            if key:
                column["description"] = f"{{{{ doc('{key.replace('.', '__')}') }}}}"
        columns.append(column)
    return entry | {"columns": columns}
