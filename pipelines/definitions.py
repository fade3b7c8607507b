"""Dagster's entry point: what ``defs/`` defines, run in one process."""

import dagster as dg

from pipelines.defs import collect, jobs, publish, release, transform
from pipelines.private import keep_to_owner


@dg.definitions
def defs() -> dg.Definitions:
    """Every definition of the project, for a process that restricts what it writes to its owner.

    Its modules are named one by one: Dagster's own loader of a folder would import the web server of ``defs/web.py``
    too.
    """
    keep_to_owner()
    return dg.Definitions.merge(
        collect.collect_defs(),
        transform.transform_defs(),
        publish.publish_defs(),
        jobs.job_defs(),
        release.release_defs(),
        # DuckDB has one writer, and each further process would pay some five seconds of imports.
        dg.Definitions(executor=dg.in_process_executor),
    )
