"""Wrong arguments are refused in words for who gave them, before anything is sent, and whatever they are."""

from __future__ import annotations

import dataclasses
import inspect
import math
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypedDict

import attrs
import pytest

from alloy_async import (
    Alloy,
    AsyncAlloy,
    AsyncSmooch,
    Client,
    ConfigurationError,
    CustomRequest,
    DecodeError,
    InvalidRequest,
    Model,
    Opendatasoft,
    OpenTelemetry,
    Rate,
    Retry,
    Service,
    Smooch,
    Timeout,
    Token,
    from_wire,
)
from alloy_async.core.options import Options
from alloy_async.provisioning import RunOptions
from alloy_async.testing import FakeClock, Sandbox

from .server import CERTIFICATE, Scripted, reply

CANARY = "cana" + "ry"


class Odd:
    """Something that no option takes."""


async def give_nothing(*told: object) -> None: ...


ODD_VALUES: list[Any] = [
    None,
    5,
    -1,
    0,
    True,
    2.5,
    math.nan,
    math.inf,
    10**400,
    "",
    "x",
    b"x",
    [],
    ["x"],
    {},
    {"a": 1},
]
ODD_VALUES += [{1: 2}, Odd(), Odd, give_nothing, {"a"}, (1, 2), "\ud800", "a\nb", range(3), 10**5000]


def iterate_options(client: Any) -> Iterator[str]:
    """Yield the names of all that a client can be made with."""
    yield from Options.__annotations__
    yield from (name for name in inspect.signature(client).parameters if name != "options")


@pytest.mark.parametrize("client", [AsyncAlloy, Alloy, AsyncSmooch, Opendatasoft, Client])
def test_no_value_of_an_option_raises_anything_else_than_what_is_said(client: Any) -> None:
    system = {"system": Alloy.system} if client is Client else {}
    for option in iterate_options(client):
        for value in ODD_VALUES:
            options = {"base_url": "https://service.example", **system, option: value}
            if not {"api_key", "token"} & {option}:
                options["token" if client is AsyncSmooch else "api_key"] = "key"
            try:
                client(**options)
            except (ConfigurationError, TypeError) as error:
                said = str(error)
            else:
                continue
            assert option in said or "credential" in said
            assert len(said) < 400


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ssl": True}, "ssl takes an SSLContext, or the path of a file .*; got True"),
        ({"ssl": False}, "ssl takes an SSLContext, or the path of a file .*; got False"),
        ({"clock": 5}, r"clock takes a Clock, as FakeClock\(\), got 5"),
        ({"clock": FakeClock}, "clock takes a Clock, .*, got the class FakeClock"),
        ({"telemetry": OpenTelemetry}, r"telemetry takes OpenTelemetry\(\), got the class OpenTelemetry"),
        ({"rate_limit": Rate}, "rate_limit takes a Rate, .*, got the class Rate"),
        ({"system": 5}, "system takes a Service, got 5"),
        ({"system": Alloy}, "system takes a Service, got the class Alloy"),
        ({"base_url": 0}, "base_url is text, got int"),
        ({"deadline": 10**400}, "deadline is in seconds, above 0 and finite; got a number of 1329 bits"),
        ({"proxy": "http://a\nb"}, "proxy is not the URL of a proxy"),
        ({"base_url": f"ftp://ada:{CANARY}@host"}, "must start with https:// .* and name a host$"),
    ],
)
def test_what_an_option_takes_is_said(options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Alloy("key", **options)


def test_the_path_of_certificates_may_be_a_path() -> None:
    with Alloy("key", ssl=CERTIFICATE) as alloy:  # type: ignore[arg-type]
        assert alloy.base_url


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: Smooch("t", "x"),
            "Smooch takes only token by position, got 2 in a row: give the others by name",
        ),
        (lambda: Alloy("t", api_key="x"), "Alloy got api_key twice, by position and by name"),
        (
            lambda: AsyncAlloy("k").with_options(5),
            "AsyncAlloy.with_options() takes nothing by position, got 1 in a row",
        ),
        (lambda: Timeout(conect=1), "Timeout has no option conect (did you mean connect?)"),
        (lambda: Timeout(total=1), "Timeout has no option total; it has connect, read, pool"),
        (lambda: Timeout(1, 2, 3, 4), "Timeout takes only connect, read, pool, got 4 in a row"),
        (lambda: Timeout(1, connect=2), "Timeout got connect twice, by position and by name"),
        (lambda: Retry(max_attempts=1), "Retry has no option max_attempts (did you mean attempts?)"),
        (lambda: Rate(), "Rate needs per_second="),
        (lambda: Rate(per_minute=60), "Rate has no option per_minute; it has per_second, burst, shared"),
        (lambda: Token("x"), "Token needs expires_at="),
        (lambda: Service("x"), "Service needs base_url="),
        (lambda: RunOptions(concurency=2), "RunOptions has no option concurency (did you mean concurrency?)"),
        (lambda: CustomRequest("GET", pth="/"), "CustomRequest has no option pth (did you mean path?)"),
    ],
)
def test_names_that_are_not_there_are_told_with_those_that_are(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError) as raised:
        call()
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stop": 5}, "stop takes an asyncio.Event, got 5"),
        ({"on": 5}, "on is the address of workers, as local:4; got 5"),
        ({"worker_options": "--profile acme"}, "worker_options is a list of words"),
        ({"sends_again": "no"}, "sends_again is True or False, got str"),
        ({"new_key": 1}, "new_key is True or False, got 1"),
    ],
)
def test_options_of_a_job_are_looked_at(options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        RunOptions(**options)


def test_the_limit_that_is_shared_has_a_name_or_none() -> None:
    with pytest.raises(ConfigurationError, match=r"Rate\(shared=\) is True, False or a name, got 5"):
        Rate(5, shared=5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda alloy: alloy.get_a_user(), "get_a_user() needs user_id="),
        (lambda alloy: alloy.get_a_user("a", "b"), "get_a_user() takes only user_id, got 2 in a row"),
        (
            lambda alloy: alloy.create_a_user(usrname="a"),
            "create_a_user() has no argument usrname (did you mean username?)",
        ),
        (
            lambda alloy: alloy.get_a_user("a", user_id="a"),
            "get_a_user() got user_id twice, by position and by name",
        ),
    ],
)
async def test_arguments_of_a_method_are_told_as_those_of_a_client(call: Any, message: str) -> None:
    with Alloy("key") as alloy, pytest.raises(TypeError) as raised:
        call(alloy)
    assert str(raised.value).startswith(message)
    async with AsyncAlloy("key") as alloy:
        with pytest.raises(TypeError) as raised:
            await call(alloy)
    assert str(raised.value).startswith(message)


def test_a_secret_behind_a_misspelt_name_is_in_no_local_variable() -> None:
    with Alloy("key") as alloy, pytest.raises(TypeError) as raised:
        alloy.create_a_user("ada", passwrd=CANARY)
    frames = traceback.StackSummary.extract(traceback.walk_tb(raised.tb.tb_next), capture_locals=True)
    assert len(frames) >= 1
    assert CANARY not in str([frame.locals for frame in frames])


@attrs.define
class Foreign:
    """A class that is not one of our models."""

    data: list[int]


@dataclasses.dataclass
class Row:
    number: int


class Page(TypedDict):
    rows: list[int]


@pytest.mark.parametrize("kind", [5, "User", (1, 2), complex, list[complex], type, Iterator[int]])
def test_what_nothing_can_be_read_as_is_refused_before_anything_is_sent(kind: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"JSON cannot be read as .*: give a model"):
        from_wire(kind, {})
    with Sandbox("alloy") as sandbox, sandbox.client() as alloy:
        with pytest.raises(InvalidRequest, match=r"JSON cannot be read as .*: give a model"):
            alloy.request("GET", "/users", result=kind)
        assert not sandbox.requests


@pytest.mark.parametrize(
    "kind",
    [Foreign, Row, Page, tuple[int, str], list[Foreign], dict[str, Foreign], dict[str, list[Row]]],
    ids=str,
)
@pytest.mark.parametrize("data", [{"x": CANARY}, [{"data": CANARY}], {"x": [{"number": CANARY}]}, 5, None])
async def test_an_answer_that_does_not_fit_a_foreign_type_is_a_decode_error(kind: Any, data: Any) -> None:
    async with (
        Scripted(reply(200, data)) as service,
        AsyncAlloy("key", base_url=service.url) as alloy,
    ):
        with pytest.raises(DecodeError) as raised:
            await alloy.request("POST", "/x", result=kind)
        assert raised.value.effect == "applied"
        assert CANARY not in str(raised.value)
        assert len(service.arrived) == 1


def test_a_typed_dict_is_read_as_one() -> None:
    assert from_wire(Page, {"rows": [1, 2]}) == {"rows": [1, 2]}
    with pytest.raises(DecodeError):
        from_wire(Page, {"rows": ["x"]})


@attrs.define(eq=False, repr=False)
class Impossible(Model):
    number: complex | None = None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda alloy: alloy.request(5, "/users"), "method is a word, as 'GET'"),
        (lambda alloy: alloy.request("GET", "/users", 5), "arguments is a dictionary"),
        (lambda alloy: alloy.request("GET", "/users", idempotent="no"), "idempotent is True, False or None"),
        (
            lambda alloy: alloy.request("GET", "/users", result=Impossible),
            "JSON cannot be read as Impossible",
        ),
        (lambda alloy: alloy.map(5), "map takes many operations, as a list, got 5; nothing was sent"),
        (lambda alloy: alloy.map("get_a_user"), "map takes many operations, as a list, got str"),
        (lambda alloy: alloy.map(Alloy.get_a_user.operation("ada")), "as a list, got GetAUser"),
        (lambda alloy: alloy.fingerprint_credential("x"), "salt is 16 to 64 bytes, got str"),
        (lambda alloy: alloy.fingerprint_credential(b"x" * 65), "salt is 16 to 64 bytes, got 65 bytes"),
        (lambda alloy: Alloy.from_profile(5), "a profile's name is text, got int"),
    ],
)
def test_wrong_arguments_of_the_other_methods(call: Any, message: str) -> None:
    with Sandbox("alloy") as sandbox, sandbox.client() as alloy:
        with pytest.raises((InvalidRequest, ConfigurationError), match=message):
            call(alloy)
        assert not sandbox.requests


@pytest.mark.parametrize("missing", [Path("no/such/file.pem"), "no/such/file.pem", "\ud800", b"file.pem"])
def test_certificates_that_cannot_be_read_are_told(missing: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"ssl(:| takes)"):
        Alloy("key", ssl=missing)
