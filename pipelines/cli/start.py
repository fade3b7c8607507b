"""``init`` and ``demo``: making a home."""

import json
from collections.abc import Mapping
from pathlib import Path

import click

from pipelines import settings
from pipelines.catalogue.declarations import ACCOUNTS, System
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation, first_siret, load_organisation
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.cli.app import DONE, INCOMPLETE
from pipelines.cli.auditing import docs
from pipelines.cli.collecting import run_and_tell
from pipelines.cli.exporting import export
from pipelines.cli.output import note
from pipelines.cli.session import Session, global_options, shown
from pipelines.near import suggestion
from pipelines.publication import PUBLIC
from pipelines.settings import Home

# The exercices of the demonstration: from the first to the last published report, then invented ones.
DEMONSTRATION_FROM, DEMONSTRATION_THROUGH, DEMONSTRATION_UP_TO = 2018, 2020, 2022

# What `millesime init` writes; the commented parts are examples.
ORGANISATION = """\
# The organisation of this home: whatever differs from one syndicate to another is here.
nom: {nom}
sigle: {sigle}
article: le   # what a sentence puts before the sigle: le, la, l’, les, or "" for nothing
siren: {siren}
# alias: [exemple.fr]   # how its tools name the syndicate itself, when it is one of their clients
exercices: {{premier: {premier}, dernier: {dernier}}}

# The source systems that the organisation uses, besides its applications (`catalogue/systems/<system>.yml`).
systemes: {systemes}

# Its members. `alias` lists the spellings that the tools use, so that every row finds its collectivité.
collectivites: []
# collectivites:
#   - code_insee: "56046"
#     siren: "215600461"
#     nom: Crac’h
#     type: commune
#     population: 3400
#     alias: [CRACH, Mairie de Crac'h]
#   - siren: "200043123"     # a body that is no commune has no code Insee: its type says what it is
#     nom: Auray Quiberon Terre Atlantique
#     type: communauté de communes

# Its business applications. The system that exports an application's accounts bears the application's code.
applications: []
# applications:
#   - code: {application}
#     libelle: Exemple
#     domaine: Relations publiques
#     debut: 2018        # first exercice in use; `fin` is the last one
#     indicateurs: []    # what is printed for it: the last parts of codes of `catalogue/figures`, in this order
#     alias: [EXEMPLE]

# Its budgets: of each, a budget and accounts are expected every year from `debut` to `fin`.
budgets: []
# budgets:
#   - siret: "{siret_budget}"
#     code: "00"             # tells budgets of one SIRET apart
#     libelle: Budget principal
#     type: principal        # or annexe
#     nomenclature: M57
#     debut: 2024            # where it was another nomenclature before, two entries

# Who may decide of a finding (`millesime decide --by`), prepare, review and approve a release: three of them.
personnes: []
# personnes:
#   - {{nom: Anne Le Goff, fonction: responsable du contrôle de gestion}}
# cumul_des_visas: deux agents en tout   # a very small body says why one person signs twice: it is printed with the release

# Below this number of people, a public table hides the cell.
seuil_secret: 5

# How long is kept what no export's own retention says: refused files, replaced rows, rows of a release, former publications, logs.
# conservation: {{refus: P3M, remplacees: P1Y, versions: P2Y, publications: P3M, journaux: P6M}}
"""


@click.command(short_help="Créer le dossier d’une organisation.")
@click.argument("path", metavar="[DOSSIER]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", required=True, metavar="NOM", help="Le nom entier de l’organisation.")
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
@global_options
@click.pass_context
def init(
    ctx: click.Context,
    path: Path | None,
    name: str,
    sigle: str,
    siren: str,
    first: int,
    last: int | None,
    systems: tuple[str, ...],
) -> None:
    """Créer un DOSSIER (ou --home, ou MILLESIME_HOME) : organisation.yml, landing/, l’instance de Dagster."""
    session: Session = ctx.obj
    if path:
        session.chosen = path
    last = first if last is None else last
    if last < first:
        raise click.BadParameter(f"{last} vient avant {first}", param_hint="--last")
    known = load_catalogue(session.home).registry.systems
    for system in systems:
        if system not in known:
            raise click.UsageError(f"aucun système « {system} » n’est déclaré{suggestion(system, known)}")
    text = ORGANISATION.format(
        nom=_quoted(name),
        sigle=_quoted(sigle),
        siren=_quoted(siren),
        siret_budget=first_siret(siren),
        premier=first,
        dernier=last,
        systemes=f"[{', '.join(systems)}]",
        application=_an_application(known),
    )
    organisation = make_home(session.home, text)
    _give_key(session.home)
    click.echo(f"{shown(session.home.root)} est prêt pour {organisation.sigle}.")
    click.echo(f"  1. Compléter {shown(session.home.organisation_file)} : collectivités, applications.")
    click.echo(f"  2. Déposer les exports dans {shown(session.home.landing)}/<exercice>/<système>/.")
    click.echo(f"  3. {session.command} run {first}")


def _an_application(known: Mapping[str, System]) -> str:
    """A system that gives the accounts of an application, for an example that is right."""
    giving = (name for name, system in known.items() for e in system.exports for t in e.tables if ACCOUNTS in t.shapes)
    return next(giving, next(iter(known), "exemple"))


def _quoted(text: str) -> str:
    """A YAML scalar: JSON strings are YAML."""
    return json.dumps(text, ensure_ascii=False)


def make_home(home: Home, organisation: str) -> Organisation:
    """Make ``home`` with this ``organisation.yml``. Raises DeclarationError when it cannot be."""
    if home.organisation_file.exists():
        raise DeclarationError(f"{shown(home.organisation_file)} existe : ce dossier est déjà celui d’une organisation")
    home.root.mkdir(parents=True, exist_ok=True)
    aside = home.root / ".init"
    aside.mkdir(exist_ok=True)
    try:
        written = Home(aside).organisation_file
        written.write_text(organisation, encoding="utf-8")
        loaded = load_organisation(Home(aside), load_catalogue(home))
        home.landing.mkdir(mode=0o700, exist_ok=True)
        for year in loaded.years:
            (home.landing / str(year)).mkdir(exist_ok=True)
        _prepare_instance(home)
        written.rename(home.organisation_file)
    finally:
        (aside / home.organisation_file.name).unlink(missing_ok=True)
        aside.rmdir()
    return loaded


def _give_key(home: Home) -> None:
    """Make the key of the home's pseudonyms, where it has none, and enter it."""
    from pipelines.ledger.workspace import open_workspace
    from pipelines.runs.key import give_key

    with open_workspace(home) as work:
        give_key(work)


def _prepare_instance(home: Home) -> None:
    """Give the home its own Dagster instance; one that is there already is left alone."""
    home.dagster.mkdir(mode=0o700, exist_ok=True)
    config = home.dagster / "dagster.yaml"
    if not config.exists():
        config.write_text((settings.shipped() / "dagster.yaml").read_text(encoding="utf-8"), encoding="utf-8")


@click.command(short_help="Créer la démonstration, et l’exécuter.")
@click.argument("path", metavar="[DOSSIER]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--through",
    type=click.IntRange(DEMONSTRATION_FROM, DEMONSTRATION_UP_TO),
    default=DEMONSTRATION_THROUGH,
    show_default=True,
    metavar="EXERCICE",
    help=f"Dernier exercice ; le premier est {DEMONSTRATION_FROM}.",
)
@click.option("--run/--no-run", "and_run", default=True, help="L’exécuter, ou seulement la créer.")
@global_options
@click.pass_context
def demo(ctx: click.Context, path: Path | None, through: int, and_run: bool) -> None:
    """Créer la démonstration dans DOSSIER (data-demo/ par défaut) et l’exécuter.

    Ses lignes sont inventées pour retrouver les chiffres des rapports publiés ; après le dernier de ceux-ci, les chiffres
    sont inventés aussi.
    """
    session: Session = ctx.obj
    session.chosen = path or session.chosen or settings.PROJECT_ROOT / "data-demo"
    home = session.home
    years = list(range(DEMONSTRATION_FROM, through + 1))
    note(f"Écriture des exports de {', '.join(map(str, years))} dans {shown(home.landing)}")
    _make_demonstration(home, years, and_run)
    _prepare_instance(home)
    _give_key(home)
    if and_run:
        code = run_and_tell(session, years, None)
        if code in (DONE, INCOMPLETE):  # the report is published with its tables; these are written on demand
            click.echo("\nÀ donner, et pour lire les tables :")
            ctx.invoke(export, year=years[-1], profile=PUBLIC)
            ctx.invoke(docs)
        ctx.exit(code)
    click.echo(f"{shown(home.root)} est prêt. Ensuite : {session.command} run {' '.join(map(str, years))}")


def _make_demonstration(home: Home, years: list[int], and_run: bool) -> None:
    """Make the exports in a second process, while this one imports what the run needs (seconds, both)."""
    from concurrent.futures import ProcessPoolExecutor
    from importlib import import_module
    from multiprocessing import get_context

    from demo.home import make_home as make_demonstration

    with ProcessPoolExecutor(1, get_context("spawn")) as aside:
        made = aside.submit(make_demonstration, home.root, years)
        if and_run:
            import_module("pipelines.defs.run")
            import_module("dagster_dbt")
        try:
            made.result()
        except ValueError as error:  # somebody else's home or deliveries
            raise click.UsageError(str(error)) from None
