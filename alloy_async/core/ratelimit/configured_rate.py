"""The rate limit that a user knows."""

from __future__ import annotations

from typing import Any

import attrs
from attrs.validators import optional

from ..argument_errors import improve_argument_errors
from ..errors import ConfigurationError
from ..validation import describe_value, validate_count, validate_positive

# Seconds that a timer or a busy event loop may be late: what could have been sent meanwhile is caught up.
LATENESS = 0.02


def _validate_shared(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, bool | str):
        raise ConfigurationError(f"Rate(shared=) is True, False or a name, got {describe_value(value)}")


@improve_argument_errors
@attrs.frozen
class Rate:
    """A rate limit that the user knows.

    Args:
        per_second: requests per second. `math.inf` where it is not known: then it is learned once the server refuses.
        burst: requests that may go at once after a quiet time; in any t seconds at most per_second * t + burst are
            sent. Default: they go evenly, except that up to 20 ms of lateness are caught up.
        shared: True, and all processes of this host and user that say so draw from one budget for each server and
            credential, and learn together what it is where it is not known. A name instead of True tells budgets apart where
            credentials are fetched by a callable, which are not known beforehand. Needs no server; not on Windows.
    """

    per_second: float = attrs.field(validator=validate_positive)
    burst: int | None = attrs.field(default=None, validator=optional(validate_count))
    shared: bool | str = attrs.field(default=False, validator=_validate_shared)

    @property
    def capacity(self) -> float:
        """Requests that may be saved up."""
        return float(self.burst or max(1.0, self.per_second * LATENESS))
