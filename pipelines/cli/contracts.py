"""``contracts check``, ``record`` and ``diff``: what is promised to those who read the published tables."""

from importlib.metadata import version
from pathlib import Path

import click

from pipelines import settings
from pipelines.catalogue.contracts import OURS, SNAPSHOT, broken, differences, snapshot, told, written
from pipelines.cli.app import BLOCKED, DONE
from pipelines.cli.output import echo, note
from pipelines.cli.session import Session, on_home, shown
from pipelines.stages.publish.published_shape import shape_published, shape_to_publish


@click.group()
def contracts() -> None:
    """Les contrats : tables, colonnes, types, clés et unités promis, tels qu’enregistrés dans dbt_project/contracts.csv."""


@contracts.command(short_help="Vérifier que la publication tiendrait les promesses.")
@on_home
def check(session: Session) -> int:
    """Comparer les tables telles que dbt les ferait aux promesses. Code de sortie 1 quand quelque chose manquerait."""
    shape, promised = shape_to_publish(session.catalogue), session.catalogue.promised
    lost, new = broken(promised, shape), [one for one in differences(promised, shape) if one.kind == "added"]
    for what, found in (("rompu", lost), ("nouveau", new)):
        for sentence in told(found):
            echo(f"{what:<8} {sentence}")
    columns = sum(map(len, promised.values()))
    echo(
        f"Tables promises : {len(promised)} ; colonnes : {columns} ; manquements : {len(lost)} ; nouveautés à enregistrer : {len(new)}."
    )
    if new:
        note(f"Pour les promettre aussi : {session.command} contracts record")
    return BLOCKED if lost else DONE


@contracts.command(short_help="Enregistrer ce que les tables promettent aujourd’hui.")
@click.option("--shipped", "ships", is_flag=True, help="Écrire ce que le projet livre, dans son dbt_project/.")
@click.option(
    "--withdraw", "withdraws", is_flag=True, help="Retirer aussi les promesses que les tables ne tiennent plus."
)
@on_home
def record(session: Session, *, ships: bool, withdraws: bool) -> None:
    """Écrire dans dbt_project/contracts.csv les tables propres au dossier, telles que leurs contrats dbt les décrivent.

    Une colonne promise n’en est retirée ou changée que par --withdraw : le dire d’abord à ses lecteurs.
    """
    declared, root = session.catalogue, settings.shipped() if ships else session.home.root
    shape, models = {}, declared.project.models
    for table, columns in shape_to_publish(declared).items():
        name = table.partition(".")[2]
        # a table that the home makes itself, in place of a shipped one or not
        is_own = not table.startswith(OURS) and name in models and declared.is_own(models[name].path)
        if is_own != ships:
            shape[table] = columns
    file = root / SNAPSHOT
    promised = {table: columns for table, columns in declared.promised.items() if table in shape} | snapshot(file)
    if (lost := broken(promised, shape)) and not withdraws:
        raise click.UsageError(f"--withdraw retirerait ce qui est promis : {' ; '.join(told(lost))}")
    if shape or file.exists():
        file.write_text(written(shape, version("millesime")), encoding="utf-8", newline="\n")
        echo(f"Écrit {shown(file)}")


@contracts.command(short_help="Ce qui change entre deux publications.")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B", default="published")
@on_home
def diff(session: Session, first: str, second: str) -> None:
    """Montrer ce qui est ajouté, retiré ou changé de la publication A à la publication B : les premiers caractères de
    leur nom, ou un dossier."""
    sides = [shape_published(_publication(session, name), session.catalogue.fields) for name in (first, second)]
    found = differences(*sides)
    for sentence in told(found):
        echo(sentence)
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
