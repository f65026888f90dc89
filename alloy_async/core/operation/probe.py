"""The operation by which a client checks its credential: whether the service accepts it, and for which account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from ..argument_errors import format_name_suggestion
from ..errors import AlloyAsyncError, ConfigurationError
from .operation import Operation


def _never_lets_in(error: AlloyAsyncError) -> bool:
    return False


class Probe(NamedTuple):
    """The cheapest call of a service that says whom it takes the client for.

    Args:
        create: makes the operation; it is given what a directory is told besides the client, as `app_id`, and raises a
            ValueError where something is missing.
        describe: words for whom the service takes the client for, of the same facts and the result.
        accepts: whether an error means, too, that the client was let in; the result is None then.
        takes: names of the facts that a directory of the service is told besides the client.
    """

    create: Callable[[Mapping[str, str]], Operation[Any]]
    describe: Callable[[Mapping[str, str], Any], str]
    accepts: Callable[[AlloyAsyncError], bool] = _never_lets_in
    takes: tuple[str, ...] = ()

    async def run(self, send: Callable[[Operation[Any]], Awaitable[Any]], place: Mapping[str, str]) -> str:
        """Make the call, and describe whom the service takes the client for.

        Args:
            send: the client's.
            place: what a directory is told besides the client.

        Raises:
            ConfigurationError: something is missing in `place`, or is not known; nothing is sent.
            AlloyAsyncError: the client is not let in, or the call failed.
        """
        for name in place:
            if name not in self.takes:
                raise ConfigurationError(
                    f"check() has no argument {name}{format_name_suggestion(name, self.takes)}"
                )
        try:
            operation = self.create(place)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        try:
            result = await send(operation)
        except AlloyAsyncError as error:
            if not self.accepts(error):
                raise
            result = None
        return self.describe(place, result)
