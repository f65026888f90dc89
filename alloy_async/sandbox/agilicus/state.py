"""What an emulated Agilicus holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

Json = dict[str, Any]
Roles = dict[str, list[str]]
Owned = dict[tuple[str, str], Json]
"""Objects by their owner's id and their own."""


class Resource(NamedTuple):
    """An application or a file share of an organisation."""

    id: str
    org_id: str
    kind: str
    """ "application" or "fileshare"."""
    name: str
    role: str
    """The role that an approved request gives."""

    @property
    def url(self) -> str:
        return f"https://{self.name}.northwind.example/"


@dataclass
class AgilicusState:
    """The state: objects as the JSON that the service answers, by id."""

    orgs: dict[str, Json] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    users: dict[str, Json] = field(default_factory=dict)
    """Groups and service accounts among them."""
    roles: dict[tuple[str, str], Roles] = field(default_factory=dict)
    """By organisation and user: there for each user of the organisation, maybe empty."""
    members: dict[str, list[str]] = field(default_factory=dict)
    """The ids of the members of each group."""
    methods: Owned = field(default_factory=dict)
    identities: Owned = field(default_factory=dict)
    service_accounts: dict[str, Json] = field(default_factory=dict)
    metadata: dict[str, Json] = field(default_factory=dict)
    requests: dict[str, Json] = field(default_factory=dict)
    permissions: dict[str, Json] = field(default_factory=dict)

    def list_orgs_of(self, user_id: str) -> list[str]:
        return [org for org, user in self.roles if user == user_id]

    def list_groups_of(self, user_id: str, org_id: str | None = None) -> list[str]:
        """List the groups that a user is in, those of one organisation or all."""
        return [
            group
            for group, members in self.members.items()
            if user_id in members and org_id in (None, self.users[group]["org_id"])
        ]

    def list_roles_of(self, user_id: str, org_id: str | None = None) -> Roles:
        """List the roles of a user and of its groups, in one organisation or in all."""
        found: Roles = {}
        holders = {user_id, *self.list_groups_of(user_id, org_id)}
        for (org, holder), roles in self.roles.items():
            if holder in holders and org_id in (None, org):
                for application, names in roles.items():
                    known = found.setdefault(application, [])
                    known += [name for name in names if name not in known]
        return found
