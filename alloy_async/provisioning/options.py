"""How a job is carried out, as its user says it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, TypeAlias

import attrs

from ..core.validation import check_count
from .events import Event, OnEvent

Point = Literal["before intent", "after intent", "after answer", "after outcome", "before asking"]
"""Where a crash is worth a test: every boundary of what the job file and the system know."""
At: TypeAlias = Callable[[Point], None]


def nowhere(point: Point) -> None:
    """Where nobody wants to know."""


def ignore(event: Event) -> None:
    """Where nobody listens."""


@attrs.frozen
class Run:
    """How a job is carried out.

    Args:
        concurrency: calls in flight; the client's rate limiter has the last word.
        on_event: told each `Event` as it happens, on the event loop.
        stop: when set, what is in flight is finished and no more is sent.
        at: for tests: told of every boundary that a crash could fall on.
        sends_again: for resuming where keys are not unique: send rows of unknown outcome again if they are not there. Say so
            only once no request of the earlier run can be on its way any more: it would double the user.
    """

    concurrency: int = 8
    on_event: OnEvent = ignore
    stop: asyncio.Event = attrs.field(factory=asyncio.Event)
    at: At = nowhere
    sends_again: bool = False

    def __attrs_post_init__(self) -> None:
        check_count("concurrency", self.concurrency)
