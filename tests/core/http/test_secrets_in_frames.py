"""A call that is cancelled shows nothing of its request or answer in the local variables of its traceback."""

# ruff: noqa: SIM117

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import attrs
import pytest

from alloy_async import Operation
from alloy_async.core.operation.markers import Json

from .ways import HANG, ONCE, Pieces, Step, Ways, answer

KEY, SECRET, ECHO = "canary-key-Zx9", "canary-secret-7Yq", "canary-echo-5Lm"


@attrs.frozen(eq=False, repr=False)
class Hide(Operation[bytes]):
    """An operation with a secret in its body."""

    verb = "POST"
    route = "/secrets"
    secret: Annotated[str, Json("secret", secret=True)] = SECRET


MOMENTS: dict[str, Sequence[Step]] = {
    "before the answer": [HANG],
    "after an interim answer": [f"HTTP/1.1 103 Early\r\nX-Echo: {ECHO}\r\n\r\n".encode(), HANG],
    "within the head": [f"HTTP/1.1 200 OK\r\nX-Echo: {ECHO}\r\n".encode(), HANG],
    "within the body": [answer(ECHO.encode() * 99, 200, f"X-Echo: {ECHO}")[:-9], HANG],
    "within an error's body": [answer(ECHO.encode() * 99, 404, f"X-Echo: {ECHO}")[:-9], HANG],
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_cancelled_call_shows_no_secret(moment: str, ways: Ways) -> None:
    async with Pieces(MOMENTS[moment]) as service:
        async with ways.client(service.url, key=KEY, retry=ONCE, deadline=20) as client:
            call = asyncio.create_task(client.send(Hide()))
            while not service.requests:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.02)
            assert KEY.encode() in service.requests[0]
            assert SECRET.encode() in service.requests[0]
            call.cancel()
            with pytest.raises(asyncio.CancelledError) as raised:
                await call
    error: Any = raised.value
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "transport.py" in shown
    for secret in (KEY, SECRET, ECHO):
        assert secret not in shown
