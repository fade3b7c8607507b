"""The job that freezes a year from the web interface: same effect as ``millesime release``, refused for the same reasons."""

import dagster as dg
from pydantic import Field

from pipelines import settings
from pipelines.defs.collect import findings_table
from pipelines.defs.workspace import home, organisation, writing
from pipelines.runs.publish import NotServed, serve_copy
from pipelines.runs.release import Undecided, release_year
from pipelines.stages.publish.release import CannotRelease, Visas


class Release(dg.Config):
    """What is frozen, and who vouches for it."""

    exercice: int = Field(description="L’exercice à figer.")
    prepare_par: str = Field(description="Qui a préparé la version : une personne déclarée dans organisation.yml.")
    relu_par: str = Field(description="Qui l’a relue : une autre personne.")
    approuve_par: str = Field(description="Qui l’approuve : une troisième.")
    motif: str | None = Field(None, description="Pourquoi cette version en remplace une autre.")


@dg.definitions
def release_defs() -> dg.Definitions:
    """One job with one step, which nothing starts automatically."""

    @dg.op(description="Fige les chiffres et les tableaux d’un exercice, puis publie de nouveau.")
    def figer(context: dg.OpExecutionContext, config: Release) -> None:
        if config.exercice not in organisation().years:
            raise dg.Failure(
                f"l’exercice {config.exercice} ne fait pas partie de ceux de l’organisation", allow_retries=False
            )
        visas = Visas(config.prepare_par, config.relu_par, config.approuve_par)
        with writing() as work:
            try:
                done = release_year(work, config.exercice, visas, config.motif)
            except CannotRelease as error:
                standing = [one.finding for one in error.findings] if isinstance(error, Undecided) else []
                raise dg.Failure(
                    str(error), metadata=findings_table("à décider", standing), allow_retries=False
                ) from None
        if done.held:
            context.log.warning(f"not published yet: {done.held}")
        context.add_output_metadata(
            {
                "version": done.name,
                "empreinte": done.fingerprint,
                "registre": f"{done.head.entries} {done.head.hash}",
                "dossier": str(home().releases / done.name),
            }
        )
        serve_again(context)

    @dg.job(name="release", description="Fige un exercice : refusé tant qu’un constat est à décider.")
    def release() -> None:
        figer()

    return dg.Definitions(jobs=[release])


def serve_again(context: dg.OpExecutionContext) -> None:
    """Copy what is published to the organisation's server, if there is one; its failure does not undo a release."""
    if server := settings.publication_server():
        try:
            serve_copy(home(), server)
        except NotServed as error:
            context.log.warning(f"not copied to the server: {error}")
