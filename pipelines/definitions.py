"""Dagster's entry point: what ``defs/`` holds, run in one process."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Every definition of the project."""
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        # DuckDB has one writer, and each further process would pay some five seconds of imports.
        dg.Definitions(executor=dg.in_process_executor),
    )
