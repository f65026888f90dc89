"""Report what happens in a call: to the hooks, as events; to the log; to the telemetry."""

from __future__ import annotations

import logging
import os
from itertools import count
from typing import TYPE_CHECKING

from ..codec.redaction import Secret
from ..errors import AlloyAsyncError
from ..hook_events import RateLimitedEvent, RequestEvent, ResponseEvent, RetryEvent
from ..http.open_response import RawResponse
from ..messages.unexpected_answers import find_request_id, lowercase_header_names
from .observation import time_attempt, trace_attempt

if TYPE_CHECKING:
    from .call import Call

log: logging.Logger = logging.getLogger("alloy_async")
_ids = count(1)
SINGLED_OUT = (
    "; this request is refused again and again while others are let through, which no rate limit explains: look for the cause"
    " in what it sends, or for a rule of the service about it"
)


async def transmit_and_notify(call: Call, credential: Secret | None) -> RawResponse:
    """Send the request of a call once, and tell the hooks, the log and the telemetry of it."""
    settings, operation, monotonic = call.options.settings, call.operation, call.shared.clock.monotonic
    began, number = monotonic(), call.attempts
    if settings.on_request is not None:
        facts = _create_facts_of_call(call)
        settings.on_request(RequestEvent(operation.name, operation.verb, operation.route, number, **facts))
    status, request_id, error = None, None, None
    try:
        with trace_attempt(call) as note_status, time_attempt(call):
            wire = await call.transmit_once(credential)
            note_status(wire.status)
        status, request_id = wire.status, find_request_id(lowercase_header_names(wire.headers))
        return wire
    except AlloyAsyncError as failure:
        error = failure
        raise
    finally:
        elapsed = monotonic() - began
        outcome = status if error is None else type(error).__name__
        log.debug("%s %s in %.1f ms, attempt %d", operation.name, outcome, elapsed * 1000, number)
        if settings.on_response is not None:
            facts = _create_facts_of_call(call)
            settings.on_response(
                ResponseEvent(operation.name, number, elapsed, status, request_id, error, **facts)
            )


def report_retry(call: Call, error: AlloyAsyncError, wait: float) -> None:
    """Tell that there will be another attempt after so many seconds."""
    log.debug("%s again in %.2f s after %s", call.operation.name, wait, type(error).__name__)
    settings = call.options.settings
    if settings.telemetry is not None:
        settings.telemetry.add_retry(call)
    if settings.on_retry is not None:
        facts = _create_facts_of_call(call)
        settings.on_retry(RetryEvent(call.operation.name, call.attempts, wait, error, **facts))


def report_refusal(call: Call, error: AlloyAsyncError) -> None:
    """Tell of an answer that refuses for a rate limit, and of no call that was never sent."""
    settings = call.options.settings
    if error.status is None or error.effect != "none":
        return
    if call.permit is not None and call.permit.is_strange:
        error.message += SINGLED_OUT
        error.hopeless = call.permit.is_singled_out
    if settings.telemetry is not None:
        settings.telemetry.add_refusal(call)
    if settings.on_limit is not None:
        facts = _create_facts_of_call(call)
        settings.on_limit(
            RateLimitedEvent(call.operation.name, call.attempts, error.retry_after, error, **facts)
        )


def _create_facts_of_call(call: Call) -> dict[str, str]:
    """Create what all events of the call tell."""
    if not hasattr(call, "id"):
        call.id = f"{os.getpid():x}-{next(_ids):x}"
    return {"call_id": call.id, "service": call.shared.system.name, "host": call.options.host}
