"""Second factors of users."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import attrs

from ...core.operation.markers import Body, Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import Unpaged
from .. import models
from .common import BOOLEANS, NOT_FOUND, LimitedListing

ChallengeType = Literal["sms", "web_push", "totp", "webauthn", "one_time_use_action", "code"] | str


@attrs.frozen(eq=False, repr=False)
class CreateChallengeMethod(Operation["models.MFAChallengeMethod"]):
    """Give a user a second factor.

    POST /users/{user_id}/mfa_challenge_methods

    Args:
        user_id: the user's id.
        mfa_challenge_method: the second factor.

    Returns:
        The second factor, with its id.

    Raises:
        TransportError, ServerError: with effect "unknown", it may exist; `list_challenge_methods` tells.
    """

    verb = "POST"
    route = "/users/{user_id}/mfa_challenge_methods"
    user_id: Annotated[str, Path("user_id")]
    mfa_challenge_method: Annotated[models.MFAChallengeMethod, Body()]


@attrs.frozen(eq=False, repr=False)
class DeleteChallengeMethod(Operation[None]):
    """Take a second factor from a user.

    DELETE /users/{user_id}/mfa_challenge_methods/{challenge_method_id}

    Args:
        user_id: the user's id.
        challenge_method_id: the id of the second factor.

    Returns:
        Nothing.
    """

    verb = "DELETE"
    route = "/users/{user_id}/mfa_challenge_methods/{challenge_method_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_id: Annotated[str, Path("user_id")]
    challenge_method_id: Annotated[str, Path("challenge_method_id")]


@attrs.frozen(eq=False, repr=False)
class GetChallengeMethod(Operation["models.MFAChallengeMethod"]):
    """Read one second factor of a user.

    GET /users/{user_id}/mfa_challenge_methods/{challenge_method_id}

    Args:
        user_id: the user's id.
        challenge_method_id: the id of the second factor.

    Returns:
        The second factor.
    """

    verb = "GET"
    route = "/users/{user_id}/mfa_challenge_methods/{challenge_method_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_id: Annotated[str, Path("user_id")]
    challenge_method_id: Annotated[str, Path("challenge_method_id")]


@attrs.frozen(eq=False, repr=False)
class ListChallengeMethods(LimitedListing["models.ListMFAChallengeMethods", "models.MFAChallengeMethod"]):
    """List the second factors of a user. Those beyond `limit` cannot be asked for.

    GET /users/{user_id}/mfa_challenge_methods

    Args:
        user_id: the user's id.
        limit: the most to answer, 1 to 500; the service takes 500 where none is given.
        challenge_type: only those of this kind.
        method_status: only those that are enabled (True), or disabled (False).
        method_origin: only those of this origin.

    Returns:
        The second factors, in `mfa_challenge_methods`.
    """

    verb = "GET"
    route = "/users/{user_id}/mfa_challenge_methods"
    paging: ClassVar[Unpaged] = Unpaged("mfa_challenge_methods")
    user_id: Annotated[str, Path("user_id")]
    limit: Annotated[int | None, Query("limit")] = None
    challenge_type: Annotated[ChallengeType | None, Query("challenge_type")] = None
    method_status: Annotated[bool | None, Query("method_status", booleans=BOOLEANS)] = None
    method_origin: Annotated[str | None, Query("method_origin")] = None


@attrs.frozen(eq=False, repr=False)
class ReplaceChallengeMethod(Operation["models.MFAChallengeMethod"]):
    """Replace a second factor of a user as a whole: read it, change it, and send all of it back.

    PUT /users/{user_id}/mfa_challenge_methods/{challenge_method_id}

    Args:
        user_id: the user's id.
        challenge_method_id: the id of the second factor.
        mfa_challenge_method: the whole second factor.

    Returns:
        The second factor after the change.
    """

    verb = "PUT"
    route = "/users/{user_id}/mfa_challenge_methods/{challenge_method_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_id: Annotated[str, Path("user_id")]
    challenge_method_id: Annotated[str, Path("challenge_method_id")]
    mfa_challenge_method: Annotated[models.MFAChallengeMethod | None, Body()] = None


@attrs.frozen(eq=False, repr=False)
class ResetUserMfaChallengeMethods(Operation[None]):
    """Reset the second factors of a user, who has to enrol again.

    POST /users/{user_id}/reset_mfa_challenge_methods

    Args:
        user_id: the user's id.
        reset_mfa_challenge_method: names the organisation.

    Returns:
        Nothing.

    Raises:
        TransportError, ServerError: with effect "unknown", they may be reset; `list_challenge_methods` tells.
    """

    verb = "POST"
    route = "/users/{user_id}/reset_mfa_challenge_methods"
    user_id: Annotated[str, Path("user_id")]
    reset_mfa_challenge_method: Annotated[models.ResetMFAChallengeMethod, Body()]
