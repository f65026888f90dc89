"""The hooks of a client, and the events that they get. These never hold a body, a query value or a credential."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutine, iscoroutinefunction
from typing import Any, Generic, TypeVar

import attrs

from .errors import AlloyAsyncError, ConfigurationError, Effect
from .validation import describe_value

T = TypeVar("T")


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
class LimitEvent(_Event):
    """The server refused an attempt for a rate limit, whether there will be another one or not.

    `retry_after` is in seconds; None where the server tells no time.
    """

    operation: str
    attempt: int
    retry_after: float | None
    error: AlloyAsyncError


class Hook(Generic[T]):
    """A user's function that is told something, and that nobody waits for.

    Args:
        option: by which it was given, for errors.
        function: called with what it is told; what it returns is dropped.

    Raises:
        ConfigurationError: it is no plain function; also when it is called, where it turns out only then to be async, as a
            lambda that calls an async function does.
    """

    __slots__ = ("_function", "_option")

    def __init__(self, option: str, function: Callable[..., object]) -> None:
        if not callable(function):
            raise ConfigurationError(f"{option} takes a function, got {describe_value(function)}")
        if iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__):
            raise _create_async_error(option, "none")
        self._option = option
        self._function = function

    def __call__(self, *told: Any) -> None:
        outcome = self._function(*told)
        if outcome is not None and iscoroutine(outcome):
            outcome.close()  # or Python would warn that it was never awaited
            # on_request comes before anything of an attempt is sent; when another one is called, something may have been.
            raise _create_async_error(self._option, "none" if self._option == "on_request" else "unknown")


def _create_async_error(option: str, effect: Effect) -> ConfigurationError:
    told = f"{option} takes a plain function: it is called, not awaited, so an async one would never run"
    return ConfigurationError(told, effect=effect)


def create_hook(option: str, function: Callable[..., object]) -> Hook[Any]:
    """Create the hook of an option, which may be one already; arguments and errors as for Hook."""
    return function if isinstance(function, Hook) else Hook(option, function)


def combine_hooks(first: Callable[[T], None] | None, second: Callable[[T], None]) -> Callable[[T], None]:
    """Create a hook that calls two, of which the first may be none."""
    if first is None:
        return second
    before = first

    def call(event: T) -> None:
        before(event)
        second(event)

    return call
