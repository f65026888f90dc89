"""One module for each format of rows: CSV, JSON lines, Parquet."""
