"""A result with what came along with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

import attrs

T = TypeVar("T")


@attrs.frozen(eq=False)
class Answer(Generic[T]):
    """A typed result with what came along with it.

    Attributes:
        result: what the method returns.
        status: HTTP status.
        headers: headers of the answer; names in lower case.
        request_id: the server's id of the request, where it sent one.
        attempts: requests put on the wire for this call.
        elapsed: seconds from the call to the result, waits included.
    """

    result: T
    status: int
    headers: Mapping[str, str]
    request_id: str | None
    attempts: int
    elapsed: float
