"""Traces and metrics of calls by OpenTelemetry (extra `otel`): a span for each call, and one for each attempt in it.

An attempt's span follows OpenTelemetry's semantic conventions for HTTP clients. No span or metric holds a path's arguments, a
query, a body, a header or a credential.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from yarl import URL

from ...version import __version__
from ..errors import AlloyAsyncError, ConfigurationError

if TYPE_CHECKING:
    from .call import Call

NAME = "alloy_async"


class OpenTelemetry:
    """Tells OpenTelemetry of the calls of the clients it is given to: `AsyncAlloy(telemetry=OpenTelemetry())`.

    Spans: `alloy.get_a_user` for a call, with its attempts, effect and waits; `GET /users/{userId}` (kind client) for each
    attempt. Metrics: `http.client.request.duration` of attempts, `alloy_async.call.duration`,
    `alloy_async.limiter.wait` (histograms, seconds), `alloy_async.retries`, `alloy_async.refusals` (counters; refusals for a
    rate limit). The spans are children of what is current where the call is made, in the sync client and bulk jobs too.

    Args:
        tracer_provider, meter_provider: default those that the application has set.

    Raises:
        ConfigurationError: OpenTelemetry is not installed.
    """

    def __init__(self, tracer_provider: Any = None, meter_provider: Any = None) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            raise ConfigurationError(
                "telemetry= needs OpenTelemetry: pip install 'alloy-async[otel]'"
            ) from None
        self._kind, self._error = trace.SpanKind, trace.StatusCode.ERROR
        self._tracer = trace.get_tracer(NAME, __version__, tracer_provider)
        meter = metrics.get_meter(NAME, __version__, meter_provider)
        self._attempt_seconds = meter.create_histogram(
            "http.client.request.duration", "s", "Duration of one attempt, from sending to the last byte."
        )
        self._call_seconds = meter.create_histogram(
            f"{NAME}.call.duration", "s", "Duration of a call, with its attempts and all waits."
        )
        self._waits = meter.create_histogram(
            f"{NAME}.limiter.wait", "s", "What a call waited for the rate limit."
        )
        self._retries = meter.create_counter(f"{NAME}.retries", "1", "Attempts after a call's first one.")
        self._refusals = meter.create_counter(f"{NAME}.refusals", "1", "Attempts refused for a rate limit.")

    @contextmanager
    def trace_call(self, call: Call) -> Iterator[None]:
        """Make the span of a call around what is done in the block, and measure it."""
        facts = _create_attributes(call)
        with self._start_span(
            f"{facts[f'{NAME}.service']}.{call.operation.name}", self._kind.INTERNAL, facts
        ) as span:
            try:
                yield
            except AlloyAsyncError as error:
                span.set_status(self._error)
                facts = facts | {"error.type": type(error).__name__}
                span.set_attribute("error.type", type(error).__name__)
                span.set_attribute(f"{NAME}.effect", error.effect)
                raise
            finally:
                self._record_measurements(call, span, facts)

    @contextmanager
    def trace_attempt(self, call: Call) -> Iterator[Callable[[int], None]]:
        """Make the span of an attempt; the block gets a function that takes the status of the answer."""
        operation, monotonic = call.operation, call.shared.clock.monotonic
        facts = _create_attributes(call) | {
            "http.request.method": operation.verb,
            "url.template": operation.route,
        }
        began = monotonic()

        def note_status(status: int) -> None:
            facts["http.response.status_code"] = status
            span.set_attribute("http.response.status_code", status)
            if status >= 400:
                facts["error.type"] = str(status)
                span.set_attribute("error.type", str(status))
                span.set_status(self._error)

        with self._start_span(f"{operation.verb} {operation.route}", self._kind.CLIENT, facts) as span:
            span.set_attribute("http.request.resend_count", call.attempts - 1)
            try:
                yield note_status
            except AlloyAsyncError as error:
                facts["error.type"] = type(error).__name__
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(self._error)
                raise
            finally:
                self._attempt_seconds.record(monotonic() - began, facts)

    def add_refusal(self, call: Call) -> None:
        """Count an attempt that was refused for a rate limit."""
        self._refusals.add(1, _create_attributes(call))

    def add_retry(self, call: Call) -> None:
        """Count an attempt that will be made again."""
        self._retries.add(1, _create_attributes(call))

    def _start_span(self, name: str, kind: Any, facts: dict[str, Any]) -> Any:
        return self._tracer.start_as_current_span(
            name, kind=kind, attributes=facts, record_exception=False, set_status_on_exception=False
        )

    def _record_measurements(self, call: Call, span: Any, facts: dict[str, Any]) -> None:
        timing = call.timing
        assert timing is not None
        timing.enter("decode")
        wait = timing.seconds.get("limiter", 0.0)
        span.set_attribute(f"{NAME}.attempts", call.attempts)
        span.set_attribute(f"{NAME}.limiter.wait", wait)
        self._call_seconds.record(timing.total, facts)
        self._waits.record(wait, facts)


def _create_attributes(call: Call) -> dict[str, Any]:
    url = URL(call.shared.base)
    return {
        f"{NAME}.service": call.shared.system.name,
        f"{NAME}.operation": call.operation.name,
        "server.address": url.host or "",
        "server.port": url.port or 0,
    }
