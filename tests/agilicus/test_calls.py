"""All 45 operations through both clients: what arrives, by the contract, and what comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from alloy_async import NULL, Conflict, Forbidden, NotFound
from alloy_async.agilicus import models
from alloy_async.sandbox import Sandbox

from ..caller import Caller, open_caller
from ..oracle import Contract

CONTRACT = Contract("agilicus")
ADA = "ada+1@example.org"


@pytest.fixture(params=["async", "sync"])
async def call(request: pytest.FixtureRequest, agilicus_sandbox: Sandbox) -> AsyncIterator[Caller]:
    async with open_caller(
        request.param, agilicus_sandbox, CONTRACT, ("Authorization", "Bearer key")
    ) as call:
        yield call


async def test_all_45_operations(call: Caller) -> None:
    main, lower = await the_orgs(call)
    ada = await create(call, main)
    await change(call, ada)
    await find(call, main, ada)
    await enrol(call, main, ada)
    await identify(call, ada)
    await give_roles(call, main, ada)
    await ask_for_access(call, main, ada)
    await keep_metadata(call, main, lower, ada)
    await run_programs(call, main)
    await leave(call, main, ada)
    assert call.called == {documented.name for documented in CONTRACT.calls}


async def the_orgs(call: Caller) -> tuple[str, str]:
    users = (await call("list_users", type=["user"], limit=500)).users
    listed = [(await call("list_all_user_orgs", user.id)).orgs for user in users]
    main, lower = max(listed, key=len)
    assert (main.organisation, lower.parent_id) == ("northwind", main.id)
    assert main.status == models.OrganisationStatus(
        all_up=True, admin_up=True, issuer_up=None, current_state="active"
    )
    assert (main.feature_flags[0].enabled, main.created.tzinfo) == (True, UTC)
    only = (await call("list_all_user_orgs", users[2].id, issuer=lower.issuer)).orgs
    assert [org.id for org in only] == [lower.id]
    return main.id, lower.id


async def create(call: Caller, org_id: str) -> models.User:
    new = models.User(first_name="Ada", last_name="Byron", email=ADA, org_id=org_id, extra={"pet": "cat"})
    ada: models.User = await call("create_user", new)
    assert (ada.email, ada.display_name, ada.enabled) == (ADA, "Ada Byron", True)
    assert (ada.type, ada.status, ada.roles, ada.extra["pet"]) == ("user", "active", {}, "cat")
    assert isinstance(ada.created, datetime)
    with pytest.raises(Conflict, match=r"create_user: .*exists") as conflict:
        await call("create_user", new)
    assert isinstance(conflict.value.body, models.ErrorMessage)
    assert conflict.value.effect == "none"
    return ada


async def change(call: Caller, ada: models.User) -> None:
    """Read, change, write: what is not known here and what only the service sets goes back as it came."""
    user = await call("get_user", ada.id, org_id=ada.org_id)
    assert user == ada
    user.last_name = "Lovelace"
    user.external_id = "A-1"
    user.configured_attributes = models.UserAttributes([models.UserAttribute("shoe", {"size": 38})])
    changed = await call("replace_user", ada.id, user)
    assert (changed.display_name, changed.external_id, changed.extra["pet"]) == ("Ada Lovelace", "A-1", "cat")
    assert changed.attributes == [models.UserAttribute("shoe", {"size": 38})]
    changed.external_id = NULL
    assert (await call("replace_user", user_id=ada.id, user=changed)).external_id is None

    update = models.UserIdentityUpdate(models.UserIdentityUpdateSpec(first_name="Augusta"))
    assert await call("create_user_identity_update", ada.id, update) == update
    assert (await call("get_user", ada.id)).full_name == "Augusta Lovelace"


async def find(call: Caller, org_id: str, ada: models.User) -> None:
    page = await call("list_users", ADA, "", org_id=org_id, has_roles=False, status=["active", "pending"])
    assert [user.id for user in page.users] == [ada.id]
    assert (page.next_page_email, page.previous_page_email, page.limit) == ("", "", 500)
    partial = await call("list_users", org_id=org_id, first_name="AUGU", allow_partial_match=True)
    assert [user.id for user in partial.users] == [ada.id]
    searched = await call("list_combined_user_details", org_id=org_id, search_params=["AUGUSTA", "ada"])
    (detail,) = searched.combined_user_details
    assert (detail.id, detail.status.user.email, detail.status.mfa_challenge_methods) == (ada.id, ADA, [])
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert (await call("list_user_guids", updated_since=soon)).user_ids == []
    assert ada.id in (await call("list_user_guids", soon - timedelta(hours=2))).user_ids


async def enrol(call: Caller, org_id: str, ada: models.User) -> None:
    new = models.MFAChallengeMethod(models.MFAChallengeMethodSpec(1, "totp", "phone", origin="app"))
    method = await call("create_challenge_method", ada.id, new)
    assert (method.spec.enabled, isinstance(method.metadata.created, datetime)) == (True, True)
    method.spec.enabled = False
    method_id = method.metadata.id
    changed = await call("replace_challenge_method", ada.id, method_id, method)
    assert await call("get_challenge_method", ada.id, method_id) == changed
    asked_for = {"challenge_type": "totp", "method_status": False, "method_origin": "app"}
    listed = await call("list_challenge_methods", ada.id, 10, **asked_for)
    assert listed.mfa_challenge_methods == [changed]
    enrolled = await call("list_combined_user_details", mfa_enrolled=True, type="user")
    assert [detail.id for detail in enrolled.combined_user_details] == [ada.id]
    await call("delete_challenge_method", ada.id, method_id)
    with pytest.raises(NotFound, match="challenge method"):
        await call("get_challenge_method", ada.id, method_id)
    await call("create_challenge_method", ada.id, new)
    await call("reset_user_mfa_challenge_methods", ada.id, models.ResetMFAChallengeMethod(org_id))
    assert (await call("list_challenge_methods", ada.id)).mfa_challenge_methods == []


async def identify(call: Caller, ada: models.User) -> None:
    spec = models.UpstreamUserIdentitySpec("ada@idp", "idp/é", ada.id or "")
    identity = await call("create_upstream_user_identity", ada.id, models.UpstreamUserIdentity(spec))
    identity.spec.upstream_user_id = "countess"
    identity_id = identity.metadata.id
    changed = await call("replace_upstream_user_identity", ada.id, identity_id, identity)
    assert await call("get_upstream_user_identity", ada.id, identity_id) == changed
    assert (await call("list_upstream_user_identities", ada.id, limit=1)).upstream_user_identities == [
        changed
    ]
    found = (await call("list_users", upstream_user_id="countess", upstream_idp_id="idp/é")).users
    assert [user.upstream_user_identities for user in found] == [[changed]]
    await call("delete_upstream_user_identity", ada.id, identity_id)
    assert (await call("list_upstream_user_identities", ada.id)).upstream_user_identities == []


async def give_roles(call: Caller, org_id: str, ada: models.User) -> None:
    roles = {"wiki": ["admin"], "crm": ["editor"]}
    await call("replace_user_role", ada.id, org_id, models.ReplaceUserRoleRequest(roles))
    assert await call("list_all_user_roles", ada.id, org_id) == roles
    rows = (await call("list_org_user_roles", org_id, user_id=ada.id, offset=0)).org_user_roles
    assert [(row.application, row.role) for row in rows] == [("wiki", "admin"), ("crm", "editor")]
    host = await call("list_user_permissions", ada.id, org_id)
    assert host.upstream_host == "https://wiki.northwind.example/"
    assert [rule.methods for rule in host.allowed_list] == [["get", "post", "put", "delete"], ["get"]]


async def ask_for_access(call: Caller, org_id: str, ada: models.User) -> None:
    (wiki, _) = (await call("list_user_application_access_info", org_id, ada.id)).user_application_access_info
    assert (wiki.status.access_level, wiki.status.application_default_role_id) == ("none", None)
    until = datetime(2040, 1, 1, tzinfo=UTC)
    spec = models.UserRequestInfoSpec(
        ada.id or "", org_id, wiki.status.resource_id, "application", expiry_date=until, state="approved"
    )
    request = await call("create_user_request", models.UserRequestInfo(spec))
    request_id = request.metadata.id
    assert (request.spec.state, request.spec.expiry_date) == ("pending", until)
    assert (request.status.email, request.status.expired) == (ADA, False)

    request.spec.request_information = "for the notes"
    request.spec.state = "approved"
    request = await call("replace_user_request", request_id, request)
    assert (request.spec.state, request.spec.request_information) == ("pending", "for the notes")
    assert await call("get_user_request", request_id, org_id, ada.id) == request
    pending = await call("list_user_requests", 5, ada.id, request_state="pending", request_type="application")
    assert pending.user_requests == [request]

    request.spec.state = "approved"
    approved = await call("update_user_request", request_id, request)
    asking = (await call("list_access_requests", org_id, user_id=ada.id, email="")).access_requests
    assert [(entry.id, entry.status.user_requests) for entry in asking] == [(ada.id, [approved])]
    (wiki, _) = (
        await call("list_user_application_access_info", org_id, ada.id, limit=2)
    ).user_application_access_info
    assert (wiki.status.access_level, wiki.status.roles) == ("granted", ["viewer"])
    (share,) = (
        await call("list_user_file_share_access_info", org_id=org_id, user_id=ada.id)
    ).user_file_share_access_info
    assert share.status.share_config.linux_config.path == "/shares/reports"
    (permission,) = (await call("list_all_resource_permissions", ada.id, org_id)).resource_permissions
    assert (permission.spec.resource_role_name, permission.spec.resource_id) == (
        "viewer",
        wiki.status.resource_id,
    )
    assert [u.id for u in (await call("list_users", has_resource_roles=True)).users] == [ada.id]
    await call("delete_user_request", request_id, user_id=ada.id)
    assert (await call("list_user_requests", user_id=ada.id)).user_requests == []


async def keep_metadata(call: Caller, main: str, lower: str, ada: models.User) -> None:
    spec = models.UserMetadataSpec(
        ada.id or "", org_id=main, data_type="json", data='{"tea": true}', app_id=NULL
    )
    entry = await call("create_user_metadata", models.UserMetadata(spec))
    entry_id = entry.metadata.id
    entry.spec.data = "{}"
    changed = await call("replace_user_metadata", entry_id, entry)
    assert await call("get_user_metadata", entry_id, user_id=ada.id) == changed
    listed = await call("list_user_metadata", 10, ada.id, main, data_type="json")
    assert listed.user_metadata == [changed]
    with pytest.raises(NotFound):
        await call("get_user_metadata", entry_id, org_id=lower)
    bulk = models.BulkUserMetadata(main, "mfa_enrollment_expiry", "2030-01-01")
    for _ in range(2):  # the second one finds the entries of the first
        await call("bulk_update_metadata", bulk)
    everybodys = (await call("list_user_metadata", data_type="mfa_enrollment_expiry")).user_metadata
    assert len(everybodys) == 9
    await call("delete_user_metadata", entry_id, ada.id, main)
    assert (await call("list_user_metadata", data_type="json")).user_metadata == []


async def run_programs(call: Caller, org_id: str) -> None:
    (protected,) = (await call("list_service_accounts", org_id)).service_accounts
    with pytest.raises(Forbidden, match="protected"):
        await call("delete_service_account", protected.metadata.id, org_id)
    new = models.ServiceAccount(models.ServiceAccountSpec("report", org_id, allowed_sub_orgs=[]))
    account = await call("create_service_account", new)
    assert (account.status.user.type, account.spec.enabled) == ("service_account", True)
    account_id = account.metadata.id
    account.spec.name = "reports"
    account.spec.inheritable_config = models.InheritableUserConfig("weekly")
    changed = await call("replace_service_account", account_id, account)
    assert await call("get_service_account", account_id, org_id) == changed
    of_user = await call("list_service_accounts", user_id=account.status.user.id, limit=1)
    assert of_user.service_accounts == [changed]
    await call("delete_service_account", account_id)
    with pytest.raises(NotFound):
        await call("get_service_account", account_id)


async def leave(call: Caller, org_id: str, ada: models.User) -> None:
    assert await call("delete_user", org_id, ada.id) is None
    with pytest.raises(NotFound) as caught:
        await call("delete_user", org_id, ada.id)
    assert isinstance(caught.value.body, models.ErrorMessage)
    assert (caught.value.operation, caught.value.effect) == ("delete_user", "none")
    orgless = (await call("list_users", orgless_users=True)).users
    assert [(user.id, user.org_id) for user in orgless] == [(ada.id, None)]
