"""One module for each format of rows: CSV, JSON lines, JSON arrays, Parquet, workbooks; and the search for a header."""
