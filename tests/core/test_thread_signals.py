"""How a sync call waits: woken from another thread, broken off by Ctrl-C at the worst moment, used again, nothing left open."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alloy_async import Alloy
from alloy_async.core.background_loop import BackgroundLoop
from alloy_async.core.calls.thread_signals import EventfdSignal, LockSignal, ThreadSignal, ThreadSignalPool

from .direct import alloy as alloy, sandbox as sandbox

needs_eventfd = pytest.mark.skipif(not hasattr(os, "eventfd"), reason="eventfd is Linux's")
each_kind = pytest.mark.parametrize("kind", [LockSignal, pytest.param(EventfdSignal, marks=needs_eventfd)])


class InterruptedSignal(LockSignal):
    """Lets Ctrl-C come in the moment in which the wait is over."""

    def wait(self) -> None:
        super().wait()
        raise KeyboardInterrupt


class InterruptedSignals(ThreadSignalPool):
    def take_from_pool(self) -> ThreadSignal:
        return InterruptedSignal()


@pytest.fixture
def interrupted() -> Iterator[BackgroundLoop]:
    loop = BackgroundLoop(InterruptedSignals(locks=True))
    yield loop
    loop.stop()


@each_kind
def test_a_wait_ends_whether_the_signal_is_set_before_or_after(kind: Any) -> None:
    one = kind()
    one.set()
    one.wait()
    waiting = threading.Thread(target=one.wait)
    waiting.start()
    one.set()
    waiting.join(20)
    assert not waiting.is_alive()


def test_ctrl_c_in_the_moment_in_which_a_call_ends(interrupted: BackgroundLoop) -> None:
    ended: list[BaseException] = []

    def call() -> None:
        try:
            interrupted.run(asyncio.sleep, 0)
        except KeyboardInterrupt as error:
            ended.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(20)
    assert len(ended) == 1


def test_signals_are_used_again() -> None:
    signals = ThreadSignalPool(locks=True)
    first, second = signals.take_from_pool(), signals.take_from_pool()
    assert first is not second
    signals.return_to_pool(first)
    assert signals.take_from_pool() is first


@needs_eventfd
def test_calls_one_after_the_other_leave_no_files_open(alloy: Alloy) -> None:
    def count_files() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    alloy.list_all_users()
    before = count_files()
    for _ in range(20):
        alloy.list_all_users()
    assert count_files() == before


@needs_eventfd
def test_with_too_many_files_open_a_lock_does() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    signals = ThreadSignalPool(locks=False)
    assert isinstance(signals.take_from_pool(), EventfdSignal)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        assert isinstance(signals.take_from_pool(), LockSignal)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="there is no SIGALRM")
def test_a_call_from_a_signal_handler_amid_a_call() -> None:
    program = """
import signal
from alloy_async.core.background_loop import get_background_loop
import asyncio

async def ring():
    signal.raise_signal(signal.SIGALRM)
    await asyncio.sleep(0.3)
    return "outer"

async def answer():
    return "inner"

heard = []
signal.signal(signal.SIGALRM, lambda *_: heard.append(get_background_loop().run(answer)))
assert get_background_loop().run(ring) == "outer"
assert heard == ["inner"], heard
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
