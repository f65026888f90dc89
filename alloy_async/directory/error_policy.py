"""What an error says about the records that were not yet tried: one table, read by adapters, copies and bulk jobs.

    raised by one call                                its record      a batch of it       a copy   a run
    Unauthorized, Redirected, CredentialError,        failed          ends                ends     ends
      ConfigurationError
    ConnectError                                      failed          ends                ends     goes on
    Forbidden                                         failed          goes on             ends     ends
    BadRequest, ContentTooLarge,                      refused         is halved           goes on  goes on
      UnprocessableContent, InvalidRequest
    NotFound, Conflict                                refused         goes on             goes on  goes on
    all else                                          failed          goes on             goes on  goes on

A refused record is at fault itself; a failed one may be tried again. `Forbidden` may be about one user only, so the others of
a batch are tried; where no call but that was made, everybody would meet it. A run waits for a server that cannot be reached,
as `FailureGuard` tells it, since it can be resumed; a copy has nothing to resume from.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Literal, TypeAlias, TypeVar

from ..core.errors import (
    AlloyAsyncError,
    BadRequest,
    ConfigurationError,
    Conflict,
    ConnectError,
    ContentTooLarge,
    CredentialError,
    Forbidden,
    InvalidRequest,
    NotFound,
    Redirected,
    Unauthorized,
    UnprocessableContent,
)

Work: TypeAlias = Literal["batch", "copy", "run"]
Errors: TypeAlias = tuple[type[AlloyAsyncError], ...]
T = TypeVar("T")
R = TypeVar("R")

_OF_ALL: Errors = (Unauthorized, Redirected, CredentialError, ConfigurationError)
_ENDS: dict[Work, Errors] = {
    "batch": (*_OF_ALL, ConnectError),
    "copy": (*_OF_ALL, ConnectError, Forbidden),
    "run": (*_OF_ALL, Forbidden),
}
_OF_A_BATCH: Errors = (BadRequest, ContentTooLarge, UnprocessableContent, InvalidRequest)
_OF_A_RECORD: Errors = (*_OF_A_BATCH, NotFound, Conflict)


def ends_work(work: Work, error: AlloyAsyncError) -> bool:
    """Tell whether every other record of a batch, a copy or a run would meet the error too."""
    return isinstance(error, _ENDS[work])


def refuses_record(error: AlloyAsyncError) -> bool:
    """Tell whether the record that was sent is at fault, so that sending it again is in vain."""
    return isinstance(error, _OF_A_RECORD)


def refuses_batch(error: AlloyAsyncError) -> bool:
    """Tell whether some record of those that were sent together is at fault, and the others may be fine."""
    return isinstance(error, _OF_A_BATCH)


async def send_in_halves(
    items: Sequence[T], send: Callable[[Sequence[T]], Awaitable[R | None]]
) -> AsyncGenerator[tuple[Sequence[T], R], None]:
    """Send items in one call; where they are refused together, halve them until the ones at fault stand alone.

    Args:
        items: what goes together at first.
        send: sends some of them; None says that they were refused together and are to be halved. For a single item it
            must not give None.

    Yields:
        Each part with what `send` gave for it, in the order of the items. Parts that the caller does not wait for are
        not sent.
    """
    waiting = [items]
    while waiting:
        part = waiting.pop()
        result = await send(part)
        if result is not None:
            yield part, result
        else:
            middle = len(part) // 2
            waiting += [part[middle:], part[:middle]]
