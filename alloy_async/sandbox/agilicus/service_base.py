"""Look-ups in an emulated Agilicus, and the shapes of its answers."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from ..credential_places import HeaderKey
from ..emulated_service import Authentication, Clock, EmulatedService
from ..invented_people import invent_people
from ..messages import ApiError, Reply
from ..name_folding import fold
from .seed import add_groups_and_roles, add_organisations_with_resources
from .state import AgilicusState, Json

Key = TypeVar("Key")

NOTHING = Reply(204, content_type=None)
DERIVED = (
    *("id", "type", "enabled", "created", "updated", "display_name", "member_of", "members"),
    *("upstream_user_identities", "attributes", "roles"),
)
"""Members of a user that a request cannot set by themselves."""


def create_created_reply(value: Any) -> Reply:
    return Reply.json(value, 201)


class AgilicusServiceBase(EmulatedService):
    """An Agilicus with people in it, and ways to find what a request names.

    Each look-up raises ApiError (404) for what is not there.
    """

    authenticate: ClassVar[Authentication] = HeaderKey("Authorization", scheme="Bearer")
    open_bodies = True

    def __init__(self, rng: random.Random, clock: Clock, seed_users: int = 8, show_type: bool = True) -> None:
        super().__init__(rng, clock)
        self.show_type = show_type
        self.tenant: AgilicusState = AgilicusState()
        main, lower = add_organisations_with_resources(
            self.tenant, self.create_id, self.format_now(days_ago=90)
        )
        for number, person in enumerate(invent_people(seed_users, rng)):
            body = {"first_name": person.given, "last_name": person.family, "email": person.email}
            user = self.add_user(body, main)
            if number % 3 == 2:
                self.add_to_organisation(user, lower)
        add_groups_and_roles(self.tenant, main, lower, self.add_user, self.create_unstored_entity)

    def create_error_body(self, status: int, message: str) -> Any:
        return {"error_code": str(status), "error_message": message}

    def create_credential_arguments(self, key: str) -> dict[str, str]:
        return {"token": key}

    def get_place_arguments(self) -> dict[str, str]:
        return {"org_id": next(iter(self.tenant.orgs))}

    def create_id(self) -> str:
        return "".join(self.rng.choices(string.ascii_letters + string.digits, k=22))

    # Objects with spec and metadata

    def create_unstored_entity(self, spec: Json, **parts: Any) -> Json:
        now = self.format_now()
        metadata = {"id": self.create_id(), "created": now, "updated": now}
        return {"spec": spec, "metadata": metadata, **parts}

    def require_body(self, body: Json | None) -> Json:
        if body is None:
            raise ApiError(400, "The body is missing.")
        return body

    def look_up(self, table: Mapping[Key, Json], key: Key, what: str) -> Json:
        if key not in table:
            raise ApiError(404, f"There is no {what} {key!r}.")
        return table[key]

    # Users

    def find_user(self, user_id: str, org_id: str | None = None) -> Json:
        """Find a user, of one organisation where one is named."""
        user = self.look_up(self.tenant.users, user_id, "user")
        if org_id is not None and (org_id, user_id) not in self.tenant.roles:
            raise ApiError(404, f"The user {user_id!r} is not in the organisation {org_id!r}.")
        return user

    def find_by_email(self, email: str) -> Json | None:
        folded = fold(email)
        users = self.tenant.users.values()
        return next((user for user in users if fold(user["email"]) == folded), None)

    def add_user(self, body: Json, org_id: str | None, kind: str = "user") -> Json:
        now = self.format_now()
        user: Json = {
            "id": self.create_id(),
            "type": kind,
            "created": now,
            "updated": now,
            "auto_created": False,
        }
        self.tenant.users[user["id"]] = user
        self.overwrite_user(user, {**body, "org_id": org_id} if org_id else body)
        if org_id is not None:
            self.add_to_organisation(user, org_id)
        return user

    def add_to_organisation(self, user: Json, org_id: str) -> None:
        self.tenant.roles.setdefault((org_id, user["id"]), {})

    def overwrite_user(self, user: Json, body: Json) -> None:
        """Make a user what the body says, but for the members that the service derives."""
        kept = {name: user[name] for name in ("id", "type", "created", "auto_created")}
        disabled = body.get("enabled") is False  # read-only, but the vendor's own tool sends it
        status = body.get("status", "disabled" if disabled else "active")
        user.clear()
        user.update({**omit_members(body, DERIVED), **kept})
        user.update(status=status, enabled=status != "disabled", updated=self.format_now())

    def create_brief_user(self, user: Json) -> Json:
        """Describe a user as other objects mention it."""
        names = ("id", "org_id", "first_name", "last_name", "email", "type", "inheritable_config")
        short = {name: user[name] for name in names if name in user}
        names_given = " ".join(user[name] for name in ("first_name", "last_name") if user.get(name))
        title = names_given or user.get("full_name", "")
        return self._omit_type({**short, "full_name": title, "display_name": title or user["email"]})

    def create_user_answer(self, user: Json, org_id: str | None = None) -> Json:
        """Describe a user as the answer tells it, with its roles in an organisation."""
        tenant, user_id = self.tenant, user["id"]
        shown = {**user, **self.create_brief_user(user)}
        org = org_id or user.get("org_id")
        if org is not None:
            shown["org_id"] = org
            shown["roles"] = tenant.roles.get((org, user_id), {})
        shown["member_of"] = [
            self.create_brief_user(tenant.users[g]) for g in tenant.list_groups_of(user_id, org)
        ]
        if user_id in tenant.members:
            shown["members"] = [self.create_brief_user(tenant.users[m]) for m in tenant.members[user_id]]
        shown["upstream_user_identities"] = list_owned(tenant.identities, user_id)
        shown["attributes"] = user.get("configured_attributes", {}).get("attributes", [])
        return self._omit_type(shown)

    def _omit_type(self, user: Json) -> Json:
        return user if self.show_type else omit_members(user, ("type",))


def list_owned(table: Mapping[tuple[str, str], Json], owner: str) -> list[Json]:
    return [value for (of, _), value in table.items() if of == owner]


def omit_members(members: Json, names: tuple[str, ...]) -> Json:
    return {name: value for name, value in members.items() if name not in names}
