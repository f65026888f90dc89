"""Small models that several others hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from ...core.codec.model import Model


@attrs.define(eq=False, repr=False)
class ErrorMessage(Model):
    """The body of a refusal, as far as one is documented; `error_message` is for people."""

    error_code: str | None = None
    error_message: str | None = None


@attrs.define(eq=False, repr=False)
class MetadataWithId(Model):
    """What the service itself notes of an object: its id, and when it was made and last changed."""

    created: datetime | None = None
    updated: datetime | None = None
    id: str | None = None


@attrs.define(eq=False, repr=False)
class MetadataWithOnlyId(Model):
    """The id of an entry of a list."""

    id: str | None = None


@attrs.define(eq=False, repr=False)
class InheritableUserConfig(Model):
    """Configuration that a user may take from the groups it is in."""

    description: str | None = None


@attrs.define(eq=False, repr=False)
class UserAttribute(Model):
    """One attribute of a user; its value is any JSON value."""

    name: str
    value: Any


@attrs.define(eq=False, repr=False)
class UserAttributes(Model):
    """Attributes that were set by hand or by an identity provider."""

    attributes: list[UserAttribute]
