"""Smooch (api.smooch.io, v1): two clients, their operations on app users, and models."""

from __future__ import annotations

from . import models, operations
from .client import AsyncSmooch, Smooch, SmoochMethods
from .jwt import SignedTokens

__all__ = ["AsyncSmooch", "SignedTokens", "Smooch", "SmoochMethods", "models", "operations"]
