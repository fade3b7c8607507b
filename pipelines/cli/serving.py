"""``serve``: the web interface of Dagster on a home."""

import click

from pipelines.catalogue.organisation import load_organisation
from pipelines.cli.output import note
from pipelines.cli.session import Session, global_options


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), default=3000, show_default=True, metavar="N", help="Port écouté."
)
@click.option("--read-only", is_flag=True, help="En lecture seule : rien ne peut être lancé ni changé.")
@click.option(
    "--part",
    type=click.Choice(["code", "web", "daemon", "alive"]),
    help="Une seule des parties, où chacune est un conteneur ; alive : vérifier que le démon fonctionne.",
)
@global_options
@click.pass_context
def serve(ctx: click.Context, port: int, part: str | None, *, read_only: bool) -> None:
    """Servir l’interface web de Dagster sur 127.0.0.1, jusqu’à Ctrl-C, et y exécuter ce qui est planifié.

    Derrière un serveur mandataire (MILLESIME_WEB_HOSTS), elle est toujours en lecture seule (docs/web.md).
    """
    from pipelines.defs.web import serve as serve_web
    from pipelines.defs.web import serve_part

    session: Session = ctx.obj
    load_organisation(session.home, session.catalogue)  # an unreadable home is reported before anything starts
    if part:
        serve_part(session.home, part, port, read_only=read_only)
        return
    note(f"Interface web : http://127.0.0.1:{port} (Ctrl-C pour arrêter)")
    serve_web(session.home, port, read_only=read_only)
