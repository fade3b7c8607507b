"""``textes``: the texts that services typed and that wait to be read before they are public; approve them."""

import re
from decimal import Decimal

import click

from pipelines.cli.arguments import year_argument
from pipelines.cli.output import echo, note, title
from pipelines.cli.session import Session, on_home
from pipelines.french import agreed, how_many
from pipelines.ledger.workspace import Workspace
from pipelines.stages.publish.secret.readings import Listed, typed_texts

ALL = "all"


@click.command()
@year_argument
@click.option(
    "--approve", "chosen", metavar="N,N-N", help=f"Les numéros, dans la liste, de ceux qui ont été lus ; {ALL} : tous."
)
@click.option(
    "--by", metavar="NOM", help="Qui les a lus et les approuve : une personne déclarée dans organisation.yml."
)
@on_home
def textes(session: Session, year: int, chosen: str | None, by: str | None) -> None:
    """Les textes que les services ont écrits dans leurs outils et que le profil public de l’EXERCICE attend : à relire.

    Une ligne qui a un tel texte n’est publique qu’une fois ce texte lu et approuvé (--approve, avec --by) : aucun nom, rien qui
    désigne une personne. L’approbation vaut pour ce texte, à cette place (table, colonne, exercice) : s’il change, il est de
    nouveau à relire, lui seul.
    """
    if (chosen is None) != (by is None):
        raise click.UsageError("--approve va avec --by : qui a lu ces textes")
    if not session.home.warehouse.exists():
        raise click.UsageError(
            f"rien n’est encore construit, et les textes en viennent : `{session.command} run {year}`"
        )
    if chosen is None or by is None:
        with session.ledger() as ledger:
            _show(session, year, typed_texts(session.work(ledger), year))
        return
    person = session.organisation.person(by).nom
    with session.writing() as ledger:
        found = typed_texts(session.work(ledger), year)
        read = [
            one
            for number, one in enumerate(found, start=1)
            if number in _numbers(chosen, len(found)) and not one.is_read
        ]
        ledger.record_readings([one.typed.reading for one in read], person)
    title(f"textes de {year}", session.organisation)
    for one in read:
        echo(f"  {_place(one)} : {one.typed.text}")
    echo(f"{how_many(len(read), 'texte approuvé|textes approuvés')} par {person}.")
    if read:
        note(f"Pour que leurs lignes soient publiques : {session.command} run {year}")


def approve_all(work: Workspace, years: list[int], person: str) -> None:
    """Enter that a person has read every text of these years."""
    texts = {one.typed.reading for year in years for one in typed_texts(work, year) if not one.is_read}
    work.ledger.record_readings(sorted(texts), person)


def _numbers(chosen: str, last: int) -> set[int]:
    """The numbers that ``all`` or ``3,5-8`` chooses. Raises UsageError for what is no number of the list."""
    if chosen == ALL:
        return set(range(1, last + 1))
    numbers: set[int] = set()
    for part in chosen.replace(" ", "").split(","):
        bounds = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if not bounds:
            raise click.BadParameter(
                f"« {part} » n’est pas un numéro, comme 3 ou 5-8 ({ALL} : tous)", param_hint="--approve"
            )
        first, end = int(bounds[1]), int(bounds[2] or bounds[1])
        if not 1 <= first <= end <= last:
            raise click.BadParameter(
                f"« {part} » n’est pas dans la liste, qui va de 1 à {last}", param_hint="--approve"
            )
        numbers |= set(range(first, end + 1))
    return numbers


def _show(session: Session, year: int, found: list[Listed]) -> None:
    title(f"textes de {year}", session.organisation)
    # reading a text does not change the number of another
    waiting = [(number, one) for number, one in enumerate(found, start=1) if not one.is_read]
    for number, one in waiting:
        echo(f"{number:>5}  {_place(one)}\n       {one.typed.text}")
    left, read = Decimal(len(waiting)), Decimal(len(found) - len(waiting))
    echo(f"{left} {agreed('textes', left)} à relire, {read} {agreed('relus', read)}.")


def _place(one: Listed) -> str:
    """``rpt_projets__liste.titre, Pôle 2, Rang 1``."""
    more = f" et {how_many(one.lines - 1, 'autres')}" if one.lines > 1 else ""
    row = f", {one.row}" if one.row else ""
    return f"{one.typed.table}.{one.typed.column}{row}{more}"
