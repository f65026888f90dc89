"""Tenable.ad, formerly Alsid: two clients of its users, their operations and models."""

from __future__ import annotations

from . import models, operations
from .client import Alsid, AlsidMethods, AsyncAlsid

__all__ = ["Alsid", "AlsidMethods", "AsyncAlsid", "models", "operations"]
