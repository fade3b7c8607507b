"""The Dagster door: when each step runs and what it depends on. The only code that knows Dagster."""
