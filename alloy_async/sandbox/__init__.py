"""The systems' web APIs, emulated in process: stateful, strict, and able to fail on command.

    async with Sandbox("alloy") as sandbox:            # or plain `with`
        async with aiohttp.ClientSession() as session:
            await session.get(sandbox.url + "/users", headers={"Authorization": "bearer key"})

The sandbox judges requests by the contracts in `contracts/` alone and shares no code with the
clients it judges. Everything here is loaded on first use, so that the pytest plugin costs nothing
to those who do not use it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .faults import (
        Close,
        ContentType,
        Delay,
        Fault,
        Hang,
        Malformed,
        Reset,
        Status,
        Trickle,
        Truncated,
    )
    from .limits import Limit
    from .server import Request, Sandbox, serve
    from .world import Answer, Effect, Ledger, Refused, World

_HOME = {
    "faults": (
        "Close",
        "ContentType",
        "Delay",
        "Fault",
        "Hang",
        "Malformed",
        "Reset",
        "Status",
        "Trickle",
        "Truncated",
    ),
    "limits": ("Limit",),
    "server": ("Request", "Sandbox", "serve"),
    "world": ("Answer", "Effect", "Ledger", "Refused", "World"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Answer",
    "Close",
    "ContentType",
    "Delay",
    "Effect",
    "Fault",
    "Hang",
    "Ledger",
    "Limit",
    "Malformed",
    "Refused",
    "Request",
    "Reset",
    "Sandbox",
    "Status",
    "Trickle",
    "Truncated",
    "World",
    "serve",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
