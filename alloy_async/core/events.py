"""What the hooks of a client are told. Never a body, a query value or a credential."""

from __future__ import annotations

import attrs

from .errors import AlloyAsyncError


@attrs.frozen
class RequestEvent:
    """An attempt is about to be sent."""

    operation: str
    verb: str
    route: str
    attempt: int


@attrs.frozen
class ResponseEvent:
    """An attempt has ended, with an answer or with an error.

    `elapsed` is in seconds; `status` is None where no answer came.
    """

    operation: str
    attempt: int
    elapsed: float
    status: int | None
    request_id: str | None
    error: AlloyAsyncError | None


@attrs.frozen
class RetryEvent:
    """An attempt failed, and after `wait` seconds there will be another one."""

    operation: str
    attempt: int
    wait: float
    error: AlloyAsyncError
