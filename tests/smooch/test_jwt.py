"""The credential: a ready token, or one that is signed here and renewed before it lapses."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
from typing import Any

import pytest

from alloy_async import AsyncSmooch, ConfigurationError, CredentialError, Forbidden, Smooch, Unauthorized
from alloy_async.core.auth import Auth, Token
from alloy_async.sandbox import Sandbox
from alloy_async.sandbox.smooch.service import APP_ID, KEY_ID, SECRET
from alloy_async.smooch import SignedTokens, models

VARIABLES = ("TOKEN", "KEY_ID", "SECRET", "SCOPE", "BASE_URL")


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(f"SMOOCH_{name}", raising=False)


class Wall:
    """Seconds since the epoch, as the test wants them."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def opened(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload of a token whose signature is right."""
    signed, _, signature = token.rpartition(".")
    wanted = hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256)
    assert base64.urlsafe_b64encode(wanted).rstrip(b"=").decode() == signature
    header, payload = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
    return header, payload


def test_a_token_is_what_the_contract_says() -> None:
    token = SignedTokens(KEY_ID, SECRET, wall=Wall(1000.7))()
    assert token.expires_at == 4600
    assert opened(token.value) == (
        {"alg": "HS256", "typ": "JWT", "kid": KEY_ID},
        {"scope": "app", "exp": 4600},
    )


def test_a_token_for_one_user_names_the_user() -> None:
    token = SignedTokens(KEY_ID, SECRET, "appUser", "ada", lifetime=60, wall=Wall(0))()
    assert opened(token.value)[1] == {"scope": "appUser", "userId": "ada", "exp": 60}


def test_a_short_secret_signs_without_a_warning() -> None:
    assert SignedTokens("app_1", "5XJ85yjU")().value


@pytest.mark.parametrize("facts", [("app", "ada"), ("account", "ada"), ("appUser", None), ("apps", None)])
def test_scope_and_user_must_go_together(facts: Any) -> None:
    with pytest.raises(ConfigurationError, match="scope"):
        SignedTokens(KEY_ID, SECRET, *facts)


async def test_it_is_renewed_before_it_lapses_and_not_sooner() -> None:
    wall = Wall(1000)
    auth = Auth(SignedTokens(KEY_ID, SECRET, lifetime=100, wall=wall), str, wall=wall)
    first = await auth.get_or_fetch_value()
    wall.now = 1100 - Token.MARGIN - 1
    assert await auth.get_or_fetch_value() == first
    wall.now += 1
    second, *others = await asyncio.gather(*(auth.get_or_fetch_value() for _ in range(10)))
    assert second != first
    assert opened(second.reveal())[1]["exp"] == 1100 - Token.MARGIN + 100
    assert set(others) == {second}, "signed once for all who wait"


async def test_a_lapsing_token_is_never_sent(sandbox: Sandbox) -> None:
    lapsing = SignedTokens(KEY_ID, SECRET, lifetime=Token.MARGIN, wall=Ticking())
    world: Any = sandbox.service
    (user, *_) = world.users
    async with AsyncSmooch(lapsing, base_url=sandbox.url) as smooch:
        for _ in range(3):
            await smooch.get_app_user(APP_ID, user)
    tokens = [request.headers["Authorization"] for request in sandbox.requests]
    assert len(set(tokens)) == 3
    assert [request.status for request in sandbox.requests] == [200] * 3


class Ticking:
    """Behind the real time, and a second later at each look: no two tokens are the same."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> float:
        self.looks += 1
        return time.time() - 10 + self.looks


async def test_a_refused_token_is_renewed_once(sandbox: Sandbox) -> None:
    tokens = iter([SignedTokens(KEY_ID, "rotated")(), SignedTokens(KEY_ID, SECRET)()])
    async with AsyncSmooch(lambda: next(tokens), base_url=sandbox.url) as smooch:
        answer = await smooch.answer(smooch_operation("pre_create_app_user", models.AppUserPreCreate("ada")))
    assert (answer.status, answer.attempts) == (201, 2)
    assert [request.status for request in sandbox.requests] == [401, 201]


def smooch_operation(name: str, *args: Any) -> Any:
    operation: Any = getattr(AsyncSmooch, name).operation
    return operation(APP_ID, *args)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"key_id": "app_unknown", "secret": SECRET}, "kid 'app_unknown' is no key"),
        ({"key_id": KEY_ID, "secret": "wrong"}, "signature is wrong"),
        ({"token": "key"}, "no JSON Web Token"),
        ({"token": SignedTokens(KEY_ID, SECRET, lifetime=-1)().value}, "lapsed"),
    ],
)
async def test_the_service_refuses_other_tokens(sandbox: Sandbox, facts: Any, reason: str) -> None:
    async with AsyncSmooch(**facts, base_url=sandbox.url) as smooch:
        with pytest.raises(Unauthorized, match=reason) as caught:
            await smooch.get_app_user(APP_ID, "ada")
    assert isinstance(caught.value.body, models.Error)
    assert SECRET not in str(caught.value)


async def test_a_token_of_one_user_opens_only_that_user(sandbox: Sandbox) -> None:
    world: Any = sandbox.service
    mine, other = list(world.users.values())[:2]
    facts: Any = {"key_id": KEY_ID, "secret": SECRET, "base_url": sandbox.url}
    async with AsyncSmooch(**facts, scope="appUser", user_id=mine.user_id) as smooch:
        assert (await smooch.get_app_user(APP_ID, mine.id)).app_user
        with pytest.raises(Forbidden, match="another user"):
            await smooch.get_app_user(APP_ID, other.id)
        with pytest.raises(Forbidden, match="scope 'app'"):
            await smooch.pre_create_app_user(APP_ID, models.AppUserPreCreate("ada"))


# Where it comes from


@pytest.mark.parametrize("client", [AsyncSmooch, Smooch])
@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, r"no credential: give key_id= \(or SMOOCH_KEY_ID\).*secret=.*or token= \(or SMOOCH_TOKEN\)"),
        ({"key_id": KEY_ID}, r"give secret= \(or SMOOCH_SECRET\)$"),
        ({"secret": SECRET}, r"give key_id= \(or SMOOCH_KEY_ID\)$"),
        ({"token": "t", "key_id": KEY_ID}, "not both"),
        ({"key_id": KEY_ID, "secret": SECRET, "scope": "appUser"}, "needs user_id"),
        ({"token": ""}, "empty"),
    ],
)
def test_half_a_credential_is_none(client: Any, facts: Any, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        client(**facts)


@pytest.mark.parametrize("client", [AsyncSmooch, Smooch])
async def test_the_environment_gives_it(
    client: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMOOCH_BASE_URL", sandbox.url)
    monkeypatch.setenv("SMOOCH_KEY_ID", KEY_ID)
    monkeypatch.setenv("SMOOCH_SECRET", SECRET)
    monkeypatch.setenv("SMOOCH_SCOPE", "account")
    assert await scope_sent(client(), sandbox) == "account"
    assert await scope_sent(client(scope="app"), sandbox) == "app"
    monkeypatch.setenv("SMOOCH_TOKEN", SignedTokens(KEY_ID, SECRET, "app")().value)
    assert await scope_sent(client(), sandbox) == "app"
    assert await scope_sent(client(key_id=KEY_ID, secret=SECRET), sandbox) == "account"


async def scope_sent(client: Any, sandbox: Sandbox) -> str:
    operation = smooch_operation("get_app_user", next(iter(sandbox.service.users)))  # type: ignore[attr-defined]
    if isinstance(client, AsyncSmooch):
        async with client:
            await client.send(operation)
    else:
        await asyncio.to_thread(client.send, operation)
        await asyncio.to_thread(client.close)
    scope: str = opened(sandbox.requests[-1].headers["Authorization"].partition(" ")[2])[1]["scope"]
    return scope


def test_nothing_shows_the_secret() -> None:
    tokens = SignedTokens(KEY_ID, SECRET)
    for shown in (repr(tokens), repr(tokens()), repr(AsyncSmooch(tokens))):
        assert SECRET not in shown
        assert tokens().value not in shown


async def test_a_failing_signer_is_no_mystery(sandbox: Sandbox) -> None:
    tokens = SignedTokens(KEY_ID, 5, wall=Wall(0))  # type: ignore[arg-type]
    async with AsyncSmooch(tokens, base_url=sandbox.url) as smooch:
        with pytest.raises(CredentialError, match="TypeError"):
            await smooch.get_app_user(APP_ID, "ada")
    assert not sandbox.requests


WITHOUT_PYJWT = """
import sys
sys.modules["jwt"] = None
from alloy_async import AsyncSmooch, ConfigurationError
AsyncSmooch("a.ready.token")
try:
    AsyncSmooch(key_id="app_1", secret="s")
except ConfigurationError as error:
    print(error)
"""


def test_without_pyjwt_a_ready_token_works_and_a_key_pair_says_what_to_install() -> None:
    outcome = subprocess.run(
        [sys.executable, "-c", WITHOUT_PYJWT], capture_output=True, text=True, timeout=60, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "pip install 'alloy-async[smooch]'" in outcome.stdout
