"""What several topics hold: the platforms, and the body of a refusal."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from ...core.codec.model import Model

Platform: TypeAlias = Literal[
    "android",
    "api",
    "apn",
    "fcm",
    "ios",
    "line",
    "mailgun",
    "messagebird",
    "messenger",
    "telegram",
    "twilio",
    "twitter",
    "viber",
    "web",
    "wechat",
    "whatsapp",
]
"""Where a user can be reached."""


@attrs.define(eq=False, repr=False)
class ErrorDetail(Model):
    """What the service says about a refusal."""

    code: Literal["unauthorized"] | str | None = None
    description: str | None = None


@attrs.define(eq=False, repr=False)
class Error(Model):
    """The body of a refusal."""

    error: ErrorDetail | None = None
