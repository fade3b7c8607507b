"""The steps of the flow, one package each: plain functions that import neither one another nor Dagster."""
