"""What goes into and comes out of Agilicus's operations.

Members that the service left out are None, and those that no model declares are kept in `extra`: so an object
that was read can be sent back as it came. In models that are sent, the members that the service requires are
required; all others are optional. An enumeration takes text beside its known values, as the service may grow.

There are 70 models, and to make their classes takes half of a client's start: so each topic is loaded when one
of its names is first asked for.
"""
# ruff: noqa: F403 (each topic holds nothing but models)

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .accounts import *
    from .common import *
    from .identities import *
    from .organisations import *
    from .permissions import *
    from .requests import *
    from .users import *

TOPICS = ("common", "identities", "users", "accounts", "requests", "permissions", "organisations")
"""Where names are looked for; each needs only those before it."""


def __getattr__(name: str) -> Any:
    if not name.startswith("_"):
        for topic in TOPICS:
            found = vars(import_module(f".{topic}", __name__)).get(name)
            if found is not None:
                globals()[name] = found
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    topics = [vars(import_module(f".{topic}", __name__)) for topic in TOPICS]
    return sorted({*globals(), *(name for names in topics for name in names if name[0] != "_")})
