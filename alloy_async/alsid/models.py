"""What goes into and comes out of Alsid's operations.

Bodies that you send have the vendor's names. Answers have plain ones; the vendor's numbered names
for them are at the end. Members of answers are all optional, because no server version promises
all of them; one that a server added is kept in `extra`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import attrs

from ..core.codec.model import Model
from ..core.operation.markers import Json

# bodies


@attrs.define(eq=False, repr=False)
class ApiLoginBody(Model):
    """Who logs in."""

    password: Annotated[str, Json("password", secret=True)]
    email: str


@attrs.define(eq=False, repr=False)
class ApiUsersBody(Model):
    """A user to create: `name` is the given name, `surname` the family name.

    Tenable's manual asks for a password of 12 characters or more, with a lower and an upper case
    letter, a digit and a special character. A user is created inactive unless `active` is true.
    """

    name: str
    email: str
    password: Annotated[str, Json("password", secret=True)]
    surname: str | None = None
    department: str | None = None
    biography: str | None = None
    active: bool | None = None
    picture: Sequence[int] | None = None


@attrs.define(eq=False, repr=False)
class UsersIdBody(Model):
    """What to change of a user: None leaves a member as it is, NULL empties it."""

    surname: str | None = None
    name: str | None = None
    password: Annotated[str | None, Json("password", secret=True)] = None
    email: str | None = None
    department: str | None = None
    biography: str | None = None
    active: bool | None = None
    picture: Sequence[int] | None = None


@attrs.define(eq=False, repr=False)
class IdRolesBody(Model):
    """The ids of all the roles that a user is to have."""

    roles: Sequence[int]


@attrs.define(eq=False, repr=False)
class UsersPasswordBody(Model):
    """A change of one's own password."""

    old_password: Annotated[str, Json("oldPassword", secret=True)]
    new_password: Annotated[str, Json("newPassword", secret=True)]


@attrs.define(eq=False, repr=False)
class UsersForgottenpasswordBody(Model):
    """Whose password is forgotten."""

    email: str


@attrs.define(eq=False, repr=False)
class UsersRetrievepasswordBody(Model):
    """The token from the mail on a forgotten password, and the password to set."""

    token: Annotated[str, Json("token", secret=True)]
    new_password: Annotated[str, Json("newPassword", secret=True)]


# answers

Provider = Literal["alsid", "ldap", "saml", "tenable"]
"""Where a user's password is kept: "tenable" is what later servers call "alsid"."""


@attrs.define(eq=False, repr=False)
class User(Model):
    """A user, with the ids of their roles.

    `eula_version` is the licence agreement that they accepted, -1 for the built-in administrator.
    """

    id: int | None = None
    surname: str | None = None
    name: str | None = None
    email: str | None = None
    department: str | None = None
    biography: str | None = None
    active: bool | None = None
    picture: list[int] | None = None
    roles: list[int] | None = None
    identifier: str | None = None
    provider: Provider | str | None = None
    eula_version: Annotated[int | None, Json("eulaVersion")] = None
    locked_out: Annotated[bool | None, Json("lockedOut")] = None


@attrs.define(eq=False, repr=False)
class Permission(Model):
    """Something that a role may do: `entity_ids` is None where it holds for every such entity."""

    entity_name: Annotated[str | None, Json("entityName")] = None
    action: str | None = None
    entity_ids: Annotated[list[int] | None, Json("entityIds")] = None
    dynamic_id: Annotated[Literal["self-user-id", ""] | str | None, Json("dynamicId")] = None


@attrs.define(eq=False, repr=False)
class Role(Model):
    """A role with its permissions."""

    id: int | None = None
    name: str | None = None
    description: str | None = None
    permissions: list[Permission] | None = None


@attrs.define(eq=False, repr=False)
class Identity(Model):
    """The user that a key belongs to, with whole roles in place of their ids."""

    id: int | None = None
    name: str | None = None
    email: str | None = None
    provider: Provider | str | None = None
    department: str | None = None
    roles: list[Role] | None = None
    eula_version: Annotated[int | None, Json("eulaVersion")] = None
    internal: bool | None = None
    active: bool | None = None
    locked_out: Annotated[bool | None, Json("lockedOut")] = None
    surname: str | None = None
    biography: str | None = None
    picture: list[int] | None = None
    identifier: str | None = None


@attrs.define(eq=False, repr=False)
class Login(Model):
    """What a login gives. The vendor does not document how the token goes with later calls."""

    auth_token: Annotated[str | None, Json("authToken", secret=True)] = None


@attrs.define(eq=False, repr=False)
class RoleIds(Model):
    """The ids of the roles that a user has now."""

    roles: list[int] | None = None


# the vendor's names for answers

ApirolesPermissions = Permission
InlineResponse20033 = Role
InlineResponse20041 = User
InlineResponse20042 = Identity
InlineResponse20043 = User
InlineResponse20044 = Login
InlineResponse20045 = RoleIds
