"""dagster-dbt as it is where dbt-core is not installed, which it allows: here dbt runs elsewhere, and importing it takes two seconds."""

import sys

_hidden = "dbt" not in sys.modules
if _hidden:
    sys.modules["dbt"] = None  # type: ignore[assignment]  # what Python calls absent
try:
    from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
finally:
    if _hidden:
        del sys.modules["dbt"]

__all__ = [
    "DagsterDbtTranslator",
    "DagsterDbtTranslatorSettings",
    "DbtCoreCliEventMessage",
    "DbtProject",
    "dbt_assets",
]
