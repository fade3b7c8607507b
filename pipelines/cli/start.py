"""``init`` and ``demo``: making a home."""

import json
import os
from importlib.resources import files
from pathlib import Path

import click

from pipelines import settings
from pipelines.catalogue import official_list
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import COMMUNE, Organisation, first_siret, load_organisation
from pipelines.catalogue.source_grammar import ACCOUNTS
from pipelines.catalogue.templates import filled
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.cli.app import DONE, INCOMPLETE
from pipelines.cli.arguments import FOLDER
from pipelines.cli.auditing import docs
from pipelines.cli.collecting import run_and_tell
from pipelines.cli.contenu import approve_all
from pipelines.cli.exporting import export
from pipelines.cli.output import echo, note
from pipelines.cli.session import Session, on_home, shown
from pipelines.did_you_mean import suggestion
from pipelines.evidence.progress_of_texts import VALIDATED, text_states
from pipelines.french import NO_BREAK
from pipelines.ledger.workspace import open_workspace
from pipelines.publication import PUBLIC
from pipelines.runs.instance import write_instance
from pipelines.runs.key import give_key
from pipelines.settings import Home

# The exercices of the demonstration: from the first to the last published report, then invented ones.
DEMONSTRATION_FROM, DEMONSTRATION_THROUGH, DEMONSTRATION_UP_TO = 2018, 2020, 2022


@click.command()
@click.argument("path", metavar="[DOSSIER]", required=False, type=FOLDER)
@click.option("--name", required=True, metavar="NOM", help="Le nom complet de l’organisation.")
@click.option("--sigle", required=True, metavar="SIGLE", help="Son nom court.")
@click.option("--siren", required=True, metavar="SIREN", help="Son SIREN, neuf chiffres.")
@click.option(
    "--first",
    type=click.IntRange(1990, 2100),
    required=True,
    metavar="EXERCICE",
    help="Son premier exercice dans ce dossier.",
)
@click.option(
    "--last", type=click.IntRange(1990, 2100), metavar="EXERCICE", help="Son dernier exercice ; par défaut le premier."
)
@click.option(
    "--system", "systems", multiple=True, metavar="SYSTÈME", help="Un système qu’elle utilise ; peut être répété."
)
@click.option(
    "--member",
    "members",
    multiple=True,
    metavar="CODE",
    help="Un membre, par son SIREN ou son code Insee ; peut être répété. Ceux d’une communauté sont proposés d’office.",
)
@click.option(
    "--flux-nationaux",
    "national",
    is_flag=True,
    help="Avec ce que tout organisme envoie à l’État : DSN, documents budgétaires, PES.",
)
@click.option("--bare", is_flag=True, help="Sans les chapitres livrés qui impriment les tables d’un outil.")
@on_home
def init(
    session: Session,
    path: Path | None,
    name: str,
    sigle: str,
    siren: str,
    first: int,
    last: int | None,
    systems: tuple[str, ...],
    members: tuple[str, ...],
    national: bool,
    bare: bool,
) -> None:
    """Créer un DOSSIER (ou --home, ou MILLESIME_HOME) : organisation.yml, landing/, l’instance de Dagster."""
    if path:
        session.chosen = path
    last = first if last is None else last
    if last < first:
        raise click.BadParameter(f"{last} vient avant {first}", param_hint="--last")
    known = load_catalogue(session.home).registry.systems
    of_all = [name for name, system in known.items() if system.national] if national else []
    systems = tuple(dict.fromkeys((*of_all, *systems)))
    for system in systems:
        if system not in known:
            raise click.UsageError(f"aucun système « {system} » n’est déclaré{suggestion(system, known)}")
    # a system that gives the accounts of an application makes a correct example
    giving = (name for name, system in known.items() for e in system.exports for t in e.tables if ACCOUNTS in t.shapes)
    # French, as its readers; the commented parts are examples
    text = filled(
        Path(__file__).with_name("organisation.yml.jinja"),
        nom=_quoted(name),
        article='""' if any(one.type == COMMUNE for one in official_list.bodies([siren])) else "le",
        sigle=_quoted(sigle),
        siren=_quoted(siren),
        siret_budget=first_siret(siren),
        premier=first,
        dernier=last,
        systemes=f"[{', '.join(systems)}]",
        collectivites=_proposed(siren, members),
        application=next(giving, next(iter(known), "exemple")),
    )
    organisation = make_home(session.home, text)
    if bare:
        _switch_off_chapters(session.home)
    with open_workspace(session.home) as work:
        give_key(work)
    echo(f"{shown(session.home.root)} est prêt pour {organisation.sigle}.")
    echo(f"  1. Compléter {shown(session.home.organisation_file)} : collectivités, applications.")
    echo(f"  2. Déposer les exports dans {shown(session.home.landing)}/<exercice>/<système>/.")
    echo(f"  3. {session.command} run {first}")
    if national:
        echo(
            f"  4. {session.command} findings {first} propose la liste des budgets, à confirmer dans organisation.yml."
        )
        echo(f"  5. {session.command} contenu export {first} écrit le document des textes à compléter.")


def _proposed(siren: str, members: tuple[str, ...]) -> str:
    """What ``collectivites`` begins with: the members of the official list, for a person to confirm."""
    named = official_list.bodies(members)
    for code in members:
        if all(code not in (one.siren, one.code_insee) for one in named):
            raise click.BadParameter(
                f"« {code} » n’est le SIREN ou le code Insee d’aucune commune ni d’aucun groupement à fiscalité propre "
                f"({official_list.SOURCE}){NO_BREAK}: ajouter ce membre à organisation.yml",
                param_hint="--member",
            )
    proposed = [*named, *(one for one in official_list.members_of(siren) if one not in named)]
    if not proposed:
        return " []"
    lines = [f"  # PROPOSITION, d’après la {official_list.SOURCE} : à vérifier, puis effacer cette ligne."]
    for one in proposed:
        said = one.model_dump(exclude_defaults=True)
        lines.append("  - {" + ", ".join(f"{key}: {_quoted(value)}" for key, value in said.items()) + "}")
    return "\n".join(["", *lines])


def _switch_off_chapters(home: Home) -> None:
    """Switch off, in the home, each shipped chapter with a table or a chart of some tool, and the page of each member."""
    catalogue = load_catalogue(home)
    # figures, messages, dates and texts are made of no rows of a table
    off = {one.id: one.titre for one in catalogue.printed.values() if any(section.tables for section in one.sections)}
    folder = home.root / "catalogue" / "report"
    folder.mkdir(parents=True, exist_ok=True)
    for thing in catalogue.chapters_declared:
        if title := off.get(thing.data.get("id")):
            said = f"# « {title} » est livré avec le programme. Effacer ce fichier pour l’imprimer ;\n"
            needs = "# docs/contenu-du-rapport.md dit ce qu’il lui faut.\n"
            switch = f"id: {thing.data['id']}\nenabled: false\n"
            (folder / thing.path.name).write_text(said + needs + switch, encoding="utf-8")


def _quoted(value: str | int) -> str:
    """A YAML scalar: JSON strings are YAML."""
    return json.dumps(value, ensure_ascii=False)


def make_home(home: Home, organisation: str) -> Organisation:
    """Make ``home`` with this ``organisation.yml``. Raises DeclarationError when it cannot be."""
    if home.organisation_file.exists():
        raise DeclarationError(f"{shown(home.organisation_file)} existe : ce dossier est déjà celui d’une organisation")
    home.root.mkdir(parents=True, exist_ok=True)
    home.organisation_file.write_text(organisation, encoding="utf-8")
    try:
        loaded = load_organisation(home, load_catalogue(home))
        home.landing.mkdir(mode=0o700, exist_ok=True)
        for year in loaded.years:
            (home.landing / str(year)).mkdir(exist_ok=True)
        write_instance(home)
    except BaseException:  # until it is whole, it is no home
        home.organisation_file.unlink()
        raise
    return loaded


@click.command()
@click.argument("path", metavar="[DOSSIER]", required=False, type=FOLDER)
@click.option(
    "--through",
    type=click.IntRange(DEMONSTRATION_FROM, DEMONSTRATION_UP_TO),
    default=DEMONSTRATION_THROUGH,
    show_default=True,
    metavar="EXERCICE",
    help=f"Dernier exercice ; le premier est {DEMONSTRATION_FROM}.",
)
@click.option(
    "--flux-nationaux",
    "national",
    is_flag=True,
    help="Un syndicat inventé qui n’a que ses DSN, ses documents budgétaires et ses flux PES : deux exercices, dans data-flux/.",
)
@click.option("--run/--no-run", "and_run", default=True, help="L’exécuter, ou seulement la créer.")
@on_home
def demo(session: Session, path: Path | None, through: int, national: bool, and_run: bool) -> int:
    """Créer la démonstration dans DOSSIER (data-demo/ par défaut) et l’exécuter.

    Ses lignes sont inventées pour retrouver les chiffres des rapports publiés ; après le dernier de ceux-ci, les
    chiffres sont inventés aussi, comme tout l’est avec --flux-nationaux.
    """
    from demo.flux import EXERCICES
    from demo.home import make_flux
    from demo.home import make_home as make_demonstration

    session.chosen = path or session.chosen or settings.PROJECT_ROOT / ("data-flux" if national else "data-demo")
    home = session.home
    years = list(EXERCICES) if national else list(range(DEMONSTRATION_FROM, through + 1))
    note(f"Écriture des exports de {', '.join(map(str, years))} dans {shown(home.landing)}")
    try:
        if national:
            make_flux(home.root)
        else:
            make_demonstration(home.root, years)
    except ValueError as error:  # someone else's home or deliveries
        raise click.UsageError(str(error)) from None
    write_instance(home)
    with open_workspace(home) as work:
        give_key(work)
    # the demonstration's own texts are written for it: one of its persons validates them
    person, own = session.organisation.personnes[-1].nom, files("demo") / "contenu"
    with session.writing() as ledger:
        for one in (one for year in years for one in text_states(session.home, ledger, year)):
            if one.state != VALIDATED and (own / str(one.exercice) / one.text).is_file():
                ledger.record_text(one.exercice, one.text, one.sha256, VALIDATED, person)
    if not and_run:
        echo(f"{shown(home.root)} est prêt. Ensuite : {session.command} run {' '.join(map(str, years))}")
        return DONE

    def approve() -> None:
        """What its tools say."""
        with session.writing() as ledger:
            approve_all(session.work(ledger), years, person)

    os.environ["MILLESIME_QUIET"] = "0"  # its files are complete
    code = run_and_tell(session, years, None, before_publishing=approve)
    if code in (DONE, INCOMPLETE):  # the report is published with its tables; these are written on demand
        echo("\nÀ diffuser, et pour lire les tables :")
        context = click.get_current_context()
        context.invoke(export, year=years[-1], profile=PUBLIC)
        context.invoke(docs)
    return code
