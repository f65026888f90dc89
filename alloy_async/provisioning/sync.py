"""The jobs for plain scripts: the same functions without await, on the background loop of the sync clients.

from alloy_async import AlloyDirectory, AsyncAlloy
from alloy_async.provisioning import sync

report = sync.provision("users.csv", AlloyDirectory(AsyncAlloy()))
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from ..core.portal import portal
from . import job

P = ParamSpec("P")
T = TypeVar("T")


def _waiting(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    @wraps(function)
    def wait(*args: P.args, **kwargs: P.kwargs) -> T:
        return portal().run(lambda: function(*args, **kwargs))

    return wait


plan = _waiting(job.plan)
apply = _waiting(job.apply)
provision = _waiting(job.provision)
resume = _waiting(job.resume)
undo = _waiting(job.undo)
