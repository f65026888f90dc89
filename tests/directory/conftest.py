"""Each test here runs on every directory that it takes `case` of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alloy_async import Timeout
from alloy_async.core.retry import Retry
from alloy_async.directory.adapter import Adapter
from alloy_async.sandbox import Sandbox

from .cases import CASES, Case

QUICK = {"retry": Retry(attempts=3, wait_initial=0.001), "timeout": Timeout(read=0.5)}


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    chosen: Case = request.param
    return chosen


@pytest.fixture
async def sandbox(case: Case) -> AsyncIterator[Sandbox]:
    """The system's sandbox, with three people in it."""
    async with case.sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def directory(case: Case, sandbox: Sandbox) -> AsyncIterator[Adapter[Any]]:
    directory = case.connect(sandbox, **QUICK)
    async with directory.client:
        yield directory
