"""Credentials of users for third-party apps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import attrs

from ...core.codec.model import Model
from ...core.operation.markers import Json


@attrs.define(eq=False, repr=False)
class NewCredential(Model):
    """A credential for an app: the app's name, and the values that its metadata asks for."""

    type: str
    data: Annotated[Mapping[str, Any], Json("data", secret=True)]


@attrs.define(eq=False, repr=False)
class CreatedCredential(Model):
    """The id that `create_a_credential` gave to the new credential."""

    success: bool | None = None
    credential_id: Annotated[str | None, Json("credentialId")] = None


@attrs.define(eq=False, repr=False)
class Credential(Model):
    """A credential that a user holds, without its secret data."""

    credential_id: Annotated[str | None, Json("credentialId")] = None
    type: str | None = None
    created_at: Annotated[datetime | str | None, Json("createdAt")] = None
    updated_at: Annotated[datetime | str | None, Json("updatedAt")] = None


@attrs.define(eq=False, repr=False)
class Credentials(Model):
    """The credentials of a user."""

    data: list[Credential] | None = None


@attrs.define(eq=False, repr=False)
class CredentialProperty(Model):
    """One value that a credential for an app consists of."""

    name: str | None = None
    display_name: Annotated[str | None, Json("displayName")] = None
    description: str | None = None


@attrs.define(eq=False, repr=False)
class CredentialMetadata(Model):
    """What a credential for an app consists of, and whether the app uses OAuth."""

    name: str | None = None
    icon: str | None = None
    is_oauth: Annotated[bool | None, Json("isOauth")] = None
    properties: list[CredentialProperty] | None = None


@attrs.define(eq=False, repr=False)
class CredentialMetadataAnswer(Model):
    """The credential metadata of one app."""

    data: CredentialMetadata | None = None


@attrs.define(eq=False, repr=False)
class CredentialMetadataList(Model):
    """The credential metadata of every app."""

    data: list[CredentialMetadata] | None = None


@attrs.define(eq=False, repr=False)
class OauthLink(Model):
    """Where a user authorizes an app; whoever has the link can act for that user."""

    oauth_url: Annotated[str | None, Json("oauthUrl", secret=True)] = None
