"""A sync client and a sandbox on a thread of its own, for tests without an event loop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alloy_async import Alloy
from alloy_async.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("alloy") as sandbox:
        yield sandbox


@pytest.fixture
def alloy(sandbox: Sandbox) -> Iterator[Alloy]:
    with Alloy("key", base_url=sandbox.url) as alloy:
        yield alloy
