"""The operation by which a client checks its credential: whether the service accepts it, and for which account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ..errors import AlloyAsyncError
from .operation import Operation


def _refuse(error: AlloyAsyncError) -> bool:
    return False


@attrs.frozen
class Probe:
    """The cheapest call of a service that says whom it takes the client for.

    Args:
        create: makes the operation; it is given what a directory is told besides the client, as `app_id`, and raises a
            ValueError where something is missing.
        describe: words for whom the service takes the client for, of the same facts and the result.
        accepts: whether an error means, too, that the client was let in; the result is None then.
    """

    create: Callable[[Mapping[str, str]], Operation[Any]]
    describe: Callable[[Mapping[str, str], Any], str]
    accepts: Callable[[AlloyAsyncError], bool] = _refuse
