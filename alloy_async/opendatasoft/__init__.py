"""Opendatasoft's Automation API: two clients of a portal's users, their operations and models."""

from __future__ import annotations

from . import models, operations
from .client import AsyncOpendatasoft, Opendatasoft, OpendatasoftMethods

__all__ = ["AsyncOpendatasoft", "Opendatasoft", "OpendatasoftMethods", "models", "operations"]
