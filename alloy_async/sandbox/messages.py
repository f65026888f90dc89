"""What passes between the server and an emulated service: a checked call in, a reply or an error out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .contract.schema import encode_json


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A request that fits the contract: path and query decoded and typed, the body read.

    A query parameter that is an array is a list; a parameter that was not sent is absent. `body` is
    the JSON value (JSON in text, where the vendor's package sends that, already read), or None.
    """

    operation: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    credential: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: a body of bytes, or one that is produced as it is sent."""

    status: int = 200
    body: bytes | AsyncIterator[bytes] = b""
    content_type: str | None = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        return cls(status, encode_json(value), headers=headers or {})

    async def read(self) -> bytes:
        """Read the whole body."""
        if isinstance(self.body, bytes):
            return self.body
        return b"".join([chunk async for chunk in self.body])


class ApiError(Exception):
    """The service refuses a request: raised anywhere before a change is made."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.headers: Mapping[str, str] | dict[str, str] = headers or {}
