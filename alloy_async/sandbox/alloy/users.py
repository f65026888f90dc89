"""Users of an emulated Alloy account, and their tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

from ..contract.schema import encode_json
from ..messages import ApiCall, ApiError
from .service_base import AlloyServiceBase
from .state import User, omit_none


class UserOperations(AlloyServiceBase):
    """The operations on users and their tokens."""

    def create_a_user(self, call: ApiCall) -> Any:
        username = call.body["username"]
        if not username:
            raise ApiError(400, "The username is empty.")
        if username in self.account.id_of:
            raise ApiError(400, f"A user with the username {username!r} exists.")
        user = self.add_user(username, call.body.get("fullName"))
        self.record_change("created", username)
        return {"userId": user.id}

    def batch_create_users(self, call: ApiCall) -> Any:
        invalid = []
        users = (call.body or {}).get("users", [])
        for entry in users:
            username = entry["username"]
            if not username or username in self.account.id_of:
                invalid.append(omit_none(username=username, fullName=entry.get("fullName")))
            else:
                self.add_user(username, entry.get("fullName"))
                self.record_change("created", username)
        return {
            "message": f"{len(users) - len(invalid)} of {len(users)} users were created.",
            "invalidUsers": invalid,
        }

    def get_a_user(self, call: ApiCall) -> Any:
        return self.find_user(call.path["userId"]).to_json()

    def list_all_users(self, call: ApiCall) -> Any:
        parent = call.query.get("parentWorkflowId")
        users: Iterable[User] = self.account.users.values()
        if parent is not None:
            workflow = self.find_workflow(parent)
            users = [user for user in users if (user.id, workflow.id) in self.account.installed]
        return {"data": [user.to_json() for user in users]}

    def update_a_user(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["userId"])
        changes = call.body or {}
        username = changes.get("username", user.username)
        if not username:
            raise ApiError(400, "The username is empty.")
        if self.account.id_of.get(username, user.id) != user.id:
            raise ApiError(400, f"A user with the username {username!r} exists.")
        del self.account.id_of[user.username]
        self.account.id_of[username] = user.id
        user.username = username
        user.full_name = changes.get("fullName", user.full_name)
        self.record_change("updated", username)
        return user.to_json()

    def delete_a_user(self, call: ApiCall) -> Any:
        account = self.account
        user = self.find_user(call.path["userId"])
        del account.users[user.id], account.id_of[user.username]
        account.former.add(user.id)
        for credential in self.list_credentials(user):
            del account.credentials[credential.id]
        for key in [key for key in account.installed if key[0] == user.id]:
            del account.installed[key]
        self.record_change("deleted", user.username)
        return {"success": True}

    def generate_jwt_token(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["userId"])
        issued = int(self.clock())
        claims = {"userId": user.id, "iat": issued, "exp": issued + 3600}
        return {"token": _sign_token({"alg": "HS256", "typ": "JWT"}, claims)}


def _sign_token(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Sign a JSON Web Token of the sandbox's own."""
    parts = [base64.urlsafe_b64encode(encode_json(part)).rstrip(b"=") for part in (header, claims)]
    signature = hmac.digest(b"sandbox", b".".join(parts), hashlib.sha256)
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()
