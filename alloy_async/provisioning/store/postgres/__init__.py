"""Jobs in a PostgreSQL database (extra: postgres), for workers on many hosts."""
