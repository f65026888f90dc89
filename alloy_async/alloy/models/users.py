"""Users of the account."""

from __future__ import annotations

from typing import Annotated

import attrs

from ...core.codec.model import Model
from ...core.operation.markers import Json


@attrs.define(eq=False, repr=False)
class NewUser(Model):
    """One entry of `batch_create_users`."""

    username: str
    full_name: Annotated[str | None, Json("fullName")] = None


@attrs.define(eq=False, repr=False)
class CreatedUser(Model):
    """The id that `create_a_user` gave to the new user."""

    user_id: Annotated[str | None, Json("userId")] = None


@attrs.define(eq=False, repr=False)
class User(Model):
    """A user of the Alloy account, holder of credentials and installed workflows."""

    user_id: Annotated[str | None, Json("userId")] = None
    username: str | None = None
    full_name: Annotated[str | None, Json("fullName")] = None


@attrs.define(eq=False, repr=False)
class Users(Model):
    """The users of the account."""

    data: list[User] | None = None


@attrs.define(eq=False, repr=False)
class InvalidUser(Model):
    """An entry of a batch that was refused, most often because its username is taken."""

    username: str | None = None
    full_name: Annotated[str | None, Json("fullName")] = None


@attrs.define(eq=False, repr=False)
class BatchResult(Model):
    """The outcome of `batch_create_users`: all but the entries in `invalid_users` were created."""

    message: str | None = None
    invalid_users: Annotated[list[InvalidUser] | None, Json("invalidUsers")] = None


@attrs.define(eq=False, repr=False)
class Token(Model):
    """A JSON Web Token for one user, to be handed to the embedding page."""

    token: Annotated[str | None, Json("token", secret=True)] = None
