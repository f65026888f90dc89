"""Work in threads and tasks, the way a host's event loop wants it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, nullcontext
from contextvars import ContextVar, copy_context
from functools import partial
from itertools import islice
from typing import Any, TypeVar, TypeVarTuple, Unpack

from ..core.codec.typed_json import pause_garbage_collector

T = TypeVar("T")
Args = TypeVarTuple("Args")


class _CancelledFlag:
    """Whether the call that some work in a thread belongs to was cancelled."""

    is_set = False


_cancelled: ContextVar[_CancelledFlag | None] = ContextVar("cancelled", default=None)


class CallerCancelled(Exception):
    """The work of a thread was cancelled while it waited."""


def raise_if_cancelled() -> None:
    """Leave work that waits, where the call it belongs to was cancelled; no thread can be stopped from outside.

    Raises:
        CallerCancelled: it was.
    """
    if (cancellation := _cancelled.get()) and cancellation.is_set:
        raise CallerCancelled


async def run_in_thread(work: Callable[[Unpack[Args]], T], *args: *Args) -> T:
    """Run `work` in a thread; when cancelled, wait for it to end, as its file is still in use."""
    context, cancelled = copy_context(), _CancelledFlag()
    context.run(_cancelled.set, cancelled)
    task = asyncio.get_running_loop().run_in_executor(None, partial(context.run, partial(work, *args)))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        cancelled.is_set = True  # before waiting: work that waits for a silent pipe ends by it
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not report it as forgotten
        raise


async def run_or_cancel_on_stop(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Await work that may be cut off at any moment; None where `stop` was set before it was done.

    A cancellation that comes right behind the stop, as two Ctrl-C, is not lost, as it would be in `asyncio.wait_for` of 3.11.
    """
    task, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([task, stopping], return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        stopping.cancel()
        await asyncio.wait([task, stopping])


async def iterate_slices(rows: Iterator[T], size: int, *, at_hand: bool = False) -> AsyncIterator[list[T]]:
    """Give rows in lists of `size`, each made in a thread so that the event loop stays free.

    Args:
        rows: walked once.
        size: most rows in a list.
        at_hand: they come without waiting, from a file: then the garbage collector, which would walk over the rows of a
            slice again and again, is paused while one is made.
    """
    pause = pause_garbage_collector if at_hand else nullcontext

    def take_slice() -> list[T]:
        with pause():
            return list(islice(rows, size))

    while part := await run_in_thread(take_slice):
        yield part
        if len(part) < size:
            return  # there are no more: another change of thread would find out no more than that


@asynccontextmanager
async def open_task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """Open a TaskGroup that raises the first error itself, not a group of errors."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as errors:
        first: BaseException = errors
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
