"""Look-ups in an emulated portal, shared by its operations, and the shapes of its errors."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, ClassVar, Literal

from ..credential_places import HeaderKey
from ..emulated_service import Authentication, Clock, EmulatedService
from ..messages import ApiCall, ApiError, Reply
from .seed import add_people
from .state import ADMINISTRATION, WRITABLE, Group, Portal, User

_ERROR_CODES = {400: "bad_request", 404: "not_found", 422: "validation_error", 500: "internal_error"}


class HeaderOrQueryKey:
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


class OpendatasoftServiceBase(EmulatedService):
    """A portal with people in it, and ways to find what a request names."""

    authenticate: ClassVar[Authentication] = HeaderOrQueryKey()

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
        founded = self.format_now(days_ago=400)
        self.portal: Portal = Portal(
            {
                group.uid: group
                for group in (
                    Group("editors", "Editors", ("edit_dataset", "publish_dataset"), founded),
                    Group("readers", "Readers", ("explore_restricted_dataset",), founded),
                )
            }
        )
        add_people(self.portal, seed_users, rng, self.format_now)

    def create_error_body(self, status: int, message: str) -> Any:
        code = _ERROR_CODES.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "_")
        return {"error_code": code, "message": message}

    def reply_to_error(self, error: ApiError) -> Reply:
        """Create the answer to a refused request; a 429 in the form that `quota_body` asks for."""
        if error.status != 429 or self._quota_body == "automation":
            return super().reply_to_error(error)
        reset = float(error.headers.get("X-RateLimit-Reset", self.clock()))
        body = {
            "errorcode": 10002,
            "reset_time": datetime.fromtimestamp(reset, UTC).isoformat().replace("+00:00", "Z"),
            "limit_time_unit": "day",
            "call_limit": int(error.headers.get("X-RateLimit-Limit", 0)),
            "error": error.message,
        }
        return Reply.json(body, error.status, error.headers)

    def find_user(self, call: ApiCall) -> User:
        username = call.path["username"]
        if username not in self.portal.users:
            raise ApiError(404, f"There is no user {username!r}.")
        return self.portal.users[username]

    def is_administrator(self, user: User) -> bool:
        return ADMINISTRATION in self.portal.list_permissions_of(user)

    def check_email_and_groups(self, members: Mapping[str, Any], of: User | None = None) -> None:
        email = members.get("email")
        if email is not None and "@" not in email:
            raise ApiError(422, f"{email!r} is no email.")
        if email is not None and self.portal.find_by_email(email) not in (None, of):
            raise ApiError(422, f"A user with the email {email!r} exists.")
        for uid in read_group_ids_of_body(members, []):
            if uid not in self.portal.groups:
                raise ApiError(422, f"There is no group {uid!r}.")

    def describe_user(self, user: User, expand: str | None = None) -> dict[str, Any]:
        if expand != "groups":
            return user.to_json([{"uid": uid} for uid in user.groups])
        sizes = {uid: sum(uid in other.groups for other in self.portal.users.values()) for uid in user.groups}
        return user.to_json([self.portal.groups[uid].to_json(size) for uid, size in sizes.items()])


def select_writable_members(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: members[name] for name in WRITABLE if name in members}


def read_group_ids_of_body(members: Mapping[str, Any], default: list[str]) -> list[str]:
    """Read the ids of the groups that a body names; the default where it names none."""
    if "groups" not in members:
        return default
    return [group["uid"] for group in members["groups"] if "uid" in group]
