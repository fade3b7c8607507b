"""How results and diagnostics look: tables, CSV, JSON, progress.

All output of a command passes through here: no cell or file name can control the terminal that shows it, since control
characters are replaced by their number. A result goes to standard output, the rest to standard error. CSV is made to
open by a double click in a French spreadsheet (UTF-8 with a byte order mark, ``;``, decimal comma), and a supplier's
text never becomes a formula in it.
"""

import csv
import datetime as dt
import io
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from pipelines.characters import told, visible
from pipelines.settings import columns_are_told, log_is_json
from pipelines.spreadsheet import french_cell

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines.catalogue.organisation import Organisation

MARK = "DÉMONSTRATION"  # printed on all output about a demonstration home
PIPE_WIDTH = 200  # columns for tables when there is no terminal, unless COLUMNS says otherwise
LEVELS = {"Erreur": "error", "Attention": "warning"}  # how a diagnostic begins, and its severity
ROOM = 12  # columns always left to a text that may wrap over several lines
NARROWEST = 80  # every table fits it; a narrower terminal wraps lines by itself

# Words that a terminal shows in colour; colour alone never carries meaning.
STYLES = {
    "reçu": "green",
    "déposé": "yellow",
    "partiel": "yellow",
    "alerte": "yellow",
    "refusé": "red",
    "en retard": "red",
    "manquant": "red",
    "bloquant": "red",
}

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv", "json"]),
    default="text",
    show_default=True,
    help="csv s’ouvre dans un tableur français ; json garde les valeurs exactes.",
)
json_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json : pour un programme.",
)


@dataclass(frozen=True)
class ShownColumn:
    """A column of a table: the name of its cells in the rows, and its heading."""

    name: str
    heading: str
    right: bool = False
    folds: bool = False  # a text that may wrap over several lines


def console() -> "Console":
    """Standard output, without markup, since a supplier's brackets are text."""
    from rich.console import Console

    screen = Console(markup=False, highlight=False, emoji=False)
    is_told = sys.stdout.isatty() or columns_are_told()
    screen.width = max(screen.width, NARROWEST) if is_told else PIPE_WIDTH
    return screen


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """A text of a result."""
    click.echo(printable(text), err=err, nl=nl)


def note(message: str) -> None:
    """A diagnostic, as a text or as one JSON object (``MILLESIME_LOG``)."""
    if log_is_json():
        message = message.strip()
        kind = next((level for begins, level in LEVELS.items() if message.startswith(begins)), "info")
        message = json_text(
            {"time": dt.datetime.now(dt.UTC).isoformat(), "level": kind, "message": message}, indent=None
        )
    echo(message, err=True)


def printable(text: str) -> str:
    """Text without anything that could control a terminal; line ends and tabs stay."""
    return visible(text).replace("\r", told("\r"))


def write_csv(names: Sequence[str], rows: Sequence[Mapping[str, Any]], organisation: "Organisation") -> None:
    """Rows as CSV; the last column says DÉMONSTRATION when the rows are invented."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([*names, "mention"])
    mention = MARK if organisation.demonstration else ""
    for row in rows:
        cells = map(row.get, names)
        told = [french_cell(printable(cell) if isinstance(cell, str) else cell) for cell in cells]
        writer.writerow([*told, mention])
    click.get_binary_stream("stdout").write(("\ufeff" + text.getvalue()).encode("utf-8"))


def write_json(data: Mapping[str, Any], organisation: "Organisation") -> None:
    """One object, with the organisation it is about."""
    head = {"organisation": organisation.sigle, "demonstration": organisation.demonstration}
    echo(json_text({**head, **data}))


def json_text(data: Mapping[str, Any], indent: int | None = 1) -> str:
    """An object as JSON: values are exact, and anything that could control a terminal is escaped the JSON way."""
    text = json.dumps(data, ensure_ascii=False, indent=indent, default=_json_value)
    return visible(text, lambda character: json.dumps(character)[1:-1])


def _json_value(value: Any) -> Any:
    """A decimal remains a number: at most fifteen digits, which a double holds exactly."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(type(value).__name__)


def title(text: str, organisation: "Organisation") -> None:
    """The first line of a result."""
    mention = f" — {MARK}" if organisation.demonstration else ""
    console().print(printable(f"{organisation.sigle} · {text}{mention}"), style="bold")


def table(columns: Sequence[ShownColumn], rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as a table, at most as wide as the screen and with nothing cut off; nothing when there are none."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    screen = console()
    cells = [[row.get(column.name) for column in columns] for row in rows]
    lines = [["" if cell is None else printable(str(cell)) for cell in line] for line in cells]
    long, width = _longest(columns, lines, screen.width)
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True, header_style="bold")
    for column in columns:
        justify = "right" if column.right else "left"
        grid.add_column(column.heading, justify=justify, overflow="fold", no_wrap=not column.folds)
    for line in lines:
        texts = [_folded(text, width) if rank == long else text for rank, text in enumerate(line)]
        grid.add_row(*(Text(text, style=STYLES.get(text, "")) for text in texts))
    if rows:
        with screen.capture() as drawn:
            screen.print(grid)
        # its cells are printable, and its colours are ours
        click.echo(re.sub(r" +$", "", drawn.get(), flags=re.MULTILINE), nl=False)


def _longest(shown: Sequence[ShownColumn], lines: Sequence[Sequence[str]], screen: int) -> tuple[int, int]:
    """The rank of the column with the longest names, and the width that the others leave it."""
    widths = [max(map(len, (one.heading, *texts))) for one, *texts in zip(shown, *lines, strict=True)]
    rigid = [0 if one.folds or one.right else width for one, width in zip(shown, widths, strict=True)]
    long = rigid.index(max(rigid))
    others = [min(width, ROOM) if one.folds else width for one, width in zip(shown, widths, strict=True)]
    return long, max(screen - 2 * (len(shown) - 1) - sum(others) + others[long], ROOM)


def _folded(text: str, width: int) -> str:
    """A name over as many lines as it needs, broken between its parts."""
    lines = [""]
    for part in re.findall(rf"[^/_.: ]{{1,{width - 1}}}[/_.: ]*|[/_.: ]+", text):
        if len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def pairs(said: Sequence[tuple[str, str]]) -> None:
    """Names and descriptions in two columns, or one under the other if they do not fit."""
    width, screen = max((len(thing) for thing, _ in said), default=0), console().width
    fits = all(width + len(what) + 4 <= screen for _, what in said)
    for thing, what in said:
        echo(f"  {thing:<{width}}  {what}" if fits else f"  {thing}\n      {what}")


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show what a long task is doing and for how long: one changing line on a terminal, one line per step elsewhere."""
    began = time.monotonic()
    if log_is_json():
        yield note
    elif not sys.stderr.isatty():
        yield lambda step: echo(f"{time.monotonic() - began:4.0f} s  {step}", err=True)
    else:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        screen = Console(stderr=True, markup=False, highlight=False)
        shown = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
        with Progress(*shown, console=screen, transient=True) as line:
            task = line.add_task("démarrage", total=None)
            yield lambda step: line.update(task, description=printable(step))
