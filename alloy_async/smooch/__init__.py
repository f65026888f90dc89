"""Smooch (api.smooch.io, v1): two clients, their operations on app users, and models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_loading import attach_lazy
from . import models, operations

if TYPE_CHECKING:  # the client loads aiohttp, which its operations and models do without
    from .client import AsyncSmooch as AsyncSmooch, Smooch as Smooch, SmoochMethods as SmoochMethods
    from .jwt import SignedTokens as SignedTokens
else:  # hidden from the checkers, which would take any name for one of the package
    __getattr__, __dir__, _ = attach_lazy(
        __name__, {"client": ("Smooch", "SmoochMethods", "AsyncSmooch"), "jwt": ("SignedTokens",)}
    )

__all__ = ["AsyncSmooch", "SignedTokens", "Smooch", "SmoochMethods", "models", "operations"]
