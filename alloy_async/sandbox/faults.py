"""Things that go wrong between a service and its client, on command."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from .messages import Reply


class Dropped(Exception):
    """The connection is gone; there is nothing left to send."""


class Connection(Protocol):
    """What a fault can do to the connection of a request."""

    def reset(self) -> None:
        """End it with a TCP RST."""

    def close(self) -> None:
        """End it with a FIN, after what was written."""

    async def pause(self, seconds: float | None) -> None:
        """Wait, for ever when None. Raises Dropped when the sandbox stops meanwhile."""


class Kind(Protocol):
    """A way to go wrong: before the request is carried out, or (`after_commit`) on its answer."""

    @property
    def after_commit(self) -> bool: ...

    async def play(self, wire: Connection, answer: Reply | None) -> Reply | None:
        """The answer to send in place of `answer`; None (before the commit) lets the request go on.

        Raises:
            Dropped: when the connection was ended.
        """


@dataclass(frozen=True)
class Status:
    """Answers with a status instead of doing anything, or as a proxy that lost the true answer."""

    status: int
    body: Any = None
    """A JSON value; None sends an empty body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    after_commit: bool = False

    async def play(self, wire: Connection, answer: Reply | None) -> Reply | None:
        if self.body is None:
            return Reply(self.status, content_type=None, headers=self.headers)
        return Reply.json(self.body, self.status, self.headers)


@dataclass(frozen=True)
class Delay:
    """Waits before carrying the request out, or before answering it."""

    seconds: float
    after_commit: bool = False

    async def play(self, wire: Connection, answer: Reply | None) -> Reply | None:
        await wire.pause(self.seconds)
        return answer


@dataclass(frozen=True)
class Reset:
    """Ends the connection with a TCP RST: nothing done, or done and the answer lost."""

    after_commit: bool = False

    async def play(self, wire: Connection, answer: Reply | None) -> Reply | None:
        wire.reset()
        raise Dropped


@dataclass(frozen=True)
class Close:
    """Ends the connection with a FIN and no answer."""

    after_commit: bool = False

    async def play(self, wire: Connection, answer: Reply | None) -> Reply | None:
        wire.close()
        raise Dropped


@dataclass(frozen=True)
class Hang:
    """Never answers; the connection stays open until the sandbox stops."""

    after_commit: bool = False

    async def play(self, wire: Connection, answer: Reply | None) -> Reply | None:
        await wire.pause(None)
        raise Dropped


class _OnAnswer(ABC):
    """A kind that spoils the true answer, so that the request has had its effect."""

    @property
    def after_commit(self) -> bool:
        return True

    async def play(self, wire: Connection, answer: Reply | None) -> Reply | None:
        assert answer is not None, "played after the commit only"
        return self.spoil(wire, answer, await answer.read())

    @abstractmethod
    def spoil(self, wire: Connection, answer: Reply, body: bytes) -> Reply:
        """The answer to send in place of `answer`, whose whole body is `body`."""


@dataclass(frozen=True)
class Truncated(_OnAnswer):
    """Sends half of the body that Content-Length promises, then ends the connection."""

    reset: bool = False
    """With a RST instead of a FIN."""

    def spoil(self, wire: Connection, answer: Reply, body: bytes) -> Reply:
        async def half() -> AsyncIterator[bytes]:
            yield body[: len(body) // 2]
            if self.reset:
                await wire.pause(0.01)  # a RST overtakes what is still unsent
                wire.reset()
            else:
                wire.close()
            raise Dropped

        return _streamed(answer, half(), len(body))


@dataclass(frozen=True)
class Malformed(_OnAnswer):
    """Sends a complete answer whose body breaks off in the middle of its JSON."""

    def spoil(self, wire: Connection, answer: Reply, body: bytes) -> Reply:
        return replace(answer, body=body[:-1] + b',"')


@dataclass(frozen=True)
class ContentType(_OnAnswer):
    """Sends the true status with another content type, and a body to suit it."""

    content_type: str = "text/html"
    body: bytes = b"<html><body>It works!</body></html>"

    def spoil(self, wire: Connection, answer: Reply, body: bytes) -> Reply:
        return replace(answer, body=self.body, content_type=self.content_type)


@dataclass(frozen=True)
class Trickle(_OnAnswer):
    """Sends the body byte by byte, `seconds` apart."""

    seconds: float = 0.01

    def spoil(self, wire: Connection, answer: Reply, body: bytes) -> Reply:
        async def drops() -> AsyncIterator[bytes]:
            for position in range(len(body)):
                await wire.pause(self.seconds)
                yield body[position : position + 1]

        return _streamed(answer, drops(), len(body))


def _streamed(answer: Reply, body: AsyncIterator[bytes], length: int) -> Reply:
    return replace(answer, body=body, headers={**answer.headers, "Content-Length": str(length)})


@dataclass(frozen=True)
class Fault:
    """A rule: what goes wrong, and with which requests.

        sandbox.faults.add(Fault(Reset(after_commit=True), "create_a_user", nth=3))

    Only requests that the service would carry out are counted: they have a known route and key, are
    within the limit and fit the contract.

    Args:
        kind: what goes wrong.
        operation: the operation id; None for any.
        nth: the first request to be hit, counting from 1 those that match since the rule was added.
        times: how many requests are hit; None for all from then on.
        probability: the chance of each to be hit; drawn from the sandbox's seeded generator.
    """

    kind: Kind
    operation: str | None = None
    nth: int = 1
    times: int | None = 1
    probability: float = 1.0


class Faults:
    """The rules in force, in the order of their addition; a request may be hit by several."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._rules: list[_Rule] = []

    def add(self, *faults: Fault) -> None:
        self._rules += [_Rule(fault) for fault in faults]

    def clear(self) -> None:
        self._rules = []

    def take(self, operation: str) -> list[Kind]:
        """What goes wrong with the request that has just come."""
        return [rule.fault.kind for rule in self._rules if rule.hits(operation, self._rng)]


@dataclass
class _Rule:
    fault: Fault
    seen: int = 0
    hit: int = 0

    def hits(self, operation: str, rng: random.Random) -> bool:
        fault = self.fault
        if fault.operation not in (None, operation):
            return False
        self.seen += 1
        if self.seen < fault.nth or (fault.times is not None and self.hit >= fault.times):
            return False
        if fault.probability < 1 and rng.random() >= fault.probability:
            return False
        self.hit += 1
        return True
