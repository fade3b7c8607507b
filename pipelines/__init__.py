"""From a folder of yearly exports to the tables of the annual report.

    landing → ingest → validate → accept → transform → publish

Each stage is a package of plain functions that says *how* a step works; ``defs/`` says *when* it runs. Imports run
one way:

    cli, defs → collect, replay, release, audit → stages (extract, ingest, validate, accept, transform, publish, report)
        → ledger → sources, figures, chapters → settings

A stage never imports another stage nor Dagster: plain data (manifest, verdict, paths) passes between them.
"""
