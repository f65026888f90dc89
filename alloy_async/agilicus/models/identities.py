"""Identities of users at upstream providers."""

from __future__ import annotations

import attrs

from ...core.codec.model import Model
from .common import MetadataWithId, UserAttributes


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
