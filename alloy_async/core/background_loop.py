"""The background thread with an event loop on which the sync clients of a process run.

uvloop's loop is taken where uvloop is installed, but not where gevent or eventlet have put green threads in the place of
threads: there the loop would never let another one run. The environment variable ALLOY_ASYNC_LOOP chooses: `asyncio` or
`uvloop`.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import logging
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from typing import Any, Generic, TypeVar, TypeVarTuple, Unpack

from .calls.thread_signals import ThreadSignalPool
from .errors import ConfigurationError

T = TypeVar("T")
Args = TypeVarTuple("Args")

log: logging.Logger = logging.getLogger("alloy_async")


class BackgroundLoop:
    """An event loop in a background thread, and the way to run something on it.

    Args:
        signals: by which threads are told that what they wait for is over; default the quickest.
    """

    def __init__(self, signals: ThreadSignalPool | None = None) -> None:
        from concurrent.futures import ThreadPoolExecutor  # here, as an async client needs none of it

        # Before the loop: it cannot be made while the interpreter exits, and then nothing is left unclosed.
        self._executor = ThreadPoolExecutor(thread_name_prefix="alloy_async")
        self._loop = choose_loop_factory()()
        self._loop.set_default_executor(self._executor)
        self._signals = signals or ThreadSignalPool(locks=_has_green_threads())
        self.stopping: bool = False
        self._thread = threading.Thread(target=self._run_thread, name="alloy_async", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._loop.close()
            raise

    @property
    def is_alive(self) -> bool:
        """Whether something can be run on it."""
        return not self._loop.is_closed()

    def _run_thread(self) -> None:
        while not self.stopping:
            try:
                self._loop.run_forever()
            except BaseException:
                # SystemExit and KeyboardInterrupt leave the loop through any callback that raises them. All sync clients of
                # the process wait for this one loop: it goes on.
                log.exception("alloy_async: the background event loop was left by an exception, and goes on")
        self._close()

    def _close(self) -> None:
        # Not asyncio.Runner, which ends the executor in a thread of its own: at exit no thread can be started any more.
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._loop.close()

    def run(self, start: Callable[[Unpack[Args]], Awaitable[T]], *args: *Args) -> T:
        """Wait for what `start(*args)` awaits. Ctrl-C cancels it and waits until it has let go."""
        if threading.get_ident() == self._thread.ident:
            raise ConfigurationError(
                "a sync client was called from its own event loop thread (a hook or a credential callable?), where waiting"
                " would never end; use the async client there"
            )
        signal = self._signals.take_from_pool()
        # Not BackgroundCall[T](...): what is subscripted is made through typing, at three times the cost.
        call: BackgroundCall[T] = BackgroundCall(self, start, args, signal.set)
        self._hand_over(call)
        try:
            signal.wait()
        except BaseException:
            self.cancel([call])
            # It may have ended in the very moment of Ctrl-C, and the wait with it: then there is nothing to wait for.
            if not call.is_over:
                signal.wait()
            raise
        self._signals.return_to_pool(signal)
        error, result = call.error, call.result
        if error is None:
            return result  # type: ignore[return-value]
        if threading.current_thread().daemon and self._is_exiting():
            threading.Event().wait()  # for ever: it ends with the process, and nobody sees an error
        try:
            raise error
        finally:
            del error, call  # an error whose traceback holds it would wait for the garbage collector

    def _is_exiting(self) -> bool:
        """Tell whether the interpreter has begun to exit, from when on no name of a host can be looked up, for one thing."""
        try:
            self._executor.submit(int)
        except RuntimeError:
            return True
        return False

    def spawn(
        self, start: Callable[[], Awaitable[T]], on_end: Callable[[BackgroundCall[T]], object]
    ) -> BackgroundCall[T]:
        """Begin what `start` awaits, in the caller's context variables.

        Args:
            on_end: called on the loop with the call, once it has a result or an error.
        """
        call: BackgroundCall[T] = BackgroundCall(self, start, (), on_end)
        self._hand_over(call)
        return call

    def _hand_over(self, call: BackgroundCall[Any]) -> None:
        self._loop.call_soon_threadsafe(call.start_task, self._loop, context=contextvars.copy_context())

    def cancel(self, calls: Iterable[BackgroundCall[Any]]) -> None:
        """Cancel calls; each ends all the same, with its error."""
        if self.stopping:
            return  # at exit all is cancelled anyway, and who was waiting is being collected
        # Handed over like the calls themselves, so that each has begun when its cancellation comes.
        self._loop.call_soon_threadsafe(lambda: [call.task.cancel() for call in calls])

    def stop(self) -> None:
        """Cancel what runs, close the loop and wait for the end of its thread."""
        self.stopping = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


class BackgroundCall(Generic[T]):
    """Something that runs on the loop for another thread. No done callback of asyncio: this is on the way of every call."""

    __slots__ = ("_args", "_on_end", "_owner", "_start", "error", "is_over", "result", "task")

    def __init__(
        self,
        owner: BackgroundLoop,
        start: Callable[..., Awaitable[T]],
        args: tuple[Any, ...],
        on_end: Callable[[BackgroundCall[T]], object],
    ) -> None:
        self._owner = owner
        self._start = start
        self._args = args
        self._on_end = on_end
        self.result: T | None = None
        self.error: BaseException | None = None
        self.is_over: bool = False

    def start_task(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make the task; on the loop's thread."""
        self.task: asyncio.Task[None] = _create_task(self._await_result(), loop)

    async def _await_result(self) -> None:
        try:
            self.result = await self._start(*self._args)
        except BaseException as error:  # it is the waiting thread's; SystemExit, too, must not end the loop
            self.error = error
        self.is_over = True
        # At exit only daemon threads can still wait. They end with the process, as everywhere else: nobody sees an error.
        if not self._owner.stopping:
            self._on_end(self)


def _create_task(coroutine: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
    if sys.version_info >= (3, 12):
        # It runs to its first wait at once, without another turn of the loop.
        return asyncio.Task(coroutine, loop=loop, name="alloy_async", eager_start=True)
    return loop.create_task(coroutine, name="alloy_async")


def choose_loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Choose between uvloop and asyncio; see the module's docstring.

    Raises:
        ConfigurationError: ALLOY_ASYNC_LOOP names neither, or uvloop is not installed.
    """
    choice = os.environ.get("ALLOY_ASYNC_LOOP", "")
    if choice not in ("", "asyncio", "uvloop"):
        raise ConfigurationError(f"ALLOY_ASYNC_LOOP is asyncio or uvloop, not {choice!r}")
    if choice == "asyncio" or (not choice and _has_green_threads()):
        return asyncio.new_event_loop
    try:
        import uvloop
    except ImportError:
        if choice:
            raise ConfigurationError("ALLOY_ASYNC_LOOP is uvloop, which is not installed") from None
        return asyncio.new_event_loop
    return uvloop.new_event_loop  # type: ignore[no-any-return, unused-ignore]


def _has_green_threads() -> bool:
    """Tell whether gevent or eventlet have patched `threading` in this process."""
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    return bool(
        (gevent is not None and gevent.is_module_patched("threading"))
        or (eventlet is not None and eventlet.is_monkey_patched("thread"))
    )


_background_loop: BackgroundLoop | None = None
_background_loop_lock = threading.Lock()


def get_background_loop() -> BackgroundLoop:
    """Give the process's loop, made on first use, and anew should it have ended."""
    global _background_loop
    found = _background_loop
    if found is None or not found.is_alive:
        with _background_loop_lock:
            found = _background_loop
            if found is None or not found.is_alive:
                try:
                    found = _background_loop = BackgroundLoop()
                except RuntimeError as error:  # Python's own words for it differ from version to version
                    raise ConfigurationError(
                        f"no thread can be started for the sync clients, as while the interpreter exits: {error}"
                    ) from None
    return found


def _stop_background_loop() -> None:
    global _background_loop
    stopping, _background_loop = _background_loop, None
    if stopping is not None:
        stopping.stop()


def _reset_after_fork() -> None:
    """Forget the parent's loop: the child has no such thread, and makes its own on first use."""
    global _background_loop, _background_loop_lock
    _background_loop, _background_loop_lock = None, threading.Lock()


atexit.register(_stop_background_loop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def iterate_sync(items: AsyncIterator[T], seconds: float = 0.005) -> Iterator[T]:
    """Iterate over an async iterator from here.

    Args:
        seconds: as many items as come in this time are fetched in one go, but at least one.
    """
    failure: Exception | None = None

    async def fetch() -> list[T]:
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

    while batch := get_background_loop().run(fetch):
        yield from batch
        if failure is not None:
            break
    if failure is not None:
        raise failure
