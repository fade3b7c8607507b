"""From a folder of yearly exports to the tables of the annual report.

    landing → ingest → validate → accept → transform → publish (→ report, exports, PostgreSQL)

What varies between organisations or years is declared, in folders that hold no Python; this package is the engine, which
says *how* a step works and never *what* is collected. Imports run one way:

    cli, defs → runs → stages, evidence → ledger → catalogue → settings

A stage never imports another stage nor Dagster: plain data (manifest, verdict, paths) passes between them, and stages meet
in ``runs`` alone.
"""
