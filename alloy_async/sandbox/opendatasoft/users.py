"""Users of an emulated portal, one and many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ..messages import ApiCall, ApiError, Reply
from ..name_folding import fold
from .export import iterate_export
from .service_base import OpendatasoftServiceBase, read_group_ids_of_body, select_writable_members
from .state import User

RESERVED = frozenset({"export", "invite", "provision"})
IDENTITY_PROVIDER = "northwind-sso"
"""The one identity provider that users can be provisioned for."""
_SEARCHED = ("username", "first_name", "last_name", "email")


class UserOperations(OpendatasoftServiceBase):
    """The operations on users."""

    def get_user(self, call: ApiCall) -> Any:
        return self.describe_user(self.find_user(call), expand=call.query.get("expand"))

    def update_user(self, call: ApiCall) -> Any:
        user = self.find_user(call)
        changes: Mapping[str, Any] = call.body or {}
        if changes.get("username", user.username) != user.username:
            raise ApiError(422, "A username cannot be changed.")
        self.check_email_and_groups(changes, of=user)
        user.members.update(select_writable_members(changes))
        user.groups = read_group_ids_of_body(changes, user.groups)
        self.record_change("updated", user.username)
        return self.describe_user(user)

    def delete_user(self, call: ApiCall) -> Any:
        user = self.find_user(call)
        administrators = [u for u in self.portal.users.values() if self.is_administrator(u)]
        if administrators == [user]:
            raise ApiError(400, "The only administrator of the domain cannot be removed.")
        del self.portal.users[user.username]
        self.record_change("deleted", user.username)
        return Reply(204, content_type=None)

    def get_users(self, call: ApiCall) -> Any:
        query = call.query
        search = fold(query.get("search", ""))
        users = [
            user
            for user in self.portal.users.values()
            if any(search in fold(user.get_text(member)) for member in _SEARCHED)
            and set(query.get("permissions", ())) <= set(user.permissions)
            and set(query.get("all_permissions", ())) <= self.portal.list_permissions_of(user)
        ]
        for member in reversed(query.get("sort", ())):
            users.sort(key=lambda user: user.get_text(member).lower())
        limit, offset = query.get("limit", 20), query.get("offset", 0)
        if offset < 0:
            raise ApiError(400, "offset is 0 or more.")
        following, before = offset + limit, max(0, offset - limit)
        return {
            "total_count": len(users),
            "next": self._create_page_url(call, following) if limit and following < len(users) else None,
            "previous": self._create_page_url(call, before) if limit and offset else None,
            "results": [self.describe_user(user) for user in users[offset:following]],
        }

    def invite_users(self, call: ApiCall) -> Any:
        return {str(n): self._create_verdict(item, None) for n, item in enumerate(call.body or ())}

    def provision_users(self, call: ApiCall) -> Any:
        if call.body is None:
            return {}
        return {"0": self._create_verdict(call.body, call.body["identity_provider"]["uid"])}

    def users_export(self, call: ApiCall) -> Any:
        body = iterate_export(self.portal, call.query.get("delimiter", ","), self._export_bytes)
        return Reply(200, body, "text/csv; charset=utf-8")

    def _create_page_url(self, call: ApiCall, offset: int) -> str:
        pairs = {name: value for name, value in call.query.items() if name != "apikey"}
        query = urlencode({**pairs, "offset": offset}, doseq=True)
        return f"http://{call.headers['Host']}/api/automation/v1.0/users/?{query}"

    def _create_verdict(self, item: Mapping[str, Any], provider: str | None) -> Any:
        try:
            user = self._create_user(item, provider)
        except ApiError as error:
            error = self.create_error_body(error.status, error.message)
            return {"status_code": "error", "error": error}
        self.record_change("created", user.username)
        return {"status_code": "success", "data": self.describe_user(user)}

    def _create_user(self, item: Mapping[str, Any], provider: str | None) -> User:
        if provider not in (None, IDENTITY_PROVIDER):
            raise ApiError(422, f"There is no identity provider {provider!r}.")
        self.check_email_and_groups(item)
        username = item.get("username") or item["email"].partition("@")[0]
        if username in self.portal.users or username in RESERVED:
            raise ApiError(422, f"The username {username!r} is taken.")
        user = User(
            username,
            self.format_now(),
            select_writable_members(item),
            read_group_ids_of_body(item, []),
            identity_provider=provider,
        )
        self.portal.users[username] = user
        return user
