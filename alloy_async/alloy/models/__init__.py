"""What goes into and comes out of Alloy's operations.

A member that the service left out is None, and one that it added is kept in `extra`. Members of
answers are all optional, because the service promises none of them.
"""
# ruff: noqa: F403 (each topic holds nothing but models)

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_loading import EVERYTHING, attach_lazy

TOPICS = (
    "short_answers",
    "users",
    "credentials",
    "workflows",
    "workflow_runs",
    "apps",
    "integrations",
    "installations",
)

if TYPE_CHECKING:
    from .apps import *
    from .credentials import *
    from .installations import *
    from .integrations import *
    from .short_answers import *
    from .users import *
    from .workflow_runs import *
    from .workflows import *
else:  # hidden from the checkers, which would take any name for one of the package
    __getattr__, __dir__, _ = attach_lazy(__name__, dict.fromkeys(TOPICS, EVERYTHING))
