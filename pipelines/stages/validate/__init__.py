"""Checks a delivery on the Parquet files that ingest wrote, and gives one result per expectation.

``catalogue.expectation_types`` (the types of expectation) → ``suite`` (the expectations of a table) → ``judge`` (alone to
run Great Expectations), with ``failing_lines`` (the lines that break an expectation) and ``counts`` (what ingest counted:
control totals, refused lines, freshness). Results are plain data and never contain a cell. Lines are refused by ingest,
deliveries by accept, and rules across tables or years are tests of dbt.
"""
