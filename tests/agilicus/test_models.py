"""Users and groups as they come and go: types, what is unknown here, null; and the token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alloy_async import NULL, ConfigurationError, Unauthorized, from_wire, to_wire
from alloy_async.agilicus import Agilicus, AsyncAgilicus, models, operations
from alloy_async.core.codec.fields import get_fields
from alloy_async.core.messages.request import compile_operation
from alloy_async.sandbox import Sandbox

from ..oracle import Contract

SCHEMAS = Contract("agilicus").document["components"]["schemas"]


@pytest.fixture
async def agilicus(agilicus_sandbox: Sandbox) -> AsyncIterator[AsyncAgilicus]:
    async with AsyncAgilicus("key", base_url=agilicus_sandbox.url) as client:
        yield client


async def test_a_list_of_users_tells_groups_apart(agilicus: AsyncAgilicus) -> None:
    users = (await agilicus.list_users()).users or []
    groups = [user for user in users if isinstance(user, models.Group)]
    assert {group.type for group in groups} == {"group", "sysgroup"}
    assert all(group.members for group in groups)
    assert {user.type for user in users} - {group.type for group in groups} == {"user", "service_account"}
    (engineering,) = (await agilicus.list_users(type=["group"])).users or []
    assert isinstance(engineering, models.Group)
    assert await agilicus.get_user(engineering.id or "") == engineering
    (first, *_) = engineering.members or []
    member = await agilicus.get_user(first.id or "")
    assert engineering.id in [group.id for group in member.member_of or ()]


@pytest.mark.parametrize(
    "kind", ["group", "sysgroup", "bigroup", "user", "service_account", "support_user", "new"]
)
def test_the_type_says_which_model_it_is(kind: str) -> None:
    read = from_wire(models.ListUsersResponse, {"users": [{"type": kind, "members": []}]})
    (user,) = read.users or []
    is_group = SCHEMAS["User"]["x-discriminator"]["mapping"].get(kind) == "#/components/schemas/Group"
    assert type(user) is (models.Group if is_group else models.User)
    assert to_wire(user) == {"type": kind, "members": []}, "also where members are not declared"


@pytest.mark.parametrize("kind", [None, ["group"], {}])
def test_a_user_without_a_type_is_a_user(kind: Any) -> None:
    assert type(from_wire(models.User, {"email": "ada"})) is models.User
    assert models.User._find_variant({"type": kind}) is models.User


def test_a_group_is_what_its_schema_says() -> None:
    assert {field.wire for field in get_fields(models.Group)} == SCHEMAS["Group"]["properties"].keys()
    assert from_wire(models.Group, {"id": "1"}) == models.Group(id="1"), "even without a type"


def test_a_group_is_sent_back_whole() -> None:
    group = from_wire(models.User, {"type": "group", "members": [{"id": "1"}], "unknown": None})
    request = compile_operation(operation := operations.ReplaceUser("g", group)).build_request(operation)
    assert request.body == b'{"type":"group","members":[{"id":"1"}],"unknown":null}'


async def test_users_without_type_are_no_trouble() -> None:
    with Sandbox("agilicus", show_type=False) as sandbox:
        async with AsyncAgilicus("key", base_url=sandbox.url) as agilicus:
            users = (await agilicus.list_users(type=["user", "group"])).users or []
            assert {type(user) for user in users} == {models.User}
            assert (await agilicus.replace_user(users[0].id or "", users[0])).email == users[0].email


async def test_a_replacement_takes_away_what_it_leaves_out(agilicus: AsyncAgilicus) -> None:
    (user, *_) = (await agilicus.list_users(type=["user"])).users or []
    assert user.id
    user.provider, user.extra["badge"] = "google", {"colour": None}
    whole = await agilicus.replace_user(user.id, user)
    assert (whole.provider, whole.extra) == ("google", {"badge": {"colour": None}})
    bare = await agilicus.replace_user(user.id, models.User(email=user.email, org_id=user.org_id))
    assert (bare.provider, bare.first_name, bare.extra, bare.created) == (None, None, {}, user.created)


def test_values_newer_than_this_library_go_back_as_they_came() -> None:
    data = {"status": "paused", "type": "robot", "email": "ada"}
    assert to_wire(from_wire(models.User, data)) == data


def test_null_is_sent_where_it_is_asked_for() -> None:
    assert to_wire(models.User(external_id=NULL, email="ada")) == {"external_id": None, "email": "ada"}
    bulk = models.BulkUserMetadata(None, "json", "{}")
    assert to_wire(bulk) == {"org_id": None, "data_type": "json", "data": "{}"}
    attribute = from_wire(models.UserAttribute, {"name": "shoe", "value": None})
    assert to_wire(attribute) == {"name": "shoe", "value": None}


def test_arrays_are_repeated_and_booleans_written_as_the_vendor_writes_them() -> None:
    operation = operations.ListUsers(
        type=["user", "group"], has_roles=True, orgless_users=False, search_params=["a b"]
    )
    target = compile_operation(operation).build_request(operation).target
    assert target == "/users?type=user&type=group&has_roles=True&orgless_users=False&search_params=a%20b"


# The token


async def test_a_new_token_is_fetched_after_a_401(agilicus_sandbox: Sandbox) -> None:
    tokens = iter(["stale", "key"])
    async with AsyncAgilicus(token=lambda: next(tokens), base_url=agilicus_sandbox.url) as agilicus:
        assert (await agilicus.list_user_guids()).user_ids
    sent = [request.headers["Authorization"] for request in agilicus_sandbox.requests]
    assert sent == ["Bearer stale", "Bearer key"]


async def test_a_token_that_is_not_known(agilicus_sandbox: Sandbox) -> None:
    async with AsyncAgilicus("wrong", base_url=agilicus_sandbox.url) as agilicus:
        with pytest.raises(Unauthorized, match="not known") as caught:
            await agilicus.list_user_guids()
    assert "wrong" not in str(caught.value)


def test_token_and_address_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AGILICUS_TOKEN", "AGILICUS_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    for client in (AsyncAgilicus, Agilicus):
        assert repr(client(token="key")) == f"{client.__name__}(base_url='https://api.agilicus.com')"
        with pytest.raises(ConfigurationError, match=r"token=.*AGILICUS_TOKEN"):
            client()
    monkeypatch.setenv("AGILICUS_TOKEN", "key")
    monkeypatch.setenv("AGILICUS_BASE_URL", "https://agilicus.example/")
    assert repr(Agilicus()) == "Agilicus(base_url='https://agilicus.example')"
