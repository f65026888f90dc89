"""The five web APIs, emulated in process: stateful, strict, and able to fail on command.

    async with Sandbox("alloy") as sandbox:            # or plain `with`
        async with aiohttp.ClientSession() as session:
            await session.get(sandbox.url + "/users", headers={"Authorization": "bearer key"})

The sandbox judges requests by the documents in `contract/documents/` alone and shares no code with the clients it
judges.
"""

from __future__ import annotations

from .emulated_service import EmulatedService
from .fault_kinds import Close, ContentType, Delay, Hang, Malformed, Reset, Status, Trickle, Truncated
from .faults import Fault
from .ledger import Change, Ledger
from .limits import Limit
from .messages import ApiError, Reply
from .server import ReceivedRequest, Sandbox, serve

__all__ = [
    "ApiError",
    "Change",
    "Close",
    "ContentType",
    "Delay",
    "EmulatedService",
    "Fault",
    "Hang",
    "Ledger",
    "Limit",
    "Malformed",
    "ReceivedRequest",
    "Reply",
    "Reset",
    "Sandbox",
    "Status",
    "Trickle",
    "Truncated",
    "serve",
]
