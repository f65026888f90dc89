"""Credentials of users for third-party apps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import ExtraQuery, Json, Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import Listing, Unpaged
from .. import models
from .common import BAD_REQUEST


@attrs.frozen(eq=False, repr=False)
class CreateACredential(Operation["models.CreatedCredential"]):
    """Give a user a credential for a third-party app: an API key, or OAuth tokens that you hold
    already.

    POST /headless/credentials

    Args:
        credential: the app's name and the values that its credential metadata asks for; sent as a
            JSON object.
        user_id: the user's id or username.

    Returns:
        The id of the new credential.

    Raises:
        TransportError, ServerError: with effect "unknown", the credential may exist;
            `list_user_credentials` tells.
    """

    verb = "POST"
    route = "/headless/credentials"
    credential: Annotated[models.NewCredential, Json("credential")]
    user_id: Annotated[str, Json("userId")]


@attrs.frozen(eq=False, repr=False)
class ListUserCredentials(Listing["models.Credentials", "models.Credential"]):
    """List the credentials of a user, without their secret data.

    GET /users/{userId}/credentials

    Args:
        user_id: the user's id; the username is not promised to work here.

    Returns:
        The credentials, in `data`.
    """

    verb = "GET"
    route = "/users/{userId}/credentials"
    paging: ClassVar[Unpaged] = Unpaged("data")
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class DeleteACredential(Operation["models.Success"]):
    """Delete a credential of a user.

    DELETE /users/{userId}/credentials/{credentialId}

    Args:
        credential_id: the credential to delete, from `list_user_credentials`.
        user_id: its holder's id; the username is not promised to work here.

    Returns:
        Whether it was done.
    """

    verb = "DELETE"
    route = "/users/{userId}/credentials/{credentialId}"
    credential_id: Annotated[str, Path("credentialId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class GetCredentialMetadata(Listing["models.CredentialMetadataList", "models.CredentialMetadata"]):
    """List, for every app, what a credential consists of and whether the app uses OAuth.

    GET /metadata/credentials

    Returns:
        The metadata, in `data`.
    """

    verb = "GET"
    route = "/metadata/credentials"
    paging: ClassVar[Unpaged] = Unpaged("data")


@attrs.frozen(eq=False, repr=False)
class CredentialMedataByApp(Operation["models.CredentialMetadataAnswer"]):
    """Tell what a credential for one app consists of and whether the app uses OAuth.

    GET /metadata/credentials/{app}

    The service's own name of this operation is misspelt; `credential_metadata_by_app` is the same
    method.

    Args:
        app: the app's name in camelCase, as in `list_apps`.

    Returns:
        The metadata, in `data`.
    """

    verb = "GET"
    route = "/metadata/credentials/{app}"
    errors: ClassVar[ErrorModels] = BAD_REQUEST
    app: Annotated[str, Path("app")]


@attrs.frozen(eq=False, repr=False)
class GenerateOauthLink(Operation["models.OauthLink"]):
    """Make the link on which a user authorizes an OAuth app, without the embedded modal.

    GET /headless/oauthUrl

    Args:
        user_id: the user's id or username.
        app: the app to authorize.
        credential_name: the credential type of the app, as in its credential metadata.
        properties: a value for each property that the app's credential metadata lists, by the
            property's name; sent as further query parameters.

    Returns:
        The link, a secret of the user's.
    """

    verb = "GET"
    route = "/headless/oauthUrl"
    user_id: Annotated[str, Query("userId")]
    app: Annotated[str | None, Query("app")] = None
    credential_name: Annotated[str | None, Query("credentialName")] = None
    properties: Annotated[Mapping[str, str] | None, ExtraQuery(secret=True)] = None
