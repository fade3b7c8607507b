"""``contenu``: export the texts of a year to a document, import them again, show the state of each; ``textes``: those that
services typed in their tools, and that wait to be read before they are public."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli.arguments import FILE, GIVEN_FILE, year_argument
from pipelines.cli.output import echo, note, title
from pipelines.cli.session import Session, on_home, shown
from pipelines.did_you_mean import suggestion
from pipelines.disk import written_whole
from pipelines.evidence.progress_of_texts import STATES, VALIDATED, text_states
from pipelines.french import agreed, how_many, moment
from pipelines.ledger.workspace import Workspace
from pipelines.publication import INTERNE
from pipelines.stages.publish.secret.readings import Listed, typed_texts
from pipelines.stages.report.exchange import (
    KINDS,
    NoManuscript,
    numbers_of,
    opened,
    read_back,
    texts_document,
    values_of,
)
from pipelines.stages.report.model import editor_of
from pipelines.stages.report.tables import read_publication
from pipelines.stages.report.texts import comments_of, declared_texts, texts_of

if TYPE_CHECKING:
    from pipelines.evidence.progress_of_texts import TextState
    from pipelines.stages.report.exchange import ReadBack
    from pipelines.stages.report.model import Editor


@click.group()
def contenu() -> None:
    """Les textes d’un exercice (contenu/EXERCICE) : les envoyer à leurs auteurs dans Word ou LibreOffice, les reprendre,
    suivre leur avancement."""


@contenu.command("export", short_help="Écrire les textes d’un exercice dans un document Word ou LibreOffice.")
@year_argument
@click.option(
    "--output", type=FILE, metavar="FICHIER", help="Un .docx ou un .odt ; par défaut textes_EXERCICE.docx, ici."
)
@on_home
def export_texts(session: Session, year: int, output: Path | None) -> None:
    """Écrire un document des textes de l’EXERCICE, une section par texte, ceux qui restent à écrire compris.

    Un chiffre y est un lien, un texte conditionnel y est montré tel qu’il est imprimé.
    """
    file = output or Path(f"textes_{year}.docx")
    if file.exists():
        raise click.UsageError(f"{file} existe : ses changements seraient perdus ; le déplacer, ou donner --output")
    kind = file.suffix.removeprefix(".").lower()
    if kind not in KINDS:
        raise click.UsageError(f"{file} n’est ni un .docx (Word) ni un .odt (LibreOffice)")
    with _editing(session, year) as editor:
        chapters = session.catalogue.chapters
        texts = texts_of(editor.contenu, declared_texts(editor, chapters), comments_of(editor, chapters))
        file.write_bytes(texts_document(editor, texts, kind))
    title(f"textes de {year}", session.organisation)
    for text in texts:
        echo(f"  {text.path}{' (à écrire)' if text.source is None else ''}")
    echo(f"Écrit {shown(file)}. Au retour : {session.command} contenu import {file}")


@contextmanager
def _editing(session: Session, year: int) -> "Iterator[Editor]":
    """Who builds the report of a year, from what is published."""
    if not (session.home.published / "rapport").exists():
        raise click.UsageError(
            f"rien n’est publié, et les chiffres des textes en viennent : `{session.command} run {year}`"
        )
    with read_publication(session.home.published, year, INTERNE) as publication:
        yield editor_of(publication, session.catalogue, session.organisation, session.home.contenu)


@contenu.command("import", short_help="Reprendre les textes d’un document Word ou LibreOffice.")
@click.argument("file", metavar="FICHIER", type=GIVEN_FILE)
@click.option(
    "--link", is_flag=True, help="Faire un chiffre de chaque nombre tapé qui est celui d’un seul du chapitre."
)
@on_home
def import_texts(session: Session, file: Path, link: bool) -> None:
    """Reprendre les textes du document FICHIER (.docx, .odt), que `millesime contenu export` a écrit et que leurs auteurs
    ont changé.

    Tout est repris, ou rien : ce qu’un texte ne peut pas contenir (note, chiffre retapé, image sans texte de
    remplacement) est refusé, avec son emplacement, de même qu’un texte qui a changé depuis. Code de sortie 1. Les
    modifications suivies sont acceptées, les commentaires et les nombres tapés à la main sont signalés.
    """
    try:
        document = opened(file)
        session.exercice(document.exercice)
        with _editing(session, document.exercice) as editor:
            values = values_of(editor, session.catalogue.chapters)
            found = read_back(document, session.home.contenu, values, link=link)
    except NoManuscript as error:
        raise click.UsageError(str(error)) from None
    for said in found.told:
        note(f"· {said}")
    for one in found.refused:
        note(f"✗ {one.place} : {one.reason}")
        for line in one.versions:
            note(f"    {line}")
    if found.refused:
        raise click.ClickException("rien n’est repris tant que le document contient ce qui est dit ci-dessus")
    _write(session.home.contenu / str(found.exercice), found)
    title(f"textes de {found.exercice}", session.organisation)
    for path in found.changed:
        echo(f"  {path} : repris")
    for path in found.absent:
        echo(f"  {path} : absent du document, laissé tel quel")
    taken, same = Decimal(len(found.changed)), Decimal(len(found.unchanged))
    echo(f"{taken} {agreed('textes', taken)} repris, {same} {agreed('inchangés', same)}.")
    if found.changed:
        note(f"Ce qui est repris est à valider : {session.command} contenu etat {found.exercice}")


def _write(folder: Path, found: "ReadBack") -> None:
    for path, picture in found.images.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(picture)
    for path, source in found.changed.items():
        with written_whole(folder / path) as out:
            out.write(source)


@contenu.command("etat", short_help="Montrer où en sont les textes, ou l’enregistrer.")
@year_argument
@click.argument("texts", metavar="[TEXTE]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Tous les textes de l’exercice.")
@click.option("--to", "state", type=click.Choice(STATES), help="Où ils en sont maintenant.")
@click.option("--by", metavar="NOM", help="Qui le dit : une personne déclarée dans organisation.yml.")
@on_home
def state_of_texts(
    session: Session, year: int, texts: tuple[str, ...], every: bool, state: str | None, by: str | None
) -> None:
    """Montrer où en est chaque texte de l’EXERCICE (rédigé, relu, validé), qui l’a dit et quand ; avec --to, le dire.

    Un texte qui change ensuite est de nouveau « rédigé ». Une version n’est figée que lorsque chaque texte est validé,
    ou qu’une décision dit pourquoi il ne l’est pas.
    """
    if state is None:
        if texts or every or by:
            raise click.UsageError("dire où en sont ces textes : --to rédigé, relu ou validé")
        with session.ledger() as ledger:
            _show_states(session, year, text_states(session.home, ledger, year))
        return
    if by is None:
        raise click.UsageError("dire qui le dit : --by NOM")
    person = session.organisation.person(by).nom
    with session.writing() as ledger:
        known = {one.text: one for one in text_states(session.home, ledger, year)}
        if every == bool(texts):
            raise click.UsageError("nommer des textes, ou --all pour tous")
        for name in texts:
            if name not in known:
                raise click.UsageError(f"aucun texte « {name} »{suggestion(name, known)}")
        for one in [known[name] for name in texts or known]:
            ledger.record_text(year, one.text, one.sha256, state, person)
        _show_states(session, year, text_states(session.home, ledger, year))


def _show_states(session: Session, year: int, states: "list[TextState]") -> None:
    title(f"textes de {year}", session.organisation)
    for one in states:
        said = f" par {one.by}, {moment(one.at)}" if one.by and one.at else ""
        echo(f"  {one.state:<7} {one.text}{said}")
        source = (session.home.contenu / str(year) / one.text).read_text(encoding="utf-8")
        if typed := list(dict.fromkeys(numbers_of(source))):
            echo(f"          chiffres écrits à la main : {' ; '.join(typed)}")
    done = Decimal(sum(one.state == VALIDATED for one in states))
    echo(f"{done} {agreed('textes', done)} {agreed('validés', done)} sur {len(states)}.")


# textes -----------------------------------------------------------------------------------------------------

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
            _show_typed(session, year, typed_texts(session.work(ledger), year))
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


def _show_typed(session: Session, year: int, found: list[Listed]) -> None:
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
