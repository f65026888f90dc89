"""Fixtures of all tests: running sandboxes, a clock that never waits, a mocked aiohttp; and a check that nothing is left."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings

from alloy_async import AsyncAlloy
from alloy_async.core.background_loop import get_background_loop
from alloy_async.sandbox import Sandbox
from alloy_async.testing import FakeClock
from alloy_async.testing.aiohttp_mock import mock_aiohttp

settings.register_profile("tests", deadline=None, max_examples=40)  # a busy machine is not a slow test
settings.register_profile("thorough", deadline=None, max_examples=1000)  # by --hypothesis-profile thorough
settings.load_profile("tests")

# A shell's background job begins with Ctrl-C ignored, and what nohup starts with SIGHUP; a process that a test sends one to
# would inherit that. A signal that has a handler is not inherited.
for ignored in {"SIGINT", "SIGTERM", "SIGHUP"} & {*dir(signal)}:
    if signal.getsignal(getattr(signal, ignored)) is signal.SIG_IGN:
        signal.signal(
            getattr(signal, ignored),
            signal.default_int_handler if ignored == "SIGINT" else lambda *_: None,
        )

OPEN_FILES = next((path for path in map(Path, ("/proc/self/fd", "/dev/fd")) if path.exists()), None)
PATIENCE = 30.0
"""Seconds that closing may take on other threads."""
TURNS = 10
"""Turns of the event loop that closing may take: an async generator left early is closed in a task of the loop's."""


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through all tests and modules again and again: they live to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def mocked(mocked_aiohttp: mock_aiohttp) -> mock_aiohttp:
    """aiohttp without a network, for the tests of those who mock it."""
    return mocked_aiohttp


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A fresh Alloy sandbox on the test's own event loop."""
    async with Sandbox("alloy") as sandbox:
        yield sandbox


@pytest.fixture
async def alloy(sandbox: Sandbox, clock: FakeClock) -> AsyncIterator[AsyncAlloy]:
    """A client of `sandbox` that never waits between attempts."""
    async with AsyncAlloy("key", base_url=sandbox.url, clock=clock) as client:
        yield client


@pytest.fixture(autouse=True)
def _no_thread_and_no_connection_left() -> Iterator[None]:
    get_background_loop()  # lives as long as the process: not what a test leaves behind
    threads, sockets = _threads(), _open_sockets()
    yield
    assert _soon(lambda: _threads() <= threads), f"threads left: {_threads() - threads}"
    assert _soon(lambda: _open_sockets() <= sockets), f"{_open_sockets() - sockets} sockets left open"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Look for tasks left where there is an event loop: a test without one is not given one for it."""
    if isinstance(item, pytest.Function) and pytest_asyncio.is_async_test(item):
        item.fixturenames.insert(
            item.fixturenames.index("_no_thread_and_no_connection_left") + 1, "_no_task_left"
        )


@pytest.fixture
async def _no_task_left(_no_thread_and_no_connection_left: None) -> AsyncIterator[None]:
    yield
    for _ in range(TURNS):
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if not left:
            return
        await asyncio.sleep(0)
    pytest.fail(f"tasks left: {left}")


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if not thread.daemon}


def _open_sockets() -> int:
    if OPEN_FILES is None:
        return 0
    return sum(map(_is_socket, OPEN_FILES.iterdir()))


def _is_socket(descriptor: Path) -> bool:
    try:
        return descriptor.is_socket()
    except OSError:  # the directory's own descriptor is closed by now
        return False


def _soon(holds: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > give_up:
            return False
        gc.collect()
        time.sleep(0.005)
    return True
