"""All 12 operations through both clients: what arrives, by the contract, and what comes back."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from alloy_async import AsyncSmooch, Conflict, Forbidden, NotFound, Smooch, to_wire
from alloy_async.sandbox import Sandbox
from alloy_async.sandbox.contract.multipart_form import parse_form
from alloy_async.sandbox.smooch.service import APP_ID, KEY_ID, SECRET
from alloy_async.smooch import models, operations

from .oracle import BY_NAME, SmoochCall

ADA = "ada/é+1@example.org"
IMMEDIATE = models.Confirmation("immediate")


class Caller:
    """Calls the methods of either client alike, and judges each request that arrived."""

    def __init__(self, client: AsyncSmooch | Smooch, sandbox: Sandbox) -> None:
        self.client = client
        self.sandbox = sandbox
        self.service: Any = sandbox.service
        self.called: set[str] = set()

    async def __call__(self, name: str, *args: Any) -> Any:
        """Call a method with the app's id and the other arguments."""
        method = getattr(self.client, name)
        if isinstance(self.client, AsyncSmooch):
            result = await method(APP_ID, *args)
        else:
            result = await asyncio.to_thread(method, APP_ID, *args)
        self.judge(BY_NAME[name], inspect.signature(method).bind(APP_ID, *args).arguments)
        self.called.add(name)
        return result

    def judge(self, call: SmoochCall, arguments: dict[str, Any]) -> None:
        arrived = self.sandbox.requests[-1]
        values = {name: value if name == "source" else to_wire(value) for name, value in arguments.items()}
        verb, path, query, body = call.request(values)
        assert (arrived.method, arrived.raw_path, arrived.query) == (verb, path, query)
        if "source" in values:
            assert parse_form(arrived.body, arrived.headers["Content-Type"]) == body
        else:
            assert (json.loads(arrived.body) if arrived.body else None) == body
            assert arrived.headers.get("Content-Type") == ("application/json" if body else None)
        assert arrived.headers["Authorization"].startswith("Bearer ey")
        assert str(arrived.status) in call.spec["responses"]


@pytest.fixture
def threaded() -> Iterator[Sandbox]:
    with Sandbox("smooch") as sandbox:
        yield sandbox


@pytest.fixture(params=["async", "sync"])
async def call(request: pytest.FixtureRequest, threaded: Sandbox) -> AsyncIterator[Caller]:
    facts: Any = {"key_id": KEY_ID, "secret": SECRET, "base_url": threaded.url}
    if request.param == "async":
        async with AsyncSmooch(**facts) as client:
            yield Caller(client, threaded)
    else:
        with Smooch(**facts) as client:
            yield Caller(client, threaded)


async def test_all_12_operations(call: Caller) -> None:
    await create(call)
    await link(call)
    await converse(call)
    await clean_up(call)
    assert call.called == BY_NAME.keys()


async def create(call: Caller) -> None:
    signed_up = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    new = models.AppUserPreCreate(
        ADA, given_name="Ada", signed_up_at=signed_up, properties={"plan": "free", "seats": 1}
    )
    user = (await call("pre_create_app_user", new)).app_user
    assert (user.user_id, user.given_name, user.signed_up_at) == (ADA, "Ada", signed_up)
    assert (user.clients, user.conversation_started, user.credential_required) == ([], False, False)
    changes = models.AppUserUpdate(surname="Lovelace", properties={"plan": "paid"})
    changed = (await call("update_app_user", ADA, changes)).app_user
    assert (changed.given_name, changed.surname) == ("Ada", "Lovelace")
    assert changed.properties == {"plan": "paid", "seats": 1}
    by_own_id, by_id = await call("get_app_user", ADA), await call("get_app_user", user.id)
    assert by_own_id == by_id == models.AppUserResponse(changed)


async def link(call: Caller) -> None:
    body = models.AppUserLink("twilio", IMMEDIATE, phone_number="+15550100")
    user = (await call("link_app_user", ADA, body)).app_user
    assert ([c.platform for c in user.pending_clients], user.clients) == (["twilio"], [])
    prompt = models.Confirmation("prompt", models.MessagePost("appMaker", "text", text="Is it you?"))
    body = models.AppUserLink("mailgun", prompt, address="ada@example.org")
    user = (await call("link_app_user", ADA, body)).app_user
    assert [c.platform for c in user.pending_clients] == ["mailgun"]
    assert [c.platform for c in user.clients] == [c.platform for c in user.devices] == ["twilio"]
    call.service.confirm_link(ADA, "mailgun")
    channels = (await call("get_app_user_entity_ids", ADA)).channels
    assert channels == [
        models.ChannelEntityItem("twilio", phone_number="+15550100"),
        models.ChannelEntityItem("mailgun", address="ada@example.org"),
    ]
    wanted = [name for name, kind in call.service.integrations.items() if kind in ("telegram", "viber")]
    requests = (await call("get_link_requests", ADA, wanted)).link_requests
    assert [request.integration_id for request in requests] == wanted
    assert all(request.code in request.url for request in requests)
    assert await call("unlink_app_user", ADA, "twilio") is None
    assert [c.type for c in (await call("get_app_user_entity_ids", ADA)).channels] == ["mailgun"]


async def converse(call: Caller) -> None:
    answer = await call("post_image_message", ADA, b"an image", "appMaker")
    assert (answer.message.role, answer.message.media_type) == ("appMaker", "application/octet-stream")
    assert answer.message.author_id == (await call("get_app_user", ADA)).app_user.id
    assert answer.conversation.unread_count == 1
    code = (await call("get_app_user_auth_code", ADA)).auth_code
    assert code in call.service.auth_codes
    (seeded, *_) = call.service.users.values()
    systems = (await call("get_app_user_business_system_ids", seeded.user_id)).business_systems
    assert [system.type for system in systems] == ["slack", "hipchat"]
    assert (await call("get_app_user_business_system_ids", ADA)).business_systems == []


async def clean_up(call: Caller) -> None:
    user = (await call("delete_app_user_profile", ADA)).app_user
    assert (user.user_id, user.given_name, user.surname, user.properties) == (ADA, None, None, {})
    assert await call("delete_app_user", ADA) is None
    with pytest.raises(NotFound) as caught:
        await call("get_app_user", ADA)
    assert (caught.value.operation, caught.value.effect) == ("get_app_user", "none")
    assert isinstance(caught.value.body, models.Error)


async def test_lists_are_walked(smooch: AsyncSmooch, sandbox: Sandbox) -> None:
    world: Any = sandbox.service
    (user, *_) = world.users.values()
    systems = operations.GetAppUserBusinessSystemIds(APP_ID, user.id)
    assert [system.type async for system in smooch.iterate(systems)] == ["slack", "hipchat"]
    channels = operations.GetAppUserEntityIds(APP_ID, user.id)
    assert [channel.address async for channel in smooch.iterate(channels)] == [user.user_id]
    requests = operations.GetLinkRequests(APP_ID, user.id, list(world.integrations))
    assert [request.type async for request in smooch.iterate(requests)] == [*world.integrations.values()]


async def test_a_user_is_created_once(smooch: AsyncSmooch, sandbox: Sandbox) -> None:
    await smooch.pre_create_app_user(APP_ID, models.AppUserPreCreate("ada"))
    with pytest.raises(Conflict, match="409 Conflict: A user with the userId 'ada' exists") as caught:
        await smooch.pre_create_app_user(APP_ID, models.AppUserPreCreate("ada"))
    assert isinstance(caught.value.body, models.Error)
    assert sandbox.ledger.count(key="ada", what="created") == 1


async def test_another_app_is_forbidden(smooch: AsyncSmooch) -> None:
    with pytest.raises(Forbidden, match="not for the app 'other'"):
        await smooch.get_app_user("other", "ada")
