"""Second factors of users of an emulated Agilicus, and their upstream identities."""

from __future__ import annotations

from typing import Any

from ..world import Call, Refused
from .listing import limited, matches
from .state import Json
from .tenant import NOTHING, TenantWorld, created, owned


class IdentityOperations(TenantWorld):
    """The operations on what a user proves itself with."""

    def create_challenge_method(self, call: Call) -> Any:
        user = self.user(call.path["user_id"])
        method = self.entity({"enabled": True, **call.body["spec"]})
        self.tenant.methods[user["id"], method["metadata"]["id"]] = method
        self.effect("created", method["metadata"]["id"])
        return created(method)

    def get_challenge_method(self, call: Call) -> Any:
        return self._method(call)

    def list_challenge_methods(self, call: Call) -> Any:
        user = self.user(call.path["user_id"])
        names = {"challenge_type": "challenge_type", "method_status": "enabled", "method_origin": "origin"}
        rows = owned(self.tenant.methods, user["id"])
        return limited(
            "mfa_challenge_methods",
            [method for method in rows if matches(method["spec"], call.query, names)],
            call.query,
        )

    def replace_challenge_method(self, call: Call) -> Any:
        method = self._method(call)
        self.replace(method, call.body)
        self.effect("updated", method["metadata"]["id"])
        return method

    def delete_challenge_method(self, call: Call) -> Any:
        method = self._method(call)
        del self.tenant.methods[call.path["user_id"], method["metadata"]["id"]]
        self.effect("deleted", method["metadata"]["id"])
        return NOTHING

    def reset_user_mfa_challenge_methods(self, call: Call) -> Any:
        user = self.user(call.path["user_id"], call.body["org_id"])
        for method in owned(self.tenant.methods, user["id"]):
            del self.tenant.methods[user["id"], method["metadata"]["id"]]
            self.effect("deleted", method["metadata"]["id"])
        return NOTHING

    def create_upstream_user_identity(self, call: Call) -> Any:
        user = self.user(call.path["user_id"])
        spec = call.body["spec"]
        self._check_owner(user, spec)
        identity = self.entity(spec)
        self.tenant.identities[user["id"], identity["metadata"]["id"]] = identity
        self.effect("created", identity["metadata"]["id"])
        return created(identity)

    def get_upstream_user_identity(self, call: Call) -> Any:
        return self._identity(call)

    def list_upstream_user_identities(self, call: Call) -> Any:
        user = self.user(call.path["user_id"])
        return limited("upstream_user_identities", owned(self.tenant.identities, user["id"]), call.query)

    def replace_upstream_user_identity(self, call: Call) -> Any:
        identity = self._identity(call)
        self._check_owner(self.user(call.path["user_id"]), self.given(call.body)["spec"])
        self.replace(identity, call.body)
        self.effect("updated", identity["metadata"]["id"])
        return identity

    def delete_upstream_user_identity(self, call: Call) -> Any:
        identity = self._identity(call)
        del self.tenant.identities[call.path["user_id"], identity["metadata"]["id"]]
        self.effect("deleted", identity["metadata"]["id"])
        return NOTHING

    def _method(self, call: Call) -> Json:
        key = call.path["user_id"], call.path["challenge_method_id"]
        return self.found(self.tenant.methods, key, "challenge method")

    def _identity(self, call: Call) -> Json:
        key = call.path["user_id"], call.path["upstream_user_identity_id"]
        return self.found(self.tenant.identities, key, "upstream user identity")

    def _check_owner(self, user: Json, spec: Json) -> None:
        if spec["local_user_id"] != user["id"]:
            raise Refused(400, f"local_user_id is {spec['local_user_id']!r}, the path names {user['id']!r}.")
