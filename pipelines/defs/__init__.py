"""When each step runs and what it depends on: the only code that knows Dagster."""
