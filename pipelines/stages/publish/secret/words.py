"""The texts that anybody may read: the words of the catalogue, the models and the organisation, never those of a delivery.

A text of the public profile is a declared word (a code, a label, a list of them), a declared sentence with such words
or small numbers in its places (``{application} : agents formés``), one of the ``words`` that ``fields.yml`` gives its
column, or any text of a column that ``fields.yml`` calls ``public``, with the reason. Anything else in a column was
typed freely in a tool, and stays out until somebody has read it (``readings``).
"""

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipelines.catalogue.dbt.generated import all_models, model_texts
from pipelines.catalogue.dbt.project import without_comments
from pipelines.catalogue.fields import Fields
from pipelines.catalogue.load import Catalogue
from pipelines.sql import literal

DECLARED = ("organisation", "reference", "catalogue")  # schemas of the warehouse that no delivery fills
LITERAL = re.compile(r"'((?:[^']|'')*)'")
PLACE = re.compile(r"\{\w+\}")
NUMBER = re.compile(r"\d{1,4}")  # an age, a rank, a year: not a telephone number or a NIR
BESIDE = " \u00a0\u202f:"  # between a place and the words next to it
LIST = ", "  # between the words of a list
Sentence = tuple[str, str, str]  # how a sentence with places begins and ends, and its regular expression


@dataclass(frozen=True)
class Words:
    """Every declared word, and every declared sentence with places for words. Case does not matter."""

    words: frozenset[str]  # in lower case
    fields: Fields = field(default_factory=Fields)

    def unknown(self, table: str, column: str, texts: Iterable[str]) -> list[str]:
        """Those of ``texts`` that nobody declared."""
        said = self.fields.of(table, column)
        if said and said.public:
            return []
        own = _small(said.words) if said else frozenset()
        sentences = [*self._sentences, *_sentences(own)]
        return sorted(text for text in texts if not self._is_known(text.strip().casefold(), own, sentences))

    def _is_known(self, text: str, own: frozenset[str], sentences: list[Sentence]) -> bool:
        if not text or text in self.words or text in own or all(part in self.words for part in text.split(LIST)):
            return True
        for start, end, pattern in sentences:
            if text.startswith(start) and text.endswith(end) and (found := re.fullmatch(pattern, text)):
                if all(map(self._is_word, found.groups())):
                    return True
        return self._is_made_of_words(text)

    def _is_word(self, text: str) -> bool:
        return text in self.words or bool(NUMBER.fullmatch(text))

    def _is_made_of_words(self, text: str) -> bool:
        """True for what a model writes around numbers: « de 25 à 29 ans »."""
        around = [part for part in NUMBER.split(text) if part]
        return any(part.strip().isalpha() for part in around) and all(part in self.words for part in around)

    @functools.cached_property
    def _sentences(self) -> list[Sentence]:
        return _sentences(self.words)


def _sentences(words: Iterable[str]) -> list[Sentence]:
    """The sentences among ``words``; once for those that differ only by the names of their places."""
    forms = {tuple(PLACE.split(word)) for word in words if PLACE.search(word)}
    return [(form[0], form[-1], "(.+?)".join(map(re.escape, form))) for form in forms]


def _small(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(text.casefold() for text in texts)


def declared_words(db: Any, catalogue: Catalogue) -> Words:
    """Those in effect; ``db`` has the warehouse as its catalog ``source``."""
    found = [*_of_warehouse(db), *_of_declarations(catalogue), *_of_models(catalogue)]
    return Words(_small(found) - {""}, catalogue.fields)


def _of_warehouse(db: Any) -> Iterator[str]:
    listed = ", ".join(map(literal, DECLARED))
    for schema, table, column in db.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where database_name = 'source' "
        f"and data_type = 'VARCHAR' and schema_name in ({listed})"
    ).fetchall():
        found = db.execute(f'select distinct "{column}" from source.{schema}."{table}" where "{column}" is not null')
        yield from (text for (text,) in found.fetchall())


def _of_declarations(catalogue: Catalogue) -> Iterator[str]:
    """Every text in the declarations of systems, shapes, figures and chapters, and what sentences say around their places."""
    figures = catalogue.figures_declared
    for overlay in (
        catalogue.systems,
        catalogue.shapes,
        figures.figures,
        figures.families,
        catalogue.chapters_declared,
    ):
        for thing in overlay:
            for text in _texts_within(thing.data):
                yield from (text, *(part.strip(BESIDE) for part in PLACE.split(text)))
    for system, table in catalogue.registry.tables():
        yield from (table.name, f"{system.system}/{table.name}")
    for declared in catalogue.figures.by_code.values():
        yield declared.domaine


def _texts_within(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from (str(key), *_texts_within(value))
    elif isinstance(data, list):
        for value in data:
            yield from _texts_within(value)


def _of_models(catalogue: Catalogue) -> Iterator[str]:
    """The texts that models write themselves."""
    macros = (thing.data for thing in catalogue.project.macros)
    for sql in {*model_texts(catalogue).values(), *all_models(catalogue).values(), *macros}:
        yield from (text.replace("''", "'") for text in LITERAL.findall(without_comments(sql)))


def texts_of(db: Any, catalog: str, schema: str, table: str) -> dict[str, list[str]]:
    """Column of text → the texts that it holds."""
    source = f'{catalog}.{schema}."{table}"'
    # not from the catalog, which is slow with many tables
    columns = [name for name, kind, *_ in db.execute(f"from {source} limit 0").description if str(kind) == "VARCHAR"]
    return {
        column: [
            text
            for (text,) in db.execute(
                f'select distinct "{column}" from {source} where "{column}" is not null'
            ).fetchall()
        ]
        for column in columns
    }
