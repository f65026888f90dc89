"""A window of the server, measured by its openings."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from alloy_async.core.ratelimit.accepted_rate import WindowMeter, shorten_pause_to_window_end
from simulation.limits.crowd import Simulation
from simulation.limits.limited_servers import FixedWindow, Server, SlidingWindow


def open_twice(first: tuple[float, float], second: tuple[float, float], accepted: float) -> float:
    """Let the server open in the two times, and accept so many between."""
    meter = WindowMeter()
    meter.begin(*first, 5.0)
    return meter.measure(*second, 5.0 + accepted, 0.0)


@pytest.mark.parametrize(
    ("first", "second", "accepted", "rate"),
    [
        ((30.0, 46.0), (90.0, 110.0), 60, 1.0),  # 44 to 80 seconds: a minute
        ((0.55, 0.97), (1.58, 1.88), 500, 500.0),
        ((0.1, 0.2), (7.0, 7.2), 70, 10.0),  # as many seconds as are allowed
        ((0.0, 100.0), (3650.0, 3750.0), 7200, 2.0),
        ((0.0, 0.1), (0.5, 0.6), 50, 0.0),  # less than a second is none
        ((0.0, 10.0), (10.0, 20.0), 100, 0.0),  # it could be anything
        ((0.0, 0.1), (1.0, 1.1), 2, 0.0),  # chance
    ],
)
def test_the_roundest_duration_between_two_openings_is_the_windows(
    first: tuple[float, float], second: tuple[float, float], accepted: float, rate: float
) -> None:
    assert open_twice(first, second, accepted) == rate


def test_after_a_rest_nothing_is_measured() -> None:
    meter = WindowMeter()
    assert meter.measure(1.0, 1.1, 100.0, 0.0) == 0.0
    meter.begin(1.0, 1.1, 0.0)
    meter.stop()
    assert meter.measure(2.0, 2.1, 100.0, 0.0) == 0.0


@given(st.floats(0.001, 1e4), st.floats(0, 1e5))
def test_a_pause_ends_with_a_usual_window_or_as_it_would(pause: float, elapsed: float) -> None:
    shortened = shorten_pause_to_window_end(pause, elapsed)
    assert 0 < shortened <= pause + 0.05
    assert math.isclose(shortened, pause) or round(elapsed + shortened - 0.05, 6) in {
        1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0
    }  # fmt: skip


@pytest.mark.parametrize(
    ("server", "goodput", "refused"),
    [
        (FixedWindow(120, phase=0.3), 0.97, 0.006),
        (FixedWindow(60, window=60.0, phase=0.6), 0.97, 0.02),
        (SlidingWindow(60, 60.0), 0.97, 0.02),
        (FixedWindow(100, window=45.0, phase=0.3), 0.95, 0.03),  # of an odd duration
    ],
    ids=["a second", "a minute", "any minute", "45 seconds"],
)
def test_a_window_is_used_once_it_is_known(server: Server, goodput: float, refused: float) -> None:
    seconds = 20.0 if server.allowed(1) > 100 else 600.0
    run = Simulation(server, 3, seconds=seconds, workers=16, deadline=100.0)
    outcome, half = run.run(), seconds / 2
    allowed = server.allowed(seconds) - server.allowed(half)
    assert outcome.accepted_between(half, seconds) >= goodput * allowed
    assert outcome.refused_share(since=half) <= refused
