"""Fixtures for the tests of those who use alloy_async, found by the entry point `pytest11`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from alloy_async.sandbox import Sandbox


@pytest.fixture
def alloy_sandbox() -> Iterator[Sandbox]:
    """A fresh Alloy sandbox for one test, sync or async."""
    from alloy_async.sandbox import Sandbox  # imported here: pytest loads this plugin in every run

    with Sandbox("alloy") as sandbox:
        yield sandbox
