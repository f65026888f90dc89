"""How long each part of a call takes. At each moment a call is in exactly one part, so that the parts add up to the whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, TypeAlias

Part: TypeAlias = Literal[
    "prepare", "credential", "limiter", "pool", "connect", "server", "decode", "backoff"
]
"""What a call waits for: its own preparation; the credential; the rate limit; a connection while all are in use; a new
connection (DNS, TCP, TLS); the server, from the first byte written to the last one read; decoding; the pause before another
attempt."""


class Timing:
    """The seconds of one call, by part.

    Args:
        now: monotonic seconds.
    """

    __slots__ = ("_now", "_part", "_since", "began", "running", "seconds")

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._part: Part = "prepare"
        self.began: float = now()
        self._since = self.began
        self.running: bool = False
        self.seconds: dict[Part, float] = {}

    def enter(self, part: Part) -> Part:
        """Go on to another part; the one before is returned."""
        now, before = self._now(), self._part
        self.seconds[before] = self.seconds.get(before, 0.0) + now - self._since
        self._part, self._since = part, now
        return before

    @property
    def total(self) -> float:
        """Seconds of all parts."""
        return sum(self.seconds.values())

    @contextmanager
    def activate(self) -> Iterator[None]:
        """Be the timing that the layers below find in `current_timing`."""
        self.running = True
        token = current_timing.set(self)
        try:
            yield
        finally:
            current_timing.reset(token)
            self.enter(self._part)


current_timing: ContextVar[Timing | None] = ContextVar("alloy_async_timing", default=None)
