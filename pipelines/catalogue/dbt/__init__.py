"""Composes a home's single dbt project from hand-written files and from files generated from the catalogue."""
