"""What looks like records in a document, and that no table of its export reads.

Readers count every list of a document by its path; what its tables read, and what only leads there, is taken away here.
"""

from collections.abc import Iterable, Mapping

from pipelines.catalogue.declarations import Table

MOST_NAMES = 1000  # of lists: a document that names each its own way is none of lists


def unread_lists(lists: Mapping[str, int], tables: Iterable[Table], exercice: int, mark: str) -> dict[str, int]:
    """Path → how many elements, of the outermost lists that none of the tables reads, nor finds its records in."""
    places = [((table.records or "").strip("/"), table.columns_of(exercice)) for table in tables]
    kept: dict[str, int] = {}
    for path in sorted(lists, key=len):
        is_read = any(_is_read(path, records, headings, mark) for records, headings in places)
        if not is_read and not any(path.startswith(outer + mark) for outer in kept):
            kept[path] = lists[path]
    return {path: count for path, count in lists.items() if path in kept}


def _is_read(path: str, records: str, headings: Iterable[str], mark: str) -> bool:
    """True of the records, of what leads to them, and of what a heading takes of one."""
    if f"{records}{mark}".startswith(path + mark):
        return True
    if records and not path.startswith(records + mark):
        return False
    inside = path[len(records) + 1 if records else 0 :] + mark
    return any(
        heading == "." or inside.startswith(heading + mark) or heading.startswith(inside) for heading in headings
    )
