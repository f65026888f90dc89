"""Recorded answers: a proxy on loopback that asks the service once, and answers from a file from then on.

    async with Cassette("tests/users.cassette.json", upstream="https://embedded.runalloy.com/2024-03") as cassette:
        alloy = AsyncAlloy(base_url=cassette.url)

It knows nothing of the client, so that what is recorded is what was on the wire. Neither request headers nor cookies are
kept, and secrets in bodies and queries are replaced by "***" before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp
import orjson
from aiohttp import web
from yarl import URL

from .cassette_filter import filter_exchange

KEPT_HEADERS = ("Content-Type", "Retry-After", "X-Request-Id", "Link")
"""Answer headers that a cassette keeps, besides those about rate limits."""
HOP_HEADERS = frozenset({"host", "content-length", "connection", "transfer-encoding", "accept-encoding"})


class Cassette:
    """A local server that records a service's answers, or gives those that were recorded.

    Args:
        path: the file of the recording; made when the block ends, where answers were recorded.
        upstream: the base URL of the service, asked for what is recorded; None where nothing may be.
        record: "missing" records where there is no file yet, "always" anew, "never" refuses to.
        secrets: texts that must not be written, besides passwords, keys and tokens by name.

    Raises:
        FileNotFoundError: there is no file, and nothing may be recorded.
        AssertionError: at the end of the block, where a request came that the recording does not hold.
    """

    def __init__(
        self,
        path: str | Path,
        upstream: str | None = None,
        *,
        record: Literal["missing", "always", "never"] = "missing",
        secrets: Iterable[str] = (),
    ) -> None:
        self._path = Path(path)
        self._upstream = upstream
        self._secrets = tuple(secrets)
        self.is_recording: bool = record == "always" or (record == "missing" and not self._path.exists())
        if self.is_recording and upstream is None:
            raise FileNotFoundError(
                f"{path} does not exist; give upstream=, the service's base URL, to record it"
            )
        if not self.is_recording and not self._path.exists():
            raise FileNotFoundError(f"{path} does not exist, and record='never' forbids to make it")
        self._exchanges: list[Any] = [] if self.is_recording else orjson.loads(self._path.read_bytes())
        self._used: set[int] = set()
        self.misses: list[str] = []
        """Requests that the recording does not hold, as METHOD /path?query."""

    @property
    def url(self) -> str:
        """The base URL for a client."""
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(
            web.Server(self._record_or_replay, access_log=None), shutdown_timeout=0.1
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._session = aiohttp.ClientSession(auto_decompress=True) if self.is_recording else None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()
            if error is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.write_bytes(orjson.dumps(self._exchanges, option=orjson.OPT_INDENT_2))
        if error is None and self.misses:
            raise AssertionError(f"{self._path} does not hold: {'; '.join(self.misses)}. Record it anew.")

    async def _record_or_replay(self, http: web.BaseRequest) -> web.StreamResponse:
        body = await http.read()
        if self.is_recording:
            exchange, response = await self._forward_request(http, body)
            self._exchanges.append(filter_exchange(exchange, self._secrets))
            return response
        return self._replay_exchange(http, body)

    async def _forward_request(self, http: web.BaseRequest, body: bytes) -> tuple[Any, web.Response]:
        assert self._session is not None
        assert self._upstream is not None
        headers = {name: value for name, value in http.headers.items() if name.lower() not in HOP_HEADERS}
        url = URL(self._upstream.rstrip("/") + http.raw_path, encoded=True)
        async with self._session.request(
            http.method, url, headers=headers, data=body or None, allow_redirects=False
        ) as answer:
            content = await answer.read()
            kept = {
                str(name): value
                for name, value in answer.headers.items()
                if name.title() in KEPT_HEADERS or "ratelimit" in name.lower()
            }
            exchange = {
                "request": _create_request_record(http, body),
                "answer": {"status": answer.status, "headers": kept, "body": _to_text(content)},
            }
            return exchange, web.Response(status=answer.status, headers=kept, body=content)

    def _replay_exchange(self, http: web.BaseRequest, body: bytes) -> web.Response:
        wanted = filter_exchange({"request": _create_request_record(http, body)}, self._secrets)["request"]
        same = [n for n, exchange in enumerate(self._exchanges) if exchange["request"] == wanted]
        if not same:
            self.misses.append(f"{http.method} {http.raw_path}")
            return web.Response(status=501, text="the cassette does not hold this request")
        # In the order of the recording; the last one again where a request comes more often than it did.
        number = next((n for n in same if n not in self._used), same[-1])
        self._used.add(number)
        answer = self._exchanges[number]["answer"]
        content = answer["body"].encode("utf-8", "surrogateescape")
        return web.Response(status=answer["status"], headers=answer["headers"], body=content)


def _create_request_record(http: web.BaseRequest, body: bytes) -> dict[str, Any]:
    path, _, query = http.raw_path.partition("?")
    return {"method": http.method, "path": path, "query": query, "body": _to_text(body)}


def _to_text(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")
