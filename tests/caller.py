"""Both clients of a system, called alike, each request judged by the contract as it arrived."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from alloy_async import AsyncClient, Client, to_wire
from alloy_async.sandbox import Sandbox
from alloy_async.systems import load_client, load_sync_client

from .oracle import Contract


@asynccontextmanager
async def open_caller(
    way: str, sandbox: Sandbox, contract: Contract, header: tuple[str, str]
) -> AsyncIterator[Caller]:
    """A caller with a new client of a sandbox's system, async or sync."""
    if way == "async":
        async with load_client(contract.system)("key", base_url=sandbox.url) as client:
            yield Caller(client, sandbox, contract, header)
    else:
        with load_sync_client(contract.system)("key", base_url=sandbox.url) as direct:
            yield Caller(direct, sandbox, contract, header)


class Caller:
    """Calls a method of either client by name, with the key `key` in a header.

    Args:
        client: async or sync.
        sandbox: what the client calls.
        header: name and value of the header that carries the key.
    """

    def __init__(
        self, client: AsyncClient | Client, sandbox: Sandbox, contract: Contract, header: tuple[str, str]
    ) -> None:
        self.client = client
        self.sandbox = sandbox
        self.called: set[str] = set()
        self._calls = {call.name: call for call in contract.calls}
        self._header = header

    async def __call__(self, name: str, *args: Any, **kwargs: Any) -> Any:
        method = getattr(self.client, name)
        if isinstance(self.client, AsyncClient):
            result = await method(*args, **kwargs)
        else:
            result = await asyncio.to_thread(method, *args, **kwargs)
        name = method.__name__  # not its twin
        self._judge(name, inspect.signature(method).bind(*args, **kwargs).arguments)
        self.called.add(name)
        return result

    def _judge(self, name: str, arguments: dict[str, Any]) -> None:
        call, arrived = self._calls[name], self.sandbox.requests[-1]
        values = {argument: to_wire(value) for argument, value in arguments.items()}
        verb, path, query, body = call.request(values)
        base_path = urlsplit(self.sandbox.url).path
        assert (arrived.method, arrived.raw_path) == (verb, f"{base_path}{path}")
        assert arrived.query == query
        assert (json.loads(arrived.body) if arrived.body else None) == body
        header, value = self._header
        public = call.spec.get("security") == []
        assert arrived.headers.get(header) == (None if public else value)
        assert str(arrived.status) in call.spec["responses"]
