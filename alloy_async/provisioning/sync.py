"""The jobs for plain scripts: the same functions without await, on the background loop of the sync clients.

from alloy_async import AlloyDirectory, AsyncAlloy
from alloy_async.provisioning import sync

report = sync.provision("users.csv", AlloyDirectory(AsyncAlloy()))
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from ..core.background_loop import get_background_loop
from . import jobs
from .tenants import jobs as many

P = ParamSpec("P")
T = TypeVar("T")


def _create_sync(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    @wraps(function)
    def wait(*args: P.args, **kwargs: P.kwargs) -> T:
        return get_background_loop().run(lambda: function(*args, **kwargs))

    return wait


plan: Final = _create_sync(jobs.plan)
apply: Final = _create_sync(jobs.apply)
provision: Final = _create_sync(jobs.provision)
resume: Final = _create_sync(jobs.resume)
undo: Final = _create_sync(jobs.undo)
work: Final = _create_sync(jobs.work)
plan_many: Final = _create_sync(many.plan_many)
apply_many: Final = _create_sync(many.apply_many)
provision_many: Final = _create_sync(many.provision_many)
resume_many: Final = _create_sync(many.resume_many)
undo_many: Final = _create_sync(many.undo_many)
