"""What every definition needs: the home, its organisation, its exercices, and names of assets.

A checkout without a home still loads, with the demonstration's organisation: ``dagster definitions validate`` and the
tests need no data.
"""

import datetime as dt
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from pipelines import settings
from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.organisation import Organisation, load_organisation
from pipelines.catalogue.source_grammar import System, Table
from pipelines.catalogue.sources import Registry
from pipelines.evidence.published import publication_status
from pipelines.ledger.store import Ledger
from pipelines.ledger.unsound import Unsound
from pipelines.ledger.workspace import Workspace, open_workspace
from pipelines.locking import Busy, only_writer
from pipelines.private import work_in
from pipelines.runs.outcome import ending_of
from pipelines.settings import Home
from pipelines.stages.transform.build import BuildFailed

PUBLISHED = dg.AssetKey(["publication", "published"])
UP_TO_DATE = "a_jour"  # the check that fails once something is accepted but not published
WEEKLY = dg.FreshnessPolicy.cron(  # during the season this check runs every week: it shows a refusal, or that nothing is running
    deadline_cron="0 12 * 1-9 1", lower_bound_delta=dt.timedelta(days=6), timezone="Europe/Paris"
)
LAW_DATE = "30 septembre"  # CGCT, art. L5211-39: the report reaches the mayors before it


def home() -> Home:
    """The home of this process."""
    return settings.home()


def catalogue() -> Catalogue:
    """What is declared for the home."""
    return load_catalogue(home())


def registry() -> Registry:
    """The declared sources, including the organisation's own."""
    return organisation().applied(catalogue().registry)


@functools.cache
def organisation() -> Organisation:
    """The home's organisation, or the demonstration's when there is no home yet."""
    where = home()
    if not where.organisation_file.exists():
        where = Home(settings.PROJECT_ROOT / "demo")
    return load_organisation(where, catalogue())


@contextmanager
def writing() -> Iterator[Workspace]:
    """The home, open, for its only writer."""
    work_in(home())
    try:
        with only_writer(home()), open_workspace(home()) as work:
            yield work
    except (Busy, BuildFailed, Unsound) as error:
        raise failure(error) from None


def failure(error: Exception, **metadata: Any) -> dg.Failure:
    """A failed step whose ``ending`` the caller of the job reads, whatever its message."""
    return dg.Failure(str(error), metadata={"ending": str(ending_of(error)), **metadata}, allow_retries=False)


def publication_lag(ledger: Ledger) -> dict[str, Any]:
    """An asset check: is the publication made from everything that is accepted?"""
    status = publication_status(ledger)
    lag = status.lag if status else "rien n’est encore publié"
    return {
        "check_name": UP_TO_DATE,
        "asset_key": PUBLISHED,
        "passed": lag is None,
        "severity": dg.AssetCheckSeverity.WARN,
        "metadata": {"raison": lag or "à jour de ce qui est accepté"},
    }


@functools.cache
def exercices() -> dg.StaticPartitionsDefinition:
    """One partition per exercice of the organisation."""
    return dg.StaticPartitionsDefinition([str(year) for year in organisation().years])


def table_key(system: System, table: Table) -> dg.AssetKey:
    """``<system>/<table>``, also the key of the dbt source."""
    return dg.AssetKey([system.system, table.name])
