"""The figures of the report, declared once each: a YAML per domain, its grammar, the SQL made from it."""
