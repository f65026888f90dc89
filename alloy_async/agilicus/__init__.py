"""The users API of Agilicus (agilicus.com): two clients, their operations and models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_loading import attach_lazy
from . import models, operations

if TYPE_CHECKING:  # the client loads aiohttp, which its operations and models do without
    from .client import (
        Agilicus as Agilicus,
        AgilicusMethods as AgilicusMethods,
        AsyncAgilicus as AsyncAgilicus,
    )
else:  # hidden from the checkers, which would take any name for one of the package
    __getattr__, __dir__, _ = attach_lazy(
        __name__, {"client": ("Agilicus", "AgilicusMethods", "AsyncAgilicus")}
    )

__all__ = ["Agilicus", "AgilicusMethods", "AsyncAgilicus", "models", "operations"]
