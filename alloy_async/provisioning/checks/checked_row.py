"""One row on its way from the checks to its plan."""

from __future__ import annotations

import attrs

from ..sources import Row


@attrs.define(eq=False)
class CheckedRow:
    """One row with its number in the job and what was found by all checks."""

    number: int
    row: Row
    key: str
    errors: str
    """The findings that keep it from being sent, as one reason; empty when it is good."""
