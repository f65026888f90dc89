"""The users API of Agilicus, through the vendor's agilicus package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alloy_async.agilicus import Agilicus
from alloy_async.sandbox import Sandbox

from .scenario import Scenario, Step, Vendor, VendorCall, step

ZOE = "zoë/łuk+1@example.org"
IDP = "https://idp.example/é?a=b&c"
SOON = "2040-01-02T03:04:05+00:00"


UNCHECKED = frozenset({"create_user", "replace_user"})
"""Operations whose body the package refuses whatever it is; the package's own command line sends plain JSON past the check."""


@contextmanager
def connect(sandbox: Sandbox) -> Iterator[VendorCall]:
    import agilicus

    class Configuration(agilicus.Configuration):  # type: ignore[misc]
        def get_host_settings(self) -> Any:
            """The servers of `_host_index`, which a call without checks has to give."""
            return [{"url": sandbox.url, "description": "the sandbox"}]

    with agilicus.ApiClient(Configuration(access_token="key")) as client:
        api = agilicus.UsersApi(client)

        def call(operation: str, values: Mapping[str, Any]) -> Any:
            options = {"_check_input_type": False, "_host_index": 0} if operation in UNCHECKED else {}
            arguments = dict(values)
            if operation == "list_combined_user_details" and "type" in values:
                arguments["type"] = [values["type"]]
            return client.sanitize_for_serialization(getattr(api, operation)(**arguments, **options))

        try:
            yield call
        finally:
            client.rest_client.pool_manager.clear()


def scenario(world: Any, folder: Path) -> Scenario:
    orgs = sorted(world.tenant.orgs)
    main = next(org for org in orgs if world.tenant.orgs[org]["organisation"] == "northwind")
    new = {"first_name": "Zoë", "last_name": "Łuk", "email": ZOE, "org_id": main, "external_id": "A/1"}
    zoe = yield step("create_user", user=new)
    yield from _users(main, zoe)
    yield from _identities(zoe["id"])
    yield from _challenges(main, zoe["id"])
    yield from _roles(main, zoe["id"])
    yield from _requests(main, zoe["id"])
    yield from _metadata(main, zoe["id"])
    yield from _service_accounts(main)
    yield step("delete_user", org_id=main, user_id=zoe["id"])


def _users(org: str, zoe: Mapping[str, Any]) -> Scenario:
    read = yield step("get_user", user_id=zoe["id"], org_id=org)
    yield step("replace_user", user_id=zoe["id"], user={**read, "last_name": "Łuk-Ł", "external_id": ""})
    changed = {"spec": {"first_name": "Zoé", "last_name": "Łuk"}}
    yield step("create_user_identity_update", user_id=zoe["id"], user_identity_update=changed)
    yield step("list_all_user_orgs", user_id=zoe["id"], issuer="https://auth.northwind.example/?é=+")
    yield step("list_user_guids", updated_since="2020-01-01T00:00:00+00:00")
    found = {"org_id": org, "limit": 2, "status": ["active", "pending"], "user_id": zoe["id"]}
    named = {"first_name": "zo", "last_name": "ł", "search_params": ["zo", "é & /"]}
    both = {**found, **named, "allow_partial_match": True, "prefix_email_search": "zoë/"}
    yield step(
        "list_users",
        **both,
        email=ZOE,
        previous_email="",
        provider="google.com",
        issuer="https://auth.example/é",
        type=["user", "group"],
        upstream_user_id="é +",
        upstream_idp_id=IDP,
        search_direction="forwards",
        has_roles=False,
        has_resource_roles=True,
        orgless_users=False,
    )
    yield step(
        "list_combined_user_details",
        **both,
        email=ZOE,
        previous_email=ZOE,
        type="user",
        mfa_enrolled=False,
        auto_created=True,
        search_direction="backwards",
    )
    yield Step("list_users", {"limit": 3}, "the first page")
    yield Step("list_combined_user_details", {"org_id": org, "previous_email": ""}, "the first page")


def _identities(zoe: str) -> Scenario:
    spec = {"upstream_user_id": "zoë@idp +", "upstream_idp_id": IDP, "local_user_id": zoe}
    made = yield step("create_upstream_user_identity", user_id=zoe, upstream_user_identity={"spec": spec})
    both = {"user_id": zoe, "upstream_user_identity_id": made["metadata"]["id"]}
    yield step("get_upstream_user_identity", **both)
    yield step("list_upstream_user_identities", user_id=zoe, limit=1)
    changed = {"spec": {**spec, "upstream_user_id": "countess"}}
    yield step("replace_upstream_user_identity", **both, upstream_user_identity=changed)
    yield step("delete_upstream_user_identity", **both)


def _challenges(org: str, zoe: str) -> Scenario:
    spec = {"priority": 1, "challenge_type": "totp", "endpoint": "é", "origin": "app", "enabled": True}
    made = yield step("create_challenge_method", user_id=zoe, mfa_challenge_method={"spec": spec})
    both = {"user_id": zoe, "challenge_method_id": made["metadata"]["id"]}
    yield step("get_challenge_method", **both)
    asked = {"challenge_type": "totp", "method_status": True, "method_origin": "app /"}
    yield step("list_challenge_methods", user_id=zoe, limit=5, **asked)
    yield step("replace_challenge_method", **both, mfa_challenge_method={"spec": {**spec, "enabled": False}})
    yield step("delete_challenge_method", **both)
    reset = {"org_id": org}
    yield step("reset_user_mfa_challenge_methods", user_id=zoe, reset_mfa_challenge_method=reset)


def _roles(org: str, zoe: str) -> Scenario:
    roles = {"roles": {"wiki": ["admin", "é"], "crm": []}}
    yield step("replace_user_role", user_id=zoe, org_id=org, replace_user_role_request=roles)
    yield step("list_all_user_roles", user_id=zoe, org_id=org)
    yield step("list_org_user_roles", org_id=org, user_id=zoe, limit=10, offset=0)
    yield step("list_user_permissions", user_id=zoe, org_id=org)
    yield step("list_all_resource_permissions", user_id=zoe, org_id=org)


def _requests(org: str, zoe: str) -> Scenario:
    yield step("list_user_file_share_access_info", org_id=org, user_id=zoe, limit=5)
    apps = yield step("list_user_application_access_info", org_id=org, user_id=zoe, limit=5)
    spec = {
        "user_id": zoe,
        "org_id": org,
        "requested_resource": apps["user_application_access_info"][0]["status"]["resource_id"],
        "requested_resource_type": "application",
        "request_information": "é & /",
        "expiry_date": SOON,
    }
    made = yield step("create_user_request", user_request_info={"spec": spec})
    request_id = made["metadata"]["id"]
    yield step("get_user_request", user_request_id=request_id, org_id=org, user_id=zoe)
    asked = {"org_id": org, "user_id": zoe, "limit": 5}
    kind = {"request_state": "pending", "request_type": "application"}
    yield step("list_user_requests", **asked, **kind)
    yield step("list_access_requests", **asked, **kind, email="", search_direction="forwards")
    changed = {"spec": {**spec, "request_information": ""}}
    yield step("replace_user_request", user_request_id=request_id, user_request_info=changed)
    approved = {"spec": {**spec, "state": "approved"}}
    yield step("update_user_request", user_request_id=request_id, user_request_info=approved)
    yield step("delete_user_request", user_request_id=request_id, user_id=zoe, org_id=org)


def _metadata(org: str, zoe: str) -> Scenario:
    spec = {
        "user_id": zoe,
        "org_id": org,
        "app_id": None,
        "name": "é",
        "data_type": "json",
        "data": '{"tea": "é"}',
    }
    made = yield step("create_user_metadata", user_metadata={"spec": spec})
    both = {"metadata_id": made["metadata"]["id"], "user_id": zoe, "org_id": org}
    yield step("get_user_metadata", **both)
    yield step("list_user_metadata", limit=5, user_id=zoe, org_id=org, app_id="app-1", data_type="json")
    changed = {"spec": {**spec, "data": "{}"}}
    yield step("replace_user_metadata", metadata_id=both["metadata_id"], user_metadata=changed)
    yield step("delete_user_metadata", **both)
    everybody = {"org_id": org, "data_type": "mfa_enrollment_expiry", "data": "2030-01-01", "name": "expiry"}
    yield step("bulk_update_metadata", bulk_user_metadata=everybody)


def _service_accounts(org: str) -> Scenario:
    spec = {"name": "report é", "org_id": org, "enabled": True, "allowed_sub_orgs": []}
    made = yield step("create_service_account", service_account={"spec": spec})
    both = {"service_account_id": made["metadata"]["id"], "org_id": org}
    yield step("get_service_account", **both)
    yield step("list_service_accounts", org_id=org, user_id=made["status"]["user"]["id"], limit=5)
    changed = {"spec": {**spec, "enabled": False}}
    yield step(
        "replace_service_account", service_account_id=both["service_account_id"], service_account=changed
    )
    yield step("delete_service_account", **both)


VENDOR = Vendor(
    system="agilicus",
    package="agilicus",
    module="agilicus",
    connect=connect,
    ours=lambda sandbox: Agilicus("key", base_url=sandbox.url),
    scenario=scenario,
    remarks=(
        "The package refuses every user that `create_user` and `replace_user` are given, so they are called past its check"
        " of arguments, with plain JSON, which is what its own command line sends.",
        "The package takes an array for the `type` of `list_combined_user_details`; one value is the same in a query.",
    ),
)
