"""Dagster's entry point: what is defined for the home that ``MILLESIME_HOME`` names, read once, when this is loaded."""

import dagster as dg

from pipelines import settings
from pipelines.defs.code_location import definitions_of
from pipelines.private import keep_to_owner


@dg.definitions
def defs() -> dg.Definitions:
    """Every definition of the project, for a process that restricts what it writes to its owner."""
    keep_to_owner()
    return definitions_of(settings.home())
