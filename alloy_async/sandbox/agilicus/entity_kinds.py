"""The five kinds of objects with spec and metadata in an emulated Agilicus, and the table of their operations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from ..messages import ApiCall, ApiError
from .entities import EntityKind
from .listing import matches
from .service_base import AgilicusServiceBase
from .state import AgilicusState, Json

Names = Mapping[str, str]


class ServiceAccounts(EntityKind):
    """Accounts of programs; each has a user of its own."""

    name: ClassVar[str] = "service_account"
    plural: ClassVar[str] = "service_accounts"
    id_parameter: ClassVar[str] = "service_account_id"
    list_member = "service_accounts"
    filters: ClassVar[Names] = {"org_id": "org_id"}
    scope: ClassVar[Names] = {"org_id": "org_id"}
    defaults: ClassVar[Json] = {"enabled": True}

    def get_table(self, tenant: AgilicusState) -> dict[Any, Json]:
        return tenant.service_accounts

    def check_new(self, service: AgilicusServiceBase, call: ApiCall, spec: Json) -> None:
        service.look_up(service.tenant.orgs, spec["org_id"], "organisation")

    def check_change(self, service: AgilicusServiceBase, call: ApiCall, entity: Json, spec: Json) -> None:
        if spec["org_id"] != entity["spec"]["org_id"]:
            raise ApiError(400, "A service account stays in its organisation.")

    def complete_new(self, service: AgilicusServiceBase, entity: Json) -> None:
        spec, account_id = entity["spec"], entity["metadata"]["id"]
        body = {"first_name": spec["name"], "email": f"{account_id}@service-accounts.example".lower()}
        user = service.add_user(body, spec["org_id"], "service_account")
        entity["status"] = {"user": service.create_brief_user(user)}

    def is_listed(self, entity: Json, query: Mapping[str, Any]) -> bool:
        return super().is_listed(entity, query) and matches(
            entity["status"]["user"], query, {"user_id": "id"}
        )

    def check_removal(self, call: ApiCall, entity: Json) -> None:
        for name in ("protected_by_id", "protected_by_type"):
            protection = entity["spec"].get(name)
            if protection is not None and call.query.get(name) != protection:
                raise ApiError(403, f"The service account is protected: {name} must be given as it is.")

    def remove_dependents(self, service: AgilicusServiceBase, entity: Json) -> None:
        user_id = entity["status"]["user"]["id"]
        del service.tenant.users[user_id]
        del service.tenant.roles[entity["spec"]["org_id"], user_id]


class UserMetadata(EntityKind):
    """Data that programs keep with a user."""

    name: ClassVar[str] = "user_metadata"
    plural: ClassVar[str] = "user_metadata"
    id_parameter: ClassVar[str] = "metadata_id"
    list_member = "user_metadata"
    filters: ClassVar[Names] = {name: name for name in ("user_id", "org_id", "app_id", "data_type")}
    scope: ClassVar[Names] = {"user_id": "user_id", "org_id": "org_id"}

    def get_table(self, tenant: AgilicusState) -> dict[Any, Json]:
        return tenant.metadata

    def check_new(self, service: AgilicusServiceBase, call: ApiCall, spec: Json) -> None:
        service.find_user(spec["user_id"])


class ChallengeMethods(EntityKind):
    """Second factors of a user."""

    name: ClassVar[str] = "challenge_method"
    plural: ClassVar[str] = "challenge_methods"
    id_parameter: ClassVar[str] = "challenge_method_id"
    list_member = "mfa_challenge_methods"
    has_owner = True
    filters: ClassVar[Names] = {
        "challenge_type": "challenge_type",
        "method_status": "enabled",
        "method_origin": "origin",
    }
    defaults: ClassVar[Json] = {"enabled": True}

    def get_table(self, tenant: AgilicusState) -> dict[Any, Json]:
        return tenant.methods


class UpstreamIdentities(EntityKind):
    """What a user is called at other identity providers."""

    name: ClassVar[str] = "upstream_user_identity"
    plural: ClassVar[str] = "upstream_user_identities"
    id_parameter = "upstream_user_identity_id"
    list_member = "upstream_user_identities"
    has_owner = True

    def get_table(self, tenant: AgilicusState) -> dict[Any, Json]:
        return tenant.identities

    def check_new(self, service: AgilicusServiceBase, call: ApiCall, spec: Json) -> None:
        user_id = service.find_user(call.path["user_id"])["id"]
        if spec["local_user_id"] != user_id:
            raise ApiError(400, f"local_user_id is {spec['local_user_id']!r}, the path names {user_id!r}.")


class UserRequests(EntityKind):
    """Requests of users for access to a resource; `update_user_request` approves or declines one."""

    name: ClassVar[str] = "user_request"
    plural: ClassVar[str] = "user_requests"
    id_parameter: ClassVar[str] = "user_request_id"
    list_member = "user_requests"
    filters: ClassVar[Names] = {
        "user_id": "user_id",
        "org_id": "org_id",
        "request_state": "state",
        "request_type": "requested_resource_type",
    }
    scope: ClassVar[Names] = {"user_id": "user_id", "org_id": "org_id"}

    def get_table(self, tenant: AgilicusState) -> dict[Any, Json]:
        return tenant.requests

    def check_new(self, service: AgilicusServiceBase, call: ApiCall, spec: Json) -> None:
        service.find_user(spec["user_id"], spec["org_id"])
        resources: dict[str, Json] = {key: {} for key in service.tenant.resources}
        service.look_up(resources, spec["requested_resource"], "resource")

    def check_change(self, service: AgilicusServiceBase, call: ApiCall, entity: Json, spec: Json) -> None:
        service.find_user(spec["user_id"], spec["org_id"])

    def complete_new(self, service: AgilicusServiceBase, entity: Json) -> None:
        entity["spec"]["state"] = "pending"
        entity["status"] = {"email": service.find_user(entity["spec"]["user_id"])["email"]}

    def choose_stored_spec(self, old: Json, new: Json) -> Json:
        return {**new, "state": old["state"]}

    def create_answer(self, service: AgilicusServiceBase, entity: Json) -> Json:
        expiry = entity["spec"].get("expiry_date")
        now = datetime.fromtimestamp(service.clock(), UTC)
        expired = expiry is not None and datetime.fromisoformat(expiry) <= now
        return {**entity, "status": {**entity["status"], "expired": expired}}


USER_METADATA = UserMetadata()
USER_REQUESTS = UserRequests()
KINDS = (ServiceAccounts(), USER_METADATA, ChallengeMethods(), UpstreamIdentities(), USER_REQUESTS)
HANDLERS = {
    operation: handler
    for kind in KINDS
    for operation, handler in (
        (f"create_{kind.name}", kind.create),
        (f"get_{kind.name}", kind.get),
        (f"list_{kind.plural}", kind.list),
        (f"replace_{kind.name}", kind.replace),
        (f"delete_{kind.name}", kind.delete),
    )
}
"""What carries out each of the 25 operations."""
