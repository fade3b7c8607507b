"""What every definition needs: the home's organisation, its exercices, the names of assets, a failure that says how it ended.

A checkout without a home still loads, with the demonstration's organisation: ``dagster definitions validate`` and the
tests need no data.
"""

import datetime as dt
from typing import Any

import dagster as dg

from pipelines import settings
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation, load_organisation
from pipelines.catalogue.source_grammar import System, Table
from pipelines.disk import why
from pipelines.evidence.published import publication_status
from pipelines.ledger.store import Ledger
from pipelines.runs.outcome import ending_of
from pipelines.settings import Home

PUBLISHED = dg.AssetKey(["publication", "published"])
UP_TO_DATE = "a_jour"  # the check that fails once something is accepted but not published
WEEKLY = dg.FreshnessPolicy.cron(  # during the season this check runs every week: it shows a refusal, or that nothing is running
    deadline_cron="0 12 * 1-9 1", lower_bound_delta=dt.timedelta(days=6), timezone="Europe/Paris"
)


def organisation_of(home: Home) -> Organisation:
    """The home's organisation, or the demonstration's when there is no home yet."""
    where = home if home.organisation_file.exists() else Home(settings.PROJECT_ROOT / "demo")
    return load_organisation(where, load_catalogue(home))


def failure(error: Exception, **metadata: Any) -> dg.Failure:
    """A failed step whose ``ending`` the caller of the job reads, whatever its message."""
    said = f"{error.filename} : {why(error)}" if isinstance(error, OSError) and error.errno else str(error)
    return dg.Failure(said, metadata={"ending": str(ending_of(error)), **metadata}, allow_retries=False)


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


def exercices(organisation: Organisation) -> dg.StaticPartitionsDefinition:
    """One partition per exercice of the organisation."""
    return dg.StaticPartitionsDefinition([str(year) for year in organisation.years])


def table_key(system: System, table: Table) -> dg.AssetKey:
    """``<system>/<table>``, also the key of the dbt source."""
    return dg.AssetKey([system.system, table.name])
