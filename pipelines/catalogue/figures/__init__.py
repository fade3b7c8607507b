"""The figures of the report, declared once each: a YAML per chapter, its grammar, the SQL made from it."""
