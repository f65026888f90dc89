from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import aiohttp
import pytest
from yarl import URL

from alloy_async.sandbox import Answer, Sandbox
from alloy_async.sandbox.contract import load


class Reply(NamedTuple):
    status: int
    body: Any
    headers: Any


class Caller:
    """Calls a sandbox as a client would, and holds every answer against the contract."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self._session = session
        self._contract = load(sandbox.system)

    async def __call__(
        self, method: str, path: str, json: Any = None, *, key: str = "bearer key", **more: Any
    ) -> Reply:
        url = URL(self.sandbox.url + path, encoded=True)
        headers = {"Authorization": key, **more.pop("headers", {})}
        async with self._session.request(method, url, json=json, headers=headers, **more) as response:
            raw = await response.read()
        operation = self.sandbox.requests[-1].operation
        if operation is not None:
            answer = Answer(response.status, raw, response.headers.get("Content-Type"))
            self._contract.operations[operation].check_answer(answer)
        return Reply(response.status, await response.json(), response.headers)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox("alloy") as sandbox:
        yield sandbox


@pytest.fixture
async def call(sandbox: Sandbox) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(sandbox, session)
