"""What an emulated Opendatasoft portal holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..name_folding import FoldedDict, fold

WRITABLE = (
    *("first_name", "last_name", "email", "permissions", "expires_at"),
    *("explore_limits", "management_limits"),
)
"""What a caller may set of a user, besides username and groups."""


ADMINISTRATION = "edit_domain"
"""The permission that makes an administrator."""


@dataclass(frozen=True)
class Group:
    uid: str
    title: str
    permissions: tuple[str, ...]
    created_at: str

    def to_json(self, user_count: int) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "title": self.title,
            "description": f"The {self.title.lower()} of the portal.",
            "user_count": user_count,
            "permissions": list(self.permissions),
            "created_at": self.created_at,
            "updated_at": self.created_at,
        }


@dataclass
class User:
    username: str
    joined_at: str
    members: dict[str, Any]
    """Those of WRITABLE that are set."""
    groups: list[str] = field(default_factory=list)
    """The uid of each."""
    last_seen_at: str | None = None
    identity_provider: str | None = None

    @property
    def email(self) -> str:
        email: str = self.members["email"]
        return email

    @property
    def permissions(self) -> list[str]:
        """Those granted to the user, not through a group."""
        permissions: list[str] = self.members.get("permissions", [])
        return permissions

    def get_text(self, member: str) -> str:
        """Get a member to search in or to sort by; empty where there is none."""
        own = {"username": self.username, "last_seen_at": self.last_seen_at}
        return own.get(member, self.members.get(member)) or ""

    def to_json(self, groups: list[dict[str, Any]]) -> dict[str, Any]:
        names = (self.get_text("first_name"), self.get_text("last_name"))
        user: dict[str, Any] = {
            "username": self.username,
            "display_name": " ".join(filter(None, names)) or self.username,
            "permissions": [],
            **self.members,
            "is_active": True,
            "is_ods": False,
            "account_type": "linked" if self.identity_provider else "local",
            "joined_at": self.joined_at,
            "groups": groups,
            "identity_providers": [],
        }
        if self.identity_provider:
            user["identity_providers"] = [{"uid": self.identity_provider}]
        if self.last_seen_at:
            user["last_seen_at"] = user["last_login_at"] = self.last_seen_at
        return user


@dataclass
class Portal:
    """The state."""

    groups: Mapping[str, Group]
    users: FoldedDict[User] = field(default_factory=FoldedDict)
    """By username."""

    def list_permissions_of(self, user: User) -> set[str]:
        """List all that a user may do, through groups too."""
        through = [permission for uid in user.groups for permission in self.groups[uid].permissions]
        return {*user.permissions, *through}

    def find_by_email(self, email: str) -> User | None:
        found = (user for user in self.users.values() if fold(user.email) == fold(email))
        return next(found, None)
