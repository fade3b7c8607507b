"""``schema``, ``source new``, ``reference plan``, ``catalogue diff``, ``dbt``: for those who change what the project knows."""

import csv
import io
import json
from pathlib import Path

import click

from pipelines.catalogue.reference import Reference
from pipelines.catalogue.table_schema import table_schema
from pipelines.cli.app import DONE, INCOMPLETE
from pipelines.cli.output import note
from pipelines.cli.session import Session, global_options, shown, typed
from pipelines.near import did_you_mean

# dbt commands that touch no table: they need neither a home nor a warehouse
WITHOUT_WAREHOUSE = {"parse", "ls", "list", "deps", "clean", "init", "--version", "--help", "-h"}

# schema -----------------------------------------------------------------------------------------------------


@click.command(short_help="The Table Schema of a declared table.")
@click.argument("system")
@click.argument("table")
@click.option("--exercice", type=int, help="The layout of this exercice; the newest one by default.")
@click.option("--declared", is_flag=True, help="Name the fields as the lake does, not as the supplier's file.")
@global_options
@click.pass_context
def schema(ctx: click.Context, system: str, table: str, exercice: int | None, declared: bool) -> None:
    """Print the Table Schema (JSON) of TABLE of SYSTEM, as other validators read it.

    The fields bear the headings of the supplier's file, so that the file can be validated as it is.
    """
    session: Session = ctx.obj
    systems = session.catalogue.registry.systems
    if system not in systems:
        raise click.UsageError(f"no system {system!r} is declared{did_you_mean(system, systems)}")
    tables = {t.name: t for export in systems[system].exports for t in export.tables}
    if table not in tables:
        known = ", ".join(tables)
        raise click.UsageError(f"{system} has no table {table!r}{did_you_mean(table, tables)} (it has {known})")
    found = table_schema(tables[table], exercice or 9999, headings=not declared)
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


# source new -------------------------------------------------------------------------------------------------


@click.group(short_help="Declare a new source.")
def source() -> None:
    """Declare a new source."""


@source.command("new", short_help="Write a source's first files from a sample.")
@click.option(
    "--from", "sample", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that the source delivers: text, workbook, JSON, XML, or a .zip of these.",
)  # fmt: skip
@click.option("--system", required=True, help="Its name: lower case, digits and _.")
@click.option("--shape", help="A canonical table that it delivers, such as comptes.")
@click.option("--export", "export", help="Name of the export; the table's by default.")
@click.option("--table", "table", help="Name of the (largest) table; the shape's, or the file's, by default.")
@click.option("--title", help="Title of the system, in French.")
@click.option("--owner", help="Who sends the export.")
@click.option("--sheet", help="The one sheet of the workbook to declare; all by default.")
@click.option("--exercice", type=int, help="Exercice of the sample; guessed from its name or its title.")
@click.option("--dry-run", is_flag=True, help="Print the files instead of writing them.")
@global_options
@click.pass_context
def source_new(
    ctx: click.Context,
    sample: Path,
    system: str,
    shape: str | None,
    export: str | None,
    table: str | None,
    title: str | None,
    owner: str | None,
    sheet: str | None,
    exercice: int | None,
    dry_run: bool,
) -> None:
    """Write the declaration and the suites of a new source into the home, from a sample of what it delivers.

    A system that is declared already gains an export: in its file of the home, or in a copy there of the shipped one.
    What the sample does not prove is marked TODO: read them before collecting.
    """
    from pipelines.catalogue.scaffold.draft_shape import needs_of_shape
    from pipelines.catalogue.scaffold.source import Request, scaffold
    from pipelines.cli.sample import read_samples

    session: Session = ctx.obj
    registry = session.catalogue.registry
    if shape and shape not in registry.shapes:
        raise click.UsageError(f"no shape {shape!r}{did_you_mean(shape, registry.shapes)}")
    request = Request(system, shape, export, table, title, owner, exercice or session.landing_year(sample))
    target = session.home.root / "catalogue" / "systems" / f"{system}.yml"
    declared = session.catalogue.systems.on.get(system)
    if declared is None and target.exists():
        raise click.UsageError(f"{shown(target)} exists already: nothing was written")
    known = declared.path.read_text(encoding="utf-8") if declared else ""
    indicators = session.catalogue.figures.indicators_from(table or shape) if shape else []
    needs = needs_of_shape(session.catalogue, shape) if shape else []
    drafted = scaffold(read_samples(sample, sheet), request, registry, known, indicators, needs)
    files = {target: drafted.declaration}
    suites = session.home.root / "expectations" / "systems" / system
    files |= {suites / f"{table}.yml": text for table, text in drafted.suites.items()}
    _write(files, dry_run, gaining=target)
    if declared and declared.path != target:
        note(
            f"{shown(target)} holds what is shipped today with one export more, and takes its place whole: "
            f"`{session.command} catalogue diff` will tell when the shipped one changes."
        )
    _tell_next(session, sample, files, drafted, dry_run)


def _write(files: dict[Path, str], dry_run: bool, gaining: Path) -> None:
    """All or nothing: no file is written when one of them exists, but for ``gaining``, which gains lines."""
    if existing := [shown(path) for path in files if path.exists() and path != gaining]:
        raise click.UsageError(f"{', '.join(existing)} exists already: nothing was written")
    for path, text in files.items():
        if dry_run:
            click.echo(f"--- {shown(path)}\n{text}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")


def _tell_next(session: Session, sample: Path, files: dict[Path, str], drafted, dry_run: bool) -> None:
    """What was written, what is left to decide, and the next steps."""
    verb = "Would write" if dry_run else "Wrote"
    for path in files:
        click.echo(f"{verb} {shown(path)}")
    todo = [
        f"{shown(path)}:{number}  {line.partition('# TODO ')[2]}"
        for path, text in files.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if "# TODO " in line
    ]
    click.echo(f"\nTo decide ({len(todo)}):" if todo else "\nNothing is left to decide.")
    for line in todo:
        click.echo(f"  {line}")
    command, system = session.command, drafted.system.system
    key = f"{system}/{drafted.export.name}"
    folder = session.home.landing / str(drafted.exercice) / system
    run = f"{command} run {drafted.exercice} --source {system}"
    in_landing = sample.resolve().is_relative_to(folder.resolve())
    steps = [
        f"{command} check {typed(sample.resolve())} --source {key} --exercice {drafted.exercice}",
        *(
            [f"Add to {shown(session.home.organisation_file)}:\n{added}"]
            if (added := drafted.organisation_lines)
            else []
        ),
        run if in_landing else f"Drop the file in {shown(folder)}/, then: {run}",
    ]
    click.echo("\nNext:")
    for number, step in enumerate(steps, start=1):
        click.echo(f"  {number}. {step}")


# reference plan ---------------------------------------------------------------------------------------------


@click.group(short_help="Add an official plan of accounts.")
def reference() -> None:
    """Add an official plan of accounts to the home's catalogue."""


@reference.command("plan", short_help="Add an official plan of accounts.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@global_options
@click.pass_context
def reference_plan(ctx: click.Context, file: Path) -> None:
    """Add the plan of accounts of FILE (planDeCompte.xml of the DGCL: one form of a nomenclature, one exercice) to the home.

    Its rows are written beside those of the shipped plans, which stay; a plan that the home added before is replaced.
    """
    from pipelines.catalogue.scaffold.plan import ACCOUNTS, CHAPTERS, read_plan

    session: Session = ctx.obj
    plan = read_plan(file)
    files = {session.home.root / path: text for path, text in plan.files().items()}
    if any(
        _is_known(rows, plan.declinaison, plan.exercice)
        for path, rows in session.catalogue.references.items()
        if path not in files
    ):
        raise click.UsageError(f"the plan {plan.declinaison} of {plan.exercice} is known already")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        click.echo(f"wrote {shown(path)}")
    counts = {table: len(rows) for table, rows in plan.rows.items()}
    click.echo(f"{plan.declinaison} of {plan.exercice}: {counts[CHAPTERS]} chapters, {counts[ACCOUNTS]} accounts.")
    note(f"To compute with it: {session.command} run {plan.exercice}")


def _is_known(reference: Reference, declinaison: str, exercice: int) -> bool:
    """True when a table of the plans holds rows of this form for this exercice."""
    if not reference.table.startswith("plan_comptes_"):
        return False
    return any(
        declinaison in row["declinaisons"].split()
        and int(row["exercice_debut"]) <= exercice <= int(row["exercice_fin"])
        for row in csv.DictReader(io.StringIO(reference.rows, newline=""))
    )


# catalogue diff ---------------------------------------------------------------------------------------------


@click.group(short_help="What the home changes of the shipped catalogue.")
def catalogue() -> None:
    """What is declared for the home: the shipped catalogue with the home's over it."""


@catalogue.command("diff", short_help="What the home adds, replaces and switches off.")
@click.option("--reviewed", is_flag=True, help="What changed upstream was looked at: compare with that from now on.")
@global_options
@click.pass_context
def catalogue_diff(ctx: click.Context, *, reviewed: bool) -> None:
    """What the home's catalogue/, expectations/ and dbt_project/ change of the shipped ones, each with its place.

    Of what it replaces or switches off, say what has changed upstream since the home did so. Ends with 3 when anything has.
    """
    from pipelines.catalogue.diff import changed_upstream, differences, note_upstream
    from pipelines.catalogue.needs import check
    from pipelines.stages.validate.lines import refuse_wrong_sql

    session: Session = ctx.obj
    declared = session.catalogue
    check(declared)
    refuse_wrong_sql(declared)
    if reviewed:
        note_upstream(declared, session.home, again=True)
    moved = changed_upstream(declared, session.home)
    found = differences(declared)
    for one in found:
        since = "  ← changed upstream since" if one.key in moved else ""
        click.echo(f"{one.effect:<12} {one.kind} {one.name}  {shown_place(one.place)}{since}")
    click.echo(
        f"{len(found)} thing{'s' * (len(found) != 1)} of the home's own." if found else "The home changes nothing."
    )
    if moved:
        note(f"Look at them, then: {session.command} catalogue diff --reviewed")
    ctx.exit(INCOMPLETE if moved else DONE)


def shown_place(place: str) -> str:
    """``file:line``, as short as it can be typed from here."""
    path, _, line = place.rpartition(":")
    return f"{shown(Path(path))}:{line}"


# dbt --------------------------------------------------------------------------------------------------------


@click.command(
    short_help="Run dbt on a warehouse of your own.",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def dbt(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Run dbt (ARGUMENTS are dbt's) on a copy of the accepted rows: nothing that is published can change.

    The project is the home's own, dbt/, composed from its catalogue; dbt's own commands work there too.
    """
    from pipelines.catalogue.dbt.compose import ANALYSTE, ENTREPOT
    from pipelines.stages.transform.analyst import prepare_analyst
    from pipelines.stages.transform.dbt import parse, run_dbt

    session: Session = ctx.obj
    parse(session.catalogue, session.home)
    if arguments == ("parse",):
        ctx.exit(DONE)
    if not arguments or WITHOUT_WAREHOUSE & set(arguments):
        ctx.exit(run_dbt(list(arguments), session.home, ENTREPOT).returncode)
    with session.ledger() as ledger:
        note(f"dbt works on {shown(prepare_analyst(session.work(ledger)))}")
    ctx.exit(run_dbt(list(arguments), session.home, ANALYSTE).returncode)
