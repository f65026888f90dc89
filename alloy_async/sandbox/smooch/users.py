"""Users of an emulated Smooch app."""

from __future__ import annotations

from typing import Any

from ..world import Answer, Call, Refused
from .app import PROFILE, AppWorld, User


class UserOperations(AppWorld):
    """The operations on users and their profiles."""

    def pre_create_app_user(self, call: Call) -> Any:
        user_id = call.body["userId"]
        if not user_id:
            raise Refused(400, "The userId is empty.")
        if user_id in self.id_of or user_id in self.users:
            raise Refused(409, f"A user with the userId {user_id!r} exists.")
        properties = _flat(call.body)
        user = self.add_user(user_id)
        user.credential_required = call.body.get("credentialRequired", False)
        _merge(user, call.body, properties)
        self.effect("created", user_id)
        return Answer.json({"appUser": user.wire()}, 201)

    def get_app_user(self, call: Call) -> Any:
        return {"appUser": self.user(call.path["userId"]).wire()}

    def update_app_user(self, call: Call) -> Any:
        user = self.user(call.path["userId"])
        _merge(user, call.body, _flat(call.body))
        self.effect("updated", user.user_id)
        return {"appUser": user.wire()}

    def delete_app_user(self, call: Call) -> Any:
        user = self.user(call.path["userId"])
        del self.users[user.id], self.id_of[user.user_id]
        self.effect("deleted", user.user_id)
        return Answer(content_type=None)

    def delete_app_user_profile(self, call: Call) -> Any:
        user = self.user(call.path["userId"])
        user.profile, user.properties = {}, {}
        self.effect("cleared", user.user_id)
        return {"appUser": user.wire()}


def _flat(body: dict[str, Any]) -> dict[str, Any]:
    """The properties that a body brings."""
    properties: dict[str, Any] = body.get("properties", {})
    for name, value in properties.items():
        if isinstance(value, dict | list):
            raise Refused(400, f"properties is flat: {name!r} holds an object or an array.")
    return properties


def _merge(user: User, body: dict[str, Any], properties: dict[str, Any]) -> None:
    user.profile |= {name: body[name] for name in PROFILE if name in body}
    user.properties |= properties
