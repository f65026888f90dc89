"""Roles and permissions in an emulated Agilicus."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..messages import ApiCall, ApiError
from .listing import LIMIT, limit_rows
from .service_base import NOTHING, AgilicusServiceBase
from .state import Json, Resource


class PermissionOperations(AgilicusServiceBase):
    """The operations on what users may do."""

    def replace_user_role(self, call: ApiCall) -> Any:
        body = call.body or {}
        org_id = call.query.get("org_id", body.get("org_id"))  # the vendor's own tool sends it in the body
        if org_id is None:
            raise ApiError(400, "org_id is missing.")
        user = self.find_user(call.path["user_id"], org_id)
        self.tenant.roles[org_id, user["id"]] = body.get("roles", {})
        self.record_change("updated", user["email"])
        return NOTHING

    def list_all_user_roles(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["user_id"])
        return self.tenant.list_roles_of(user["id"], call.query.get("org_id"))

    def list_org_user_roles(self, call: ApiCall) -> Any:
        query = call.query
        rows = [
            {"user_id": user_id, "org_id": org_id, "application": application, "role": role}
            for (org_id, user_id), roles in self.tenant.roles.items()
            if query.get("org_id") in (None, org_id) and query.get("user_id") in (None, user_id)
            for application, names in roles.items()
            for role in names
        ]
        offset, limit = query.get("offset", 0), query.get("limit", LIMIT)
        return {"org_user_roles": rows[offset : offset + limit], "limit": limit, "offset": offset}

    def list_all_resource_permissions(self, call: ApiCall) -> Any:
        org_id = call.query["org_id"]
        user = self.find_user(call.path["user_id"])
        return {
            "resource_permissions": list(self._list_permissions(user["id"], org_id)),
            "user_id": user["id"],
            "org_id": org_id,
        }

    def list_user_permissions(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["user_id"])
        org_id = call.query.get("org_id") or user.get("org_id")
        roles = self.tenant.list_roles_of(user["id"], org_id)
        resources = [r for r in self._list_resources_of_org("application", org_id) if r.name in roles]
        host = resources[0] if resources else None
        return {
            **({"upstream_host": host.url, "app_id": host.id, "admin_org_id": host.org_id} if host else {}),
            "allowed_list": [self._describe_rule(resource, roles[resource.name]) for resource in resources],
        }

    def list_user_application_access_info(self, call: ApiCall) -> Any:
        rows = [
            {
                "status": {
                    **self._create_access_answer(resource, call),
                    "application_name": resource.name,
                    "application_url": resource.url,
                    "resource_id": resource.id,
                    "application_default_role_name": resource.role,
                    "application_default_role_id": None,
                }
            }
            for resource in self._list_resources_of_org("application", call.query["org_id"])
        ]
        return limit_rows("user_application_access_info", rows, call.query)

    def list_user_file_share_access_info(self, call: ApiCall) -> Any:
        rows = [
            {
                "status": {
                    **self._create_access_answer(resource, call),
                    "share_id": resource.id,
                    "share_name": resource.name,
                    "share_url": resource.url,
                    "share_config": {"linux_config": {"path": f"/shares/{resource.name}"}},
                    "updated": self.tenant.orgs[resource.org_id]["created"],
                }
            }
            for resource in self._list_resources_of_org("fileshare", call.query["org_id"])
        ]
        return limit_rows("user_file_share_access_info", rows, call.query)

    def _list_resources_of_org(self, kind: str, org_id: str | None) -> list[Resource]:
        resources = self.tenant.resources.values()
        return [r for r in resources if r.kind == kind and r.org_id == org_id]

    def _list_permissions(self, user_id: str, org_id: str) -> Iterable[Json]:
        holders = {user_id, *self.tenant.list_groups_of(user_id, org_id)}
        for permission in self.tenant.permissions.values():
            if permission["spec"]["user_id"] in holders and permission["spec"]["org_id"] == org_id:
                yield permission

    def _create_access_answer(self, resource: Resource, call: ApiCall) -> Json:
        """Describe what the two lists of resources tell alike: whether the user has access, or has asked for it."""
        org_id, user_id = call.query["org_id"], call.query["user_id"]
        self.find_user(user_id, org_id)
        roles = [
            permission["spec"]["resource_role_name"]
            for permission in self._list_permissions(user_id, org_id)
            if permission["spec"]["resource_id"] == resource.id
        ]
        asked = any(
            request["spec"]["user_id"] == user_id
            and request["spec"]["requested_resource"] == resource.id
            and request["spec"]["state"] == "pending"
            for request in self.tenant.requests.values()
        )
        return {
            "user_id": user_id,
            "org_id": org_id,
            "org_name": self.tenant.orgs[org_id]["organisation"],
            "access_level": "granted" if roles else "requested" if asked else "none",
            "roles": roles,
            "display_info": {"icons": [{"uri": f"{resource.url}icon.svg", "purposes": ["agilicus"]}]},
        }

    def _describe_rule(self, resource: Resource, roles: list[str]) -> Json:
        changing = ["post", "put", "delete"] if "admin" in roles else []
        return {
            "methods": ["get", *changing],
            "paths": ["/.*"],
            "query_parameters": [],
            "resource_info": {
                "resource_id": resource.id,
                "resource_org_id": resource.org_id,
                "resource_type": resource.kind,
            },
            "separate_query": False,
        }
