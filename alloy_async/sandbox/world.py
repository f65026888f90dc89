"""What an emulated system is: it takes a checked Call, changes its state, gives an Answer."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple, Protocol

from .schema import write_json

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Call:
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
class Answer:
    """What goes back: a body of bytes, or one that is produced as it is sent."""

    status: int = 200
    body: bytes | AsyncIterator[bytes] = b""
    content_type: str | None = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        return cls(status, write_json(value), headers=headers or {})

    async def read(self) -> bytes:
        """The whole body."""
        if isinstance(self.body, bytes):
            return self.body
        return b"".join([chunk async for chunk in self.body])


class Refused(Exception):
    """The service refuses a request: raised anywhere before a change is made."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.headers = headers or {}


class Effect(NamedTuple):
    """One change: `what` is "created", "updated", "deleted"... and `key` is a username, say."""

    operation: str
    what: str
    key: str
    request: int


class Ledger:
    """Every change that the sandbox made, in order: the truth to compare a client's belief with."""

    def __init__(self) -> None:
        self._effects: list[Effect] = []

    def __iter__(self) -> Iterator[Effect]:
        return iter(self._effects)

    def __len__(self) -> int:
        return len(self._effects)

    def __getitem__(self, index: int) -> Effect:
        return self._effects[index]

    def add(self, effect: Effect) -> None:
        self._effects.append(effect)

    def find(
        self, operation: str | None = None, key: str | None = None, what: str | None = None
    ) -> list[Effect]:
        """The effects that match every argument given."""
        return [
            effect
            for effect in self._effects
            if operation in (None, effect.operation)
            and key in (None, effect.key)
            and what in (None, effect.what)
        ]

    def count(self, operation: str | None = None, key: str | None = None, what: str | None = None) -> int:
        """How many effects match every argument given."""
        return len(self.find(operation, key, what))


class Authentication(Protocol):
    """Finds the credential of a request, or raises Refused."""

    def __call__(
        self,
        headers: Mapping[str, str],
        query: list[tuple[str, str]],
        keys: Collection[str] | None,
    ) -> str: ...


class World:
    """The state of one system, and a method named like each operation of its contract.

    A method takes the Call and returns what it answers: a JSON value (status 200) or an Answer. It
    checks first and raises Refused, then changes the state and tells each change to `self.effect`.

    Args:
        rng: where ids come from; seeded, so that a run can be repeated.
        clock: seconds since the epoch.
    """

    authenticate: ClassVar[Authentication]
    open_bodies: ClassVar[bool] = False
    """Whether the service takes undeclared members in a body."""

    def __init__(self, rng: random.Random, clock: Clock) -> None:
        self.rng = rng
        self.clock = clock
        self._effects: list[tuple[str, str]] = []

    def handle(self, call: Call) -> Answer:
        """Carry out one request, whole or not at all."""
        try:
            result = getattr(self, call.operation)(call)
        except Refused as refusal:
            return self.refuse(refusal)
        return result if isinstance(result, Answer) else Answer.json(result)

    def refuse(self, refusal: Refused) -> Answer:
        """The answer to a refused request, in the system's own shape."""
        return Answer.json(self.error_body(refusal.status, refusal.message), refusal.status, refusal.headers)

    def error_body(self, status: int, message: str) -> Any:
        """The body of an error answer."""
        return {"message": message}

    def effect(self, what: str, key: str) -> None:
        """Tell that the state has changed."""
        self._effects.append((what, key))

    def take_effects(self) -> list[tuple[str, str]]:
        """The changes since the last call."""
        effects, self._effects = self._effects, []
        return effects

    def now(self, *, days_ago: float = 0) -> str:
        """A timestamp as the services write it: UTC with milliseconds."""
        moment = datetime.fromtimestamp(self.clock() - days_ago * 86_400, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
