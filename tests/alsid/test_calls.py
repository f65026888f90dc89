"""All 12 operations through both clients: what arrives, by the contract, and what comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alloy_async import (
    NULL,
    BadRequest,
    ConfigurationError,
    Conflict,
    CredentialError,
    InvalidRequest,
    NotFound,
    Unauthorized,
)
from alloy_async.alsid import Alsid, AsyncAlsid, models, operations
from alloy_async.core.messages.request import compile_operation
from alloy_async.core.operation.operation import Operation
from alloy_async.sandbox import Sandbox
from alloy_async.sandbox.alsid.seed import PASSWORD
from alloy_async.sandbox.alsid.service import EmulatedAlsid

from ..caller import Caller, open_caller
from ..oracle import Contract

CONTRACT = Contract("alsid")
STRONG = "Correct-Horse-1"


@pytest.fixture(params=["async", "sync"])
async def call(request: pytest.FixtureRequest, alsid_sandbox: Sandbox) -> AsyncIterator[Caller]:
    async with open_caller(request.param, alsid_sandbox, CONTRACT, ("x-api-key", "key")) as call:
        yield call


async def test_all_12_operations(call: Caller) -> None:
    ada = await create(call)
    await change(call, ada)
    await use_passwords(call, ada)
    await call("api_users_id_delete", ada.id)
    with pytest.raises(NotFound) as caught:
        await call("api_users_id_get", ada.id)
    assert (caught.value.operation, caught.value.effect) == ("api_users_id_get", "none")
    assert call.called == {documented.name for documented in CONTRACT.calls}


async def create(call: Caller) -> models.User:
    bodies = [
        models.ApiUsersBody("Ada", "ada@example.org", STRONG, surname="Byron", active=True, picture=[1, 2]),
        models.ApiUsersBody("Grace", "grace@example.org", STRONG, department=NULL),
    ]
    ada, grace = await call("api_users_post", bodies)
    assert (ada.name, ada.surname, ada.active, ada.picture) == ("Ada", "Byron", True, [1, 2])
    assert (grace.department, grace.active, grace.provider) == (None, False, "tenable")
    everybody = await call("api_users_get")
    assert ada in everybody
    assert grace in everybody
    assert isinstance(ada, models.User)
    return ada


async def change(call: Caller, ada: models.User) -> None:
    body = models.UsersIdBody(surname="Lovelace", department="Engines", picture=NULL)
    changed = await call("api_users_id_patch", body, ada.id)
    assert (changed.surname, changed.picture, changed.name) == ("Lovelace", None, "Ada")
    assert await call("api_users_id_get", str(ada.id)) == changed
    roles = await call("api_users_id_roles_put", models.IdRolesBody([1, 3]), id=ada.id)
    assert roles == models.RoleIds(roles=[1, 3])
    assert (await call("api_users_id_get", ada.id)).roles == [1, 3]


async def use_passwords(call: Caller, ada: models.User) -> None:
    me = await call("api_users_whoami_get")
    assert (me.eula_version, me.internal, me.roles[0].name) == (-1, True, "Global Administrator")
    assert me.roles[0].permissions[0].entity_ids is None
    login = await call("api_login_post", models.ApiLoginBody(STRONG, "ada@example.org"))
    assert login.auth_token

    await call("api_users_forgotten_password_post", models.UsersForgottenpasswordBody("ada@example.org"))
    world = call.sandbox.service
    assert isinstance(world, EmulatedAlsid)
    ((_, token),) = world.installation.mails
    body = models.UsersRetrievepasswordBody(token, "Another-Horse-2")
    await call("api_users_retrieve_password_post", body)
    await call("api_login_post", models.ApiLoginBody("Another-Horse-2", "ada@example.org"))

    await call("api_users_password_patch", models.UsersPasswordBody(PASSWORD, "Third-Horse-33"))
    await call("api_login_post", models.ApiLoginBody("Third-Horse-33", me.email))
    assert isinstance(await call("api_logout_post"), str)


async def test_refusals_come_by_status_with_their_words(alsid_sandbox: Sandbox) -> None:
    async with AsyncAlsid("key", base_url=alsid_sandbox.url) as alsid:
        ada = models.ApiUsersBody("Ada", "ada@example.org", STRONG)
        await alsid.api_users_post([ada])
        with pytest.raises(Conflict, match=r"api_users_post: .*ada@example.org.* exists") as conflict:
            await alsid.api_users_post([models.ApiUsersBody("Grace", "grace@example.org", STRONG), ada])
        assert conflict.value.effect == "none"
        assert alsid_sandbox.ledger.count("api_users_post") == 1
        with pytest.raises(BadRequest, match="12 characters"):
            await alsid.api_users_post([models.ApiUsersBody("Eve", "eve@example.org", "short")])
        with pytest.raises(Unauthorized):
            await alsid.api_login_post(models.ApiLoginBody("wrong-Passw0rd", "ada@example.org"))


@pytest.mark.parametrize(("raw", "word"), [(b"", None), (b"null", None), (b'"bye"', "bye")])
def test_a_logout_may_be_answered_by_nothing(raw: bytes, word: str | None) -> None:
    assert compile_operation(operations.ApiLogoutPost()).decode(raw) == word


async def test_a_login_needs_no_key(alsid_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALSID_API_KEY", raising=False)
    async with AsyncAlsid(base_url=alsid_sandbox.url) as alsid:
        assert await alsid.api_login_post(models.ApiLoginBody(PASSWORD, "admin@northwind.example"))
        with pytest.raises(CredentialError, match=r"api_users_get: .*give api_key= or set .*ALSID_API_KEY"):
            await alsid.api_users_get()
    assert [request.operation for request in alsid_sandbox.requests] == ["api_login_post"]


async def test_a_scheme_is_no_part_of_the_key(alsid_sandbox: Sandbox) -> None:
    async with AsyncAlsid("Bearer key", base_url=alsid_sandbox.url) as alsid:
        with pytest.raises(Unauthorized):
            await alsid.api_users_get()
    assert alsid_sandbox.requests[-1].headers["x-api-key"] == "Bearer key"
    assert "Authorization" not in alsid_sandbox.requests[-1].headers


@pytest.mark.parametrize(
    "operation",
    [
        operations.ApiUsersIdGet("whoami"),
        operations.ApiUsersIdPatch(models.UsersIdBody(), "password"),
        operations.ApiUsersIdDelete("retrieve-password"),
        operations.ApiUsersIdRolesPut(models.IdRolesBody([1]), "forgotten-password"),
    ],
    ids=lambda operation: operation.name,
)
def test_another_operations_path_is_no_id(operation: Operation[Any]) -> None:
    with pytest.raises(InvalidRequest, match=r"path of another operation.*nothing was sent"):
        compile_operation(operation).build_request(operation)


def test_an_installation_has_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALSID_BASE_URL", raising=False)
    for client in (AsyncAlsid, Alsid):
        with pytest.raises(ConfigurationError, match="ALSID_BASE_URL"):
            client("key")
    monkeypatch.setenv("ALSID_BASE_URL", "https://customer.example")
    monkeypatch.setenv("ALSID_API_KEY", "key")
    assert repr(Alsid()) == "Alsid(base_url='https://customer.example')"


async def test_all_users_are_one_page(alsid_sandbox: Sandbox) -> None:
    async with AsyncAlsid("key", base_url=alsid_sandbox.url) as alsid:
        users = [user async for user in alsid.iterate(operations.ApiUsersGet())]
        assert users == await alsid.api_users_get()
    assert len(users) == 9


@pytest.mark.parametrize(
    "value",
    [
        models.ApiLoginBody("canary", "ada@example.org"),
        models.ApiUsersBody("Ada", "ada@example.org", "canary"),
        operations.ApiUsersPost([models.ApiUsersBody("Ada", "ada@example.org", "canary")]),
        operations.ApiUsersPasswordPatch(models.UsersPasswordBody("canary", "canary")),
        models.Login("canary"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_secrets_do_not_show(value: Any) -> None:
    assert "canary" not in repr(value)
    assert "***" in repr(value)


async def test_short_names_are_the_same_operations() -> None:
    async with Sandbox("alsid") as sandbox, AsyncAlsid("key", base_url=sandbox.url) as alsid:
        assert await alsid.users.list() == await alsid.api_users_get()
        assert await alsid.users.get(1) == await alsid.api_users_id_get(1)
        assert (await alsid.users.whoami()).email == (await alsid.api_users_whoami_get()).email
        assert type(alsid.users).list.operation is AsyncAlsid.api_users_get.operation


def test_short_names_without_await() -> None:
    with Sandbox("alsid") as sandbox, Alsid("key", base_url=sandbox.url) as alsid:
        assert alsid.users.list() == alsid.api_users_get()
        assert "api_key" not in repr(alsid.users)
