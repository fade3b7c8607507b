"""What every definition needs: the home, its organisation, its exercices, and names of assets.

A checkout without a home still loads, with the demonstration's organisation: ``dagster definitions validate`` and the
tests need no data.
"""

import functools

import dagster as dg

from pipelines import settings
from pipelines.settings import Home
from pipelines.catalogue.declarations import System, Table
from pipelines.catalogue.organisation import Organisation, load_organisation
from pipelines.catalogue.registry import Registry, load_registry

LAW_DATE = "30 septembre"  # CGCT, art. L5211-39: the report reaches the mayors before it


def home() -> Home:
    """The home of this process."""
    return settings.home()


def registry() -> Registry:
    """Every declared source."""
    return load_registry()


@functools.cache
def organisation() -> Organisation:
    """The home's organisation, or the demonstration's where there is no home yet."""
    where = home()
    if not where.organisation_file.exists():
        where = Home(settings.PROJECT_ROOT / "demo")
    return load_organisation(where, registry())


@functools.cache
def exercices() -> dg.StaticPartitionsDefinition:
    """One partition an exercice of the organisation."""
    return dg.StaticPartitionsDefinition([str(year) for year in organisation().years])


def table_key(system: System, table: Table) -> dg.AssetKey:
    """``<system>/<table>``, also the key of the dbt source."""
    return dg.AssetKey([system.system, table.name])
