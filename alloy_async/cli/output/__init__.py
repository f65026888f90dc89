"""What commands show: progress, reports and tables, on a terminal or in a pipe."""
