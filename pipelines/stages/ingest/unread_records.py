"""Finds what looks like records in a document but is read by no table of its export.

Readers count every list of a document by its path; this module removes those that the tables read, or that lead to them.
"""

from collections.abc import Iterable, Iterator, Mapping

from pipelines.catalogue.headings import climbed
from pipelines.catalogue.source_grammar import Table

MOST_NAMES = 1000  # list names; a document that gives each element its own name has no lists


def unread_lists(lists: Mapping[str, int], tables: Iterable[Table], exercice: int, mark: str) -> dict[str, int]:
    """Path → how many elements, for the outermost lists that no table reads and in which none finds its records."""
    read = [path for table in tables for path in _read_by(table, exercice, mark)]
    kept: dict[str, int] = {}
    for path in sorted(lists, key=len):
        is_read = any(f"{one}{mark}".startswith(path + mark) for one, _ in read) or any(
            is_whole and f"{path}{mark}".startswith(f"{one}{mark}".lstrip(mark)) for one, is_whole in read
        )
        if not is_read and not any(path.startswith(outer + mark) for outer in kept):
            kept[path] = lists[path]
    return {path: count for path, count in lists.items() if path in kept}


def _read_by(table: Table, exercice: int, mark: str) -> Iterator[tuple[str, bool]]:
    """The paths from the root that a table reads: those of its records and, whole, what each heading takes."""
    records = (table.records or "").strip("/")
    yield records, False
    for heading in table.columns_of(exercice):
        steps, rest = climbed(heading)
        holder = records.split(mark) if records else []
        yield mark.join([*holder[: len(holder) - steps], *([] if rest == "." else [rest])]), True
