"""The Dagster interface: when each step runs and what it depends on. Only this package imports Dagster."""
