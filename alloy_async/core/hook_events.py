"""What the hooks of a client are told. It never holds a body, a query value or a credential."""

from __future__ import annotations

import attrs

from .errors import AlloyAsyncError


@attrs.frozen(kw_only=True)
class _Event:
    """What all events tell.

    Args:
        call_id: the same for all events of one call, and no other call of this process.
        service: as `alloy`.
        host: host and port of the server.
    """

    call_id: str = attrs.field(default="", eq=False)
    service: str = attrs.field(default="", eq=False)
    host: str = attrs.field(default="", eq=False)


@attrs.frozen
class RequestEvent(_Event):
    """An attempt is about to be sent."""

    operation: str
    verb: str
    route: str
    attempt: int


@attrs.frozen
class ResponseEvent(_Event):
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
class RetryEvent(_Event):
    """An attempt failed, and after `wait` seconds there will be another one."""

    operation: str
    attempt: int
    wait: float
    error: AlloyAsyncError


@attrs.frozen
class RateLimitedEvent(_Event):
    """The server refused an attempt for a rate limit, whether there will be another one or not.

    `retry_after` is in seconds; None where the server tells no time.
    """

    operation: str
    attempt: int
    retry_after: float | None
    error: AlloyAsyncError
