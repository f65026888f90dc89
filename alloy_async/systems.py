"""The five systems, and how to load the classes of one by its name."""

from __future__ import annotations

from importlib import import_module
from typing import Any

SYSTEMS = ("agilicus", "alloy", "alsid", "opendatasoft", "smooch")
"""The names of the systems' packages; class names are made of them, as AsyncAlloy, Alloy and AlloyDirectory."""


def load_client(system: str) -> Any:
    """Load the async client class of a system."""
    return getattr(import_module(f"alloy_async.{system}.client"), f"Async{system.capitalize()}")


def load_sync_client(system: str) -> Any:
    """Load the sync client class of a system."""
    return getattr(import_module(f"alloy_async.{system}.client"), system.capitalize())


def load_directory(system: str) -> Any:
    """Load the directory class of a system."""
    return getattr(import_module(f"alloy_async.{system}.directory"), f"{system.capitalize()}Directory")
