"""What goes into and comes out of Agilicus's operations.

Members that the service left out are None, and those that no model declares are kept in `extra`: so an object
that was read can be sent back as it came. In models that are sent, the members that the service requires are
required; all others are optional. An enumeration takes text beside its known values, as the service may grow.

There are 70 models, and to make their classes takes half of a client's start: so each topic is loaded when one
of its names is first asked for.
"""
# ruff: noqa: F403 (each topic holds nothing but models)

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_loading import EVERYTHING, attach_lazy

TOPICS = (
    "common",
    "mfa_methods",
    "identities",
    "users",
    "service_accounts",
    "metadata",
    "user_requests",
    "access_info",
    "permissions",
    "organisations",
)

if TYPE_CHECKING:
    from .access_info import *
    from .common import *
    from .identities import *
    from .metadata import *
    from .mfa_methods import *
    from .organisations import *
    from .permissions import *
    from .service_accounts import *
    from .user_requests import *
    from .users import *
else:  # hidden from the checkers, which would take any name for one of the package
    __getattr__, __dir__, _ = attach_lazy(__name__, dict.fromkeys(TOPICS, EVERYTHING))
