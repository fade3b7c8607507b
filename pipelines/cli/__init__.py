"""``millesime``: the command line. Thin: it asks the other packages and shows what they answer.

Results go to standard output, diagnostics and progress to standard error. Whatever is slow to import (duckdb,
sqlalchemy, dagster, great_expectations, rich) is imported by the command that needs it. No rule of the
pipeline belongs here.
"""


def main() -> None:
    """Entry point of the ``millesime`` script."""
    from pipelines.cli.app import millesime

    millesime(prog_name="millesime")
