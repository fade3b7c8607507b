"""Fixtures shared by the tests of validation: a small table with personal data, hand-made expectations."""

import pytest

from pipelines.catalogue.expectation_types import ROWS_QUERY, ExpectationSpec
from pipelines.catalogue.source_grammar import Constraints, Field, Table
from pipelines.stages.validate.suite import Suite


@pytest.fixture
def people() -> Table:
    """A table with personal data, like the user accounts."""
    return Table(
        name="agents",
        title="Agents",
        primaryKey=["matricule"],
        fields=[
            Field(
                name="matricule",
                title="Matricule",
                personal="pseudonymise",
                constraints=Constraints(required=True),
            ),
            Field(name="nom", title="Nom", personal="drop"),
            Field(name="service", title="Service", constraints=Constraints(enum=["DSI", "RH"], maxLength=3)),
            Field(name="grade", title="Grade", personal="keep", constraints=Constraints(unique=True)),
            Field(name="entree", title="Entrée", type="date", constraints=Constraints(minimum="1990-01-01")),
            Field(
                name="quotite",
                title="Quotité",
                type="number",
                constraints=Constraints(minimum=0.1, maximum=1),
            ),
            Field(
                name="jours",
                title="Jours",
                type="integer",
                severity="warning",
                constraints=Constraints(maximum=5),
            ),
        ],
    )


def rule(key: str, condition: str, severity: str = "critical") -> ExpectationSpec:
    """An expectation in SQL."""
    query = ROWS_QUERY + condition
    return ExpectationSpec(
        key,
        "unexpected_rows_expectation",
        {"unexpected_rows_query": query},
        severity,
        None,
        "Raison.",
        "Remède.",
    )


def suite_of(*specs: ExpectationSpec) -> Suite:
    """A suite of these expectations."""
    return Suite("essai", "agents", specs)
