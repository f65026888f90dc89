"""The users API of Agilicus (agilicus.com): two clients, their operations and models."""

from __future__ import annotations

from . import models, operations
from .client import Agilicus, AgilicusMethods, AsyncAgilicus

__all__ = ["Agilicus", "AgilicusMethods", "AsyncAgilicus", "models", "operations"]
