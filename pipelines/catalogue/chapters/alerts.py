"""What alarms in the published rows (``alertes.yml``): which rows, how they are said, and which text of the year explains each.

What belongs here: what the stage that prints such a row and the one that finds it without its text must agree on.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import Field as PydanticField

from pipelines import french
from pipelines.catalogue.chapters.grammar import Table
from pipelines.catalogue.declarations import Declared, Name

FOLDER = "alertes"  # of contenu/<exercice>


class Alerte(Declared):
    """The rows of a table of ``rapport`` that alarm.

    - ``quand``: SQL condition over its columns; what is hidden or missing does not alarm.
    - ``cle``: the columns that tell the rows of an exercice apart.
    - ``dit``: what the row is printed as, ``{column}`` replaced.
    """

    table: Table
    quand: str
    cle: list[Name] = PydanticField(min_length=1)
    dit: str

    def select(self, source: str) -> str:
        """The SQL of the rows of ``source`` (a table, or what reads its file) that alarm, in one order."""
        return f"select * from {source} where ({self.quand}) order by exercice, {', '.join(self.cle)}"

    def said(self, row: dict[str, Any]) -> str:
        """A row as it is printed."""
        return self.dit.format(**{name: _printed(value) for name, value in row.items()})

    def note(self, name: str, row: dict[str, Any]) -> Path:
        """The text that explains a row, from ``contenu/``; ``name`` is that of the alert."""
        key = french.plain("-".join([name, *(str(row[column]) for column in self.cle)]))
        return Path(str(row["exercice"])) / FOLDER / f"{key}.md"


def _printed(value: Any) -> Any:
    return french.exact(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value
