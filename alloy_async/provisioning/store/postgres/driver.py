"""The driver, psycopg; with the remedy where it is not installed.

It takes a statement as text only where a type checker sees that the text is a literal; one made of the names of our own
columns goes to it encoded.
"""

from __future__ import annotations

try:
    import psycopg as psycopg
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        "Jobs in PostgreSQL need psycopg, which is not installed. Install it with: pip install 'alloy-async[postgres]'",
        name=_missing.name,
    ) from _missing
