"""What an emulated system is: it takes a checked ApiCall, changes its state, and gives a Reply."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

from .messages import ApiCall, ApiError, Reply

Clock = Callable[[], float]
Handler = Callable[[ApiCall], Any]


class Authentication(Protocol):
    """Finds the credential of a request, or raises ApiError."""

    def __call__(
        self,
        headers: Mapping[str, str],
        query: list[tuple[str, str]],
        keys: Collection[str] | None,
    ) -> str: ...


class EmulatedService:
    """The state of one system, and a method named like each operation of its contract.

    A method takes the ApiCall and returns what it answers: a JSON value (status 200) or a Reply. It
    checks first and raises ApiError, then changes the state and tells each change to `record_change`.

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
        self._changes: list[tuple[str, str]] = []

    def handle(self, call: ApiCall) -> Reply:
        """Carry out one request, whole or not at all."""
        try:
            result = self.find_handler_of_operation(call.operation)(call)
        except ApiError as error:
            return self.reply_to_error(error)
        return result if isinstance(result, Reply) else Reply.json(result)

    def create_credential_arguments(self, key: str) -> dict[str, str]:
        """Return the keyword arguments that give a client of this system the key."""
        return {"api_key": key}

    def get_place_arguments(self) -> dict[str, str]:
        """Return the keyword arguments that tell a directory where its users are, besides the credential."""
        return {}

    def find_handler_of_operation(self, operation: str) -> Handler:
        """Return what carries out an operation: the method of its name."""
        handler: Handler = getattr(self, operation)
        return handler

    def reply_to_error(self, error: ApiError) -> Reply:
        """Create the answer to a refused request, in the system's own shape."""
        return Reply.json(self.create_error_body(error.status, error.message), error.status, error.headers)

    def create_error_body(self, status: int, message: str) -> Any:
        """Create the body of an error answer."""
        return {"message": message}

    def record_change(self, what: str, key: str) -> None:
        """Tell that the state has changed."""
        self._changes.append((what, key))

    def take_changes(self) -> list[tuple[str, str]]:
        """Take the changes since the last call."""
        effects, self._changes = self._changes, []
        return effects

    def format_now(self, *, days_ago: float = 0) -> str:
        """Give a timestamp as the services write it: UTC with milliseconds."""
        moment = datetime.fromtimestamp(self.clock() - days_ago * 86_400, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
