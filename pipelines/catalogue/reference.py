"""Reference data that no export provides: one CSV per table, whose columns are declared in the YAML beside it.

A table may have more rows in the folder of its name: each CSV there is a thing of its own, so that a home can add some
without copying the table.

Every cell is checked against its column's type when the declaration is read: loading never fails on one.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pipelines.catalogue.fields import Fields, completed
from pipelines.catalogue.overlay import Thing, whole_file
from pipelines.catalogue.source_grammar import Declared, Name
from pipelines.catalogue.yaml_file import UTF_8, DeclarationError, parse, shown
from pipelines.did_you_mean import suggestion

KIND, ROWS = "reference table", "reference rows"
NOT_CSV = "cette ligne est illisible : des guillemets mal placés, ou une cellule trop longue"
# type → its name in DuckDB, and how a cell of it is written
TYPES = {
    "string": ("VARCHAR", r"(?s:.*)"),
    "integer": ("BIGINT", r"-?\d{1,18}"),
    "year": ("INTEGER", r"\d{4}"),
    "boolean": ("BOOLEAN", r"true|false"),
    "date": ("DATE", r"\d{4}-\d\d-\d\d"),
}


class Column(Declared):
    """One column of a reference table."""

    name: Name
    description: str
    type: Literal["string", "integer", "year", "boolean", "date"] = "string"

    @property
    def sql_type(self) -> str:
        """The DuckDB type of the column in the warehouse."""
        return TYPES[self.type][0]

    def holds(self, cell: str) -> bool:
        """True when the text is a value of this column."""
        if not re.fullmatch(TYPES[self.type][1], cell, re.ASCII):
            return False
        try:
            return self.type != "date" or bool(dt.date.fromisoformat(cell))
        except ValueError:
            return False


class Among(Declared):
    """What a cell of ``column`` may contain, depending on the word in ``by``: these words, or those of a column,
    ``table.column``."""

    column: Name
    by: Name
    of: dict[str, list[str] | str]


class Reference(Declared):
    """One reference table; ``rows`` is the text of its CSV."""

    table: Name
    description: str
    fields: list[Column]
    among: list[Among] = []
    rows: str

    def lines(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Each row by column, with the line that it ends on."""
        rows = csv.DictReader(io.StringIO(self.rows, newline=""), strict=True)
        for row in rows:
            yield rows.line_num, row


def file_of(thing: Thing) -> Path:
    """The CSV of a reference table."""
    return thing.path.with_suffix(".csv")


def reference_things(layer: Path) -> Iterator[Thing]:
    """The reference tables of a layer, each with its rows. Raises DeclarationError naming file and line."""
    folder = layer / "catalogue" / "reference"
    for path in sorted(folder.glob("*.csv")):
        if not path.with_suffix(".yml").exists():
            raise DeclarationError(f"{shown(path)}:1 : il manque à côté {path.stem}.yml, qui déclare ses colonnes")
    for path in sorted(folder.glob("*.yml")):
        thing = whole_file(KIND, path, "table")
        if thing.enabled:
            thing = replace(thing, data={**thing.data, "rows": _text(path.with_suffix(".csv"))})
        yield thing


def reference_rows(layer: Path) -> Iterator[Thing]:
    """The further rows of the reference tables of a layer, ``<table>/<name>``; an empty file is off."""
    for path in sorted((layer / "catalogue" / "reference").glob("*/*.csv")):
        text = _text(path)
        yield Thing(ROWS, f"{path.parent.name}/{path.stem}", text, path, {}, enabled=bool(text.strip()))


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise DeclarationError(f"{shown(path.with_suffix('.yml'))}:1 : il manque à côté {path.name}") from None
    except UnicodeDecodeError:
        raise DeclarationError(f"{shown(path)}:1 {UTF_8}") from None


def make_reference(thing: Thing, fields: Fields) -> Reference:
    """A reference table, every cell checked, its columns completed by the descriptions of their names.

    Raises DeclarationError naming file, line and column.
    """
    if thing.name != thing.path.stem:
        raise DeclarationError(
            f"{thing.at('table')} table: « {thing.path.stem} » est attendu, le nom du fichier, et non « {thing.name} »"
        )
    data = thing.data
    if isinstance(data.get("fields"), list):
        data = data | {"fields": completed(data["fields"], thing.name, fields, titles=False)}
    return checked(parse(Reference, data, thing.lines, thing.path), file_of(thing))


def check_among(references: Mapping[Path, Reference]) -> None:
    """Raise DeclarationError naming file, line and nearest word when a cell holds a word that its column may not hold."""
    for path, reference in references.items():
        for rule in reference.among:
            known = {word: _known(among, references) for word, among in rule.of.items()}
            for line, row in reference.lines():
                for name, words in ((rule.by, known), (rule.column, known.get(row[rule.by], ()))):
                    if row[name] not in words:
                        raise DeclarationError(
                            f"{shown(path)}:{line} {name}: « {row[name]} » n’est pas connu{suggestion(row[name], words)}"
                        )


def _known(among: list[str] | str, references: Mapping[Path, Reference]) -> set[str]:
    if not isinstance(among, str):
        return set(among)
    table, _, column = among.partition(".")
    return {row[column] for one in references.values() if one.table == table for _, row in one.lines()}


def checked(reference: Reference, file: Path) -> Reference:
    """The table, once each line of a file of it has its columns, and each cell is of its column's type.

    Raises DeclarationError naming file, line and column.
    """
    rows, name = csv.reader(io.StringIO(reference.rows, newline=""), strict=True), shown(file)
    names = [column.name for column in reference.fields]
    typed = [(index, column) for index, column in enumerate(reference.fields) if column.type != "string"]
    try:
        if next(rows, None) != names:
            raise DeclarationError(
                f"{name}:1 la première ligne attendue est {','.join(names)}, comme le dit {reference.table}.yml"
            )
        for row in rows:
            if len(row) != len(names):
                raise DeclarationError(f"{name}:{rows.line_num} cellules : {len(row)}, et non {len(names)}")
            for index, column in typed:
                if row[index] and not column.holds(row[index]):
                    wrong = f"« {row[index]} » n’est pas du type {column.type}"
                    raise DeclarationError(f"{name}:{rows.line_num} {column.name}: {wrong}")
    except csv.Error:
        raise DeclarationError(f"{name}:{rows.line_num} {NOT_CSV}") from None
    return reference
