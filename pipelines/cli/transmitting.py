"""``report``, ``acts``, ``transmit``: a year's report, the acts that go with it, and what is sent to each member."""

import datetime as dt
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli.arguments import FOLDER, Day, year_argument
from pipelines.cli.exporting import profile_option
from pipelines.cli.output import echo, note, title
from pipelines.cli.session import Session, on_home, refusing, shown
from pipelines.evidence.misprinted import against
from pipelines.french import day, enumeration
from pipelines.ledger.closing import close, seal_of
from pipelines.ledger.frozen import version_of
from pipelines.ledger.store import now
from pipelines.publication import EDITIONS, FOLDERS, INTERNE, LETTER, PROFILES
from pipelines.runs.transmit import CannotTransmit, enter_sending, prepare
from pipelines.stages.report.acts import acts as drafts
from pipelines.stages.report.acts import is_untouched
from pipelines.stages.report.tables import read_publication
from pipelines.stages.report.write import FORMATS, edition_of, write_report

if TYPE_CHECKING:
    from pipelines.runs.transmit import Transmission


@click.command()
@year_argument
@click.option(
    "--profile", type=click.Choice(PROFILES), default=INTERNE, show_default=True, help="Ce que le lecteur peut voir."
)
@click.option(
    "--formats",
    default=",".join(FORMATS),
    show_default=True,
    metavar="LISTE",
    help="Parmi html, pdf, docx (Word), odt (LibreOffice) et xlsx (classeur).",
)
@click.option("--output", type=FOLDER, metavar="DOSSIER", help="Le dossier où écrire.")
@on_home
def report(session: Session, year: int, profile: str, formats: str, output: Path | None) -> None:
    """Écrire le rapport de l’EXERCICE, avec une page par collectivité, depuis les tables publiées et les textes du
    dossier.

    Il va dans reports/EXERCICE/PROFIL ; `millesime run` publie celui du dernier exercice avec ses tables.
    """
    chosen = [name.strip() for name in formats.split(",")]
    if wrong := [name for name in chosen if name not in FORMATS]:
        raise click.BadParameter(f"« {wrong[0]} » n’est pas l’un de {', '.join(FORMATS)}", param_hint="--formats")
    tables = _published(session, profile, year)
    folder = output or session.home.reports / str(year) / profile
    started = time.monotonic()
    with session.writing() as ledger:
        version = version_of(session.home, ledger, year, session.home.published, profile)
        edition = edition_of(ledger, tables, profile, ledger.last_publication()["build"], version)
        files = write_report(session.home, session.organisation, edition, tables, folder, year, profile, chosen)
        if output is None:
            close(session.home, ledger, folder, files)
    title(f"rapport de {year}, {profile}, {edition.name}", session.organisation)
    for path in files:
        if path.parent == folder:
            echo(f"  {shown(path)}")
    note(f"{len(files)} fichiers en {time.monotonic() - started:.0f} s")
    model = json.loads((folder / "modele.json").read_text(encoding="utf-8"))
    for _, guard, passage in against(session.catalogue.guards, model, tables / "rapport"):
        note(f"À reprendre avant de figer : {guard.dit} ({passage.place} : « {passage.text} »)")


@click.command()
@year_argument
@profile_option
@click.option("--output", type=FOLDER, metavar="DOSSIER", help="actes/EXERCICE sinon.")
@on_home
def acts(session: Session, year: int, profile: str, output: Path | None) -> None:
    """Écrire le projet de délibération « prend acte » de l’EXERCICE et un courrier à chaque collectivité, chiffres en
    place.

    Les modèles sont catalogue/report/texte/actes/*.md ; ceux du dossier remplacent ceux qui sont livrés. Ce qui est
    entre crochets est à compléter.
    """
    tables = _published(session, profile, year)
    folder = output or session.home.acts / str(year)
    with session.writing() as ledger:
        version = version_of(session.home, ledger, year, session.home.published, profile)
        edition = edition_of(ledger, tables, profile, ledger.last_publication()["build"], version)
        visas = next((row["visas"] for row in ledger.all_rows("releases") if row["release"] == edition.name), {})
        title(f"actes de {year}, {edition.name}", session.organisation)
        with read_publication(tables, year, profile) as publication:
            seal = seal_of(session.home, ledger, edition.name)
            about = (session.catalogue, session.organisation, edition, session.home.contenu)
            made = dict(drafts(publication, *about, visas.get("approved_by", ""), seal=seal))
        for name, content in made.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and not is_untouched(path.read_bytes()):
                note(
                    f"Attention : {shown(path)} a été modifié, et est gardé tel qu’il est ; le supprimer pour le refaire"
                )
                continue
            path.write_bytes(content)
            echo(f"  {shown(path)}")
        if output is None:
            close(session.home, ledger, folder, [folder / name for name in made])
    note(
        f"Les courriers sont à relire ; ceux qui partent s’écrivent avec `{session.command} transmit {year}`, une fois l’exercice figé."
    )


@click.command()
@year_argument
@profile_option
@click.option("--sent", type=Day(), metavar="AAAA-MM-JJ", help="Enregistrer que tout est parti ce jour-là.")
@click.option("--by", metavar="VOIE", help="La voie : courriel, remise en main propre… Avec --sent.")
@click.option(
    "--to",
    multiple=True,
    metavar="COLLECTIVITÉ",
    help="Envoi à cette seule collectivité ; peut être répété. Avec --sent.",
)
@on_home
@refusing(CannotTransmit)
def transmit(
    session: Session, year: int, profile: str, sent: dt.datetime | None, by: str | None, to: tuple[str, ...]
) -> None:
    """Préparer un dossier par collectivité, depuis la version figée de l’EXERCICE : rapport, page, comptes, courrier,
    empreintes.

    Édition publique, sauf --profile interne. Un courrier déjà là est gardé. Avec --sent et --by, le registre garde la
    date, la voie et l’empreinte de tout ce qui est parti ; la page d’audit le montre (CGCT, art. L. 5211-39).
    """
    if (sent is None) != (by is None) or (by is not None and not by.strip()):
        raise click.UsageError("--sent va avec --by, qui dit comment : --sent 2021-09-14 --by courriel")
    if to and sent is None:
        raise click.UsageError("--to va avec --sent : un dossier se prépare pour chaque collectivité")
    with session.writing() as ledger:
        work = session.work(ledger)
        if sent is None or by is None:
            _show(session, prepare(work, year, profile))
            return
        done = enter_sending(work, year, profile, sent.date().isoformat(), by.strip(), now()[:10], to)
    whom, edition = enumeration([member.nom for member in done.members]), EDITIONS[profile]
    echo(
        f"Enregistré : {done.release}, édition {edition}, envoyée le {day(sent.isoformat())} par {by.strip()} à {whom}."
    )


def _published(session: Session, profile: str, year: int) -> Path:
    """The tables of a profile. Raises UsageError when there are none."""
    tables = session.home.published / FOLDERS[profile]
    if not (tables / "rapport").exists():
        raise click.UsageError(f"rien n’est publié sous le profil {profile} : `{session.command} run {year}`")
    return tables


def _show(session: Session, done: "Transmission") -> None:
    """The folders, what is missing, what is left to do."""
    title(f"envoi de {done.release}, édition {EDITIONS[done.profile]}", session.organisation)
    for member in done.members:
        echo(f"  {member.nom}")
    echo(f"\nDossiers : {shown(done.folder)}")
    if done.kept:
        note(f"Courriers modifiés, gardés tels qu’ils sont : {', '.join(done.kept)}")
    if not done.has_accounts:
        note(
            "Attention : la version ne garde aucun compte administratif ni compte financier unique : le joindre à la main"
        )
    option = "" if done.profile == "public" else f" --profile {done.profile}"
    note(
        f"Compléter et signer chaque {LETTER} de ces dossiers (ceux du dossier {shown(session.home.acts)} ne partent pas), envoyer, puis :\n"
        f"  {session.command} transmit {done.exercice}{option} --sent AAAA-MM-JJ --by courriel\n"
        "--to COLLECTIVITÉ, pour celles qui partent un autre jour ou autrement"
    )
