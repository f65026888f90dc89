"""Alloy Embedded (runalloy.com): two clients, their operations and models."""

from __future__ import annotations

from . import models, operations
from .client import Alloy, AlloyMethods, AsyncAlloy

__all__ = ["Alloy", "AlloyMethods", "AsyncAlloy", "models", "operations"]
