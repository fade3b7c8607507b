"""``contracts check``, ``record`` and ``diff``: what is promised to those who read the published tables."""

from pathlib import Path

import click

from pipelines import settings
from pipelines.catalogue.contracts import Shape, Table, differences, judge, recorded, written
from pipelines.catalogue.load import Catalogue
from pipelines.cli.app import BLOCKED, DONE
from pipelines.cli.output import echo, note
from pipelines.cli.session import Session, global_options, shown
from pipelines.stages.publish.published_shape import shape_published, shape_to_publish, told


@click.group(short_help="Les promesses faites aux lecteurs des tables publiées.")
def contracts() -> None:
    """Les contrats : tables, colonnes, types, clés et unités promis dans contracts/, un fichier par schéma."""


@contracts.command(short_help="Vérifier que la publication tiendrait les promesses.")
@global_options
@click.pass_context
def check(ctx: click.Context) -> None:
    """Comparer l’entrepôt, tel qu’il serait publié, aux contrats. Code de sortie 1 quand quelque chose manquerait."""
    session: Session = ctx.obj
    declared = session.catalogue
    shape, last = _to_publish(session)
    judged = judge(declared.contracts, shape, last)
    for one in judged.broken:
        echo(f"rompu    {told(one)}")
    for one in judged.added:
        echo(f"nouveau  {one.name}{f' ({one.said})' if one.said else ''}")
    columns = sum(len(table.columns) for table in declared.contracts.values())
    echo(
        f"Tables promises : {len(declared.contracts)} ; colonnes : {columns} ; manquements : {len(judged.broken)} ; "
        f"nouveautés à enregistrer : {len(judged.added)}."
    )
    if judged.added:
        note(f"Pour les promettre aussi : {session.command} contracts record")
    ctx.exit(BLOCKED if judged.broken else DONE)


@contracts.command(short_help="Ajouter aux promesses ce qui est nouveau.")
@click.option("--shipped", "ships", is_flag=True, help="Écrire aussi ce que le projet livre, dans ses contracts/.")
@global_options
@click.pass_context
def record(ctx: click.Context, *, ships: bool) -> None:
    """Ajouter à contracts/ ce que l’entrepôt publierait de nouveau : tables, colonnes, clés, unités.

    Les tables propres au dossier vont dans son contracts/. Les promesses existantes ne sont ni retirées ni changées :
    cela se fait à la main.
    """
    session: Session = ctx.obj
    declared = session.catalogue
    shape, _ = _to_publish(session)
    own = {name: shaped for name, shaped in shape.items() if _is_own(declared, name)}
    rest = {name: shaped for name, shaped in shape.items() if name not in own}
    _record(declared, own, session.home.root)
    if ships:
        _record(declared, rest, settings.shipped())
    elif new := judge(declared.contracts, rest, 0).added:
        note(f"De tables livrées, {len(new)} : --shipped les écrit dans le projet.")


def _is_own(declared: Catalogue, name: str) -> bool:
    """True for a table that only the home declares or promises."""
    if name in declared.contracts_declared:
        return declared.is_own(declared.contracts_declared[name].path)
    model = name.partition(".")[2]
    models = declared.project.models
    return model in models and declared.is_own(models[model].path) and model not in models.replaced


def _record(declared: Catalogue, shape: Shape, root: Path) -> None:
    """Rewrite the files of a layer with what ``shape`` adds, if it adds anything."""
    overlay = declared.contracts_declared
    layer = {thing.name: thing for thing in (*overlay.replaced.values(), *overlay.on.values(), *overlay.off.values())}
    layer = {name: thing for name, thing in layer.items() if thing.path.parent == root / "contracts"}
    off = [name for name, thing in layer.items() if not thing.enabled]
    known = {name: thing.parsed(Table) for name, thing in layer.items() if thing.enabled}
    made = recorded(known, {name: shaped for name, shaped in shape.items() if name not in off})
    for schema in sorted({name.partition(".")[0] for name in made}):
        file, text = root / "contracts" / f"{schema}.yml", written(schema, made, off)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
            echo(f"Écrit {shown(file)}")


@contracts.command(short_help="Ce qui change entre deux publications.")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B", default="published")
@global_options
@click.pass_context
def diff(ctx: click.Context, first: str, second: str) -> None:
    """Montrer ce qui est ajouté, retiré ou changé de la publication A à la publication B : les premiers caractères de
    leur nom, ou un dossier."""
    session: Session = ctx.obj
    sides = [shape_published(_publication(session, name), session.catalogue.fields) for name in (first, second)]
    found = differences(*sides)
    for one in found:
        echo(told(one))
    echo(f"Différences : {len(found)}.")


def _publication(session: Session, name: str) -> Path:
    """The folder of a publication. Raises UsageError when there is none of that name."""
    if name == session.home.published.name:
        return session.home.published
    known = sorted(path for path in session.home.builds.glob("[!.]*") if path.name.startswith(name)) if name else []
    if len(known) == 1:
        return known[0]
    if (folder := Path(name)).is_dir():
        return folder
    there = ", ".join(path.name[:12] for path in session.home.builds.glob("[!.]*")) or "aucune"
    raise click.UsageError(f"« {name} » ne nomme pas une publication du dossier ({there}), ni un dossier")


def _to_publish(session: Session) -> tuple[Shape, int]:
    if not session.home.warehouse.exists():
        raise click.UsageError(f"aucun entrepôt n’est construit : {session.command} run EXERCICE")
    return shape_to_publish(session.home.warehouse, session.catalogue)
