"""New users, by mail or through an identity provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import Body
from ...core.operation.operation import ErrorModels, Operation
from .. import models
from .error_models import ERRORS


def _prepare_invitations(user: Sequence[models.User] | None) -> Sequence[models.User] | None:
    return [models.to_writable(one) for one in user] if isinstance(user, list | tuple) else user


@attrs.frozen(eq=False, repr=False)
class InviteUsers(Operation[models.Verdicts]):
    """Create users with an account of their own, and send each a mail with which to log in.

    POST /users/invite/

    Args:
        user: the users; each needs an email and may have names, groups and permissions.

    Returns:
        A verdict on each user, since some may be refused where others are created:
        `verdicts.in_order(user)` has them in the order of the users.

    Raises:
        InvalidRequest: a user has no email; nothing was sent.
        TransportError, ServerError: with effect "unknown", any of the users may exist and have
            their mail; `get_users(search=email)` tells.
    """

    verb = "POST"
    route = "/users/invite/"
    errors: ClassVar[ErrorModels] = ERRORS
    user: Annotated[Sequence[models.User] | None, Body()] = attrs.field(
        default=None, converter=_prepare_invitations
    )

    def check(self) -> None:
        for number, user in enumerate(self.user or ()):
            if not user.email:
                raise ValueError(f"user[{number}].email is missing: an invitation goes to an email")


def _make_request_writable(
    request: models.ProvisionUsersRequest | None,
) -> models.ProvisionUsersRequest | None:
    return None if request is None else models.to_writable(request)


@attrs.frozen(eq=False, repr=False)
class ProvisionUsers(Operation[models.Verdicts]):
    """Create a user who logs in through an identity provider; no mail is sent.

    POST /users/provision/

    The vendor speaks of several users, yet its schema and its own package send one object. So
    does this; `client.map` makes many calls.

    Args:
        provision_users_request: the user.

    Returns:
        A verdict on the user: `verdicts.in_order([request])[0]`.

    Raises:
        TransportError, ServerError: with effect "unknown", the user may exist;
            `get_users(search=email)` tells.
    """

    verb = "POST"
    route = "/users/provision/"
    errors: ClassVar[ErrorModels] = ERRORS
    provision_users_request: Annotated[models.ProvisionUsersRequest | None, Body()] = attrs.field(
        default=None, converter=_make_request_writable
    )
