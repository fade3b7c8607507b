"""Lets only the person whom a proxy names freeze a year from the web interface, and nobody when there is no proxy.

Dagster passes every run that its interface launches or re-executes through this coordinator, with the request that
launched it. Named by ``serve``, whatever the home's ``dagster.yaml`` says.
"""

from typing import Any

from dagster import DagsterRun, QueuedRunCoordinator, SubmitRunContext

from pipelines import settings
from pipelines.defs.workspace import organisation

RELEASE = "release"  # the job of defs/release.py
COORDINATOR = {"run_coordinator": {"module": __name__, "class": "NamedReleases"}}  # overrides dagster.yaml
BY = "millesime/user"  # the tag of a release that says who launched it


class NotNamed(PermissionError):
    """A release launched by somebody who is not named."""


class NamedReleases(QueuedRunCoordinator):
    """Dagster's queue; a release enters it only when the person named by the proxy is the one who approves it."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Queue a run. Raises NotNamed."""
        run = context.dagster_run
        if run.job_name == RELEASE:
            header = settings.web_user_header()
            user = approving_user(run.run_config, header and context.get_request_header(header))
            self._instance.add_run_tags(run.run_id, {BY: user})
        return super().submit_run(context)


def approving_user(run_config: Any, header: str | None) -> str:
    """The declared person whom ``header`` names and who approves the release. Raises NotNamed, UnknownPerson."""
    if not header:
        raise NotNamed(
            "aucun serveur mandataire ne nomme la personne connectée : une version se fige par `millesime release`"
        )
    user = organisation().person(_utf8(header))
    approves = organisation().person(str(run_config["ops"]["figer"]["config"]["approuve_par"]))
    if user != approves:
        raise NotNamed(f"{user.nom} est connecté, et {approves.nom} approuverait la version : chacun signe pour soi")
    return user.nom


def _utf8(header: str) -> str:
    """A header's text; it was read as Latin-1, and proxies write UTF-8."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header
