"""The figures of the report, declared once each: a YAML per chapter, its grammar, and the SQL compiled from it."""
