"""``source new``, ``figure new``, ``reference plan``, ``catalogue diff``, ``dbt``: commands for people who write declarations
or SQL."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from pipelines.catalogue.dbt.compose import ANALYSTE, ENTREPOT
from pipelines.catalogue.diff import changed_upstream, note_upstream, things_of_home
from pipelines.catalogue.draft.figure import FigureRequest, draft_figure, table_named
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.needs import check
from pipelines.catalogue.organisation import load_organisation
from pipelines.catalogue.overlay import FOLDERS, named
from pipelines.catalogue.plan_of_accounts import ACCOUNTS, CHAPTERS, read_plan
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.cli.app import DONE, INCOMPLETE
from pipelines.cli.arguments import GIVEN_FILE
from pipelines.cli.output import echo, note
from pipelines.cli.session import Session, on_home, shown, typed
from pipelines.did_you_mean import suggestion
from pipelines.french import enumeration, how_many
from pipelines.runs.frozen import frozen
from pipelines.settings import Home
from pipelines.stages.ingest.draft.sample import read_samples
from pipelines.stages.ingest.draft.shape_table import needs_of_shape
from pipelines.stages.ingest.draft.source import Draft, Request, draft_source, words_received
from pipelines.stages.transform.analyst import prepare_analyst
from pipelines.stages.transform.dbt import parse, run_dbt
from pipelines.stages.validate.failing_lines import refuse_wrong_sql

# dbt commands that touch no table: they need neither a home nor a warehouse
WITHOUT_WAREHOUSE = {"parse", "ls", "list", "deps", "clean", "init", "--version", "-v", "-V", "--help", "-h"}

EFFECTS = {"added": "ajouté", "replaced": "remplacé", "switched off": "désactivé"}

# source new -------------------------------------------------------------------------------------------------


@click.group()
def source() -> None:
    """Déclarer une nouvelle source."""


@source.command("new", short_help="Écrire les premiers fichiers d’une source depuis un exemple.")
@click.option(
    "--from", "sample", required=True, type=GIVEN_FILE,
    metavar="FICHIER", help="Un fichier que la source livre : texte, classeur, JSON, XML, ou un .zip de ceux-ci.",
)  # fmt: skip
@click.option("--system", required=True, metavar="NOM", help="Son nom : minuscules, chiffres et _.")
@click.option("--shape", metavar="FORME", help="Une table commune qu’elle livre, comme comptes.")
@click.option("--export", "export", metavar="NOM", help="Nom de l’export ; par défaut celui de la table.")
@click.option(
    "--table",
    "table",
    metavar="NOM",
    help="Nom de la (plus grande) table ; par défaut celui de la forme ou du fichier.",
)
@click.option("--title", metavar="TITRE", help="Titre du système, en français.")
@click.option("--owner", metavar="NOM", help="Qui envoie l’export.")
@click.option("--sheet", metavar="NOM", help="La seule feuille du classeur à déclarer ; par défaut toutes.")
@click.option(
    "--header-rows", type=click.IntRange(1, 3), default=1, metavar="NOMBRE",
    help="Combien de lignes nomment les colonnes, l’intitulé d’un groupe au-dessus de ceux de ses colonnes : 1 à 3.",
)  # fmt: skip
@click.option("--no-header", is_flag=True, help="Aucune ligne du fichier ne nomme ses colonnes.")
@click.option(
    "--exercice", type=int, metavar="EXERCICE", help="L’exercice de l’exemple ; déduit de son nom ou de son titre."
)
@click.option("--dry-run", is_flag=True, help="Montrer les fichiers au lieu de les écrire.")
@on_home
def source_new(
    session: Session,
    sample: Path,
    system: str,
    shape: str | None,
    export: str | None,
    table: str | None,
    title: str | None,
    owner: str | None,
    sheet: str | None,
    header_rows: int,
    no_header: bool,
    exercice: int | None,
    dry_run: bool,
) -> None:
    """Écrire dans le dossier la déclaration d’une nouvelle source, depuis un exemple de ce qu’elle livre.

    Un système déjà déclaré gagne un export : dans son fichier du dossier, ou dans une copie de celui qui est livré.
    Ce que l’exemple ne prouve pas est marqué TODO : les lire avant de collecter.
    """
    registry = session.catalogue.registry
    if shape and shape not in registry.shapes:
        raise click.UsageError(f"aucune forme « {shape} »{suggestion(shape, registry.shapes)}")
    request = Request(system, shape, export, table, title, owner, exercice or session.landing_year(sample))
    target = session.home.root / "catalogue" / "systems" / f"{system}.yml"
    declared = session.catalogue.systems.on.get(system)
    if declared is None and target.exists():
        raise click.UsageError(f"{shown(target)} existe déjà : rien n’est écrit")
    known = declared.path.read_text(encoding="utf-8") if declared else ""
    indicators = session.catalogue.figures.indicators_from(table or shape) if shape else []
    needs = needs_of_shape(session.catalogue, shape) if shape else []
    samples = read_samples(sample, sheet, header_rows=0 if no_header else header_rows)
    members = []
    if session.home.organisation_file.exists():  # a draft may come before an organisation, or while it is being written
        try:
            members = load_organisation(session.home, session.catalogue).collectivites
        except DeclarationError as error:
            note(f"{error}\nLe brouillon n’y reconnaît donc aucune collectivité.")
    places = [name for member in members for name in (member.nom, *member.alias)]
    drafted = draft_source(samples, request, registry, known, indicators, needs, places)
    echo(_read_back(drafted, sample))
    _write({target: drafted.declaration}, dry_run)
    if declared and declared.path != target:
        note(
            f"{shown(target)} tient ce qui est livré aujourd’hui avec un export de plus, et le remplace en entier : "
            f"`{session.command} catalogue diff` dira quand celui qui est livré change."
        )
    _tell_next(session, sample, drafted)


def _read_back(drafted: Draft, sample: Path) -> str:
    """What the draft reads of the sample, in a sentence."""
    try:
        tables = drafted.read(sample)
    except DeliveryRefused as refusal:
        return f"Tel quel, le brouillon refuse l’exemple : {refusal}"
    told = [
        f"{name} : {how_many(counts.lues, 'ligne lue|lignes lues')} = {how_many(counts.acceptees, 'acceptées')} + "
        f"{how_many(counts.refusees, 'refusées')} + {how_many(counts.ignorees, 'ignorées')}"
        for name, counts in tables.items()
    ]
    return f"Le brouillon lit l’exemple : {' ; '.join(told)}."


def _tell_next(session: Session, sample: Path, drafted: Draft) -> None:
    command, system = session.command, drafted.system.system
    key = f"{system}/{drafted.export.name}"
    folder = session.home.landing / str(drafted.exercice) / system
    run = f"{command} run {drafted.exercice} --source {system}"
    in_landing = sample.resolve().is_relative_to(folder.resolve())
    steps = [f"{command} check {typed(sample.resolve())} --source {key} --exercice {drafted.exercice}"]
    if added := drafted.organisation_lines:
        steps.append(f"Ajouter à {shown(session.home.organisation_file)} :\n{added}")
    steps.append(run if in_landing else f"Déposer le fichier dans {shown(folder)}/, puis : {run}")
    if not drafted.export.tables[0].shapes:
        named = f"{system}.NOM --table {system}/{drafted.export.tables[0].name}"
        steps.append(f"Un chiffre, son graphique et sa phrase : {command} figure new {named} (--sum, --by, --unit)")
    _tell_steps(steps)


def _write(files: Mapping[Path, str], dry_run: bool) -> None:
    """Write the files, or show them; print which ones, and what each leaves to decide that was not there before."""
    todo, before = [], 0
    for path, text in files.items():
        former = Counter(path.read_text(encoding="utf-8").splitlines() if path.exists() else [])
        if dry_run:
            echo(f"--- {shown(path)}\n{text}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        for number, line in enumerate(text.splitlines(), start=1):
            if "TODO " in line and former[line]:
                former[line] -= 1
                before += 1
            elif "TODO " in line:
                todo.append(f"{shown(path)}:{number}  {line.partition('TODO ')[2]}")
    for path in files:
        echo(f"{'À écrire' if dry_run else 'Écrit'} {shown(path)}")
    besides = f", outre {before} des brouillons précédents" if before else ""
    echo(f"\nÀ décider ({len(todo)}){besides} :" if todo else "\nRien ne reste à décider.")
    for line in todo:
        echo(f"  {line}")


def _tell_steps(steps: Iterable[str]) -> None:
    echo("\nEnsuite :")
    for number, step in enumerate(steps, start=1):
        echo(f"  {number}. {step}")


# figure new -------------------------------------------------------------------------------------------------


@click.group()
def figure() -> None:
    """Ajouter un chiffre de sa propre table."""


@figure.command("new", short_help="Écrire les fichiers d’un chiffre, de ses lignes à sa phrase.")
@click.argument("code", metavar="CODE")
@click.option("--table", required=True, metavar="TABLE", help="La table déclarée : son nom, ou système/table.")
@click.option(
    "--sum", "total", metavar="COLONNE", help="La colonne à additionner ; par défaut, les lignes sont comptées."
)
@click.option("--by", metavar="COLONNE", help="La colonne par laquelle un graphique le répartit.")
@click.option("--only", metavar="COLONNE=MOT", help="Les lignes qui comptent : celles dont cette colonne dit ce mot.")
@click.option("--unit", metavar="UNITÉ", help="Son unité : t, km, EUR, documents…")
@click.option("--label", metavar="LIBELLÉ", help="Son nom dans le rapport.")
@click.option("--dry-run", is_flag=True, help="Montrer les fichiers au lieu de les écrire.")
@on_home
def figure_new(
    session: Session,
    code: str,
    table: str,
    total: str | None,
    by: str | None,
    only: str | None,
    unit: str | None,
    label: str | None,
    dry_run: bool,
) -> None:
    """Écrire dans le dossier tout ce que demande le chiffre CODE (domaine.nom) : le modèle de ses lignes, son mart, leur
    contrat, sa déclaration, et le chapitre qui l’imprime avec sa phrase.

    Rien n’est écrit que dbt ne sache lire. Chaque fichier est ensuite à soi ; TODO marque ce qu’il reste à trancher.
    """
    organisation, source = session.organisation, table_named(session.catalogue, table)[0]
    system, registry = source.partition("/")[0], session.catalogue.registry
    words = words_received(session.home, registry, source, by, organisation.years) if by else []
    name, _, word = (only or "").partition("=")
    if only and not word:
        raise click.BadParameter("attendu : COLONNE=MOT", param_hint="--only")
    request = FigureRequest(code, table, total, by, (name, word) if only else None, unit, label, tuple(words))
    files = draft_figure(session.catalogue, session.home.root, request)
    seen = words_received(session.home, registry, source, name, organisation.years) if only else []
    if seen and word not in seen:
        raise click.BadParameter(
            f"« {word} » n’est dans aucun fichier reçu ({enumeration(sorted(seen))})", param_hint="--only"
        )
    _refuse_unreadable(session, files)
    _write(files, dry_run)
    year = organisation.years[-1]
    sentence = next(path for path in files if path.suffix == ".md")
    report = session.home.published / "report" / str(year) / "interne" / f"rapport_activite_{year}.html"
    steps = [
        f"{session.command} run {year}",
        f"{session.command} figures {year} {code}, puis {session.command} trace {code} {year}",
        f"La phrase est dans {shown(sentence)} ; elle est imprimée dans {shown(report)}",
    ]
    if not organisation.subscribes(system):
        steps.insert(0, f"Ajouter à {shown(session.home.organisation_file)} :\n       systemes: [..., {system}]")
    _tell_steps(steps)


def _refuse_unreadable(session: Session, files: Mapping[Path, str]) -> None:
    """Have a draft read with the home's declarations, in a copy, as a run reads them. Raises DeclarationError."""
    home = session.home
    with tempfile.TemporaryDirectory(prefix="millesime-draft-") as folder:
        copy = Home(Path(folder) / "home")
        for name in (*FOLDERS, home.dbt.name):
            if (home.root / name).is_dir():
                shutil.copytree(home.root / name, copy.root / name)
        for path, text in files.items():
            target = copy.root / path.relative_to(home.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        try:
            parse(load_catalogue(copy), copy)
        except DeclarationError as error:
            message = str(error).replace(str(copy.root), str(home.root))
        else:
            return
    raise DeclarationError(message)


# reference plan ---------------------------------------------------------------------------------------------


@click.group()
def reference() -> None:
    """Ajouter un plan de comptes officiel au catalogue du dossier."""


@reference.command("plan", short_help="Ajouter un plan de comptes officiel.")
@click.argument("file", metavar="FICHIER", type=GIVEN_FILE)
@on_home
def reference_plan(session: Session, file: Path) -> None:
    """Ajouter au dossier le plan de comptes du FICHIER (planDeCompte.xml de la DGCL : une nomenclature, un exercice).

    Ses lignes vont à côté de celles des plans livrés, qui restent ; un plan que le dossier avait ajouté est remplacé.
    """
    plan = read_plan(file)
    files = {session.home.root / path: text for path, text in plan.files().items()}
    others = [one for path, one in session.catalogue.references.items() if path not in files]
    for row in (row for one in others if one.table.startswith("plan_comptes_") for _, row in one.lines()):
        years = range(int(row["exercice_debut"]), int(row["exercice_fin"]) + 1)
        if plan.declinaison in row["declinaisons"].split() and plan.exercice in years:
            raise click.UsageError(f"le plan {plan.declinaison} de {plan.exercice} est déjà connu")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        echo(f"Écrit {shown(path)}")
    counts = {table: len(rows) for table, rows in plan.rows.items()}
    echo(f"{plan.declinaison} de {plan.exercice} : {counts[CHAPTERS]} chapitres, {counts[ACCOUNTS]} comptes.")
    note(f"Pour calculer avec : {session.command} run {plan.exercice}")


# catalogue diff ---------------------------------------------------------------------------------------------


@click.group()
def catalogue() -> None:
    """Le catalogue en vigueur : celui qui est livré, complété ou remplacé par celui du dossier."""


@catalogue.command("diff", short_help="Ce que le dossier ajoute, remplace et désactive.")
@click.option(
    "--reviewed", is_flag=True, help="Prendre acte des changements du catalogue livré ; comparer désormais à celui-ci."
)
@on_home
def catalogue_diff(session: Session, *, reviewed: bool) -> int:
    """Montrer ce que catalogue/, expectations/ et dbt_project/ du dossier changent au catalogue livré, et à quel
    endroit.

    Signaler aussi ce qui, parmi les déclarations remplacées ou désactivées, a changé depuis dans le catalogue livré :
    code de sortie 3 alors.
    """
    declared = session.catalogue
    check(declared)
    refuse_wrong_sql(declared)
    if reviewed:
        note_upstream(declared, session.home, again=True)
    moved = changed_upstream(declared, session.home)
    found = list(things_of_home(declared))
    for one in found:
        path, _, line = one.thing.place.rpartition(":")
        since = "  ← a changé depuis dans le catalogue livré" if one.key in moved else ""
        echo(f"{EFFECTS[one.effect]:<12} {named(one.kind, one.thing.name)}  {shown(Path(path))}:{line}{since}")
    echo(
        f"{len(found)} déclaration{'s' * (len(found) > 1)} propre{'s' * (len(found) > 1)} au dossier."
        if found
        else "Le dossier ne change rien."
    )
    if moved:
        note(f"Les regarder, puis : {session.command} catalogue diff --reviewed")
    return INCOMPLETE if moved else DONE


# dbt --------------------------------------------------------------------------------------------------------


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def dbt(ctx: click.Context, arguments: tuple[str, ...]) -> int:
    """Exécuter dbt (les ARGUMENTS sont les siens) sur une copie des lignes acceptées : rien de publié ne peut changer.

    Le projet est celui du dossier, dbt/, composé depuis son catalogue ; les commandes de dbt y fonctionnent aussi.
    """
    session: Session = ctx.obj
    if not arguments or arguments[0] in ("-h", "--help"):
        echo(ctx.get_help())
        return DONE
    parse(session.catalogue, session.home)
    if arguments == ("parse",):
        return DONE
    if WITHOUT_WAREHOUSE & set(arguments):
        return run_dbt(list(arguments), session.home, ENTREPOT).returncode
    with session.ledger() as ledger:
        work = session.work(ledger)
        note(f"dbt travaille sur {shown(prepare_analyst(work, frozen(work)))}")
    # the last --target wins: whoever gives another one cannot reach the pipeline's own warehouse
    return run_dbt([*arguments, "--target", ANALYSTE], session.home, ANALYSTE).returncode
