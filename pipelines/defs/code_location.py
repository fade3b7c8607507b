"""All that is defined for one home."""

import dagster as dg

from pipelines.defs.collect import collect_defs
from pipelines.defs.home import HomeResource
from pipelines.defs.jobs import job_defs
from pipelines.defs.publish import publish_defs
from pipelines.defs.transform import transform_defs
from pipelines.settings import Home


def definitions_of(home: Home) -> dg.Definitions:
    """The assets, checks, jobs, schedules and sensors of this home. Raises DeclarationError."""
    return dg.Definitions.merge(
        collect_defs(home),
        transform_defs(home),
        publish_defs(home),
        job_defs(home),
        # DuckDB has one writer, and each further process would pay some five seconds of imports.
        dg.Definitions(resources={"home": HomeResource(root=str(home.root))}, executor=dg.in_process_executor),
    )
