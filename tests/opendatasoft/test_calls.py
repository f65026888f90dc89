"""All 7 operations through both clients: what arrives, by the contract, and what comes back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from alloy_async import (
    BadRequest,
    ConfigurationError,
    InvalidRequest,
    NotFound,
    RateLimited,
    Retry,
    Unauthorized,
)
from alloy_async.core.codec.typed_json import from_wire
from alloy_async.core.messages.request import compile_operation
from alloy_async.core.operation.operation import Operation
from alloy_async.opendatasoft import AsyncOpendatasoft, Opendatasoft, models, operations
from alloy_async.sandbox import Limit, Sandbox
from alloy_async.sandbox.opendatasoft.service import IDENTITY_PROVIDER

from ..caller import Caller, open_caller
from ..oracle import Contract

CONTRACT = Contract("opendatasoft")
ADA = "ada/é+1@example.org"
ONCE = Retry(attempts=1)


@pytest.fixture(params=["async", "sync"])
async def call(request: pytest.FixtureRequest, opendatasoft_sandbox: Sandbox) -> AsyncIterator[Caller]:
    async with open_caller(
        request.param, opendatasoft_sandbox, CONTRACT, ("Authorization", "Apikey key")
    ) as call:
        yield call


async def test_all_7_operations(call: Caller) -> None:
    await create(call)
    await change(call)
    page = await call("get_users", "example.org", ["last_name", "username"], limit=1, offset=1)
    assert page.total_count == 2
    assert [user.username for user in page.results] == [ADA]
    assert page.next is None
    assert "offset=0" in page.previous
    assert (await call("users_export", delimiter=";")).startswith(b"username;last_name;")
    assert await call("delete_user", ADA) is None
    with pytest.raises(NotFound) as caught:
        await call("get_user", ADA)
    assert isinstance(caught.value.body, models.NotFoundError)
    assert call.called == {documented.name for documented in CONTRACT.calls}


async def create(call: Caller) -> None:
    users = [
        models.User(username=ADA, email="ada@example.org", groups=[models.UserGroup("readers")]),
        models.User(username="eve", email="ADA@example.org"),
        models.User(username="bob", email="bob@example.org", groups=[models.UserGroup("nobody")]),
    ]
    verdicts = await call("invite_users", users)
    ada, eve, bob = verdicts.in_order(users)
    assert (ada.ok, ada.reason, ada.data.username) == (True, None, ADA)
    assert (eve.ok, eve.data, eve.error.error_code) == (False, None, "validation_error")
    assert "exists" in eve.reason
    assert "nobody" in bob.reason
    assert verdicts.missing(users) == []
    assert verdicts["0"] is ada

    grace = models.ProvisionUsersRequest(
        "grace@example.org",
        models.ProvisionUsersRequestAllOfIdentityProvider(IDENTITY_PROVIDER),
        {"uid": "grace"},
        last_name="Hopper",
    )
    (verdict,) = (await call("provision_users", grace)).in_order([grace])
    assert (verdict.data.username, verdict.data.account_type) == ("grace", "linked")
    assert verdict.data.identity_providers == [models.UserIdentityProvidersInner(IDENTITY_PROVIDER)]


async def change(call: Caller) -> None:
    user = models.User(
        email="ada@example.org", last_name="Lovelace", permissions=["edit_page", "manage_glossary"]
    )
    changed = await call("update_user", ADA, user)
    assert (changed.last_name, changed.groups) == ("Lovelace", [models.UserGroup("readers")])
    whole = await call("get_user", ADA, expand="groups")
    (readers,) = whole.groups
    assert (readers.uid, readers.title, readers.permissions) == (
        "readers",
        "Readers",
        ["explore_restricted_dataset"],
    )
    assert abs(datetime.now(UTC) - whole.joined_at).total_seconds() < 60
    assert (await call("get_users", permissions=["manage_glossary"])).total_count == 1
    assert (await call("get_users", all_permissions=["explore_restricted_dataset"])).total_count > 1


async def test_what_was_read_is_sent_back_without_what_only_the_service_sets(
    opendatasoft_sandbox: Sandbox,
) -> None:
    async with AsyncOpendatasoft("key", base_url=opendatasoft_sandbox.url) as portal:
        page = await portal.get_users(limit=1)
        assert page.results
        assert page.results[0].username
        user = await portal.get_user(page.results[0].username, expand="groups")
        assert user.username
        user.first_name = "Grace"
        changed = await portal.update_user(user.username, user)
        assert user.is_active is True, "the caller's own user stays whole"
    assert changed.first_name == "Grace"
    sent = json.loads(opendatasoft_sandbox.requests[-1].body)
    assert not sent.keys() & set(models.READ_ONLY)
    assert sent["groups"] == [{"uid": "editors"}]


def test_what_only_the_service_sets_leaves_in_no_write_as_an_undeclared_member_either() -> None:
    undeclared = {**dict.fromkeys(models.READ_ONLY, "x"), "new": 1}
    group = models.UserGroup("editors", title="E", extra={"new": 1})
    provider = models.ProvisionUsersRequestAllOfIdentityProvider("saml")
    user = models.User(email="a@b", groups=[group], extra=dict(undeclared))
    request = models.ProvisionUsersRequest("a@b", provider, groups=[group], extra=dict(undeclared))
    for operation in (
        operations.UpdateUser("a", user),
        operations.InviteUsers([user]),
        operations.ProvisionUsers(request),
    ):
        body = compile_operation(operation).build_request(operation).body
        assert isinstance(body, bytes)
        sent = json.loads(body)
        for one in sent if isinstance(sent, list) else [sent]:
            assert not one.keys() & set(models.READ_ONLY)
            assert (one["new"], one["groups"]) == (1, [{"uid": "editors"}])
    assert user.extra == undeclared, "the caller's own user stays whole"


def test_what_only_the_service_sets_is_what_the_contract_says() -> None:
    properties = CONTRACT.document["components"]["schemas"]["User"]["properties"]
    read_only = {name for name, member in properties.items() if member.get("readOnly")}
    # The vendor's own package sends it back, whatever its contract says.
    assert set(models.READ_ONLY) == read_only - {"expires_at"}


def test_an_item_that_the_answer_forgot_is_named() -> None:
    users = [models.User(email=f"{n}@example.org") for n in range(3)]
    wire = {"2": {"status_code": "error", "error": ["odd"]}, "0": {"status_code": "success"}}
    verdicts = from_wire(models.Verdicts, wire)
    first, second, third = verdicts.in_order(users)
    assert (first.ok, second.ok, third.ok) == (True, False, False)
    assert verdicts.missing(users) == [1]
    assert second.status_code is None
    assert second.reason
    assert "look with get_users" in second.reason
    assert third.reason == "['odd']"


@pytest.mark.parametrize("limit", [1, 3, 1000, None])
async def test_all_pages_are_walked(limit: int | None) -> None:
    operation = operations.GetUsers(sort=["username"], limit=limit)
    with Sandbox("opendatasoft", seed_users=25) as sandbox:
        async with AsyncOpendatasoft("key", base_url=sandbox.url) as portal:
            walked = [user.username async for user in portal.iterate(operation)]
    assert len(walked) == len(set(walked)) == 25
    assert walked == sorted(walked, key=str)


@pytest.mark.parametrize(
    ("key", "sent"),
    [("key", "Apikey key"), ("apikey key", "apikey key"), ("Apikey key", "Apikey key")],
)
async def test_a_key_goes_in_the_header_with_its_scheme(
    opendatasoft_sandbox: Sandbox, key: str, sent: str
) -> None:
    async with AsyncOpendatasoft(key, base_url=opendatasoft_sandbox.url) as portal:
        await portal.get_users()
    assert opendatasoft_sandbox.requests[-1].headers["Authorization"] == sent
    assert opendatasoft_sandbox.requests[-1].query == []


@pytest.mark.parametrize("key", ["k&y/=", "Apikey k&y/="])
def test_a_key_goes_in_the_query_where_asked_for(key: str) -> None:
    with Sandbox("opendatasoft", keys=["k&y/="]) as sandbox:
        portal = Opendatasoft(key, base_url=sandbox.url, key_in_query=True)
        page = portal.get_users(limit=2)
        portal.close()
    assert sandbox.requests[-1].query == [("limit", "2"), ("apikey", "k&y/=")]
    assert "Authorization" not in sandbox.requests[-1].headers
    assert page.next
    assert "apikey" not in page.next


async def test_a_refusal_brings_its_typed_body(opendatasoft_sandbox: Sandbox) -> None:
    async with AsyncOpendatasoft("wrong", base_url=opendatasoft_sandbox.url) as portal:
        with pytest.raises(Unauthorized) as unauthorized:
            await portal.get_users()
    assert isinstance(unauthorized.value.body, models.Error)
    assert unauthorized.value.body.error_code == "unauthorized"
    async with AsyncOpendatasoft("key", base_url=opendatasoft_sandbox.url) as portal:
        (administrator,) = (await portal.get_users(permissions=["edit_domain"])).results or []
        with pytest.raises(BadRequest, match=r"delete_user: .*only administrator") as refused:
            await portal.delete_user(administrator.username or "")
    assert isinstance(refused.value.body, models.Error)
    assert refused.value.effect == "none"


@pytest.mark.parametrize("form", ["automation", "search"])
async def test_a_used_up_quota_is_told_in_either_form(form: str) -> None:
    limit = Limit(rate=0.001, retry_after=None, headers="x-ratelimit")
    async with Sandbox("opendatasoft", limit=limit, quota_body=form) as sandbox:
        async with AsyncOpendatasoft("key", base_url=sandbox.url, retry=ONCE, deadline=5) as portal:
            await portal.get_users()
        async with AsyncOpendatasoft("Apikey key", base_url=sandbox.url, retry=ONCE, deadline=5) as other:
            with pytest.raises(RateLimited) as caught:
                await other.get_users()
    body = caught.value.body
    assert isinstance(body, models.QuotaError)
    if form == "search":
        assert (body.errorcode, body.limit_time_unit, body.call_limit) == (10002, "day", 1)
        assert isinstance(body.reset_time, datetime)
    else:
        assert (body.error_code, body.reset_time) == ("too_many_requests", None)


@pytest.mark.parametrize("username", sorted(operations.RESERVED_USERNAMES))
@pytest.mark.parametrize("operation", [operations.GetUser, operations.DeleteUser, operations.UpdateUser])
def test_another_operations_path_is_no_username(operation: type[Any], username: str) -> None:
    refused(operation(username), "another operation at its address")


def test_a_name_that_only_looks_like_a_path_is_sent() -> None:
    operation = operations.GetUser("exports")
    assert compile_operation(operation).build_request(operation).target == "/users/exports/"


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (operations.GetUsers(limit=-1), "limit must be 0 to 1000, not -1"),
        (operations.GetUsers(limit=1001), "limit must be 0 to 1000, not 1001"),
        (operations.GetUsers(offset=-1), "offset must be 0 or more"),
        (operations.GetUsers(sort=["email"]), r"sort\[0\]: expected one of 'username'"),  # type: ignore[list-item]
        (operations.UsersExport(delimiter=";;"), "delimiter must be one character, not 2"),
        (operations.UsersExport(delimiter=""), "delimiter must be one character, not 0"),
        (operations.UpdateUser("ada", models.User(first_name="Ada")), "user.email is missing"),
        (operations.InviteUsers([models.User(email="a@x"), models.User()]), r"user\[1\].email is missing"),
        (operations.InviteUsers([{"email": "a@x"}]), r"user\[0\]"),  # type: ignore[list-item]
    ],
    ids=str,
)
def test_wrong_arguments_are_refused(operation: Operation[Any], reason: str) -> None:
    refused(operation, reason)


def refused(operation: Operation[Any], reason: str) -> None:
    with pytest.raises(InvalidRequest, match=f"{reason}.*nothing was sent") as caught:
        compile_operation(operation).build_request(operation)
    assert (caught.value.operation, caught.value.effect) == (operation.name, "none")


@pytest.mark.parametrize("client", [AsyncOpendatasoft, Opendatasoft])
def test_each_portal_has_its_own_client(client: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENDATASOFT_BASE_URL", raising=False)
    with pytest.raises(ConfigurationError, match="OPENDATASOFT_BASE_URL"):
        client("key")
    expected = f"{client.__name__}(base_url='https://mycity.opendatasoft.com/api/automation/v1.0')"
    assert repr(client("key", portal="mycity.opendatasoft.com")) == expected
    with pytest.raises(ConfigurationError, match="not both"):
        client("key", portal="mycity.opendatasoft.com", base_url="https://mycity.opendatasoft.com")


@pytest.mark.parametrize(
    "portal", ["", "https://mycity.example", "mycity.example/x", "me@mycity.example", "a b"]
)
def test_a_portal_is_a_host(portal: str) -> None:
    with pytest.raises(ConfigurationError, match="portal is a host"):
        Opendatasoft("key", portal=portal)
