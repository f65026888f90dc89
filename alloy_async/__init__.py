"""alloy_async: an async-first client for five user-management web APIs, with the same methods in sync.

Importing this loads neither aiohttp nor a system; each name is loaded on first use (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .alloy.client import Alloy, AsyncAlloy
    from .core.auth import Token
    from .core.client import AsyncClient
    from .core.codec import from_wire, to_wire
    from .core.errors import (
        AlloyAsyncError,
        BadRequest,
        ConfigurationError,
        Conflict,
        ConnectError,
        ConnectionLost,
        ContentTooLarge,
        CredentialError,
        DeadlineExceeded,
        DecodeError,
        Effect,
        Forbidden,
        InvalidRequest,
        NotFound,
        PaymentRequired,
        RateLimited,
        Redirected,
        RequestTimeout,
        ServerError,
        StatusError,
        TransportError,
        Unauthorized,
        UnprocessableContent,
    )
    from .core.events import RequestEvent, ResponseEvent, RetryEvent
    from .core.exchange import Answer
    from .core.facade import Client
    from .core.limiter import Rate
    from .core.model import NULL, Model
    from .core.operation import Listing, Operation, endpoint
    from .core.retry import Retry
    from .core.settings import System
    from .core.transport import Timeout

_HOMES = {
    "alloy.client": ("Alloy", "AsyncAlloy"),
    "core.auth": ("Token",),
    "core.client": ("AsyncClient",),
    "core.codec": ("from_wire", "to_wire"),
    "core.errors": (
        "AlloyAsyncError",
        "BadRequest",
        "ConfigurationError",
        "Conflict",
        "ConnectError",
        "ConnectionLost",
        "ContentTooLarge",
        "CredentialError",
        "DeadlineExceeded",
        "DecodeError",
        "Effect",
        "Forbidden",
        "InvalidRequest",
        "NotFound",
        "PaymentRequired",
        "RateLimited",
        "Redirected",
        "RequestTimeout",
        "ServerError",
        "StatusError",
        "TransportError",
        "Unauthorized",
        "UnprocessableContent",
    ),
    "core.events": ("RequestEvent", "ResponseEvent", "RetryEvent"),
    "core.exchange": ("Answer",),
    "core.facade": ("Client",),
    "core.limiter": ("Rate",),
    "core.model": ("NULL", "Model"),
    "core.operation": ("Listing", "Operation", "endpoint"),
    "core.retry": ("Retry",),
    "core.settings": ("System",),
    "core.transport": ("Timeout",),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_MODULE_OF)]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
