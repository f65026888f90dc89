"""What holds for all calls in a block of code: `with deadline(2.0):` bounds them, `with explain_time() as where:` times them.

Both work in async and in sync code, follow into tasks and threads as context variables do, and may be nested.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from threading import Lock
from typing import Any, NamedTuple, Protocol

from ..errors import AlloyAsyncError
from ..http.outgoing_request import OutgoingRequest
from ..operation.operation import Operation
from ..validation import check_seconds
from .timing import Part, Timing

SLOWEST = 10
"""Calls that an explanation keeps one by one."""


class Explanation:
    """Where the time of calls went.

    Attributes:
        calls: how many there were.
        attempts: requests put on the wire for them.
        seconds: of all calls together, by part (see `Part`); calls that ran at once count each for itself.
        wall: seconds from the block's begin to its end, or until now.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now, self._began, self._lock = now, now(), Lock()
        self._ended: float | None = None
        self._slowest: list[tuple[float, int, str, dict[Part, float]]] = []
        self.calls: int = 0
        self.attempts: int = 0
        self.seconds: dict[Part, float] = {}

    @property
    def wall(self) -> float:
        return (self._now() if self._ended is None else self._ended) - self._began

    @property
    def slowest(self) -> list[tuple[str, dict[Part, float]]]:
        """The slowest calls, at most ten, slowest first: the operation's name, and its seconds by part."""
        return [(name, parts) for _, _, name, parts in sorted(self._slowest, reverse=True)]

    def add_call(self, operation: str, timing: Timing, attempts: int) -> None:
        """Count a call that has ended."""
        with self._lock:
            self.calls += 1
            self.attempts += attempts
            for part, seconds in timing.seconds.items():
                self.seconds[part] = self.seconds.get(part, 0.0) + seconds
            heapq.heappush(self._slowest, (timing.total, self.calls, operation, timing.seconds))
            if len(self._slowest) > SLOWEST:
                heapq.heappop(self._slowest)

    def stop_clock(self) -> None:
        """Stop the clock of `wall`."""
        self._ended = self._now()

    def __str__(self) -> str:
        total = sum(self.seconds.values())
        lines = [f"{self.calls} calls, {self.attempts} attempts, {total:.3f} s in {self.wall:.3f} s"]
        for part, seconds in sorted(self.seconds.items(), key=lambda item: -item[1]):
            lines.append(f"  {part:<10} {seconds:9.3f} s  {seconds / total if total else 0:6.1%}")
        return "\n".join(lines)


class AttemptWatch(Protocol):
    """Follows the attempts of the calls in a block, so that it knows what of them a server can have seen."""

    def follow(self, operation: Operation[Any], request: OutgoingRequest) -> None:
        """Take note of an attempt: `request.written` tells from when on the server may know of it."""
        ...

    def note_failure(self, operation: Operation[Any], failure: AlloyAsyncError) -> None:
        """Take note that an attempt failed; `failure.effect` is that of all attempts of its call."""
        ...


class Scope(NamedTuple):
    """What holds for the calls of a block.

    Args:
        ends: the moment, by `now`, after which nothing may last.
        now: monotonic seconds.
        explanation: where the calls tell their time.
        check: called before each attempt is sent; what it raises ends the call, without effect.
        watch: told of each attempt.
    """

    ends: float = float("inf")
    now: Callable[[], float] = time.monotonic
    explanation: Explanation | None = None
    check: Callable[[], None] | None = None
    watch: AttemptWatch | None = None

    def count_seconds_left(self) -> float:
        """Count the seconds until the deadline; infinite where there is none."""
        return self.ends - self.now()


current_scope: ContextVar[Scope | None] = ContextVar("alloy_async_scope", default=None)


@contextmanager
def deadline(seconds: float, *, now: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Bound all calls in a block: `with deadline(2.0): ...`, in async and in sync code.

    The block's calls together, with their retries, pages, rate limits and streams, take no longer: what is under way then
    ends in DeadlineExceeded, and what comes later is not sent. The calls' own deadline holds too, and that of a block around
    this one: the earliest counts. Code that is not a call of this library is not interrupted.

    Args:
        seconds: from now.
        now: monotonic seconds, for tests.

    Raises:
        ConfigurationError: `seconds` is not above 0, or not finite.
    """
    check_seconds("deadline", seconds)
    outer = current_scope.get() or Scope(now=now)
    token = current_scope.set(outer._replace(ends=min(outer.ends, outer.now() + seconds)))
    try:
        yield
    finally:
        current_scope.reset(token)


@contextmanager
def explain_time(*, now: Callable[[], float] = time.monotonic) -> Iterator[Explanation]:
    """Tell where the time of all calls in a block goes: `with explain_time() as where: ...; print(where)`.

    Args:
        now: monotonic seconds, for tests.
    """
    explanation = Explanation(now)
    outer = current_scope.get() or Scope()
    token = current_scope.set(outer._replace(explanation=explanation))
    try:
        yield explanation
    finally:
        explanation.stop_clock()
        current_scope.reset(token)


@contextmanager
def run_before_each_attempt(check: Callable[[], None]) -> Iterator[None]:
    """Have `check` called right before each attempt of the calls in a block is sent, and while it waits for a limit.

    What it raises ends the call: nothing is sent. That of a block around this one is called, too.
    """
    outer = current_scope.get() or Scope()
    first = outer.check

    def check_both() -> None:
        if first is not None:
            first()
        check()

    token = current_scope.set(outer._replace(check=check if first is None else check_both))
    try:
        yield
    finally:
        current_scope.reset(token)


def watch_following_attempts(watch: AttemptWatch) -> Token[Scope | None]:
    """Tell `watch` of each attempt of the calls that follow in this context, until `current_scope` is reset.

    This runs once for each row of a job: a context manager, with a copy of the scope by names, took four times as long.
    """
    scope = current_scope.get() or Scope()
    return current_scope.set(Scope(scope.ends, scope.now, scope.explanation, scope.check, watch))
