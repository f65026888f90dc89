"""Alloy Embedded (runalloy.com): two clients, their operations and models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_loading import attach_lazy
from . import models, operations

if TYPE_CHECKING:  # the client loads aiohttp, which its operations and models do without
    from .client import Alloy as Alloy, AlloyMethods as AlloyMethods, AsyncAlloy as AsyncAlloy
else:  # hidden from the checkers, which would take any name for one of the package
    __getattr__, __dir__, _ = attach_lazy(__name__, {"client": ("Alloy", "AlloyMethods", "AsyncAlloy")})

__all__ = ["Alloy", "AlloyMethods", "AsyncAlloy", "models", "operations"]
