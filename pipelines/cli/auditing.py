"""``audit``, ``docs``: the pages that an auditor opens, written on demand."""

import click

from pipelines.cli.app import BLOCKED, DONE
from pipelines.cli.arguments import year_argument
from pipelines.cli.output import echo, json_option, progress, title, write_json
from pipelines.cli.session import Session, on_home, refusing, shown
from pipelines.disk import read_json
from pipelines.ledger.closing import close
from pipelines.runs.audit.sampling import SIZE
from pipelines.runs.pages import DATA, write_states
from pipelines.stages.transform.docs import NoDocs, write_docs


@click.command()
@year_argument
@click.option(
    "--seed", type=int, metavar="GRAINE", help="Graine du tirage ; par défaut le dernier jour de l’EXERCICE (20201231)."
)
@click.option(
    "--sample", "size", type=click.IntRange(0, 500), default=SIZE, show_default=True, metavar="N", help="Lignes tirées."
)
@json_option
@on_home
def audit(session: Session, year: int, seed: int | None, size: int, form: str) -> int:
    """Écrire audit/EXERCICE/etat.html et etat.json : ce qui est reçu, chaque contrôle, les écarts, les constats avec
    leurs décisions, un échantillon de lignes à côté de leurs originaux, les versions, et comment tout refaire.

    Code de sortie 1 quand l’exercice n’est pas publiable en l’état.
    """
    with session.writing() as ledger:
        (page,) = write_states(session.work(ledger), [year], seed=seed, size=size)
    verdict = read_json(page.with_name(DATA))["verdict"]
    files = {"page": shown(page), "data": shown(page.with_name(DATA))}
    if form == "json":
        write_json({"exercice": year, "verdict": verdict, **files}, session.organisation)
    else:
        title(f"audit de {year}", session.organisation)
        echo("  Publiable" if verdict["publiable"] else "  Non publiable en l’état")
        for reason in verdict["raisons"]:
            echo(f"  - {reason['texte']}")
        echo(f"  page     {files['page']}")
        echo(f"  données  {files['data']}")
    return DONE if verdict["publiable"] else BLOCKED


@click.command()
@on_home
@refusing(NoDocs)
def docs(session: Session) -> None:
    """Écrire docs/dbt.html : chaque table avec ses colonnes, ses tests, d’où elle vient et qui la lit, sans serveur.

    Les pages d’audit écrites ensuite y renvoient.
    """
    with progress() as say:
        say("dbt écrit sa documentation")
        with session.writing() as ledger:
            page = write_docs(session.home)
            close(session.home, ledger, page.parent, [page])
    echo(f"Écrit {shown(page)}")
