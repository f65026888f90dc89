"""Users of an emulated Tenable.ad installation, and their roles."""

from __future__ import annotations

from typing import Any

from ..messages import ApiCall, ApiError
from ..name_folding import fold
from .service_base import AlsidServiceBase, check_password
from .state import ADMIN, ROLES


class UserOperations(AlsidServiceBase):
    """The operations on users and their roles."""

    def api_users_get(self, call: ApiCall) -> Any:
        return [user.to_json() for user in self.installation.users.values()]

    def api_users_post(self, call: ApiCall) -> Any:
        emails: set[str] = set()
        for body in call.body:
            self.check_email(body["email"])
            if fold(body["email"]) in emails:
                raise ApiError(409, f"The email {body['email']!r} is given twice.")
            emails.add(fold(body["email"]))
            check_password(body["password"])
        users = [self.add_user(body, body["password"], roles=[2]) for body in call.body]
        for user in users:
            self.record_change("created", user.email)
        return [user.to_json() for user in users]

    def api_users_id_get(self, call: ApiCall) -> Any:
        return self.find_user(call).to_json()

    def api_users_id_patch(self, call: ApiCall) -> Any:
        user = self.find_user(call)
        changes = dict(call.body)
        if "email" in changes:
            self.check_email(changes["email"], of=user)
        if "password" in changes:
            check_password(changes["password"])
        user.password = changes.pop("password", user.password)
        user.members.update(changes)
        self.record_change("updated", user.email)
        return user.to_json()

    def api_users_id_delete(self, call: ApiCall) -> Any:
        user = self.find_user(call)
        if user.id == ADMIN:
            raise ApiError(403, "The built-in administrator cannot be deleted.")
        del self.installation.users[user.id]
        self.end_sessions(user)
        self.record_change("deleted", user.email)

    def api_users_id_roles_put(self, call: ApiCall) -> Any:
        user = self.find_user(call)
        for role in call.body["roles"]:
            if role not in ROLES:
                raise ApiError(400, f"There is no role {role}.")
        user.roles = list(dict.fromkeys(call.body["roles"]))
        self.record_change("updated", user.email)
        return {"roles": user.roles}
