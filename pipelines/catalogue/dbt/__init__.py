"""From declarations to a home's single dbt project: what is hand-written, what follows from the catalogue, their folder."""
