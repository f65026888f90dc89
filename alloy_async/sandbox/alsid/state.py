"""What an emulated Tenable.ad installation holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ADMIN = 1
"""The id of the built-in administrator, whom every API key belongs to."""
MEMBERS = ("name", "surname", "email", "department", "biography", "active", "picture")
"""What a caller may set of a user, besides the password."""


@dataclass(frozen=True)
class Role:
    id: int
    name: str
    description: str
    actions: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
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

    def to_json(self) -> dict[str, Any]:
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
