"""aioresponses as it works with aiohttp 3.14 and later.

aioresponses 0.7.9 makes its responses without an argument that aiohttp 3.14 wants. Use `mock_aiohttp()` in its place, or
the fixture `mocked_aiohttp`; its methods are those of aioresponses.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import aiohttp

try:
    from aioresponses import aioresponses
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        "Mocked answers need aioresponses, which is not installed. Install it with: pip install aioresponses",
        name=_missing.name,
    ) from _missing


class _MockedResponse(aiohttp.ClientResponse):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"stream_writer": SimpleNamespace(output_size=0), **options})


class mock_aiohttp(aioresponses):  # noqa: N801 (named and used as aioresponses is)
    """aiohttp without a network: `with mock_aiohttp() as mock: mock.get(url, payload={...})`."""

    def add(self, *args: Any, **options: Any) -> None:
        """Say what a request is answered with; as in aioresponses."""
        super().add(*args, **{"response_class": _MockedResponse, **options})
