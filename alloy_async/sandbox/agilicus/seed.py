"""What an emulated Agilicus holds at the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .state import AgilicusState, Json, Resource

RESOURCES = (
    ("application", "wiki", "viewer"),
    ("application", "crm", "editor"),
    ("fileshare", "reports", "reader"),
)


def add_organisations_with_resources(
    tenant: AgilicusState, create_id: Callable[[], str], at: str
) -> tuple[str, str]:
    """Two organisations, one below the other, with resources; their ids.

    Args:
        tenant: what they are put in.
        create_id: makes an id.
        at: when they were made.
    """
    main, lower = create_id(), create_id()
    for org_id, name, parent in ((main, "northwind", main), (lower, "northwind-labs", main)):
        tenant.orgs[org_id] = {
            "id": org_id,
            "organisation": name,
            "issuer": f"https://auth.{name}.example",
            "subdomain": f"{name}.example",
            "created": at,
            "updated": at,
            "parent_id": parent,
            "root_org_id": main,
            "auto_create": False,
            "trust_on_first_use_duration": 86_400,
            "feature_flags": [{"feature": "audits", "enabled": True, "setting": ""}],
            "admin_state": "active",
            "status": {"all_up": True, "admin_up": True, "issuer_up": None, "current_state": "active"},
            "owner_config": {"disable_user_requests": False},
        }
        for kind, resource, role in RESOURCES:
            resource_id = create_id()
            tenant.resources[resource_id] = Resource(resource_id, org_id, kind, resource, role)
    return main, lower


def add_groups_and_roles(
    tenant: AgilicusState,
    main: str,
    lower: str,
    add_user: Callable[[Json, str, str], Json],
    entity: Callable[..., Json],
) -> None:
    """Give the organisations groups and a protected service account, and the first people roles and a request."""
    people = list(tenant.users)
    for org_id, kind, name in (
        (main, "group", "engineering"),
        (main, "sysgroup", "all-users"),
        (lower, "sysgroup", "all-labs-users"),
    ):
        group = add_user({"first_name": name, "email": f"{name}@groups.northwind.example"}, org_id, kind)
        everybody = [user for user in people if (org_id, user) in tenant.roles]
        tenant.members[group["id"]] = everybody[::2] if kind == "group" else everybody
        tenant.roles[org_id, group["id"]] = {"wiki": ["viewer"]} if kind == "group" else {}

    for number, user in enumerate(people[:4]):
        tenant.roles[main, user] = {
            "wiki": ["viewer", "admin"] if number == 0 else ["viewer"],
            "crm": ["editor"],
        }

    spec = {
        "name": "backup",
        "org_id": main,
        "enabled": True,
        "protected_by_id": "connector-1",
        "protected_by_type": "connector",
    }
    account = entity(spec)
    robot = add_user(
        {"first_name": "backup", "email": "backup@service-accounts.example"}, main, "service_account"
    )
    names = ("id", "org_id", "first_name", "email", "type")
    account["status"] = {"user": {name: robot[name] for name in names}}
    tenant.service_accounts[account["metadata"]["id"]] = account

    shares = [r for r in tenant.resources.values() if r.kind == "fileshare" and r.org_id == main]
    for user in people[:1]:
        request = entity(
            _create_request(user, main, shares[0]), status={"email": tenant.users[user]["email"]}
        )
        tenant.requests[request["metadata"]["id"]] = request


def _create_request(user_id: str, org_id: str, resource: Resource) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "org_id": org_id,
        "requested_resource": resource.id,
        "requested_resource_type": resource.kind,
        "request_information": "for the quarterly figures",
        "state": "pending",
    }
