"""The warehouse and the ledger become ``published/``: one DuckDB file and one Parquet per table, swapped as a whole."""
