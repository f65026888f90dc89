"""Promise 6: a secret appears in no log, repr, error, pickle or traceback. Canaries in every secret place, and a grep."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import pickle
import ssl
import traceback
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import quote

import aiohttp
import attrs
import pytest

from alloy_async import (
    AlloyAsyncError,
    AsyncAlloy,
    AsyncClient,
    ConnectionLost,
    Model,
    Operation,
    Retry,
    Service,
    Timeout,
    Token,
    from_wire,
    to_wire,
)
from alloy_async.alloy import models, operations
from alloy_async.core.messages.upload import FileSource
from alloy_async.core.operation.markers import Part
from alloy_async.testing import FakeClock

from .server import (
    CERTIFICATE,
    Arrived,
    Cut,
    Hang,
    Reply,
    Reset,
    Scripted,
    closed_port,
    reply,
    reset_when_closed,
    tls_of_localhost,
)

KEY = "canary-key-Zx9/+=="
NESTED = 'canary-"nested"\\é'
EXTRA = "canary-extra&1"
QUERY = "canary-query"
BODY = "canary-body"
ANSWER = "canary-answer"

SECRETS = (KEY, NESTED, EXTRA)
"""What may show nowhere."""
PRIVATE = (QUERY, BODY)
"""What may show in no log and in no hook's event."""

LINK = operations.GenerateOauthLink(QUERY, "slack", properties={"shop": EXTRA})
CREDENTIAL = operations.CreateACredential(
    models.NewCredential("slack", {"token": NESTED, "of": [NESTED]}), BODY
)
BRIEF: dict[str, Any] = {"timeout": Timeout(read=0.5), "retry": Retry(attempts=2)}
TOKEN = operations.GenerateJwtToken("ada")


def forms(canary: str) -> set[str]:
    """How a text may be written where it shows."""
    return {
        canary,
        repr(canary)[1:-1],
        json.dumps(canary)[1:-1],
        json.dumps(canary, ensure_ascii=False)[1:-1],
        quote(canary, safe=""),
        quote(canary),
        repr(canary.encode())[2:-1],
    }


def shown(text: str | bytes, canaries: tuple[str, ...]) -> list[str]:
    if isinstance(text, bytes):
        return [canary for canary in canaries for form in forms(canary) if form.encode() in text]
    return [canary for canary in canaries for form in forms(canary) if form in text]


def traces(error: BaseException) -> str:
    """All that a program may print of an error: with its causes and contexts, also those that are not shown."""
    chain: list[BaseException] = []
    links: list[BaseException | None] = [error]
    while links:
        link = links.pop()
        if link is not None and link not in chain:
            chain.append(link)
            links += [link.__cause__, link.__context__]
    return "".join("".join(traceback.format_exception(link)) + repr(link) for link in chain)


def echo(status: int) -> Callable[[Arrived], bytes]:
    """An answer that repeats the whole request in its body and in a header."""

    def answer(request: Arrived) -> bytes:
        key = request.headers["authorization"]
        body = {
            "message": f"{request.target} {key}",
            "you": dict(request.headers),
            "sent": request.body.decode(),
        }
        try:
            body["json"] = json.loads(request.body)
        except ValueError:
            body["json"] = None
        return reply(status, body, X_Echo=key)

    return answer


FAILURES: dict[str, Reply] = {
    **{str(status): echo(status) for status in (301, 400, 401, 403, 404, 409, 429, 500, 503)},
    "reset": Reset(),
    "cut": Cut(reply(200, {"data": {"x": KEY}})[:-5]),
    "hang": Hang(),
    "no JSON": lambda request: reply(200, b"<html>" + request.headers["authorization"].encode()),
    "other JSON": lambda request: reply(
        200,
        {
            "success": request.headers["authorization"],
            "oauthUrl": [request.headers["authorization"]],
            "token": 5,
            "sent": request.body.decode(),
        },
    ),
    "no HTTP": Cut(b"canary-key-Zx9/+== is what I got\r\n\r\n"),
}


class Watch:
    """Everything that a client tells while a call fails."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        self._caplog = caplog
        self.events: list[Any] = []

    @property
    def logged(self) -> str:
        records = self._caplog.records
        return "\n".join(
            [*(record.getMessage() for record in records), *(str(record.args) for record in records)]
        )

    def options(self) -> dict[str, Any]:
        return dict.fromkeys(("on_request", "on_response", "on_retry"), self.events.append)

    async def check(self, call: Awaitable[Any]) -> AlloyAsyncError:
        loop = asyncio.get_running_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = 0.0  # asyncio logs every step it takes
        with pytest.raises(AlloyAsyncError) as raised:
            await call
        loop.set_debug(False)
        error = raised.value
        for text in (str(error), repr(error), repr(error.__dict__), traces(error), pickle.dumps(error)):
            assert not shown(text, SECRETS)
        assert not shown(repr(self.events), SECRETS)
        assert not shown(repr([event for event in self.events if not getattr(event, "error", None)]), PRIVATE)
        assert not shown(self.logged, (*SECRETS, *PRIVATE))
        assert self.logged, "there is nothing to be found in"
        return error


@pytest.fixture
def watch(caplog: pytest.LogCaptureFixture) -> Watch:
    return Watch(caplog)


@pytest.mark.parametrize("operation", [LINK, CREDENTIAL, TOKEN], ids=lambda operation: operation.name)
@pytest.mark.parametrize("name", FAILURES)
async def test_no_secret_in_what_a_failure_tells(
    name: str, operation: Any, watch: Watch, clock: FakeClock
) -> None:
    async with (
        Scripted(FAILURES[name]) as service,
        AsyncAlloy(KEY, base_url=service.url, clock=clock, **BRIEF, **watch.options()) as client,
    ):
        await watch.check(client.send(operation))
        assert KEY in service.arrived[0].headers["authorization"]  # it was there to be echoed


async def test_no_secret_where_there_is_no_connection(watch: Watch, clock: FakeClock) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    async with AsyncAlloy(KEY, base_url=url, clock=clock, **watch.options()) as client:
        for operation in (LINK, CREDENTIAL):
            await watch.check(client.send(operation))


async def test_no_secret_of_the_query_where_the_key_goes_there(watch: Watch, clock: FakeClock) -> None:
    system = Service("local", None, present=str, query_key="apikey")
    for failure in (reply(500, b""), Reset(), reply(302, b"", Location="/elsewhere"), Cut(b"what?\r\n\r\n")):
        async with (
            Scripted(failure) as service,
            AsyncClient(KEY, system=system, base_url=service.url, clock=clock, **watch.options()) as client,
        ):
            await watch.check(client.send(TOKEN))
            assert quote(KEY, safe="") in service.arrived[0].target


@attrs.frozen(eq=False, repr=False)
class Upload(Operation[dict[str, Any]]):
    """Sends a file in pieces."""

    verb = "POST"
    route = "/up"
    source: Annotated[FileSource, Part("source")]


@pytest.mark.parametrize("own_session", [False, True])
async def test_no_secret_of_the_query_where_an_upload_breaks_off(own_session: bool) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        reset_when_closed(writer)
        writer.close()

    service = Service("opendatasoft", None, query_key="apikey")
    trusting = ssl.create_default_context(cafile=CERTIFICATE)
    connector = aiohttp.TCPConnector(ssl=trusting)
    async with (
        await asyncio.start_server(reset, "127.0.0.1", 0, ssl=tls_of_localhost()) as server,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        options: dict[str, Any] = {"session": session} if own_session else {"ssl": trusting}
        once = Retry(attempts=1)
        async with AsyncClient(KEY, system=service, base_url=url, retry=once, **options) as client:
            with pytest.raises(ConnectionLost) as raised:
                await client.send(Upload(io.BytesIO(b"x" * 6_000_000)))
    assert shown(traces(raised.value) + str(raised.value), (KEY, "/up?")) == []
    assert raised.value.effect == "unknown"


@pytest.mark.parametrize(
    "operation",
    [
        operations.GenerateOauthLink(5, properties={"shop": EXTRA}),  # type: ignore[arg-type]
        operations.GenerateOauthLink("ada", properties={"userId": EXTRA}),
        operations.GenerateOauthLink("ada", properties={"a": EXTRA, "b": 5}),  # type: ignore[dict-item]
        operations.CreateACredential(models.NewCredential("x", {"a": NESTED, "b": {1}}), "ada"),
        operations.CreateACredential(models.NewCredential("x", NESTED), "ada"),  # type: ignore[arg-type]
        operations.CreateACredential(models.NewCredential("x", {"a": NESTED + "\ud800"}), "ada"),
    ],
)
async def test_no_secret_in_what_a_refused_argument_tells(operation: Any, watch: Watch) -> None:
    logging.getLogger("alloy_async").debug("a first line")
    async with AsyncAlloy(KEY, base_url="http://127.0.0.1:1", **watch.options()) as client:
        error = await watch.check(client.send(operation))
    assert error.attempts == 0


async def test_no_secret_of_a_failing_source_s_credential(watch: Watch) -> None:
    logging.getLogger("alloy_async").debug("a first line")
    for source in (lambda: KEY + "\n\0", lambda: Token(KEY + "é", 0.0)):
        async with AsyncAlloy(source, base_url="http://127.0.0.1:1", **watch.options()) as client:
            await watch.check(client.send(TOKEN))


async def test_no_secret_in_the_repr_of_things() -> None:
    client = AsyncAlloy(KEY, base_url="http://localhost", headers={"X-Key": KEY})
    token = from_wire(models.Token, {"token": NESTED, "unheard": EXTRA})
    things = [client, client.with_options(deadline=5), Token(KEY, 0.0), LINK, CREDENTIAL, token, [token]]
    things += [part for part in vars(client).values() if type(part).__module__.startswith("alloy_async")]
    for thing in things:
        assert not shown(repr(thing) + str(thing), SECRETS)
    assert isinstance(token, Model)
    assert to_wire(token) == {"token": NESTED, "unheard": EXTRA}  # it is all there for those who ask


async def test_a_secret_answer_that_cannot_be_read_is_not_shown_either(watch: Watch) -> None:
    half = b'{"token": "canary-answer", "x": '
    other = b'{"token": ["canary-answer"]}'
    for raw in (half, other):
        async with Scripted(reply(200, raw)) as service, AsyncAlloy(KEY, base_url=service.url) as client:
            error = await watch.check(client.send(TOKEN))
        for text in (str(error), repr(error.body), traces(error), pickle.dumps(error)):
            assert not shown(text, (ANSWER,))
