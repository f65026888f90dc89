"""The emulated Smooch: what it refuses, how links come about, and how strictly it reads a form."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from yarl import URL

from alloy_async.sandbox import Reply, Sandbox
from alloy_async.sandbox.contract.contract import load_contract
from alloy_async.sandbox.contract.multipart_form import FilePart, parse_form
from alloy_async.sandbox.contract.schema import Misfit
from alloy_async.sandbox.smooch.service import APP_ID, KEY_ID, SECRET

NOW = 1_700_000_000.0
HEADER = {"alg": "HS256", "typ": "JWT", "kid": KEY_ID}
APP = {"scope": "app", "exp": NOW + 60}
USERS = f"/v1/apps/{APP_ID}/appusers"

Caller = Callable[..., Awaitable[tuple[int, Any]]]


def signed(claims: Any, header: Any = HEADER, secret: str = SECRET) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = hmac.digest(secret.encode(), b".".join(parts), hashlib.sha256)
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox("smooch", clock=lambda: NOW) as sandbox:
        yield sandbox


@pytest.fixture
async def call(sandbox: Sandbox) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:

        async def request(method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
            headers = {"Authorization": f"Bearer {more.pop('token', signed(APP))}"}
            url = URL(sandbox.url + path, encoded=True)
            async with session.request(method, url, json=body, headers=headers, **more) as response:
                raw = await response.read()
            operation = sandbox.requests[-1].operation
            if operation is not None:
                answer = Reply(response.status, raw, response.headers.get("Content-Type"))
                load_contract("smooch").operations[operation].check_answer(answer)
            return response.status, json.loads(raw) if raw else None

        yield request


# Tokens


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("key", "no JSON Web Token"),
        ("a.b", "three parts"),
        ("é.b.c", "three parts"),
        ("!.b.c", "no JSON Web Token"),
        (signed(APP)[:-3], "signature is wrong"),
        (signed(APP, secret="other"), "signature is wrong"),
        (signed(APP).rpartition(".")[0] + ".", "signature is wrong"),
        (signed(APP, {**HEADER, "alg": "none"}), "alg is 'none'"),
        (signed(APP, {"alg": "HS256"}), "kid None"),
        (signed(APP, []), "not both objects"),
        (signed({**APP, "exp": NOW}), "lapsed"),
        (signed({**APP, "exp": "never"}), "lapsed"),
        (signed({"exp": NOW + 60}), "scope is None"),
        (signed({"scope": "appUser"}), "needs the claim userId"),
    ],
)
async def test_bad_tokens_are_refused(call: Caller, token: str, reason: str) -> None:
    status, body = await call("GET", f"{USERS}/ada", token=token)
    assert (status, body["error"]["code"]) == (401, "unauthorized")
    assert reason in body["error"]["description"]


async def test_a_token_needs_no_expiry(call: Caller, sandbox: Sandbox) -> None:
    world: Any = sandbox.service
    assert (await call("GET", f"{USERS}/{next(iter(world.users))}", token=signed({"scope": "app"})))[0] == 200


@pytest.mark.parametrize(("scope", "status"), [("app", 403), ("account", 404)])
async def test_another_app_is_forbidden_or_unknown(call: Caller, scope: str, status: int) -> None:
    token = signed({"scope": scope})
    assert (await call("GET", "/v1/apps/other/appusers/ada", token=token))[0] == status


async def test_other_keys_and_apps_can_be_given() -> None:
    async with (
        Sandbox("smooch", app_id="mine", key_id="k", secret="s", seed_users=0) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        token = signed({"scope": "app"}, {**HEADER, "kid": "k"}, "s")
        body = {"userId": "ada"}
        async with session.post(
            f"{sandbox.url}/v1/apps/mine/appusers", json=body, headers={"Authorization": f"Bearer {token}"}
        ) as response:
            assert response.status == 201


async def test_any_token_will_do_where_keys_are_not_checked() -> None:
    async with Sandbox("smooch", keys=None) as sandbox, aiohttp.ClientSession() as session:
        headers = {"Authorization": "Bearer any"}
        async with session.get(f"{sandbox.url}{USERS}/nobody", headers=headers) as response:
            assert response.status == 404


# Users


async def test_users_are_unique_merged_and_deleted(call: Caller, sandbox: Sandbox) -> None:
    status, body = await call("POST", USERS, {"userId": "ada", "properties": {"a": 1}, "surname": "B"})
    assert (status, body["appUser"]["properties"]) == (201, {"a": 1})
    own = body["appUser"]["_id"]
    for taken in ("ada", own):
        assert (await call("POST", USERS, {"userId": taken}))[0] == 409
    status, body = await call("PUT", f"{USERS}/{own}", {"properties": {"b": None}, "email": "a@b.example"})
    user = body["appUser"]
    assert (user["properties"], user["surname"], user["email"]) == ({"a": 1, "b": None}, "B", "a@b.example")
    assert await call("DELETE", f"{USERS}/ada") == (200, None)
    assert (await call("GET", f"{USERS}/{own}"))[0] == 404
    assert (await call("POST", USERS, {"userId": "ada"}))[0] == 201
    assert [effect.what for effect in sandbox.ledger] == ["created", "updated", "deleted", "created"]


async def test_the_paths_of_newer_packages_lead_to_the_same(call: Caller, sandbox: Sandbox) -> None:
    path = USERS.replace("/v1/", "/v1.1/")
    assert (await call("POST", path, {"userId": "ada"}))[0] == 201
    assert (await call("GET", f"{USERS}/ada"))[0] == 200
    assert [request.operation for request in sandbox.requests] == ["pre_create_app_user", "get_app_user"]


@pytest.mark.parametrize(
    "body",
    [{}, {"userId": ""}, {"userId": 1}, {"userId": "u", "properties": {"a": {}}}, {"userId": "u", "new": 1}],
)
async def test_bad_users_are_refused(call: Caller, sandbox: Sandbox, body: Any) -> None:
    assert (await call("POST", USERS, body))[0] == 400
    assert not sandbox.ledger


# Links


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "twilio", "phoneNumber": "+1"}, 200),
        ({"type": "twilio", "phoneNumber": "1"}, 400),
        ({"type": "messagebird"}, 400),
        ({"type": "messenger", "phoneNumber": "1"}, 200),
        ({"type": "mailgun", "phoneNumber": "+1"}, 400),
        ({"type": "telegram", "phoneNumber": "+1"}, 400),
        ({"type": "unknown", "phoneNumber": "+1"}, 400),
        ({"type": "twilio", "phoneNumber": "+1", "integrationId": "none"}, 404),
    ],
)
async def test_a_link_needs_what_its_channel_needs(call: Caller, body: Any, status: int) -> None:
    await call("POST", USERS, {"userId": "ada"})
    link = {**body, "confirmation": {"type": "immediate"}}
    assert (await call("POST", f"{USERS}/ada/channels", link))[0] == status


async def test_a_link_is_pending_until_confirmed(call: Caller, sandbox: Sandbox) -> None:
    world: Any = sandbox.service
    await call("POST", USERS, {"userId": "ada"})
    link = {"type": "twilio", "phoneNumber": "+1", "confirmation": {"type": "userActivity"}}
    for _ in range(2):
        status, _ = await call("POST", f"{USERS}/ada/channels", link)
        user = (await call("GET", f"{USERS}/ada"))[1]["appUser"]
        assert (len(user["pendingClients"]), user["clients"]) == (1, [])
    assert status == 409
    world.confirm_link("ada", "twilio")
    user = (await call("GET", f"{USERS}/ada"))[1]["appUser"]
    assert (user["pendingClients"], len(user["clients"])) == ([], 1)
    assert await call("DELETE", f"{USERS}/ada/channels/twilio") == (200, None)
    assert (await call("DELETE", f"{USERS}/ada/channels/twilio"))[0] == 404


async def test_a_link_request_needs_an_integration(call: Caller, sandbox: Sandbox) -> None:
    world: Any = sandbox.service
    user, integration = next(iter(world.users)), next(iter(world.integrations))
    path = f"{USERS}/{user}/linkrequest"
    assert (await call("GET", path))[0] == 400
    assert (await call("GET", f"{path}?integrationIds=none"))[0] == 404
    status, body = await call("GET", f"{path}?integrationIds={integration}%2C{integration}")
    assert (status, len(body["linkRequests"])) == (200, 2)


# Images


async def test_an_image_is_kept_as_hash_and_size(call: Caller, sandbox: Sandbox) -> None:
    world: Any = sandbox.service
    user = next(iter(world.users))
    form = aiohttp.FormData({"role": "appMaker", "name": "Shop", "text": "Look"}, quote_fields=False)
    form.add_field("source", b"image", filename="é.png", content_type="image/png")
    status, body = await call("POST", f"{USERS}/{user}/images", data=form)
    assert (status, body["message"]["name"], body["message"]["text"]) == (201, "Shop", "Look")
    ((message,),) = world.messages.values()
    assert (message.image, message.image.size) == (hashlib.sha256(b"image").hexdigest(), 5)
    assert (message.image.filename, message.image.content_type) == ("é.png", "image/png")


@pytest.mark.parametrize(
    "parts",
    [
        {"source": b"image"},
        {"source": b"image", "role": "admin"},
        {"source": b"image", "role": "appUser", "new": "1"},
        {"role": "appUser"},
        {"source": "no file", "role": "appUser"},
        {"source": b"", "role": "appUser"},
    ],
)
async def test_bad_forms_are_refused(call: Caller, sandbox: Sandbox, parts: dict[str, Any]) -> None:
    world: Any = sandbox.service
    with aiohttp.MultipartWriter("form-data") as form:
        for name, content in parts.items():
            file = {"filename": "a.png"} if isinstance(content, bytes) else {}
            form.append(content).set_content_disposition("form-data", name=name, **file)
    status, _ = await call("POST", f"{USERS}/{next(iter(world.users))}/images", data=form)
    assert status == 400
    assert not world.messages


FORM = "multipart/form-data; boundary=b"
TEXT = b'--b\r\nContent-Disposition: form-data; name="t"\r\n\r\ntext\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\nContent-Type: x/y\r\n\r\n\x00\r\n--\r\n'


def test_a_form_is_read_to_the_byte() -> None:
    form = parse_form(TEXT + FILE + b"--b--\r\n", FORM)
    assert form == {"t": "text", "f": hashlib.sha256(b"\x00\r\n--").hexdigest()}
    file = form["f"]
    assert isinstance(file, FilePart)
    assert (file.size, file.filename, file.content_type) == (5, "a", "x/y")


@pytest.mark.parametrize(
    ("raw", "content_type", "reason"),
    [
        (TEXT + b"--b--", "multipart/form-data", "no boundary"),
        (b"\r\n" + TEXT + b"--b--", FORM, "does not begin"),
        (TEXT, FORM, "breaks off"),
        (TEXT + b"--b--more", FORM, "after its end"),
        (TEXT + b"--bx", FORM, "no line end"),
        (TEXT + TEXT + b"--b--", FORM, "'t' twice"),
        (TEXT.replace(b"; name", b"; title") + b"--b--", FORM, "with a name"),
        (TEXT.replace(b"form-data", b"attachment") + b"--b--", FORM, "form-data with a name"),
        (TEXT.replace(b"text", b"\xff") + b"--b--", FORM, "t is not UTF-8"),
        (TEXT.replace(b"Content-Disposition: ", b"") + b"--b--", FORM, "no header"),
    ],
)
def test_what_is_no_form_is_refused(raw: bytes, content_type: str, reason: str) -> None:
    with pytest.raises(Misfit, match=reason):
        parse_form(raw, content_type)
