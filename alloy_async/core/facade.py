"""Client: the async client's methods without await, on one event loop in a background thread of the process."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from queue import SimpleQueue
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar, Unpack

from .auth import KeySource
from .client import AsyncClient
from .errors import ConfigurationError
from .exchange import Answer
from .operation import Listing, Operation
from .pages import Pages
from .settings import CallOptions, Options, System

T = TypeVar("T")
Item = TypeVar("Item")


class Portal:
    """An event loop in a background thread (uvloop's, where installed), and the way to run something on it."""

    def __init__(self) -> None:
        started = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(started,), name="alloy_async", daemon=True)
        self._thread.start()
        started.wait()

    def _main(self, started: threading.Event) -> None:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            self._loop = runner.get_loop()
            self._stop = asyncio.Event()
            self._loop.call_soon(started.set)
            runner.run(self._stop.wait())

    def run(self, start: Callable[[], Awaitable[T]]) -> T:
        """Wait for what `start` awaits. Ctrl-C cancels it and waits until it has let go."""
        if threading.current_thread() is self._thread:
            raise ConfigurationError(
                "a sync client was called from its own event loop thread (a hook or a credential callable?), where waiting"
                " would never end; use the async client there"
            )
        finished = threading.Lock()
        finished.acquire()
        tasks: list[asyncio.Task[T]] = []
        self.spawn(start, tasks.append, lambda task: finished.release())
        try:
            finished.acquire()
        except BaseException:
            self._loop.call_soon_threadsafe(lambda: tasks[0].cancel())
            finished.acquire()
            raise
        return tasks[0].result()

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


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop  # type: ignore[no-any-return, unused-ignore]


_portal: Portal | None = None
_portal_lock = threading.Lock()


def portal() -> Portal:
    """The process's portal, made on first use."""
    global _portal
    if _portal is None:
        with _portal_lock:
            if _portal is None:
                _portal = Portal()
    return _portal


def _stop_portal() -> None:
    global _portal
    stopping, _portal = _portal, None
    if stopping is not None:
        stopping.stop()


def _after_fork() -> None:
    """The child has no background thread; it makes its own portal on first use."""
    global _portal, _portal_lock
    _portal, _portal_lock = None, threading.Lock()


atexit.register(_stop_portal)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Client:
    """The sync client of one system; `Alloy` and its like add the methods.

    It takes the same arguments as the async client, and works in scripts, threads, notebooks and under a running event loop.
    `with` closes it; without, its connections close at exit or when it is dropped.
    """

    is_async: ClassVar[bool] = False
    system: System

    def __init__(
        self, api_key: KeySource | None = None, *, system: System | None = None, **options: Unpack[Options]
    ) -> None:
        self._client = AsyncClient(api_key, system=system or self.system, **options)

    def __repr__(self) -> str:
        return repr(self._client).replace("AsyncClient", type(self).__name__, 1)

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """A copy with other options on the same connections; see AsyncClient.with_options."""
        other = object.__new__(type(self))
        other._client = self._client.with_options(**options)
        return other

    def send(self, operation: Operation[T]) -> T:
        """Carry out an operation; see AsyncClient.send."""
        client = self._client
        return portal().run(lambda: client.send(operation))

    def answer(self, operation: Operation[T]) -> Answer[T]:
        """Carry out an operation, and give what came along with its result; see AsyncClient.answer."""
        client = self._client
        return portal().run(lambda: client.answer(operation))

    def iterate(self, operation: Listing[Any, Item], *, token: str | None = None) -> SyncPages[Item]:
        """The items of a listing, over all its pages: `for item in client.iterate(operation)`."""
        return SyncPages(self._client.iterate(operation, token=token))

    def map(
        self, operations: Iterable[Operation[T]], *, concurrency: int = 16
    ) -> Iterator[tuple[Operation[T], T | Exception]]:
        """Carry out many operations, `concurrency` at a time; see AsyncClient.map.

        The iterable is read in the calling thread, so it may itself use this client.
        """
        if concurrency < 1:
            raise ValueError(f"concurrency must be 1 or more, got {concurrency}")
        return self._completed(iter(operations), concurrency)

    def _completed(
        self, operations: Iterator[Operation[T]], concurrency: int
    ) -> Iterator[tuple[Operation[T], T | Exception]]:
        finished: SimpleQueue[tuple[Operation[T], asyncio.Task[T]]] = SimpleQueue()
        running: set[asyncio.Task[T]] = set()
        here, client, under_way, failure = portal(), self._client, 0, None
        try:
            while True:
                try:
                    operation = (
                        next(operations, None) if failure is None and under_way < concurrency else None
                    )
                except Exception as error:
                    failure, operation = error, None
                if operation is not None:
                    under_way += 1
                    here.spawn(_sending(client, operation), running.add, _putting(finished, operation))
                    if finished.empty():
                        continue
                if not under_way:
                    break
                operation, task = finished.get()
                under_way -= 1
                running.discard(task)
                yield operation, _outcome(task)
        finally:
            here.cancel(list(running))
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Close the connections; a copy made by with_options leaves them open."""
        portal().run(self._client.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _sending(client: AsyncClient, operation: Operation[T]) -> Callable[[], Awaitable[T]]:
    return lambda: client.send(operation)


def _putting(
    queue: SimpleQueue[tuple[Operation[T], asyncio.Task[T]]], operation: Operation[T]
) -> Callable[[asyncio.Task[T]], None]:
    return lambda task: queue.put((operation, task))


def _outcome(task: asyncio.Task[T]) -> T | Exception:
    error = task.exception()
    if error is None:
        return task.result()
    if not isinstance(error, Exception):
        raise error
    return error


class SyncPages(Generic[Item]):
    """The items of a listing over all its pages: `for item in client.iterate(operation)`."""

    def __init__(self, pages: Pages[Item]) -> None:
        self._pages = pages

    @property
    def token(self) -> str:
        """Where the walk stands, as text, to go on from there later."""
        return self._pages.token

    @property
    def repeated(self) -> int:
        """Rows that came again and were dropped, because the list shifted while it was read."""
        return self._pages.repeated

    def __iter__(self) -> Iterator[Item]:
        pages = self._pages
        for page in self._numbered():
            for pages._taken, item in page:
                yield item

    def pages(self) -> Iterator[list[Item]]:
        """The items as one list a page."""
        for page in self._numbered():
            yield [item for _, item in page]

    def _numbered(self) -> Iterator[list[tuple[int, Item]]]:
        walk = self._pages._numbered_pages()

        async def next_page() -> list[tuple[int, Item]] | None:
            return await anext(walk, None)

        while (page := portal().run(next_page)) is not None:
            yield page
