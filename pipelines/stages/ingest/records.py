"""What every reader gives: the records of one table of one file, as text, with their lines and an independent count."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Records:
    """One table of one file, not yet typed.

    ``path`` is a UTF-8 CSV without header, comma separated, cells quoted with ``"``. Its first column is the physical
    line of each record when ``first_line`` is None; otherwise records are consecutive from ``first_line`` on, one a line
    below the ``skip`` first ones. ``read`` counts every record of the file, found independently of what is in ``path``.
    """

    path: Path
    columns: list[str]
    first_line: int | None
    read: int
    ignored: list[tuple[int, str]] = field(default_factory=list)
    delimiter: str = ","
    skip: int = 0  # physical lines of ``path`` that are title and header
    misshapen: list[tuple[int, int]] = field(default_factory=list)  # (line, number of cells) of refused records
