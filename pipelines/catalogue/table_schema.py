"""A declared table as a pure Table Schema, for the supplier and for other validators.

What is ours alone (personal data, lines to ignore, severities) has no place in it.
"""

import datetime as dt
import re
from typing import Any

from pipelines.catalogue.source_grammar import Field, Table

STRPTIME = {"%d", "%m", "%Y", "%H", "%M", "%S"}  # the directives that Table Schema reads as we do


def table_schema(table: Table, exercice: int, *, headings: bool = True) -> dict[str, Any]:
    """The Table Schema of ``table`` as its file is laid out in ``exercice``.

    Fields have the headings of the file, and those that the file does not contain, or that are not read from whole
    cells, are left out; with ``headings`` false, every field has its declared name.
    """
    layout = table.header_of(exercice)
    names = {f.name: layout.get(f.name) if headings else f.name for f in table.fields}
    schema: dict[str, Any] = {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "title": table.title,
        "description": table.description,
        "fields": [_field(field, name) for field in table.fields if (name := names[field.name])],
        "fieldsMatch": "subset",  # a file may hold more columns, in any order
        "missingValues": list(table.missingValues),
        "primaryKey": [names[name] for name in table.primaryKey if names[name]],
    }
    return {key: value for key, value in schema.items() if value not in (None, [])}


def _field(field: Field, name: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": name,
        "title": field.title,
        "description": field.description,
        "type": field.type,
    }
    if field.type in ("date", "datetime") and not set(re.findall("%.", field.format)) <= STRPTIME:
        return {key: value for key, value in described.items() if value is not None} | {"type": "string"}
    if field.format != "default":
        described["format"] = field.format
    if field.suffix is not None:
        described["bareNumber"] = False
    if field.type == "number" and field.decimalChar != ".":
        described["decimalChar"] = field.decimalChar
    if field.type in ("number", "integer") and field.groupChar:
        described["groupChar"] = field.groupChar
    if field.type == "boolean":
        described |= {"trueValues": list(field.trueValues), "falseValues": list(field.falseValues)}
    # bounds of a generalised field are ages: they say nothing of the date in the file
    aside = {"minimum", "maximum"} if field.personal == "generalise" else set()
    constraints = field.constraints.model_dump(exclude=aside, exclude_defaults=True, exclude_none=True)
    if constraints:
        described["constraints"] = {key: _as_written(field, value) for key, value in constraints.items()}
    return {key: value for key, value in described.items() if value is not None}


def _as_written(field: Field, value: Any) -> Any:
    """A bound of a date in the field's own format: validators read it as they read a cell."""
    if isinstance(value, list):
        return [_as_written(field, item) for item in value]
    if field.type not in ("date", "datetime") or field.format == "default" or not isinstance(value, str):
        return value
    return dt.datetime.fromisoformat(value).strftime(field.format)
