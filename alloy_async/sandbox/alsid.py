"""The users of a Tenable.ad installation, formerly Alsid, emulated.

Where the contract is silent, the sandbox chooses: a taken email is a 409, a bad password or role a
400, and of several users to create either all are created or none.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any

from .auth import HeaderKey
from .people import people
from .world import Call, Clock, Refused, World

ADMIN = 1
"""The id of the built-in administrator, whom every API key belongs to."""
PASSWORD = "Sandbox-Passw0rd"  # noqa: S105 (it opens nothing but a sandbox)
"""Of everybody who is there at the start."""
MEMBERS = ("name", "surname", "email", "department", "biography", "active", "picture")
"""What a caller may set of a user, besides the password."""


@dataclass(frozen=True)
class Role:
    id: int
    name: str
    description: str
    actions: tuple[str, ...]

    def wire(self) -> dict[str, Any]:
        permissions = [
            {"entityName": "user", "action": action, "entityIds": None, "dynamicId": None}
            for action in self.actions
        ]
        own = {
            "entityName": "preference",
            "action": "edit",
            "entityIds": None,
            "dynamicId": "self-user-id",
        }
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "permissions": [*permissions, own],
        }


ROLES = {
    role.id: role
    for role in (
        Role(1, "Global Administrator", "May do everything.", ("read", "create", "edit", "delete")),
        Role(2, "User", "May look at most things.", ("read",)),
        Role(3, "Auditor", "May look at itself.", ()),
    )
}


@dataclass
class User:
    id: int
    password: str
    members: dict[str, Any]
    roles: list[int]

    @property
    def email(self) -> str:
        email: str = self.members["email"]
        return email

    @property
    def active(self) -> bool:
        return bool(self.members["active"])

    def wire(self) -> dict[str, Any]:
        return {
            "id": self.id,
            **self.members,
            "roles": self.roles,
            "identifier": self.email,
            "provider": "tenable",
            "eulaVersion": -1 if self.id == ADMIN else 0,
            "lockedOut": False,
        }


@dataclass
class Installation:
    """The state."""

    users: dict[int, User] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)
    """The user id of each token that a login gave."""
    mails: list[tuple[str, str]] = field(default_factory=list)
    """Email and token of each mail on a forgotten password; a token is good for one use."""
    next_id: int = 1


class AlsidWorld(World):
    """A Tenable.ad installation: users with roles and passwords.

    Args:
        rng: where tokens come from.
        clock: seconds since the epoch.
        seed_users: how many people there are at the start, besides the administrator.
    """

    authenticate = HeaderKey("x-api-key")

    def __init__(self, rng: random.Random, clock: Clock, seed_users: int = 8) -> None:
        super().__init__(rng, clock)
        self.installation = Installation()
        admin = {"name": "admin", "email": "admin@northwind.example", "active": True}
        self._add(admin, PASSWORD, roles=[1])
        for person in people(seed_users, rng):
            members = {
                "name": person.given,
                "surname": person.family,
                "email": person.email,
                "department": rng.choice(("IT", "Security", "Audit")),
                "active": True,
            }
            self._add(members, PASSWORD, roles=[2])

    def error_body(self, status: int, message: str) -> Any:
        return {"error": message}

    # users

    def api_users_get(self, call: Call) -> Any:
        return [user.wire() for user in self.installation.users.values()]

    def api_users_post(self, call: Call) -> Any:
        emails: set[str] = set()
        for body in call.body:
            self._check_email(body["email"])
            if body["email"].lower() in emails:
                raise Refused(409, f"The email {body['email']!r} is given twice.")
            emails.add(body["email"].lower())
            _check_password(body["password"])
        users = [self._add(body, body["password"], roles=[2]) for body in call.body]
        for user in users:
            self.effect("created", user.email)
        return [user.wire() for user in users]

    def api_users_id_get(self, call: Call) -> Any:
        return self._user(call).wire()

    def api_users_id_patch(self, call: Call) -> Any:
        user = self._user(call)
        changes = dict(call.body)
        if "email" in changes:
            self._check_email(changes["email"], of=user)
        if "password" in changes:
            _check_password(changes["password"])
        user.password = changes.pop("password", user.password)
        user.members.update(changes)
        self.effect("updated", user.email)
        return user.wire()

    def api_users_id_delete(self, call: Call) -> Any:
        user = self._user(call)
        if user.id == ADMIN:
            raise Refused(403, "The built-in administrator cannot be deleted.")
        del self.installation.users[user.id]
        self._end_sessions(user)
        self.effect("deleted", user.email)

    def api_users_id_roles_put(self, call: Call) -> Any:
        user = self._user(call)
        for role in call.body["roles"]:
            if role not in ROLES:
                raise Refused(400, f"There is no role {role}.")
        user.roles = list(dict.fromkeys(call.body["roles"]))
        self.effect("updated", user.email)
        return {"roles": user.roles}

    # the caller, passwords and sessions

    def api_users_whoami_get(self, call: Call) -> Any:
        user = self._caller()
        return {
            **user.wire(),
            "roles": [ROLES[role].wire() for role in user.roles],
            "internal": user.id == ADMIN,
        }

    def api_login_post(self, call: Call) -> Any:
        user = self._by_email(call.body["email"])
        if user is None or not user.active or user.password != call.body["password"]:
            raise Refused(401, "Email or password is wrong.")
        token = self._token()
        self.installation.sessions[token] = user.id
        self.effect("logged in", user.email)
        return {"authToken": token}

    def api_logout_post(self, call: Call) -> Any:
        user = self._caller()
        self._end_sessions(user)
        self.effect("logged out", user.email)
        return "logged out"

    def api_users_password_patch(self, call: Call) -> Any:
        user = self._caller()
        if user.password != call.body["oldPassword"]:
            raise Refused(400, "The old password is wrong.")
        self._set_password(user, call.body["newPassword"])

    def api_users_forgotten_password_post(self, call: Call) -> Any:
        user = self._by_email(call.body["email"])
        if user is not None:  # an unknown email gets the same answer, which tells nobody who is there
            self.installation.mails.append((user.email, self._token()))
            self.effect("mailed", user.email)

    def api_users_retrieve_password_post(self, call: Call) -> Any:
        mails = self.installation.mails
        mail = next((mail for mail in mails if mail[1] == call.body["token"]), None)
        user = self._by_email(mail[0]) if mail else None
        if mail is None or user is None:
            raise Refused(400, "The token is not known, or was used.")
        self._set_password(user, call.body["newPassword"])
        mails.remove(mail)

    # look-ups

    def _add(self, members: dict[str, Any], password: str, roles: list[int]) -> User:
        known = {name: members.get(name) for name in MEMBERS}
        known["active"] = members.get("active", False)
        user = User(self.installation.next_id, password, known, roles)
        self.installation.next_id += 1
        self.installation.users[user.id] = user
        return user

    def _user(self, call: Call) -> User:
        given = call.path["id"]
        user = self.installation.users.get(int(given)) if re.fullmatch("[0-9]{1,18}", given) else None
        if user is None:
            raise Refused(404, f"There is no user with the id {given!r}.")
        return user

    def _by_email(self, email: str) -> User | None:
        users = self.installation.users.values()
        return next((user for user in users if user.email.lower() == email.lower()), None)

    def _caller(self) -> User:
        return self.installation.users[ADMIN]

    def _check_email(self, email: str, of: User | None = None) -> None:
        if "@" not in email:
            raise Refused(400, f"{email!r} is no email.")
        if self._by_email(email) not in (None, of):
            raise Refused(409, f"A user with the email {email!r} exists.")

    def _set_password(self, user: User, password: str) -> None:
        _check_password(password)
        user.password = password
        self.effect("updated", user.email)

    def _end_sessions(self, user: User) -> None:
        sessions = self.installation.sessions
        for token in [token for token, owner in sessions.items() if owner == user.id]:
            del sessions[token]

    def _token(self) -> str:
        return f"{self.rng.getrandbits(128):032x}"


def _check_password(password: str) -> None:
    """The policy in the vendor's manual."""
    if len(password) < 12 or not all(
        re.search(kind, password) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]")
    ):
        raise Refused(
            400,
            "A password has at least 12 characters, among them a lower and an upper case letter,"
            " a digit and a special character.",
        )
