"""From declarations to the one dbt project of a home: what is hand-written, what follows from the catalogue, their folder."""
