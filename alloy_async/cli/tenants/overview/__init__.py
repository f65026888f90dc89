"""What `status --many` and `report --many` show: every job of all tenants of a table, with one summary."""
