"""Answers: one whose head has arrived, its body to be read whole within a bound or piece by piece; and one that was read."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from .content_encoding import Decompressor, create_decompressor
from .failures import BROKEN, CLOSED_HERE, BodyTooLarge, ConnectionBroken, error_from_body_failure

ERROR_BODY = 1 << 20
"""Most bytes that are kept of the body of an error; what comes after them says nothing more."""


class OpenResponse(ABC):
    """Status and headers of an answer, and its body to come.

    Whoever reads the body to its end gives the connection back with that; whoever stops before must `close`.

    Args:
        status: HTTP status.
        headers: as they came.
        payload: aiohttp's reader of the body, with what is compressed left as it is.
    """

    __slots__ = ("_decompressor", "_payload", "_pieces", "headers", "status")

    _take_buffered: Callable[[Any], bytes] = operator.methodcaller("read_nowait")
    """Takes the whole of a payload that has ended."""

    def __init__(self, status: int, headers: Mapping[str, str], payload: aiohttp.StreamReader) -> None:
        self.status: int = status
        self.headers: Mapping[str, str] = headers
        self._payload = payload
        self._pieces: list[bytes] | None = None
        self._decompressor: Decompressor | None = None

    @abstractmethod
    def lift_deadline(self) -> None:
        """Let the answer last longer than its request's deadline: from now on only the read timeout holds."""

    @abstractmethod
    def release(self) -> None:
        """Give the connection back: the body was read to its end."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection, with whatever may still come on it."""

    @property
    def ok(self) -> bool:
        """Whether the server did what it was asked (2xx)."""
        return 200 <= self.status < 300

    @property
    def body_so_far(self) -> bytes:
        """What `read` has got so far."""
        return b"".join(self._pieces or ())

    def take_body_if_complete(self, limit: int) -> bytes | None:
        """Return the whole body where it is here already, as it stands and within the bound; else None.

        Most answers are there as a whole by the time that their head is read.
        """
        payload = self._payload
        if not payload.is_eof() or payload.exception() is not None or payload.total_bytes > limit:
            return None
        if "Content-Encoding" in self.headers:
            return None
        body = self._take_buffered(payload)
        self.release()
        return body

    async def read(self, limit: int) -> bytes:
        """Return the whole body.

        Args:
            limit: most bytes, decompressed. Of a body that is not the result, ERROR_BODY are kept and the rest is not read.

        Raises:
            BodyTooLarge, BodyTruncated, BodyUnreadable: see there; and what aiohttp raises. The connection is closed then.
        """
        try:
            await self._collect_pieces(limit)
        except BaseException:
            self.close()
            raise
        return self.body_so_far

    async def _collect_pieces(self, limit: int) -> None:
        # No piece is in a local variable: this frame is in the traceback of a call that is cancelled.
        self._pieces = []
        size = 0
        while True:
            self._pieces.append(await self._read_piece())
            if not self._pieces[-1]:
                return
            size += len(self._pieces[-1])
            if not self.ok and size >= ERROR_BODY:
                self.close()
                return
            if size > limit:
                raise BodyTooLarge(f"it is larger than max_response_size, which is {limit} bytes")

    async def read_piece(self) -> bytes:
        """Return the next piece of the body, decompressed; nothing at its end.

        Raises:
            ConnectionLost: the answer broke off, or what is compressed in it is cut short. Effect: applied.
            RequestTimeout: the server sent nothing for `timeout.read` seconds. Effect: applied.
            DecodeError: it is not compressed as it says. Effect: applied.
        """
        try:
            return await self._read_piece()
        except BROKEN as error:
            failure = error_from_body_failure(error, self.status)
            self.close()
        # Raised outside of the handler, so that no frame that holds a piece of the answer is in the traceback.
        raise failure

    async def _read_piece(self) -> bytes:
        if self._decompressor is None:
            self._decompressor = create_decompressor(self.headers.get("Content-Encoding"))
        take, feed = self._decompressor.get_next_piece, self._decompressor.add_input
        while not (piece := take()):
            try:
                more = feed(await self._payload.readany())
            except RuntimeError:  # so aiohttp says that the connection was closed on this side
                raise ConnectionBroken(CLOSED_HERE) from None
            if not more:
                self._decompressor.check_complete()
                self.release()
                break
        return piece


class RawResponse:
    """Status, headers and body of an answer; instead of the body, the open response of one that is streamed."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes | OpenResponse) -> None:
        self.status: int = status
        self.headers: Mapping[str, str] = headers
        self.body: bytes | OpenResponse = body

    def __repr__(self) -> str:
        return f"<RawResponse {self.status}>"  # headers and body may repeat a secret
