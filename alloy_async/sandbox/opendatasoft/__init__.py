"""The users of an Opendatasoft portal (Automation API 1.0), emulated.

Where the contract is silent, the sandbox chooses: members that a PUT leaves out stay, and a filter
by several permissions wants all of them.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import urlencode

from ..auth import HeaderKey
from ..people import people
from ..world import Answer, Call, Clock, Refused, World
from .export import export
from .state import WRITABLE, Group, Portal, User

RESERVED = frozenset({"export", "invite", "provision"})
IDENTITY_PROVIDER = "northwind-sso"
"""The one identity provider that users can be provisioned for."""
ADMINISTRATION = "edit_domain"
"""The permission that makes an administrator."""
_SEARCHED = ("username", "first_name", "last_name", "email")
_ERROR_CODES = {400: "bad_request", 404: "not_found", 422: "validation_error", 500: "internal_error"}


class PortalKey:
    """The key in the Authorization header, or in the query where there is no such header."""

    _header = HeaderKey("Authorization", scheme="Apikey")

    def __call__(
        self,
        headers: Mapping[str, str],
        query: list[tuple[str, str]],
        keys: Collection[str] | None,
    ) -> str:
        in_query = dict(query).get("apikey")
        if in_query is not None and "Authorization" not in headers:
            headers = {"Authorization": f"Apikey {in_query}"}
        return self._header(headers, query, keys)


class OpendatasoftWorld(World):
    """A portal: users with permissions, in groups.

    Args:
        rng: what the invented people look like.
        clock: seconds since the epoch.
        seed_users: how many people there are at the start; the first one is the administrator.
        export_bytes: how long the CSV export is at least: invented users follow on the true ones.
        quota_body: the form of a 429: of this API's errors, or of the vendor's search API.
    """

    authenticate = PortalKey()

    def __init__(
        self,
        rng: random.Random,
        clock: Clock,
        seed_users: int = 8,
        export_bytes: int = 0,
        quota_body: Literal["automation", "search"] = "automation",
    ) -> None:
        super().__init__(rng, clock)
        self._export_bytes = export_bytes
        self._quota_body = quota_body
        founded = self.now(days_ago=400)
        self.portal = Portal(
            {
                group.uid: group
                for group in (
                    Group("editors", "Editors", ("edit_dataset", "publish_dataset"), founded),
                    Group("readers", "Readers", ("explore_restricted_dataset",), founded),
                )
            }
        )
        self._settle(seed_users)

    def _settle(self, seed_users: int) -> None:
        for position, person in enumerate(people(seed_users, self.rng)):
            names = {"first_name": person.given, "last_name": person.family}
            user = User(
                person.email.partition("@")[0],
                self.now(days_ago=300 - position),
                {**names, "email": person.email},
                groups=["editors", "readers"][position % 3 : position % 3 + 1],
                last_seen_at=self.now(days_ago=position),
            )
            if position == 0:
                user.members["permissions"] = [ADMINISTRATION]
            self.portal.users[user.username] = user

    # refusals

    def error_body(self, status: int, message: str) -> Any:
        code = _ERROR_CODES.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "_")
        return {"error_code": code, "message": message}

    def refuse(self, refusal: Refused) -> Answer:
        """The answer to a refused request; a 429 in the form that `quota_body` asks for."""
        if refusal.status != 429 or self._quota_body == "automation":
            return super().refuse(refusal)
        reset = float(refusal.headers.get("X-RateLimit-Reset", self.clock()))
        body = {
            "errorcode": 10002,
            "reset_time": datetime.fromtimestamp(reset, UTC).isoformat().replace("+00:00", "Z"),
            "limit_time_unit": "day",
            "call_limit": int(refusal.headers.get("X-RateLimit-Limit", 0)),
            "error": refusal.message,
        }
        return Answer.json(body, refusal.status, refusal.headers)

    # one user

    def get_user(self, call: Call) -> Any:
        return self._wire(self._user(call), expand=call.query.get("expand"))

    def update_user(self, call: Call) -> Any:
        user = self._user(call)
        changes: Mapping[str, Any] = call.body or {}
        if changes.get("username", user.username) != user.username:
            raise Refused(422, "A username cannot be changed.")
        self._check(changes, of=user)
        user.members.update(_writable(changes))
        user.groups = _uids(changes, user.groups)
        self.effect("updated", user.username)
        return self._wire(user)

    def delete_user(self, call: Call) -> Any:
        user = self._user(call)
        administrators = [u for u in self.portal.users.values() if self._administers(u)]
        if administrators == [user]:
            raise Refused(400, "The only administrator of the domain cannot be removed.")
        del self.portal.users[user.username]
        self.effect("deleted", user.username)
        return Answer(204, content_type=None)

    # many users

    def get_users(self, call: Call) -> Any:
        query = call.query
        search = query.get("search", "").lower()
        users = [
            user
            for user in self.portal.users.values()
            if any(search in user.text(member).lower() for member in _SEARCHED)
            and set(query.get("permissions", ())) <= set(user.permissions)
            and set(query.get("all_permissions", ())) <= self.portal.permissions_of(user)
        ]
        for member in reversed(query.get("sort", ())):
            users.sort(key=lambda user: user.text(member).lower())
        limit, offset = query.get("limit", 20), query.get("offset", 0)
        if offset < 0:
            raise Refused(400, "offset is 0 or more.")
        following, before = offset + limit, max(0, offset - limit)
        return {
            "total_count": len(users),
            "next": self._page(call, following) if limit and following < len(users) else None,
            "previous": self._page(call, before) if limit and offset else None,
            "results": [self._wire(user) for user in users[offset:following]],
        }

    def invite_users(self, call: Call) -> Any:
        return {str(n): self._verdict(item, None) for n, item in enumerate(call.body or ())}

    def provision_users(self, call: Call) -> Any:
        if call.body is None:
            return {}
        return {"0": self._verdict(call.body, call.body["identity_provider"]["uid"])}

    def users_export(self, call: Call) -> Any:
        body = export(self.portal, call.query.get("delimiter", ","), self._export_bytes)
        return Answer(200, body, "text/csv; charset=utf-8")

    def _verdict(self, item: Mapping[str, Any], provider: str | None) -> Any:
        try:
            user = self._create(item, provider)
        except Refused as refusal:
            error = self.error_body(refusal.status, refusal.message)
            return {"status_code": "error", "error": error}
        self.effect("created", user.username)
        return {"status_code": "success", "data": self._wire(user)}

    def _create(self, item: Mapping[str, Any], provider: str | None) -> User:
        if provider not in (None, IDENTITY_PROVIDER):
            raise Refused(422, f"There is no identity provider {provider!r}.")
        self._check(item)
        username = item.get("username") or item["email"].partition("@")[0]
        if username in self.portal.users or username in RESERVED:
            raise Refused(422, f"The username {username!r} is taken.")
        user = User(username, self.now(), _writable(item), _uids(item, []), identity_provider=provider)
        self.portal.users[username] = user
        return user

    # look-ups

    def _user(self, call: Call) -> User:
        username = call.path["username"]
        if username not in self.portal.users:
            raise Refused(404, f"There is no user {username!r}.")
        return self.portal.users[username]

    def _administers(self, user: User) -> bool:
        return ADMINISTRATION in self.portal.permissions_of(user)

    def _check(self, members: Mapping[str, Any], of: User | None = None) -> None:
        email = members["email"]
        if "@" not in email:
            raise Refused(422, f"{email!r} is no email.")
        if self.portal.with_email(email) not in (None, of):
            raise Refused(422, f"A user with the email {email!r} exists.")
        for uid in _uids(members, []):
            if uid not in self.portal.groups:
                raise Refused(422, f"There is no group {uid!r}.")

    def _wire(self, user: User, expand: str | None = None) -> dict[str, Any]:
        if expand != "groups":
            return user.wire([{"uid": uid} for uid in user.groups])
        sizes = {uid: sum(uid in other.groups for other in self.portal.users.values()) for uid in user.groups}
        return user.wire([self.portal.groups[uid].wire(size) for uid, size in sizes.items()])

    def _page(self, call: Call, offset: int) -> str:
        pairs = {name: value for name, value in call.query.items() if name != "apikey"}
        query = urlencode({**pairs, "offset": offset}, doseq=True)
        return f"http://{call.headers['Host']}/api/automation/v1.0/users/?{query}"


def _writable(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: members[name] for name in WRITABLE if name in members}


def _uids(members: Mapping[str, Any], default: list[str]) -> list[str]:
    """The groups that a body names; the default where it names none."""
    if "groups" not in members:
        return default
    return [group["uid"] for group in members["groups"] if "uid" in group]
