"""Dagster's entry point: what ``defs/`` holds, run in one process."""

from pathlib import Path

import dagster as dg

from pipelines.private import keep_to_owner


@dg.definitions
def defs() -> dg.Definitions:
    """Every definition of the project, for a process that keeps what it writes to its owner."""
    keep_to_owner()
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        # DuckDB has one writer, and each further process would pay some five seconds of imports.
        dg.Definitions(executor=dg.in_process_executor),
    )
