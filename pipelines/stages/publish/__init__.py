"""The warehouse and the ledger become ``published/``: one DuckDB file and one Parquet a table, swapped whole."""
