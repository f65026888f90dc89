"""Second factors of users of an emulated Agilicus, and their upstream identities."""

from __future__ import annotations

from typing import Any

from ..messages import ApiCall, ApiError
from .listing import limit_rows, matches
from .lookups import NOTHING, AgilicusLookups, list_owned, reply_created
from .state import Json


class IdentityOperations(AgilicusLookups):
    """The operations on what a user proves itself with."""

    def create_challenge_method(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["user_id"])
        method = self.create_entity({"enabled": True, **call.body["spec"]})
        self.tenant.methods[user["id"], method["metadata"]["id"]] = method
        self.record_change("created", method["metadata"]["id"])
        return reply_created(method)

    def get_challenge_method(self, call: ApiCall) -> Any:
        return self._method(call)

    def list_challenge_methods(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["user_id"])
        names = {"challenge_type": "challenge_type", "method_status": "enabled", "method_origin": "origin"}
        rows = list_owned(self.tenant.methods, user["id"])
        return limit_rows(
            "mfa_challenge_methods",
            [method for method in rows if matches(method["spec"], call.query, names)],
            call.query,
        )

    def replace_challenge_method(self, call: ApiCall) -> Any:
        method = self._method(call)
        self.replace(method, call.body)
        self.record_change("updated", method["metadata"]["id"])
        return method

    def delete_challenge_method(self, call: ApiCall) -> Any:
        method = self._method(call)
        del self.tenant.methods[call.path["user_id"], method["metadata"]["id"]]
        self.record_change("deleted", method["metadata"]["id"])
        return NOTHING

    def reset_user_mfa_challenge_methods(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["user_id"], call.body["org_id"])
        for method in list_owned(self.tenant.methods, user["id"]):
            del self.tenant.methods[user["id"], method["metadata"]["id"]]
            self.record_change("deleted", method["metadata"]["id"])
        return NOTHING

    def create_upstream_user_identity(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["user_id"])
        spec = call.body["spec"]
        self._check_owner(user, spec)
        identity = self.create_entity(spec)
        self.tenant.identities[user["id"], identity["metadata"]["id"]] = identity
        self.record_change("created", identity["metadata"]["id"])
        return reply_created(identity)

    def get_upstream_user_identity(self, call: ApiCall) -> Any:
        return self._identity(call)

    def list_upstream_user_identities(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["user_id"])
        return limit_rows(
            "upstream_user_identities", list_owned(self.tenant.identities, user["id"]), call.query
        )

    def replace_upstream_user_identity(self, call: ApiCall) -> Any:
        identity = self._identity(call)
        self._check_owner(self.find_user(call.path["user_id"]), self.require_body(call.body)["spec"])
        self.replace(identity, call.body)
        self.record_change("updated", identity["metadata"]["id"])
        return identity

    def delete_upstream_user_identity(self, call: ApiCall) -> Any:
        identity = self._identity(call)
        del self.tenant.identities[call.path["user_id"], identity["metadata"]["id"]]
        self.record_change("deleted", identity["metadata"]["id"])
        return NOTHING

    def _method(self, call: ApiCall) -> Json:
        key = call.path["user_id"], call.path["challenge_method_id"]
        return self.look_up(self.tenant.methods, key, "challenge method")

    def _identity(self, call: ApiCall) -> Json:
        key = call.path["user_id"], call.path["upstream_user_identity_id"]
        return self.look_up(self.tenant.identities, key, "upstream user identity")

    def _check_owner(self, user: Json, spec: Json) -> None:
        if spec["local_user_id"] != user["id"]:
            raise ApiError(400, f"local_user_id is {spec['local_user_id']!r}, the path names {user['id']!r}.")
