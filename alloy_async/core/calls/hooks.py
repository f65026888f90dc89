"""Hooks: a user's functions that are told of events, and that nobody waits for."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutine, iscoroutinefunction
from typing import Any, Generic, TypeVar

from ..errors import ConfigurationError, Effect
from ..validation import describe_value

T = TypeVar("T")


class Hook(Generic[T]):
    """A user's function that is told something, and that nobody waits for.

    Args:
        option: by which it was given, for errors.
        function: called with what it is told; what it returns is dropped.

    Raises:
        ConfigurationError: it is not a plain function; also when it is called, where it turns out only then to be async, as a
            lambda that calls an async function does.
    """

    __slots__ = ("_function", "_option")

    def __init__(self, option: str, function: Callable[..., object]) -> None:
        if not callable(function):
            raise ConfigurationError(f"{option} takes a function, got {describe_value(function)}")
        if iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__):
            raise _create_async_hook_error(option, "none")
        self._option = option
        self._function = function

    def __call__(self, *told: Any) -> None:
        outcome = self._function(*told)
        if outcome is not None and iscoroutine(outcome):
            outcome.close()  # or Python would warn that it was never awaited
            # on_request comes before anything of an attempt is sent; when another one is called, something may have been.
            raise _create_async_hook_error(
                self._option, "none" if self._option == "on_request" else "unknown"
            )


def _create_async_hook_error(option: str, effect: Effect) -> ConfigurationError:
    told = f"{option} takes a plain function: it is called, not awaited, so an async one would never run"
    return ConfigurationError(told, effect=effect)


def create_hook(option: str, function: Callable[..., object]) -> Hook[Any]:
    """Create the hook of an option, which may be one already; arguments and errors as for Hook."""
    return function if isinstance(function, Hook) else Hook(option, function)


def combine_hooks(first: Callable[[T], None] | None, second: Callable[[T], None]) -> Callable[[T], None]:
    """Create a hook that calls two, the first of which may be None."""
    if first is None:
        return second
    before = first

    def call(event: T) -> None:
        before(event)
        second(event)

    return call
