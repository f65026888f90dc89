"""What the tests of your own code import: sandboxes with clients, a clock that never waits, mocked and recorded
answers, and a report of what a service sends that the models do not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_loading import attach_lazy

if TYPE_CHECKING:
    from .aiohttp_mock import mock_aiohttp as mock_aiohttp
    from .cassette import Cassette as Cassette
    from .clock import FakeClock as FakeClock
    from .drift import DriftFound as DriftFound, DriftReport as DriftReport
    from .sandbox import Sandbox as Sandbox
else:  # hidden from the checkers, which would take any name for one of the package
    __getattr__, __dir__, _names = attach_lazy(
        __name__,
        {
            "aiohttp_mock": ("mock_aiohttp",),
            "cassette": ("Cassette",),
            "clock": ("FakeClock",),
            "drift": ("DriftFound", "DriftReport"),
            "sandbox": ("Sandbox",),
        },
    )
    __all__ = [*_names]
