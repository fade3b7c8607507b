"""The steps of the flow, a package each: plain functions that import neither one another nor Dagster."""
