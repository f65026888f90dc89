"""Many operations at once, with a bound on those in flight and on those finished but not yet taken."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from typing import Any, TypeVar

from ..errors import InvalidRequest
from ..validation import check_count, describe_value

T = TypeVar("T")
Item = TypeVar("Item")


class _OperationFeed:
    """Gives out the operations of one (async) iterable to many workers."""

    def __init__(self, operations: Any) -> None:
        self.failure: BaseException | None = None
        self._sync = None if isinstance(operations, AsyncIterable) else iter(operations)
        self._async = aiter(operations) if isinstance(operations, AsyncIterable) else None
        self._turn = asyncio.Lock()
        self._over = False

    async def take_next(self) -> Any:
        """Take the next operation; None after the last."""
        if self._over:
            return None
        try:
            if self._sync is not None:
                return next(self._sync)
            assert self._async is not None
            async with self._turn:
                return None if self._over else await anext(self._async)
        except (StopIteration, StopAsyncIteration):
            self._over = True
        except Exception as error:
            self._over, self.failure = True, error
        return None


def check_map_arguments(operations: object, concurrency: object, kinds: tuple[type, ...]) -> None:
    """Refuse what operations cannot be taken from, and a wrong concurrency.

    Args:
        kinds: what operations may be taken from.

    Raises:
        InvalidRequest, ConfigurationError: it is none of these, or a text; concurrency is no count.
    """
    check_count("concurrency", concurrency)
    if isinstance(operations, str | bytes) or not isinstance(operations, kinds):
        raise InvalidRequest(
            f"map takes many operations, as a list, got {describe_value(operations)}; nothing was sent"
        )


async def map_concurrently(
    send: Callable[[Item], Awaitable[T]],
    operations: Iterable[Item] | AsyncIterable[Item],
    concurrency: int,
) -> AsyncGenerator[tuple[Item, T | Exception], None]:
    """Send all operations and yield (operation, result or error) as each is finished.

    An error of the iterable itself is raised once all that was taken from it has been yielded.
    """
    feed = _OperationFeed(operations)
    done: deque[tuple[Item, T | Exception]] = deque()
    arrived, taken = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        while (operation := await feed.take_next()) is not None:
            try:
                outcome: Any = await send(operation)
            except Exception as error:  # whatever went wrong belongs to this operation; the others go on
                outcome = error
            done.append((operation, outcome))
            arrived.set()
            while len(done) > concurrency:
                taken.clear()
                await taken.wait()

    workers = [asyncio.create_task(work(), name=f"alloy_async.map-{n}") for n in range(concurrency)]
    everything = asyncio.gather(*workers, return_exceptions=True)
    everything.add_done_callback(lambda _: arrived.set())
    try:
        while not everything.done() or done:
            while done:
                yield done.popleft()
            taken.set()
            arrived.clear()
            if not everything.done() and not done:
                await arrived.wait()
        for end in await everything:
            if end is not None:
                raise end
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    if feed.failure is not None:
        raise feed.failure
