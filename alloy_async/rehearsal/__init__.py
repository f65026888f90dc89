"""A bulk job against an emulation of its system, with its users and its limits: what would happen, before anything does."""

from __future__ import annotations

from .rehearsed_job import Conditions, Rehearsal, rehearse

__all__ = ["Conditions", "Rehearsal", "rehearse"]
