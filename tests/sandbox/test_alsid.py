"""The Alsid world: what each operation does. The `call` fixture holds every answer against the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alloy_async.sandbox import Sandbox
from alloy_async.sandbox.alsid.seed import PASSWORD
from alloy_async.sandbox.alsid.service import EmulatedAlsid
from alloy_async.sandbox.alsid.state import ADMIN

from .conftest import Caller

ADA = {"name": "Ada", "email": "ada@x.example", "password": "Correct-Horse-1"}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox("alsid", seed_users=2) as sandbox:
        yield sandbox


async def accepted(call: Caller, method: str, path: str, json: Any = None) -> Any:
    reply = await call(method, path, json)
    assert reply.status == 200, reply.body
    return reply.body


async def test_users_come_and_go_in_arrays(call: Caller) -> None:
    grace = {**ADA, "name": "Grace", "email": "grace@x.example", "active": True}
    created = await accepted(call, "POST", "/api/users", [ADA, grace])
    assert [(user["email"], user["active"]) for user in created] == [
        ("ada@x.example", False),
        ("grace@x.example", True),
    ]
    assert len({user["id"] for user in await accepted(call, "GET", "/api/users")}) == 5
    path = f"/api/users/{created[0]['id']}"
    assert await accepted(call, "GET", path) == created[0]
    assert await accepted(call, "DELETE", path) is None
    assert (await call("GET", path)).status == 404
    assert (await call("DELETE", path)).status == 404
    assert [(effect.what, effect.key) for effect in call.sandbox.ledger] == [
        ("created", "ada@x.example"),
        ("created", "grace@x.example"),
        ("deleted", "ada@x.example"),
    ]


@pytest.mark.parametrize(
    ("second", "status"),
    [
        ({**ADA, "email": "ADA@X.example"}, 409),
        ({**ADA, "email": "nobody"}, 400),
        ({**ADA, "email": "eve@x.example", "password": "correct-horse-1"}, 400),
        ({"name": "Eve", "email": "eve@x.example"}, 400),
    ],
)
async def test_one_bad_user_and_none_is_created(call: Caller, second: Any, status: int) -> None:
    reply = await call("POST", "/api/users", [ADA, second])
    assert (reply.status, list(reply.body)) == (status, ["error"])
    assert not list(call.sandbox.ledger)


async def test_a_change_leaves_what_it_does_not_name(call: Caller) -> None:
    (ada,) = await accepted(call, "POST", "/api/users", [{**ADA, "department": "IT"}])
    path = f"/api/users/{ada['id']}"
    changed = await accepted(call, "PATCH", path, {"surname": "Byron", "department": None})
    assert changed == {**ada, "surname": "Byron", "department": None}
    assert (await call("PATCH", path, {"email": "admin@northwind.example"})).status == 409
    assert await accepted(call, "PATCH", path, {"email": "ada@x.example"}) == changed


async def test_roles_are_replaced_whole_and_must_exist(call: Caller) -> None:
    path = f"/api/users/{ADMIN + 1}/roles"
    assert await accepted(call, "PUT", path, {"roles": [3, 1]}) == {"roles": [3, 1]}
    assert (await call("PUT", path, {"roles": [1, 99]})).status == 400
    assert (await accepted(call, "GET", path.removesuffix("/roles")))["roles"] == [3, 1]


async def test_the_administrator_stays_and_has_whole_roles(call: Caller) -> None:
    me = await accepted(call, "GET", "/api/users/whoami")
    assert (me["id"], me["internal"], me["roles"][0]["permissions"][0]["action"]) == (ADMIN, True, "read")
    assert (await call("DELETE", f"/api/users/{ADMIN}")).status == 403


async def test_three_operations_take_no_key(call: Caller) -> None:
    async def status(method: str, path: str, json: Any = None) -> int:
        return (await call(method, path, json, key="wrong")).status

    login = {"email": "admin@northwind.example", "password": PASSWORD}
    assert await status("POST", "/api/login", login) == 200
    assert await status("POST", "/api/users/forgotten-password", {"email": "x@y"}) == 200
    reset = {"token": "t", "newPassword": ADA["password"]}
    assert await status("POST", "/api/users/retrieve-password", reset) == 400
    assert await status("GET", "/api/users") == 401
    assert await status("POST", "/api/logout") == 401


async def test_a_login_gives_a_token_until_the_logout(call: Caller) -> None:
    login = {"email": "ADMIN@northwind.example", "password": PASSWORD}
    token = (await accepted(call, "POST", "/api/login", login))["authToken"]
    world = call.sandbox.service
    assert isinstance(world, EmulatedAlsid)
    assert world.installation.sessions == {token: ADMIN}
    await accepted(call, "POST", "/api/logout")
    assert world.installation.sessions == {}
    assert (await call("POST", "/api/login", {**login, "password": "x"})).status == 401


async def test_a_forgotten_password_is_set_anew_once(call: Caller) -> None:
    email = {"email": "admin@northwind.example"}
    await accepted(call, "POST", "/api/users/forgotten-password", email)
    await accepted(call, "POST", "/api/users/forgotten-password", {"email": "nobody@x.example"})
    world = call.sandbox.service
    assert isinstance(world, EmulatedAlsid)
    ((_, token),) = world.installation.mails
    weak = {"token": token, "newPassword": "short"}
    assert (await call("POST", "/api/users/retrieve-password", weak)).status == 400
    new = {"token": token, "newPassword": ADA["password"]}
    await accepted(call, "POST", "/api/users/retrieve-password", new)
    assert (await call("POST", "/api/users/retrieve-password", new)).status == 400
    await accepted(call, "POST", "/api/login", {**email, "password": ADA["password"]})


async def test_a_password_is_changed_by_who_knows_the_old_one(call: Caller) -> None:
    change = {"oldPassword": PASSWORD, "newPassword": ADA["password"]}
    await accepted(call, "PATCH", "/api/users/password", change)
    assert (await call("PATCH", "/api/users/password", change)).status == 400


@pytest.mark.parametrize("id", ["0", "abc", "-1", "1.0", "99999999999999999999"])
async def test_an_unknown_id_is_a_404(call: Caller, id: str) -> None:  # noqa: A002
    assert (await call("GET", f"/api/users/{id}")).status == 404
