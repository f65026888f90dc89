"""Commands on all tenants of a table: `--many`."""
