"""Service accounts."""

from __future__ import annotations

from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import Body, Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import Unpaged
from .. import models
from .common import NOT_FOUND, LimitedListing


@attrs.frozen(eq=False, repr=False)
class CreateServiceAccount(Operation["models.ServiceAccount"]):
    """Create a service account, and the user that stands for it.

    POST /v1/service_accounts

    Args:
        service_account: its `spec`, with name and organisation.

    Returns:
        The service account, with its id and its user.

    Raises:
        TransportError, ServerError: with effect "unknown", it may exist; `list_service_accounts` tells.
    """

    verb = "POST"
    route = "/v1/service_accounts"
    service_account: Annotated[models.ServiceAccount, Body()]


@attrs.frozen(eq=False, repr=False)
class DeleteServiceAccount(Operation[None]):
    """Delete a service account; one that is protected (`protected_by_id`) cannot be deleted with this call.

    DELETE /v1/service_accounts/{service_account_id}

    Args:
        service_account_id: the service account's id.
        org_id: its organisation.

    Returns:
        Nothing.
    """

    verb = "DELETE"
    route = "/v1/service_accounts/{service_account_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    service_account_id: Annotated[str, Path("service_account_id")]
    org_id: Annotated[str | None, Query("org_id")] = None


@attrs.frozen(eq=False, repr=False)
class GetServiceAccount(Operation["models.ServiceAccount"]):
    """Read one service account.

    GET /v1/service_accounts/{service_account_id}

    Args:
        service_account_id: the service account's id.
        org_id: its organisation.

    Returns:
        The service account.
    """

    verb = "GET"
    route = "/v1/service_accounts/{service_account_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    service_account_id: Annotated[str, Path("service_account_id")]
    org_id: Annotated[str | None, Query("org_id")] = None


@attrs.frozen(eq=False, repr=False)
class ListServiceAccounts(LimitedListing["models.ListServiceAccountResponse", "models.ServiceAccount"]):
    """List service accounts. Those beyond `limit` cannot be asked for.

    GET /v1/service_accounts

    Args:
        org_id: only those of this organisation.
        user_id: only the one that this user stands for.
        limit: the most to answer, 1 to 500; the service takes 500 where none is given.

    Returns:
        The service accounts, in `service_accounts`.
    """

    verb = "GET"
    route = "/v1/service_accounts"
    paging: ClassVar[Unpaged] = Unpaged("service_accounts")
    org_id: Annotated[str | None, Query("org_id")] = None
    user_id: Annotated[str | None, Query("user_id")] = None
    limit: Annotated[int | None, Query("limit")] = None


@attrs.frozen(eq=False, repr=False)
class ReplaceServiceAccount(Operation["models.ServiceAccount"]):
    """Replace a service account as a whole: read it, change it, and send all of it back.

    PUT /v1/service_accounts/{service_account_id}

    Args:
        service_account_id: the service account's id.
        service_account: the whole service account.

    Returns:
        The service account after the change.
    """

    verb = "PUT"
    route = "/v1/service_accounts/{service_account_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    service_account_id: Annotated[str, Path("service_account_id")]
    service_account: Annotated[models.ServiceAccount | None, Body()] = None
