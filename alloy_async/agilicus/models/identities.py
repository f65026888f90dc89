"""How a user proves who it is: second factors, and identities at upstream providers."""

from __future__ import annotations

from typing import Literal

import attrs

from ...core.codec.model import Model
from .common import MetadataWithId, UserAttributes


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


@attrs.define(eq=False, repr=False)
class UpstreamUserIdentitySpec(Model):
    """Which user of an identity provider a local user is."""

    upstream_user_id: str
    upstream_idp_id: str
    local_user_id: str
    attributes: UserAttributes | None = None


@attrs.define(eq=False, repr=False)
class UpstreamUserIdentity(Model):
    """The identity of a user at an identity provider."""

    spec: UpstreamUserIdentitySpec
    metadata: MetadataWithId | None = None


@attrs.define(eq=False, repr=False)
class ListUpstreamUserIdentitiesResponse(Model):
    """The upstream identities of a user."""

    upstream_user_identities: list[UpstreamUserIdentity] | None = None
    limit: int | None = None
