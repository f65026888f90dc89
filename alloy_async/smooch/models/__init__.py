"""What goes into and comes out of Smooch's operations.

A member that the service left out is None, and one that it added is kept in `extra`; some were added by newer versions of the
service than the one documented for v1, and may never come. Where a caller must give a member, the class takes no default for
it; in an answer it may still be None, as the service is not known to send every one.
"""
# ruff: noqa: F403 (each topic holds nothing but models)

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_loading import EVERYTHING, attach_lazy

TOPICS = ("common", "users", "messages", "channels")

if TYPE_CHECKING:
    from .channels import *
    from .common import *
    from .messages import *
    from .users import *
else:  # hidden from the checkers, which would take any name for one of the package
    __getattr__, __dir__, _ = attach_lazy(__name__, dict.fromkeys(TOPICS, EVERYTHING))
