from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import aiohttp
import pytest
from yarl import URL

from alloy_async.sandbox import Reply, Sandbox
from alloy_async.sandbox.contract.contract import load_contract

KEYS = {
    "agilicus": ("Authorization", "Bearer key"),
    "alloy": ("Authorization", "bearer key"),
    "alsid": ("x-api-key", "key"),
    "opendatasoft": ("Authorization", "Apikey key"),
}
"""Of each system, the header that carries the key, and a key that is known."""
NO_ERRORS_DECLARED = {"alsid"}


class WireReply(NamedTuple):
    status: int
    body: Any
    headers: Any


class Caller:
    """Calls a sandbox as a client would, and holds every answer against the contract."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self._session = session
        self._contract = load_contract(sandbox.system)

    async def __call__(
        self, method: str, path: str, json: Any = None, *, key: str | None = None, **more: Any
    ) -> WireReply:
        url = URL(self.sandbox.url + path, encoded=True)
        header, known = KEYS[self.sandbox.system]
        headers = {header: known if key is None else key, **more.pop("headers", {})}
        async with self._session.request(method, url, json=json, headers=headers, **more) as response:
            raw = await response.read()
        operation = self.sandbox.requests[-1].operation
        if operation is not None and (response.status < 400 or self.sandbox.system not in NO_ERRORS_DECLARED):
            answer = Reply(response.status, raw, response.headers.get("Content-Type"))
            self._contract.operations[operation].check_answer(answer)
        is_json = response.content_type == "application/json"
        return WireReply(response.status, await response.json() if is_json else raw, response.headers)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox("alloy") as sandbox:
        yield sandbox


@pytest.fixture
async def call(sandbox: Sandbox) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(sandbox, session)
