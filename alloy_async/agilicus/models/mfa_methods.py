"""Second factors of users."""

from __future__ import annotations

from typing import Literal

import attrs

from ...core.codec.model import Model
from .common import MetadataWithId


@attrs.define(eq=False, repr=False)
class MFAChallengeMethodSpec(Model):
    """A second factor: of which kind, and where the challenge goes.

    `priority` starts at 1; `endpoint` is what the kind needs: a telephone number, a push address.
    """

    priority: int
    challenge_type: Literal["sms", "web_push", "totp", "webauthn", "one_time_use_action", "code"] | str
    endpoint: str
    origin: str | None = None
    nickname: str | None = None
    enabled: bool | None = None


@attrs.define(eq=False, repr=False)
class MFAChallengeMethod(Model):
    """A second factor of a user."""

    spec: MFAChallengeMethodSpec
    metadata: MetadataWithId | None = None


@attrs.define(eq=False, repr=False)
class ListMFAChallengeMethods(Model):
    """The second factors of a user."""

    limit: int | None = None
    mfa_challenge_methods: list[MFAChallengeMethod] | None = None


@attrs.define(eq=False, repr=False)
class ResetMFAChallengeMethod(Model):
    """In which organisation a user's second factors are to be reset."""

    org_id: str
