"""When a failed attempt is made again, and after which wait. tenacity runs the loop, and only once an attempt has failed.

| what happened                                   | effect  | idempotent operation  | other                 |
|-------------------------------------------------|---------|-----------------------|-----------------------|
| no connection; nothing was written              | none    | again                 | again                 |
| the same, and hopeless: certificate, proxy 4xx  | none    | raise                 | raise                 |
| connection lost or read timeout after writing   | unknown | again                 | raise                 |
| 429; 503 with Retry-After                       | none    | again, after the wait | again, after the wait |
| 408, 425                                        | none    | again                 | again                 |
| 500, 502, 503 without Retry-After, 504          | unknown | again                 | raise                 |
| other 4xx, any 3xx                              | none    | raise                 | raise                 |
| 2xx whose body cannot be read                   | applied | raise                 | raise                 |
| 2xx whose body is an error                      | unknown | raise                 | raise                 |
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import NamedTuple, Protocol, TypeVar

import attrs
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from .argument_errors import improve_argument_errors
from .errors import AlloyAsyncError, RateLimited, StatusError, TransportError
from .validation import validate_count, validate_not_negative

T = TypeVar("T")

REPEATABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
LONGEST_JITTER = 1.0
"""Seconds that are added, at random, to what the server asked: its word and two seconds is the most that anybody waits."""


@improve_argument_errors
@attrs.frozen
class Retry:
    """How often and how fast a failed attempt is made again.

    Args:
        attempts: most requests a call may send, the first one included. 1 switches retrying off. Those that a limit refused
            while it let others through are not counted: such a call waits for its turn, until its deadline. Default 4.
        wait_initial: seconds; the first wait is random between 0 and this, and doubles with each further failure. Default 0.5.
        wait_max: seconds; longest such wait. A Retry-After of the server may be longer. Default 20.
        budget: retries that a client may have under way beyond what its successes pay for: each retry costs 1, each
            answered call gives 0.1 back. In an outage this keeps the load below 1.1 times the normal. Default 100.
    """

    attempts: int = attrs.field(default=4, validator=validate_count)
    wait_initial: float = attrs.field(default=0.5, validator=validate_not_negative)
    wait_max: float = attrs.field(default=20.0, validator=validate_not_negative)
    budget: float = attrs.field(default=100.0, validator=validate_not_negative)

    def wait(self, failures: int, retry_after: float | None, random: Callable[[], float]) -> float:
        """Seconds to wait after so many failures: what the server asked and a jitter, else exponential with full jitter."""
        if retry_after is not None:
            return retry_after + random() * min(max(self.wait_initial, retry_after / 10), LONGEST_JITTER)
        return random() * min(self.wait_max, self.wait_initial * 2.0 ** min(failures - 1, 62))


def may_repeat(error: BaseException, idempotent: bool) -> bool:
    """Tell, by the table above, whether this failure may be followed by another attempt."""
    if not isinstance(error, StatusError | TransportError) or error.hopeless:
        return False
    if isinstance(error, StatusError) and not (
        isinstance(error, RateLimited) or error.status in REPEATABLE_STATUS
    ):
        return False
    return error.effect == "none" or (error.effect == "unknown" and idempotent)


class RetryBudget:
    """The retries that one client may still make."""

    REFUND = 0.1

    def __init__(self, capacity: float) -> None:
        self.capacity: float = capacity
        self.left: float = capacity
        self._lock = Lock()

    def spend(self) -> bool:
        """Take one retry; False when none is left."""
        with self._lock:
            if self.left < 1:
                return False
            self.left -= 1
            return True

    def refund(self) -> None:
        """Pay for an answered call."""
        with self._lock:
            self.left = min(self.capacity, self.left + self.REFUND)


class Clock(Protocol):
    """Time, sleep and chance, in one place, so that tests can bring their own."""

    def monotonic(self) -> float:
        """Give seconds that only grow."""
        ...

    def sleep(self, seconds: float, /) -> Awaitable[None]:
        """Wait so many seconds."""
        ...

    def random(self) -> float:
        """Give a number from 0 to 1, 1 excluded."""
        ...


class SystemClock:
    """The time and chance of this machine."""

    monotonic: staticmethod[[], float] = staticmethod(time.monotonic)
    sleep: staticmethod[[float], Awaitable[None]] = staticmethod(asyncio.sleep)
    random: staticmethod[[], float] = staticmethod(random.random)


async def retry_after_first_failure(
    attempt: Callable[[], Awaitable[T]],
    failure: AlloyAsyncError,
    *,
    policy: Retry,
    repeatable: Callable[[AlloyAsyncError], bool],
    budget: RetryBudget,
    clock: Clock,
    deadline: float,
    on_wait: Callable[[AlloyAsyncError, float], None],
    count_outrun: Callable[[], int] = lambda: 0,
) -> T:
    """Go on after the first attempt failed.

    Args:
        attempt: makes one more attempt.
        failure: how the first attempt ended; it counts as the loop's first.
        repeatable: whether a failure may be followed by another attempt.
        deadline: the moment, on the clock, after which no attempt may start.
        on_wait: told the failure and the seconds before each wait.
        count_outrun: gives how many failures were refusals of a limit that let others through meanwhile.

    Raises:
        AlloyAsyncError: the last failure.
    """
    rules = _LoopRules(policy, budget, clock, deadline, count_outrun)
    pending: list[AlloyAsyncError] = [failure]

    async def next_attempt() -> T:
        # tenacity's loop starts with an attempt: it gets the failure that has already happened.
        if pending:
            raise pending.pop()
        return await attempt()

    retrying = AsyncRetrying(
        sleep=clock.sleep,
        stop=rules.is_over,
        wait=rules.choose_wait,
        retry=retry_if_exception(lambda error: isinstance(error, AlloyAsyncError) and repeatable(error)),
        before_sleep=lambda state: on_wait(_get_last_error(state), state.upcoming_sleep),
        reraise=True,
    )
    return await retrying(next_attempt)


class _LoopRules(NamedTuple):
    """How long the loop of `retry_after_first_failure` waits, and when it ends; see there."""

    policy: Retry
    budget: RetryBudget
    clock: Clock
    deadline: float
    count_outrun: Callable[[], int]

    def choose_wait(self, state: RetryCallState) -> float:
        asked = getattr(_get_last_error(state), "retry_after", None)
        seconds = self.policy.wait(state.attempt_number, asked, self.clock.random)
        left = self.deadline - self.clock.monotonic()
        if asked is not None and asked < left <= seconds:
            return float(asked + left) / 2  # what the deadline leaves of the jitter
        return seconds

    def is_over(self, state: RetryCallState) -> bool:
        error = _get_last_error(state)
        if max(1, state.attempt_number - self.count_outrun()) >= self.policy.attempts:
            return True
        if self.clock.monotonic() + state.upcoming_sleep >= self.deadline:
            return True
        asked_to_return = isinstance(error, RateLimited) or (error.status == 503 and error.effect == "none")
        return not (asked_to_return or self.budget.spend())


def _get_last_error(state: RetryCallState) -> AlloyAsyncError:
    assert state.outcome is not None
    error = state.outcome.exception()
    assert isinstance(error, AlloyAsyncError)
    return error
