"""The table of tenants: its keys, its lines, what is wrong with it, and an entry for each tenant."""
