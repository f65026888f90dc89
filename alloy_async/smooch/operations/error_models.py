"""What Smooch's operations have in common."""

from __future__ import annotations

from .. import models

ERRORS = {"default": models.Error}
"""Smooch documents one body for all errors."""
