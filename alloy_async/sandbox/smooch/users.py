"""Users of an emulated Smooch app."""

from __future__ import annotations

from typing import Any

from ..messages import ApiCall, ApiError, Reply
from .service_base import PROFILE, SmoochServiceBase
from .state import User


class UserOperations(SmoochServiceBase):
    """The operations on users and their profiles."""

    def pre_create_app_user(self, call: ApiCall) -> Any:
        user_id = call.body["userId"]
        if not user_id:
            raise ApiError(400, "The userId is empty.")
        if user_id in self.id_of or user_id in self.users:
            raise ApiError(409, f"A user with the userId {user_id!r} exists.")
        properties = _read_properties(call.body)
        user = self.add_user(user_id)
        user.credential_required = call.body.get("credentialRequired", False)
        _update_user_from_body(user, call.body, properties)
        self.record_change("created", user_id)
        return Reply.json({"appUser": user.to_json()}, 201)

    def get_app_user(self, call: ApiCall) -> Any:
        return {"appUser": self.find_user(call.path["userId"]).to_json()}

    def update_app_user(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["userId"])
        _update_user_from_body(user, call.body, _read_properties(call.body))
        self.record_change("updated", user.user_id)
        return {"appUser": user.to_json()}

    def delete_app_user(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["userId"])
        del self.users[user.id], self.id_of[user.user_id]
        self.record_change("deleted", user.user_id)
        return Reply(content_type=None)

    def delete_app_user_profile(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["userId"])
        user.profile, user.properties = {}, {}
        self.record_change("cleared", user.user_id)
        return {"appUser": user.to_json()}


def _read_properties(body: dict[str, Any]) -> dict[str, Any]:
    """Read the properties that a body brings."""
    properties: dict[str, Any] = body.get("properties", {})
    for name, value in properties.items():
        if isinstance(value, dict | list):
            raise ApiError(400, f"properties is flat: {name!r} holds an object or an array.")
    return properties


def _update_user_from_body(user: User, body: dict[str, Any], properties: dict[str, Any]) -> None:
    user.profile |= {name: body[name] for name in PROFILE if name in body}
    user.properties |= properties
