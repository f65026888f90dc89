"""The driver, psycopg; with the remedy where it is not installed."""

from __future__ import annotations

try:
    import psycopg as psycopg
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        "Jobs in PostgreSQL need psycopg, which is not installed. Install it with: pip install 'alloy-async[postgres]'",
        name=_missing.name,
    ) from _missing
