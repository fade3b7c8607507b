"""From a folder of yearly exports to the tables of the annual report.

    landing → ingest → validate → accept → transform → publish (→ report, exports, PostgreSQL)

Whatever varies between organisations or years is declared in folders that hold no Python. This package is the engine, which
knows *how* each step works and never *what* is collected. Imports run one way:

    cli, defs → runs → stages, evidence → ledger → catalogue → settings

A stage never imports another stage or Dagster. Stages exchange plain data (manifest, verdict, paths), and only ``runs``
calls several of them.
"""
