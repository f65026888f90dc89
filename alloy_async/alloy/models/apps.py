"""Apps and their events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from ...core.codec.model import Model


@attrs.define(eq=False, repr=False)
class App(Model):
    """A third-party app that workflows can use, as a trigger, for actions, or both."""

    name: str | None = None
    icon: str | None = None
    type: list[Literal["action", "trigger"] | str] | None = None


@attrs.define(eq=False, repr=False)
class Apps(Model):
    """The apps that Alloy supports."""

    data: list[App] | None = None


@attrs.define(eq=False, repr=False)
class Event(Model):
    """A custom event of the account; the keys of `body` are those of the event's own schema."""

    name: str | None = None
    description: str | None = None
    body: Mapping[str, Any] | None = None


@attrs.define(eq=False, repr=False)
class Events(Model):
    """The custom events of the account."""

    data: list[Event] | None = None
