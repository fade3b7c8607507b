"""Decides how a delivered file is named wherever it is mentioned, since the name of a file may be that of a person.

If the names of an export's files may contain a person's (``nominative``), a file is shown as the beginning of its SHA-256
in the declared pattern. A file that no export takes is shown as its SHA-256 and its extension.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from pipelines.catalogue.source_grammar import Export

DIGITS = 12
KINDS = {
    *(".csv", ".dsn", ".edi", ".json", ".log", ".ods", ".tsv", ".txt", ".xls", ".xlsm", ".xlsx", ".xml", ".zip"),
    *(".doc", ".docx", ".eml", ".jpeg", ".jpg", ".msg", ".odt", ".pdf", ".png"),
}
WILDCARDS = re.compile(r"(?:[*?]|\[[^]]*\])+")


def shown_name(export: Export, name: str, sha256: str) -> str:
    """The name under which a file of an export enters the ledger, the lake, messages and what is published."""
    if not export.nominative:
        return in_utf8(name)
    before, *others = WILDCARDS.split(export.files.removeprefix("/"))
    return "".join([before, *([sha256[:DIGITS]] if others else []), *others])


def in_utf8(name: str) -> str:
    """The name of a file as text: bytes that are not UTF-8 are replaced by their number."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def shown_names(export: Export, files: Sequence[tuple[str, str]]) -> list[str]:
    """Those of a delivery, from (name, SHA-256): the same bytes twice are distinguished by rank."""
    names: list[str] = []
    for name, sha256 in files:
        shown = shown_name(export, name, sha256)
        twice = sum(one == shown or one.startswith(f"{shown} (") for one in names) if export.nominative else 0
        names.append(f"{shown} ({twice + 1})" if twice else shown)
    return names


def anonymous_name(name: str, sha256: str) -> str:
    """The name of a file that no declaration takes, of a member of an archive whose names are not shown, or of a link.

    What follows its last point is shown only if it is a known kind of file: it may be the end of a name (« M. Durand
    »).
    """
    kind = PurePosixPath(name).suffix
    return f"{sha256[:DIGITS]}{kind if kind.casefold() in KINDS else ''}"
