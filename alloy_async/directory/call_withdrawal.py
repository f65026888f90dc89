"""Work that is withdrawn when somebody asks to stop, as long as surely nothing of it has happened.

Work is followed request by request: it may have acted from the moment at which the first byte of a request that changes
something is handed to a connection, unless the answer says that nothing was done. Until then a stop need not wait for it,
however long a rate limit holds it; from then on only its answer tells what has become of it.

A call that makes a request of its own for each of its users divides the work into parts, by the key of each.

What is asked once something was sent, to find out what has become of it, changes nothing and may take long: a stop cuts it off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ..core.calls.scope import current_scope, watch_following_attempts
from ..core.errors import AlloyAsyncError
from ..core.http.outgoing_request import OutgoingRequest
from ..core.operation.operation import Operation
from .record import Outcome

T = TypeVar("T")

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class CallWithdrawn(Exception):
    """The work was withdrawn: nothing of it has happened, and nothing will."""


class WithdrawableCall:
    """One call of a directory, or the part of it that is about one user.

    Args:
        is_followed: all its requests go through a client of this library. Of other work nobody knows what has left.
        under_way: where it is kept while it is done, for who may withdraw it.
    """

    __slots__ = (
        "_acted",
        "_questions",
        "_request",
        "_task",
        "_under_way",
        "is_stopping",
        "is_withdrawn",
        "outcome",
        "parts",
    )

    def __init__(self, *, is_followed: bool = True, under_way: set[WithdrawableCall] | None = None) -> None:
        self.parts: dict[str, WithdrawableCall] = {}
        """What was begun for each user, by key; empty where a request is for all."""
        self.outcome: Outcome | None = None
        """Of a part that has ended."""
        self.is_stopping: bool = False
        """Nothing more of it is to begin."""
        self.is_withdrawn: bool = False
        self._acted = not is_followed
        self._under_way = under_way
        self._questions: set[WithdrawableCall] = set()
        self._request: OutgoingRequest | None = None
        self._task: asyncio.Task[Any] | None = None

    @property
    def may_have_acted(self) -> bool:
        """Whether a request that changes something may have left for all users, and not for one of them as a part."""
        return self._acted or (self._request is not None and self._request.written)

    def follow(self, operation: Operation[Any], request: OutgoingRequest) -> None:
        """Take note of an attempt; see `AttemptWatch`."""
        if operation.verb not in _READING:
            self._acted |= self._request is not None  # one that came through, or is under way beside this one
            self._request = request

    def note_failure(self, operation: Operation[Any], failure: AlloyAsyncError) -> None:
        """Take note that an attempt failed; see `AttemptWatch`."""
        if failure.effect == "none" and operation.verb not in _READING:
            self._request = None

    def withdraw(self) -> None:
        """Begin nothing more, and cancel what is under way and surely has not acted; may be called again and again."""
        self.is_stopping = True
        for question in self._questions:
            question.withdraw()
        if any(part.outcome or part.may_have_acted for part in self.parts.values()):
            for part in self.parts.values():
                part.withdraw()
        elif self._task is not None and not self.is_withdrawn and not self.may_have_acted:
            self.is_withdrawn = True
            self._task.cancel()

    async def ask(self, start: Callable[[], Awaitable[T]]) -> T:
        """Ask what has become of what was sent; see `ask_unless_stopped`."""
        if self.is_stopping:
            raise CallWithdrawn
        return await WithdrawableCall(under_way=self._questions).run(start)

    async def run(self, start: Callable[[], Awaitable[T]]) -> T:
        """Do the work in the current task, and follow its requests.

        Args:
            start: begins it.

        Raises:
            CallWithdrawn: it was cancelled by `withdraw`, and by nobody else.
        """
        task = asyncio.current_task()
        assert task is not None
        before = task.cancelling()
        self._task = task
        watch = watch_following_attempts(self)
        if self._under_way is not None:
            self._under_way.add(self)
        try:
            return await start()
        except asyncio.CancelledError:
            if task.cancelling() - self.is_withdrawn > before or not self.is_withdrawn:
                raise
        finally:
            current_scope.reset(watch)
            self._task = None
            if self._under_way is not None:
                self._under_way.discard(self)
            if self.is_withdrawn:
                task.uncancel()
        raise CallWithdrawn


async def ask_unless_stopped(start: Callable[[], Awaitable[T]]) -> T:
    """Ask what has become of what was sent; a stop does not wait for that.

    Args:
        start: begins the question, which changes nothing.

    Raises:
        CallWithdrawn: the work that this belongs to is stopped, so that the question stays without an answer.
    """
    work = get_current_call()
    return await (start() if work is None else work.ask(start))


def get_current_call() -> WithdrawableCall | None:
    """Get the work that the calls made here belong to; None where nobody may withdraw it."""
    scope = current_scope.get()
    watch = None if scope is None else scope.watch
    return watch if isinstance(watch, WithdrawableCall) else None
