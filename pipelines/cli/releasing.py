"""``release``, ``compare``, ``replay``: freeze a year, show what a new release changes, and make a frozen year
again."""

import re
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines import settings
from pipelines.cli.app import BLOCKED, DONE
from pipelines.cli.arguments import complete_releases, year_argument
from pipelines.cli.exporting import copy_to_server, profile_option
from pipelines.cli.output import echo, json_option, note, progress, title, write_json
from pipelines.cli.session import Session, on_home, refusing, shown, typed
from pipelines.french import how_many
from pipelines.publication import DATABASES, FOLDERS, INTERNE, PUBLIC
from pipelines.runs.build import is_proved
from pipelines.runs.release import Anomalies, NotBuilt, Undecided, release_year
from pipelines.runs.replay import CannotReplay
from pipelines.runs.replay import replay as replayed
from pipelines.stages.publish.erratum import erratum
from pipelines.stages.publish.release import FIGURES, CannotRelease, Change, Visas, changes_between, export_tables
from pipelines.stages.publish.secret.public_profile import public_profile

if TYPE_CHECKING:
    from pipelines.runs.release import Released
    from pipelines.runs.replay import Replay


@click.command()
@year_argument
@click.option("--prepared-by", required=True, metavar="NOM", help="Qui l’a préparée.")
@click.option("--reviewed-by", required=True, metavar="NOM", help="Qui l’a relue : une autre personne.")
@click.option("--approved-by", required=True, metavar="NOM", help="Qui l’approuve : une troisième.")
@click.option("--reason", metavar="TEXTE", help="Pourquoi cette version remplace la précédente.")
@json_option
@on_home
@refusing(CannotRelease)
def release(
    session: Session, year: int, prepared_by: str, reviewed_by: str, approved_by: str, reason: str | None, form: str
) -> None:
    """Figer les chiffres et les tables de l’EXERCICE dans releases/EXERCICE-v<n>, avec tout ce dont ils sont faits.

    Code de sortie 1, sans rien figer, tant qu’un constat bloquant, ou à trancher, reste sans décision.
    """
    visas = Visas(prepared_by, reviewed_by, approved_by)
    with session.writing() as ledger:
        try:
            with progress() as say:
                done = release_year(session.work(ledger), year, visas, reason, say)
        except Undecided as error:
            for one in error.findings:
                note(f"{one.finding.id} {one.finding.code} {one.finding.ou} — {one.finding.message}")
            hint = f"`{session.command} decide CONSTAT --because … --by …`"
            raise click.ClickException(f"{error} : {hint}") from None
        except Anomalies as error:
            for problem in error.problems:
                note(f"✗ {problem}")
            raise click.ClickException(str(error)) from None
        except NotBuilt as error:
            raise click.ClickException(f"{error} : `{session.command} run {year}`") from None
    if form == "json":
        more = {"folder": str(session.home.releases / done.name), "erratum": _public_erratum(session, done)}
        write_json({**asdict(done), **more}, session.organisation)
    else:
        _show_released(session, done)
    if server := settings.publication_server():
        copy_to_server(session, server)


def _show_released(session: Session, done: "Released") -> None:
    if done.held:
        note(f"Pas encore publié : {done.held}")
    title(f"{done.name} est figée", session.organisation)
    echo(f"  empreinte  {done.fingerprint}")
    echo(f"  registre   {done.head.entries} {done.head.hash}")
    echo(f"  dossier    {shown(session.home.releases / done.name)}")
    if done.unread:
        unread = f"{how_many(done.unread, 'texte que personne n’a relu|textes que personne n’a relus')}"
        echo(f"  à relire   {unread} : leurs lignes ne sont pas publiques (`{session.command} textes {done.name[:4]}`)")
    if text := _public_erratum(session, done):
        echo()
        echo(text)


def _public_erratum(session: Session, done: "Released") -> str | None:
    """The erratum for the public; None for a first release, or if a version has no public profile."""
    if done.former is None:
        return None
    both = (session.release(name) / FOLDERS[PUBLIC] / FIGURES for name in (done.former, done.name))
    return _erratum(session, done.former, done.name, PUBLIC)[0] if all(file.exists() for file in both) else None


@click.command()
@click.argument("first", metavar="VERSION", shell_complete=complete_releases)
@click.argument("second", required=False, metavar="[VERSION]", shell_complete=complete_releases)
@profile_option
@json_option
@on_home
def compare(session: Session, first: str, second: str | None, profile: str, form: str) -> int:
    """Les chiffres qui diffèrent entre deux versions d’un exercice, rédigés comme dans l’erratum.

    Les nombres de trop peu de personnes n’y sont pas, sauf dans le profil interne. Avec une seule VERSION, elle est
    comparée à l’entrepôt tel qu’il est. Code de sortie 1 quand des chiffres diffèrent.
    """
    text, changed = _erratum(session, first, second, profile)
    if form == "json":
        changes = [
            asdict(one) | {"before": one.written(one.before), "after": one.written(one.after)} for one in changed
        ]
        said = {"first": first, "second": second, "profile": profile, "changes": changes, "erratum": text}
        write_json(said, session.organisation)
    else:
        echo(text)
    return BLOCKED if changed else DONE


def _erratum(session: Session, first: str, second: str | None, profile: str) -> tuple[str, list[Change]]:
    """Print the sentences of the erratum, and return the figures that differ."""
    before, exercice = session.release(first), _exercice(first)
    _refuse_without(before, profile)
    if second is not None:
        if _exercice(second) != exercice:
            raise click.UsageError("les deux versions ne sont pas du même exercice")
        after = session.release(second)
        with session.ledger() as ledger:
            reason = next(row["reason"] for row in ledger.all_rows("releases") if row["release"] == second)
        _refuse_without(after, profile)
        changed = changes_between(before, after, exercice, profile)
        return erratum(exercice, first, second, reason, changed, profile), changed
    with session.ledger() as ledger:  # an erratum is made of nothing but what was built and tested
        if not is_proved(session.work(ledger)):
            raise click.ClickException(
                f"{shown(session.home.warehouse)} n’est pas l’entrepôt qui a été construit et contrôlé : `{session.command} run EXERCICE`"
            )
    with tempfile.TemporaryDirectory(prefix="millesime-compare-") as folder:
        there, database = Path(folder) / FOLDERS[profile], session.home.warehouse
        if profile != INTERNE:
            with session.ledger() as ledger:
                made, findings = public_profile(session.work(ledger), "", there)
            if made is None:
                raise click.ClickException(f"{findings[0].message} : --profile {INTERNE}")
            shutil.rmtree(there / "rapport")
            database = there / DATABASES[PUBLIC]
        export_tables(database, exercice, there)
        changed = changes_between(before, Path(folder), exercice, profile)
    return erratum(exercice, first, None, None, changed, profile), changed


def _refuse_without(release: Path, profile: str) -> None:
    if not (release / FOLDERS[profile] / FIGURES).exists():
        raise click.ClickException(f"la version {release.name} n’a pas de profil public : --profile {INTERNE}")


def _exercice(name: str) -> int:
    found = re.fullmatch(r"(\d{4})-v\d+", name)
    if not found:
        raise click.UsageError(f"« {name} » n’est pas le nom d’une version, comme 2020-v1")
    return int(found[1])


@click.command()
@click.argument("name", metavar="VERSION", shell_complete=complete_releases)
@json_option
@on_home
@refusing(CannotReplay)
def replay(session: Session, name: str, form: str) -> int:
    """Refaire la VERSION depuis les originaux archivés, à côté du dossier, et prouver qu’elle donne les mêmes octets.

    Code de sortie 1 quand ce n’est pas le cas.
    """
    session.release(name)
    with progress() as say:
        result = replayed(session.home, name, say)
    if form == "json":
        write_json({**asdict(result), "identical": result.identical}, session.organisation)
    else:
        _show_replay(session, name, result)
    return DONE if result.identical else BLOCKED


def _maker(session: Session, name: str, made_by: dict[str, Any]) -> str:
    """The version of the program that made a release, and how to install it beside this one."""
    if not made_by:
        return ", qui ne dit pas lequel"
    number, commit = made_by["number"], made_by["commit"]
    said = f" : millesime {number}" + (f", commit {commit[:12]}" if commit else "")
    said += ", fichiers modifiés depuis ce commit" if commit and made_by["is_clean"] is False else ""
    place = f"../millesime-{(commit or number)[:12]}"
    home = typed(session.home.root)
    return (
        f"{said} ; pour la refaire avec lui, d’un dépôt du programme :\n"
        f"    git worktree add {place} {commit[:12] if commit else f'v{number}'} && make -C {place} setup\n"
        f"    {place}/.venv/bin/millesime --home {home} replay {name}"
    )


def _show_replay(session: Session, name: str, result: "Replay") -> None:
    title(f"{name} refaite", session.organisation)
    from_archive = result.deliveries - len(result.purged)
    from_rows = f"{len(result.purged)} des lignes typées (originaux retirés)"
    echo(f"  {how_many(from_archive, 'livraison relue|livraisons relues')} de leurs originaux, {from_rows}")
    if result.other_code:
        echo(f"  le code n’est pas celui qui a fait cette version{_maker(session, name, result.made_by)}")
    for problem in result.altered:
        echo(f"✗ {problem}")
    for what in result.reread:
        echo(f"✗ {what} : les originaux donnent d’autres lignes qu’alors")
    for path in result.differing:
        echo(f"✗ {path} : d’autres octets")
    same = result.files - len(result.differing)
    echo(f"  tables qui ressortent avec les mêmes octets : {same} sur {result.files}")
    for path in result.redrawn:
        echo(f"{'!' if result.other_code else '✗'} {path} : refait, il n’est pas le même")
    if result.pages:
        same = result.pages - len(result.redrawn)
        echo(f"  pages, exports et listes qui se refont à l’identique : {same} sur {result.pages}")
    else:
        echo("  le rapport n’est pas redessiné : la version ne garde ni lui ni les textes de l’année")
