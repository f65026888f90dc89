"""A job's store in the hands of the one worker that carries the job out, and the few threads in which all of a process work."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar, TypeVarTuple, Unpack

import attrs

from ..errors import JobError
from .header import JobHeader
from .job_store import JobStore

T = TypeVar("T")
Args = TypeVarTuple("Args")
MOST_THREADS = 4
"""Several, so that a disk or a database that makes one job wait does not make all of them wait."""


class JobWriter:
    """Calls the verbs of a store from an event loop: one after the other, and what has gathered is committed in one go.

    The writers of a process share a few threads. Each is served by one thread at a time, and goes to the end of the line after
    each commit, so that a large job does not hold up a small one.

    Args:
        store: used by the writer only, from now on; closed with it.
        header: what the store holds, where that is known, as of a job that was just begun; default: it is read.
    """

    def __init__(self, store: JobStore, header: JobHeader | None = None) -> None:
        self.store = store
        self.header: JobHeader = header or store.read_header()
        self._failure: JobError | None = None
        self._lock = threading.Lock()
        self._calls: list[_Call] = []
        self._before_next_call: list[Callable[[], object]] = []
        self._is_scheduled = False
        self._is_closing = False
        self._closed: Future[None] = Future()
        self._closed.set_running_or_notify_cancel()  # who waits for the end may be cancelled, the end not
        self._threads = _threads
        self._threads.register_writer()

    def close(self) -> None:
        """Finish what was given to write, and close the store."""
        self._begin_closing()
        self._closed.result()

    async def aclose(self) -> None:
        """Do the same from an event loop."""
        self._begin_closing()
        await asyncio.wrap_future(self._closed)

    async def call(self, work: Callable[[Unpack[Args]], T], *args: *Args, durable: bool = False) -> T:
        """Call a verb of the store, or a function that calls some, in a transaction that it may share with others.

            await writer.call(writer.store.count_outcomes, "apply")

        Args:
            work: given `args`.
            durable: wait until it would survive a loss of power; without, a crash of the process only.

        Returns:
            Its result, once that is committed.

        Raises:
            JobError: the job cannot be written any more; nothing may be sent from then on.
        """
        loop = asyncio.get_running_loop()
        before, self._before_next_call = self._before_next_call, []

        def do() -> T:
            for one in before:
                one()
            return work(*args)

        call = _Call(do, durable, loop, loop.create_future())
        with self._lock:
            self._calls.append(call)
            self._schedule()
        result: T = await call.result
        return result

    def add_to_next_call(self, work: Callable[[Unpack[Args]], object], *args: *Args) -> None:
        """Have a verb called before what the next `call` does, in its transaction: what it raises, that call raises.

        For what nobody has to wait for, as each wait costs two changes of thread and a transaction. Where the writer is closed
        before another call comes, it is not called.
        """
        self._before_next_call.append(partial(work, *args))

    def update_header(self, **columns: Any) -> None:
        """Change attributes of the header, from within a `call`; durable with the next intent, or when the store is closed."""
        self.store.update_header(**columns)
        self.header = attrs.evolve(self.header, **columns)

    def _begin_closing(self) -> None:
        with self._lock:
            self._is_closing = True
            self._schedule()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._threads.enqueue(self._commit_calls)

    def _commit_calls(self) -> None:
        with self._lock:
            calls, self._calls = self._calls, []
        if calls:
            self._commit(calls)
        with self._lock:
            ends = self._is_closing and not self._calls
            self._is_scheduled = ends  # nothing comes after the end
            if self._calls:
                self._schedule()
        if ends:
            self._close_store()

    def _close_store(self) -> None:
        try:
            self.store.close()
        except Exception as error:
            self._closed.set_exception(error)
        else:
            self._closed.set_result(None)
        finally:
            self._threads.stop_serving_writer()

    def _commit(self, calls: list[_Call]) -> None:
        try:
            if self._failure:
                raise self._failure
            with self.store.transaction(durable=any(call.durable for call in calls)):
                results = [call.work() for call in calls]
        except JobError as error:
            # Kept: what is in the store is not known any more, and nothing may be sent on its word.
            self._failure = error
            _resolve_calls(calls, [error] * len(calls))
        except Exception as error:
            _resolve_calls(calls, [error] * len(calls))
        else:
            _resolve_calls(calls, results)


@asynccontextmanager
async def open_job_writer(
    open_store: Callable[[Unpack[Args]], JobStore], *args: *Args, header: JobHeader | None = None
) -> AsyncIterator[JobWriter]:
    """Open a store and its writer, and close both after use, in a thread; a cancelled caller leaves none open."""

    def open_writer() -> JobWriter:
        store = open_store(*args)
        try:
            return JobWriter(store, header)
        except BaseException:
            store.close()  # else its lease would be renewed for as long as this process lives
            raise

    opening = asyncio.get_running_loop().run_in_executor(None, open_writer)
    try:
        await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait([opening])
        if opening.exception() is None:
            opening.result().close()
        raise
    writer = opening.result()
    try:
        yield writer
    finally:
        await asyncio.shield(writer.aclose())


@attrs.frozen
class _Call:
    work: Callable[[], Any]
    durable: bool
    loop: asyncio.AbstractEventLoop
    result: asyncio.Future[Any]


def _resolve_calls(calls: Iterable[_Call], results: Iterable[Any]) -> None:
    def tell(call: _Call, result: Any) -> None:
        if not call.result.done():
            if isinstance(result, Exception):
                call.result.set_exception(result)
            else:
                call.result.set_result(result)

    for call, result in zip(calls, results, strict=True):
        with contextlib.suppress(RuntimeError):  # its loop is closed: nobody waits any more
            call.loop.call_soon_threadsafe(tell, call, result)


class WriterThreads:
    """Runs the work of writers in the order in which it comes; each thread takes what is next.

    A process has as many threads as it has writers, but at most so many.

    Args:
        most: threads at a time.
    """

    def __init__(self, most: int = MOST_THREADS) -> None:
        self._most = most
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._writers = 0
        self._running = 0

    def register_writer(self) -> None:
        """Begin to serve one more writer."""
        with self._lock:
            self._writers += 1
            if self._running < min(self._writers, self._most):
                self._running += 1
                threading.Thread(target=self._run, name=f"job-writer-{self._running}").start()

    def stop_serving_writer(self) -> None:
        """Stop serving a writer, once all of its work is done."""
        with self._lock:
            self._writers -= 1
            if self._running > self._writers:
                self._running -= 1
                self._work.put(None)

    def enqueue(self, work: Callable[[], None]) -> None:
        """Have a thread do some work, which must not raise; what one writer enqueues next comes after what others wait for."""
        self._work.put(work)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()


_threads = WriterThreads()


def _forget_threads() -> None:
    """Begin anew in a forked child, which has none of its parent's threads."""
    global _threads
    _threads = WriterThreads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
