"""Opendatasoft's Automation API: two clients of a portal's users, their operations and models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_loading import attach_lazy
from . import models, operations

if TYPE_CHECKING:  # the client loads aiohttp, which its operations and models do without
    from .client import (
        AsyncOpendatasoft as AsyncOpendatasoft,
        Opendatasoft as Opendatasoft,
        OpendatasoftMethods as OpendatasoftMethods,
    )
else:  # hidden from the checkers, which would take any name for one of the package
    __getattr__, __dir__, _ = attach_lazy(
        __name__, {"client": ("Opendatasoft", "OpendatasoftMethods", "AsyncOpendatasoft")}
    )

__all__ = ["AsyncOpendatasoft", "Opendatasoft", "OpendatasoftMethods", "models", "operations"]
