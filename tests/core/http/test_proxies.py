"""Proxies: from the option and the environment, for plain and for TLS, with credentials; and what is not one."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from typing import Any

import pytest
from yarl import URL

from alloy_async import AsyncClient, ConfigurationError, ConnectError, Retry, Service
from alloy_async.core.http.proxies import find_proxy, is_excepted_from_proxy
from tests.core.server import CERTIFICATE, Scripted, reply, tls_of_localhost

from ...waiting import wait_until
from .ways import ONCE, Create, Pieces, Read, Ways, answer

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD")
CREDENTIAL = f"Basic {b64encode(b'ada:pass:word').decode()}"


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("no_proxy", "url", "excepted"),
    [
        ("", "http://a.example", False),
        ("*", "http://a.example", True),
        ("a.example", "http://a.example", True),
        ("A.Example", "http://a.EXAMPLE.", True),
        ("example", "http://a.example", True),
        (".example", "http://a.example", True),
        ("*.example", "http://a.example", True),
        ("*.example", "http://a.b.example", True),
        ("example", "http://an-example", False),
        ("b.example, a.example", "http://a.example", True),
        ("b.example a.example", "http://a.example", True),
        ("a.example:8080", "http://a.example:8080", True),
        ("a.example:8080", "http://a.example", False),
        ("a.example:443", "https://a.example", True),
        ("127.0.0.1", "http://127.0.0.1:5000", True),
        ("127.0.0.1:5000", "http://127.0.0.1:5000", True),
        ("127.0.0.1:5001", "http://127.0.0.1:5000", False),
        ("127.0.0.0/8", "http://127.9.9.9", True),
        ("10.0.0.0/8,192.168.0.0/16", "http://192.168.4.4", True),
        ("10.0.0.0/8", "http://11.0.0.1", False),
        ("10.0.0.0/8", "http://a.example", False),
        ("::1", "http://[::1]:80", True),
        ("[::1]", "http://[::1]:80", True),
        ("[::1]:80", "http://[::1]:80", True),
        ("[::1]:81", "http://[::1]:80", False),
        ("fd00::/8", "http://[fd12::1]", True),
        ("10.0.0.0/99", "http://10.0.0.1", False),
        (",, ,", "http://a.example", False),
        (".", "http://a.example", False),
    ],
)
def test_what_no_proxy_means(no_proxy: str, url: str, excepted: bool) -> None:
    assert is_excepted_from_proxy(URL(url), no_proxy) is excepted


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "http://a.example", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://a.example", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, "https://a.example", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://a.example", "http://p:1"),
        ({"ALL_PROXY": "http://p:1"}, "https://a.example", "http://p:1"),
        ({"ALL_PROXY": "http://p:1", "HTTPS_PROXY": "http://q:2"}, "https://a.example", "http://q:2"),
        ({"HTTP_PROXY": "p:1"}, "http://a.example", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "a.example:80"}, "http://a.example", None),
        ({"ALL_PROXY": "socks5://p:1", "NO_PROXY": "*"}, "http://a.example", None),
        ({"HTTP_PROXY": "http://evil", "REQUEST_METHOD": "GET"}, "http://a.example", None),
        ({"HTTP_PROXY": ""}, "http://a.example", None),
    ],
)
@pytest.mark.parametrize("lower", [False, True])
def test_which_proxy_the_environment_means(
    environment: dict[str, str], url: str, proxy: str | None, lower: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lower and "REQUEST_METHOD" in environment:
        pytest.skip("a web server cannot be made to set a variable in lower case")
    for name, value in environment.items():
        monkeypatch.setenv(name.lower() if lower else name, value)
    found = find_proxy(URL(url), None)
    assert (None if found is None else found.url) == (None if proxy is None else URL(proxy))


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "ftp"])
def test_a_proxy_of_another_kind_is_refused_without_its_password(scheme: str) -> None:
    with pytest.raises(ConfigurationError, match=f"proxy is a {scheme} proxy") as raised:
        AsyncClient("key", system=Service("s", "http://a.example"), proxy=f"{scheme}://ada:pass-word@p:1080")
    assert "pass-word" not in str(raised.value)


def test_the_error_tells_which_variable_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://ada:pass-word@p:1080")
    with pytest.raises(ConfigurationError, match="the environment's ALL_PROXY") as raised:
        AsyncClient("key", system=Service("s", "http://a.example"))
    assert "pass-word" not in str(raised.value)
    AsyncClient("key", system=Service("s", "http://a.example"), proxy="")


@pytest.mark.parametrize("text", ["http://", "http://:80", "http://p:port", "http://[::1"])
def test_what_is_not_the_url_of_a_proxy(text: str) -> None:
    with pytest.raises(ConfigurationError, match="proxy is not the URL of a proxy"):
        AsyncClient("key", system=Service("s", "http://a.example"), proxy=text)


async def test_a_plain_request_goes_to_the_proxy_as_a_whole(ways: Ways) -> None:
    async with Pieces([answer()]) as proxy:
        address = proxy.url.replace("://", "://ada:pass%3Aword@")
        async with ways.client("http://service.example/base", proxy=address, retry=ONCE) as client:
            for _ in range(2):
                assert await client.send(Create()) == b"ok"
    for request in proxy.requests:
        assert request.startswith(b"POST http://service.example/base/things HTTP/1.1\r\n")
        assert f"Proxy-Authorization: {CREDENTIAL}\r\n".encode() in request
        assert b"Host: service.example\r\n" in request
    assert proxy.connections == 1


async def test_a_proxy_without_a_scheme(ways: Ways) -> None:
    async with Pieces([answer()]) as proxy:
        address = proxy.url.removeprefix("http://")
        async with ways.client("http://service.example", proxy=address, retry=ONCE) as client:
            assert await client.send(Read()) == b"ok"


async def test_the_credential_does_not_go_to_a_proxy_for_an_excepted_service(
    monkeypatch: pytest.MonkeyPatch, ways: Ways
) -> None:
    async with Pieces([answer(b"proxy")]) as proxy, Pieces([answer(b"service")]) as service:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        for excepted in (service.url.removeprefix("http://"), "127.0.0.0/8", "127.0.0.1"):
            monkeypatch.setenv("NO_PROXY", excepted)
            async with ways.client(service.url, retry=ONCE) as client:
                assert await client.send(Read()) == b"service"
        assert proxy.requests == []


class Tunnel:
    """A proxy that knows CONNECT alone."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        host, _, port = self.heads[-1].split()[1].decode().partition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

        async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                while piece := await source.read(4096):
                    sink.write(piece)
            except ConnectionError:
                pass
            sink.close()

        await asyncio.gather(pipe(reader, far_writer), pipe(far_reader, writer))


async def test_tls_goes_through_a_tunnel_that_never_sees_the_credential(ways: Ways) -> None:
    tunnel, trusting = Tunnel(), ssl.create_default_context(cafile=CERTIFICATE)
    options: dict[str, Any] = {"ssl": trusting, "retry": ONCE}
    async with (
        await asyncio.start_server(tunnel.serve, "127.0.0.1", 0) as proxy,
        Pieces([answer()], tls=tls_of_localhost()) as service,
    ):
        address = f"http://ada:pass%3Aword@127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        async with ways.client(service.url, proxy=address, **options) as client:
            for _ in range(3):
                assert await client.send(Create()) == b"ok"
        await wait_until(lambda: bool(tunnel.heads and service.requests))
    assert (len(tunnel.heads), service.connections) == (1, 1)
    assert b"authorization: bearer" not in tunnel.heads[0].lower()
    assert CREDENTIAL.encode() in tunnel.heads[0]
    assert b"Proxy-Authorization" not in service.requests[0]


@pytest.mark.parametrize(("status", "attempts"), [(407, 1), (403, 1), (502, 3)])
async def test_a_proxy_that_refuses_the_tunnel(status: int, attempts: int, ways: Ways, clock: Any) -> None:
    async with Scripted(reply(status, b"")) as proxy:
        options: dict[str, Any] = {"proxy": proxy.url, "retry": Retry(attempts=3), "clock": clock}
        async with ways.client("https://service.example", **options) as client:
            with pytest.raises(
                ConnectError, match=f"the proxy answered {status}; nothing was sent"
            ) as raised:
                await client.send(Create())
    assert (raised.value.attempts, len(proxy.arrived), raised.value.effect) == (attempts, attempts, "none")
