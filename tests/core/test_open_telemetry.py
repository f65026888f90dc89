"""Spans and metrics, as OpenTelemetry's own in-memory exporters get them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from alloy_async import Alloy, AsyncAlloy, ConnectionLost, OpenTelemetry, Rate, RateLimited
from alloy_async.sandbox import Fault, Reset, Sandbox, Status
from tests.conftest import FakeClock

from .calls import ADA, GET, POST

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode


class Exported:
    """What was told."""

    def __init__(self) -> None:
        self._spans, self._metrics = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._metrics])
        self.telemetry = OpenTelemetry(self.tracers, self.meters)

    def spans(self) -> list[Any]:
        return list(self._spans.get_finished_spans())

    def metrics(self) -> dict[str, float]:
        """Of each metric, how much was counted, or how many values were recorded."""
        data: Any = self._metrics.get_metrics_data()
        found: dict[str, float] = {}
        for resource in data.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    points = metric.data.data_points
                    found[metric.name] = sum(
                        getattr(point, "count", getattr(point, "value", 0)) for point in points
                    )
        return found


@pytest.fixture
def exported() -> Iterator[Exported]:
    exported = Exported()
    yield exported
    exported.tracers.shutdown()
    exported.meters.shutdown()


async def test_a_span_for_the_call_and_one_for_each_attempt(
    sandbox: Sandbox, alloy: AsyncAlloy, exported: Exported
) -> None:
    sandbox.faults.add(Fault(Status(503, headers={"Retry-After": "1"})))
    client = alloy.with_options(telemetry=exported.telemetry)
    with exported.tracers.get_tracer("test").start_as_current_span("the application's") as outer:
        await client.get_a_user(ADA)
    first, second, call, _ = exported.spans()
    assert [span.name for span in (first, second, call)] == ["GET /users/{userId}"] * 2 + ["alloy.get_a_user"]
    assert [span.kind for span in (first, second, call)] == [SpanKind.CLIENT] * 2 + [SpanKind.INTERNAL]
    assert {span.parent.span_id for span in (first, second)} == {call.context.span_id}
    assert call.parent.span_id == outer.get_span_context().span_id
    assert [span.attributes["http.response.status_code"] for span in (first, second)] == [503, 200]
    assert [span.attributes["http.request.resend_count"] for span in (first, second)] == [0, 1]
    assert (first.status.status_code, second.status.status_code) == (StatusCode.ERROR, StatusCode.UNSET)
    assert first.attributes["error.type"] == "503"
    assert call.attributes["alloy_async.attempts"] == 2
    assert call.attributes["server.address"] == "127.0.0.1"
    everything = "".join(span.to_json() for span in exported.spans())
    assert ADA not in everything
    assert "Bearer" not in everything


async def test_a_failure_tells_its_effect_and_kind(
    sandbox: Sandbox, alloy: AsyncAlloy, exported: Exported
) -> None:
    sandbox.faults.add(Fault(Reset()))
    with pytest.raises(ConnectionLost):
        await alloy.with_options(telemetry=exported.telemetry).send(POST)
    attempt, call = exported.spans()
    assert (call.attributes["alloy_async.effect"], call.attributes["error.type"]) == (
        "unknown",
        "ConnectionLost",
    )
    assert (attempt.attributes["error.type"], attempt.status.status_code) == (
        "ConnectionLost",
        StatusCode.ERROR,
    )


async def test_metrics_count_calls_attempts_retries_refusals_and_waits(
    sandbox: Sandbox, alloy: AsyncAlloy, exported: Exported
) -> None:
    client = alloy.with_options(telemetry=exported.telemetry)
    await client.send(GET)
    sandbox.faults.add(Fault(Status(429), times=None))
    with pytest.raises(RateLimited):
        await client.send(GET)
    assert exported.metrics() == {
        "http.client.request.duration": 5,
        "alloy_async.call.duration": 2,
        "alloy_async.limiter.wait": 2,
        "alloy_async.retries": 3,
        "alloy_async.refusals": 4,
    }


async def test_the_limiters_wait_stands_in_the_span(
    sandbox: Sandbox, clock: FakeClock, exported: Exported
) -> None:
    async with AsyncAlloy(
        "key", base_url=sandbox.url, clock=clock, rate_limit=Rate(1, 1), telemetry=exported.telemetry
    ) as client:
        for _ in range(2):
            await client.send(GET)
    waits = [
        span.attributes["alloy_async.limiter.wait"]
        for span in exported.spans()
        if span.kind is SpanKind.INTERNAL
    ]
    assert waits[0] < 0.1
    assert waits[1] > 0.8


def test_the_sync_client_keeps_the_context(exported: Exported) -> None:
    with (
        Sandbox("alloy") as sandbox,
        Alloy("key", base_url=sandbox.url, telemetry=exported.telemetry) as client,
        exported.tracers.get_tracer("test").start_as_current_span("outer") as outer,
    ):
        client.send(GET)
        list(client.map([GET] * 2))
    calls = [span for span in exported.spans() if span.name == f"alloy.{GET.name}"]
    assert len(calls) == 3
    assert {span.parent.span_id for span in calls} == {outer.get_span_context().span_id}
