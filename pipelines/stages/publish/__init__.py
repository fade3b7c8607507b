"""Publishes the warehouse and the ledger: one DuckDB file and one Parquet per table, in a folder swapped as a whole."""
