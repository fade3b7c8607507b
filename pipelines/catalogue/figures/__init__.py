"""The declared figures of the report: one YAML file per domain, its grammar, and the SQL made from it."""
