"""Judges a delivery where it lies: one result per expectation on the Parquet that ingest wrote.

``catalogue.expectation_types`` (what an expectation may say) → ``suite`` (what is expected of a table) → ``judge`` (the only module that
runs Great Expectations), with ``failing_lines`` (where a failure is) and ``totals`` (control totals) beside it. Only plain data
comes out: results never contain a cell. What does not belong here: refusing a line (ingest), deciding what is current
(accept), rules across tables or years (dbt).
"""
