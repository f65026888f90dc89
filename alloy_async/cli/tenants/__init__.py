"""`--many`: one command for all tenants of a table."""
