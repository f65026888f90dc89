from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from alloy_async import AsyncSmooch
from alloy_async.sandbox import Sandbox
from alloy_async.sandbox.smooch.service import KEY_ID, SECRET
from alloy_async.testing import FakeClock


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A fresh Smooch sandbox on the test's own event loop."""
    async with Sandbox("smooch") as sandbox:
        yield sandbox


@pytest.fixture
async def smooch(sandbox: Sandbox, clock: FakeClock) -> AsyncIterator[AsyncSmooch]:
    """A client of `sandbox` that never waits between attempts."""
    async with AsyncSmooch(key_id=KEY_ID, secret=SECRET, base_url=sandbox.url, clock=clock) as client:
        yield client
