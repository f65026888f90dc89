"""The ways in which something goes wrong between a service and its client."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from .messages import Reply


class ConnectionGone(Exception):
    """The connection is gone; there is nothing left to send."""


class FaultableConnection(Protocol):
    """What a fault can do to the connection of a request."""

    def reset(self) -> None:
        """End it with a TCP RST."""

    def close(self) -> None:
        """End it with a FIN, after what was written."""

    async def pause(self, seconds: float | None) -> None:
        """Wait, for ever when None. Raises ConnectionGone when the sandbox stops meanwhile."""


class FaultBehaviour(Protocol):
    """A way to go wrong: before the request is carried out, or (`after_effect`) on its reply."""

    @property
    def after_effect(self) -> bool: ...

    async def play(self, connection: FaultableConnection, reply: Reply | None) -> Reply | None:
        """Give the answer to send in place of `reply`; None (before the effect) lets the request go on.

        Raises:
            ConnectionGone: when the connection was ended.
        """


@dataclass(frozen=True)
class Status:
    """Answers with a status instead of doing anything, or as a proxy that lost the true reply."""

    status: int
    body: Any = None
    """A JSON value; None sends an empty body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    after_effect: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.status, int) or not 100 <= self.status <= 999:
            raise ValueError(f"status is a whole number from 100 to 999, not {self.status!r}")

    async def play(self, connection: FaultableConnection, reply: Reply | None) -> Reply | None:
        if self.body is None:
            return Reply(self.status, content_type=None, headers=self.headers)
        return Reply.json(self.body, self.status, self.headers)


@dataclass(frozen=True)
class Delay:
    """Waits before carrying the request out, or before answering it."""

    seconds: float
    after_effect: bool = False

    def __post_init__(self) -> None:
        _check_seconds(self.seconds)

    async def play(self, connection: FaultableConnection, reply: Reply | None) -> Reply | None:
        await connection.pause(self.seconds)
        return reply


@dataclass(frozen=True)
class Reset:
    """Ends the connection with a TCP RST: nothing done, or done and the answer lost."""

    after_effect: bool = False

    async def play(self, connection: FaultableConnection, reply: Reply | None) -> Reply | None:
        connection.reset()
        raise ConnectionGone


@dataclass(frozen=True)
class Close:
    """Ends the connection with a FIN and no reply."""

    after_effect: bool = False

    async def play(self, connection: FaultableConnection, reply: Reply | None) -> Reply | None:
        connection.close()
        raise ConnectionGone


@dataclass(frozen=True)
class Hang:
    """Never answers; the connection stays open until the sandbox stops."""

    after_effect: bool = False

    async def play(self, connection: FaultableConnection, reply: Reply | None) -> Reply | None:
        await connection.pause(None)
        raise ConnectionGone


class _OnReply(ABC):
    """A kind that spoils the true reply, so that the request has had its effect."""

    @property
    def after_effect(self) -> bool:
        return True

    async def play(self, connection: FaultableConnection, reply: Reply | None) -> Reply | None:
        assert reply is not None, "played after the effect only"
        return self.spoil(connection, reply, await reply.read())

    @abstractmethod
    def spoil(self, connection: FaultableConnection, reply: Reply, body: bytes) -> Reply:
        """Give the answer to send in place of `reply`, whose whole body is `body`."""


@dataclass(frozen=True)
class Truncated(_OnReply):
    """Sends half of the body that Content-Length promises, then ends the connection."""

    reset: bool = False
    """With a RST instead of a FIN."""

    def spoil(self, connection: FaultableConnection, reply: Reply, body: bytes) -> Reply:
        async def half() -> AsyncIterator[bytes]:
            yield body[: len(body) // 2]
            if self.reset:
                await connection.pause(0.01)  # a RST overtakes what is still unsent
                connection.reset()
            else:
                connection.close()
            raise ConnectionGone

        return _create_streamed_reply(reply, half(), len(body))


@dataclass(frozen=True)
class Malformed(_OnReply):
    """Sends a complete answer whose body breaks off in the middle of its JSON."""

    def spoil(self, connection: FaultableConnection, reply: Reply, body: bytes) -> Reply:
        return replace(reply, body=body[:-1] + b',"')


@dataclass(frozen=True)
class ContentType(_OnReply):
    """Sends the true status with another content type, and a body to suit it."""

    content_type: str = "text/html"
    body: bytes = b"<html><body>It works!</body></html>"

    def spoil(self, connection: FaultableConnection, reply: Reply, body: bytes) -> Reply:
        return replace(reply, body=self.body, content_type=self.content_type)


@dataclass(frozen=True)
class Trickle(_OnReply):
    """Sends the body byte by byte, `seconds` apart."""

    seconds: float = 0.01

    def __post_init__(self) -> None:
        _check_seconds(self.seconds)

    def spoil(self, connection: FaultableConnection, reply: Reply, body: bytes) -> Reply:
        async def drops() -> AsyncIterator[bytes]:
            for position in range(len(body)):
                await connection.pause(self.seconds)
                yield body[position : position + 1]

        return _create_streamed_reply(reply, drops(), len(body))


def _create_streamed_reply(reply: Reply, body: AsyncIterator[bytes], length: int) -> Reply:
    return replace(reply, body=body, headers={**reply.headers, "Content-Length": str(length)})


def _check_seconds(seconds: float) -> None:
    if not isinstance(seconds, int | float) or not 0 <= seconds < float("inf"):
        raise ValueError(f"seconds is a number of at least 0, not {seconds!r}")
