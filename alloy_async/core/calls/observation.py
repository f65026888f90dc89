"""Observe a call or an attempt: what is reported and timed around it, for telemetry, `explain_time` and events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from .scope import current_scope
from .timing import Timing

if TYPE_CHECKING:
    from .call import Call


@contextmanager
def observe_call(call: Call, timing: Timing) -> Iterator[None]:
    """Time a call by part, trace it, and add it to the explanation of the block around it."""
    telemetry, scope = call.options.settings.telemetry, current_scope.get()
    try:
        with timing.activate(), telemetry.trace_call(call) if telemetry is not None else nullcontext():
            yield
    finally:
        if scope is not None and scope.explanation is not None:
            scope.explanation.add_call(call.operation.name, timing, call.attempts)


def trace_attempt(call: Call) -> AbstractContextManager[Callable[[int], None]]:
    """Trace one attempt; the block gets a function that takes the status of the answer."""
    telemetry = call.options.settings.telemetry
    return nullcontext(_ignore_status) if telemetry is None else telemetry.trace_attempt(call)


@contextmanager
def time_attempt(call: Call) -> Iterator[None]:
    """Count the time of one attempt as the server's; the layers below take out what they wait for a connection."""
    if call.timing is None:
        yield
        return
    call.timing.enter("server")
    try:
        yield
    finally:
        call.timing.enter("decode")


def _ignore_status(status: int) -> None:
    """Take the status where nobody traces."""
