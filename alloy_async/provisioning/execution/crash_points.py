"""The points at which tests let a job crash: every boundary between what the job and what the system knows."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Literal, TypeAlias

CrashPoint: TypeAlias = Literal[
    "before intent", "after intent", "after answer", "after outcome", "before asking"
]
CrashHook: TypeAlias = Callable[[CrashPoint], None]


def _ignore_point(point: CrashPoint) -> None:
    """Let nothing happen."""


crash_hook: ContextVar[CrashHook] = ContextVar("crash_hook", default=_ignore_point)
"""Called at each boundary of a run that is begun while it is set; what it raises ends the run as a crash would."""
