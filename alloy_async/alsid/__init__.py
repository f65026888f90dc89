"""Tenable.ad, formerly Alsid: two clients of its users, their operations and models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_loading import attach_lazy
from . import operations

if TYPE_CHECKING:  # the client loads aiohttp, which its operations and models do without
    from . import models as models
    from .client import Alsid as Alsid, AlsidMethods as AlsidMethods, AsyncAlsid as AsyncAlsid
else:  # hidden from the checkers, which would take any name for one of the package
    __getattr__, __dir__, _ = attach_lazy(
        __name__, {"client": ("Alsid", "AlsidMethods", "AsyncAlsid")}, ("models",)
    )

__all__ = ["Alsid", "AlsidMethods", "AsyncAlsid", "models", "operations"]
