"""The five systems, and how many operations each has: the one list of the tests."""

from __future__ import annotations

COUNTS = {"agilicus": 45, "alloy": 36, "alsid": 12, "opendatasoft": 7, "smooch": 12}
SYSTEMS = tuple(COUNTS)
