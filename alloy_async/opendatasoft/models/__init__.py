"""What goes into and comes out of Opendatasoft's operations, under the vendor's names.

Members of answers are all optional, because the service promises none of them; one that it added
is kept in `extra`.
"""
# ruff: noqa: F403 (each topic holds nothing but models)

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_loading import EVERYTHING, attach_lazy

TOPICS = ("errors", "users", "invitations", "export")

if TYPE_CHECKING:
    from .errors import *
    from .export import *
    from .invitations import *
    from .users import *
else:  # hidden from the checkers, which would take any name for one of the package
    __getattr__, __dir__, _ = attach_lazy(__name__, dict.fromkeys(TOPICS, EVERYTHING))
