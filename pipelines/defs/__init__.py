"""The Dagster interface: when each step runs and what it depends on. Only this package and ``definitions`` import Dagster."""
