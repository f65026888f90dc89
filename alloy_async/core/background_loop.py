"""The background thread with an event loop on which the sync clients of a process run."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any, TypeVar, TypeVarTuple, Unpack

from .errors import ConfigurationError

T = TypeVar("T")
Args = TypeVarTuple("Args")


class BackgroundLoop:
    """An event loop in a background thread (uvloop's, where installed), and the way to run something on it."""

    def __init__(self) -> None:
        started = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(started,), name="alloy_async", daemon=True)
        self._thread.start()
        started.wait()

    def _main(self, started: threading.Event) -> None:
        with asyncio.Runner(loop_factory=_choose_loop_factory()) as runner:
            self._loop = runner.get_loop()
            self._stop = asyncio.Event()
            self._loop.call_soon(started.set)
            runner.run(self._stop.wait())

    def run(self, start: Callable[[Unpack[Args]], Awaitable[T]], *args: *Args) -> T:
        """Wait for what `start(*args)` awaits. Ctrl-C cancels it and waits until it has let go."""
        if threading.get_ident() == self._thread.ident:
            raise ConfigurationError(
                "a sync client was called from its own event loop thread (a hook or a credential callable?), where waiting"
                " would never end; use the async client there"
            )
        call = _BackgroundCall(self._loop, start, args)
        self._loop.call_soon_threadsafe(call.start, context=contextvars.copy_context())
        try:
            call.finished.acquire()
        except BaseException:
            self._loop.call_soon_threadsafe(call.cancel)
            call.finished.acquire()
            raise
        error, result = call.error, call.result
        if error is None:
            return result  # type: ignore[no-any-return]
        try:
            raise error
        finally:
            del error, call  # an error whose traceback holds it would wait for the garbage collector

    def spawn(
        self,
        start: Callable[[], Awaitable[T]],
        started: Callable[[asyncio.Task[T]], None],
        done: Callable[[asyncio.Task[T]], object],
    ) -> None:
        """Begin what `start` awaits, in the caller's context variables."""

        def begin() -> None:
            task: asyncio.Task[T] = self._loop.create_task(start())  # type: ignore[arg-type]
            started(task)
            task.add_done_callback(done)

        self._loop.call_soon_threadsafe(begin, context=contextvars.copy_context())

    def cancel(self, tasks: Iterable[asyncio.Task[Any]]) -> None:
        self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


class _BackgroundCall:
    """One wait of a thread for something on the loop. A bare lock and no done callback: this is on the way of every call."""

    __slots__ = ("args", "error", "finished", "function", "loop", "result", "task")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, start: Callable[..., Awaitable[Any]], args: tuple[Any, ...]
    ) -> None:
        self.loop = loop
        self.function = start
        self.args = args
        self.finished = threading.Lock()
        self.finished.acquire()
        self.result: Any = None
        self.error: BaseException | None = None

    def start(self) -> None:
        self.task = self.loop.create_task(self._await_result(), name="alloy_async")

    async def _await_result(self) -> None:
        try:
            self.result = await self.function(*self.args)
        except BaseException as error:  # it is the waiting thread's
            self.error = error
        finally:
            self.finished.release()

    def cancel(self) -> None:
        self.task.cancel()


def _choose_loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop  # type: ignore[no-any-return, unused-ignore]


_background_loop: BackgroundLoop | None = None
_background_loop_lock = threading.Lock()


def get_background_loop() -> BackgroundLoop:
    """The process's portal, made on first use."""
    global _background_loop
    if _background_loop is None:
        with _background_loop_lock:
            if _background_loop is None:
                _background_loop = BackgroundLoop()
    return _background_loop


def _stop_background_loop() -> None:
    global _background_loop
    stopping, _background_loop = _background_loop, None
    if stopping is not None:
        stopping.stop()


def _reset_after_fork() -> None:
    """The child has no background thread; it makes its own portal on first use."""
    global _background_loop, _background_loop_lock
    _background_loop, _background_loop_lock = None, threading.Lock()


atexit.register(_stop_background_loop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def iterate_sync(items: AsyncIterator[T], seconds: float = 0.005) -> Iterator[T]:
    """The items of an async iterator, fetched on the portal: in one go as many as come in so many seconds, but at least one."""
    failure: Exception | None = None

    async def some() -> list[T]:
        nonlocal failure
        batch: list[T] = []
        until = time.monotonic() + seconds
        try:
            async for item in items:
                batch.append(item)
                if time.monotonic() >= until:
                    break
        except Exception as error:
            failure = error
        return batch

    while batch := get_background_loop().run(some):
        yield from batch
        if failure is not None:
            break
    if failure is not None:
        raise failure
