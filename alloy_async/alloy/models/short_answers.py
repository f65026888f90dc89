"""Short answers of several operations."""

from __future__ import annotations

import attrs

from ...core.codec.model import Model


@attrs.define(eq=False, repr=False)
class ErrorMessage(Model):
    """The body of a refusal; some operations document an empty object, so `message` may be None."""

    message: str | None = None


@attrs.define(eq=False, repr=False)
class Message(Model):
    """A sentence on what the service did."""

    message: str | None = None


@attrs.define(eq=False, repr=False)
class Success(Model):
    """Whether the service did as asked."""

    success: bool | None = None
