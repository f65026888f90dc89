"""The emulated Agilicus, called over the wire; every answer is held against the contract by `call`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from alloy_async.sandbox import Sandbox
from alloy_async.sandbox.agilicus.service import EmulatedAgilicus

from .conftest import Caller


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox("agilicus") as sandbox:
        yield sandbox


@pytest.fixture
def orgs(sandbox: Sandbox) -> list[str]:
    """The upper organisation and the one below it."""
    assert isinstance(sandbox.service, EmulatedAgilicus)
    return list(sandbox.service.tenant.orgs)


async def users(call: Caller, query: str = "type=user") -> list[Any]:
    found: list[Any] = (await call("GET", f"/users?{query}")).body["users"]
    return found


async def test_an_email_is_there_once_in_an_organisation(call: Caller, orgs: list[str]) -> None:
    new = {"email": "Ada@example.org", "org_id": orgs[0], "enabled": True}
    ada = await call("POST", "/users", new)
    assert ada.status == 201
    again = await call("POST", "/users", {**new, "email": "ada@EXAMPLE.org"})
    assert (again.status, again.body["error_code"]) == (409, "409")
    below = await call("POST", "/users", {**new, "org_id": orgs[1]})
    assert (below.status, below.body["id"], below.body["org_id"]) == (201, ada.body["id"], orgs[1])
    assert call.sandbox.ledger.count("create_user", key="Ada@example.org") == 2


async def test_a_user_who_left_may_come_back(call: Caller, orgs: list[str]) -> None:
    (somebody, *_) = await users(call)
    path = f"/v1/orgs/{orgs[0]}/users/{somebody['id']}"
    assert [(await call("DELETE", path)).status for _ in range(2)] == [204, 404]
    assert somebody["email"] not in [user["email"] for user in await users(call, f"org_id={orgs[0]}")]
    back = await call("POST", "/users", {"email": somebody["email"], "org_id": orgs[0]})
    assert (back.status, back.body["id"]) == (201, somebody["id"])


async def test_a_user_who_left_is_in_no_group_of_that_organisation(call: Caller, orgs: list[str]) -> None:
    (member, *_) = (await users(call, "type=group"))[0]["members"]
    await call("DELETE", f"/v1/orgs/{orgs[0]}/users/{member['id']}")
    (group,) = await users(call, "type=group")
    assert member["id"] not in [other["id"] for other in group["members"]]
    assert (await call("GET", f"/users/{member['id']}")).body["member_of"] == []


@pytest.mark.parametrize(
    ("query", "emails"),
    [
        ("limit=2", ["ada.0", "bjarne.1"]),
        ("limit=2&previous_email=", ["ada.0", "bjarne.1"]),
        ("limit=2&previous_email=bjarne.1@northwind.example", ["chiara.2", "dmitri.3"]),
        ("limit=2&previous_email=bz", ["chiara.2", "dmitri.3"]),  # nobody need have the email
        ("limit=2&search_direction=backwards", ["grace.6", "hana.7"]),
        (
            "limit=2&search_direction=backwards&previous_email=dmitri.3@northwind.example",
            ["bjarne.1", "chiara.2"],
        ),
        ("previous_email=zz", []),
        ("search_direction=backwards&previous_email=a", []),
        ("prefix_email_search=DM", ["dmitri.3"]),
        ("email=dmitri.3@northwind.example", ["dmitri.3"]),
        ("email=MITRI&allow_partial_match=True", ["dmitri.3"]),
        ("email=MITRI&allow_partial_match=false", []),
        ("has_resource_roles=True", []),
        ("status=disabled&status=pending", []),
        ("issuer=https://auth.northwind-labs.example", ["chiara.2", "farid.5"]),
    ],
)
async def test_a_list_is_narrowed_and_cut(call: Caller, query: str, emails: list[str]) -> None:
    found = await users(call, f"type=user&{query}")
    assert [user["email"] for user in found] == [f"{name}@northwind.example" for name in emails]


async def test_cursors_are_empty_at_either_end(call: Caller) -> None:
    query, cursors = "/v1/combined_user_details?type=user&limit=3&previous_email=", []
    for start in ("", "chiara.2@northwind.example", "farid.5@northwind.example"):
        page = (await call("GET", query + start)).body
        cursors.append(
            (page["previous_page_email"].partition("@")[0], page["next_page_email"].partition("@")[0])
        )
    assert cursors == [("", "chiara.2"), ("dmitri.3", "farid.5"), ("grace.6", "")]


async def test_roles_come_also_through_groups(call: Caller, orgs: list[str]) -> None:
    (group,) = await users(call, "type=group")
    member_id = group["members"][-1]["id"]
    assert (await call("GET", f"/users/{member_id}")).body["roles"] == {}
    assert (await call("GET", f"/users/{member_id}/render_roles")).body == {"wiki": ["viewer"]}
    assert (await call("GET", f"/users/{member_id}/render_roles?org_id={orgs[1]}")).body == {}
    roles = {"roles": {"crm": ["editor"]}, "org_id": orgs[0]}  # as the vendor's own tool sends it
    assert (await call("PUT", f"/users/{member_id}/roles", roles)).status == 204
    assert (await call("GET", f"/users/{member_id}")).body["roles"] == {"crm": ["editor"]}


async def test_what_the_service_sets_cannot_be_set(call: Caller) -> None:
    (user, *_) = await users(call)
    changed = {
        **user,
        "id": "mine",
        "display_name": "Queen",
        "type": "group",
        "created": "2001-01-01T00:00:00Z",
    }
    answer = (await call("PUT", f"/users/{user['id']}", {**changed, "status": "disabled"})).body
    same = {name: answer[name] for name in ("id", "display_name", "type", "created")}
    assert same == {name: user[name] for name in same}
    assert (answer["status"], answer["enabled"]) == ("disabled", False)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/users", {"first_name": "Ada"}, 400),
        ("POST", "/users", {"email": "ada@example.org", "org_id": "nowhere"}, 404),
        ("POST", "/users", {"email": "ada@example.org", "roles": {"wiki": "viewer"}}, 400),
        ("PUT", "/users/{user}", None, 400),
        ("PUT", "/users/{user}", {"email": "bjarne.1@northwind.example"}, 409),
        (
            "POST",
            "/users/{user}/user_identity_updates",
            {"spec": {"primary_email": "hana.7@northwind.example"}},
            409,
        ),
        ("POST", "/v1/user_metadata", {"spec": {"user_id": "nobody"}}, 404),
        ("GET", "/users?limit=501", None, 400),
        ("GET", "/v1/access_requests", None, 400),
        ("PUT", "/users/{user}/roles", {"roles": {}}, 400),
    ],
)
async def test_a_refusal_has_a_code_and_words(
    sandbox: Sandbox, method: str, path: str, body: Any, status: int
) -> None:
    world = sandbox.service
    assert isinstance(world, EmulatedAgilicus)
    url = sandbox.url + path.format(user=next(iter(world.tenant.users)))
    headers = {"Authorization": "Bearer key"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, url, json=body) as answer,
    ):
        refusal = await answer.json()
    assert (answer.status, refusal["error_code"]) == (status, str(status))
    assert refusal["error_message"].endswith(".")
    assert not len(sandbox.ledger)


async def test_a_protected_account_goes_when_its_protector_is_named(call: Caller) -> None:
    (account,) = (await call("GET", "/v1/service_accounts")).body["service_accounts"]
    path = f"/v1/service_accounts/{account['metadata']['id']}"
    named = f"{path}?protected_by_id=connector-1&protected_by_type=connector"
    assert (await call("DELETE", named)).status == 204
    assert (await call("GET", path)).status == 404
    assert await users(call, "type=service_account") == []


async def test_a_request_lapses(call: Caller, orgs: list[str]) -> None:
    (seeded,) = (await call("GET", "/v1/user_requests")).body["user_requests"]
    spec = {**seeded["spec"], "expiry_date": "2020-01-01T00:00:00+00:00"}
    path = f"/v1/user_requests/{seeded['metadata']['id']}"
    replaced = (await call("PUT", path, {"spec": {**spec, "state": "approved"}})).body
    assert (replaced["status"]["expired"], replaced["spec"]["state"]) == (True, "pending")
    declined = (await call("POST", path, {"spec": {**spec, "state": "declined"}})).body
    assert declined["spec"]["state"] == "declined"
    pending = await call("GET", f"/v1/access_requests?org_id={orgs[0]}&request_state=pending")
    assert pending.body["access_requests"] == []


async def test_two_worlds_of_one_seed_are_alike(sandbox: Sandbox) -> None:
    async with Sandbox("agilicus", clock=lambda: 1e9) as one, Sandbox("agilicus", clock=lambda: 1e9) as other:
        assert isinstance(one.service, EmulatedAgilicus)
        assert isinstance(other.service, EmulatedAgilicus)
        assert one.service.tenant == other.service.tenant
