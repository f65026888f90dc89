"""One small GET through the clients that these users know, against ours: CPU time of the client's process.

Each peer is skipped where it is not installed (extra: peers).
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import uvloop

from alloy_async import Alloy

from ..measuring.harness import Figure, Slice, calls, compare, figure, malloc_keeps, one_core, times
from ..measuring.server import run_server
from .http import HEADERS, create_bare_call, create_warm_client, new_session

CALLS = 256


def _alloy_sdk(url: str, _: asyncio.Runner) -> Slice:
    sdk = import_module("alloypythonsdk").AlloyPythonSDK(api_key="bearer key", server_url=url)
    return times(CALLS, lambda: sdk.get_a_user(user_id="ada"))


def _openai(url: str, loop: asyncio.Runner) -> Slice:
    client = import_module("openai").AsyncOpenAI(api_key="key", base_url=url)
    answer = import_module("openai").BaseModel
    return calls(loop, lambda: client.get("/users/ada", cast_to=answer), CALLS)


def _httpx(url: str, loop: asyncio.Runner) -> Slice:
    client = import_module("httpx").AsyncClient()

    async def call() -> Any:
        return (await client.get(f"{url}/users/ada", headers=HEADERS)).json()

    return calls(loop, call, CALLS)


def _httpx2(url: str, loop: asyncio.Runner) -> Slice:
    client = import_module("httpx2").AsyncClient()

    async def call() -> Any:
        return (await client.get(f"{url}/users/ada", headers=HEADERS)).json()

    return calls(loop, call, CALLS)


def _wreq(url: str, loop: asyncio.Runner) -> Slice:
    client = import_module("wreq").Client()

    async def call() -> Any:
        return await (await client.get(f"{url}/users/ada", headers=HEADERS)).json()

    return calls(loop, call, CALLS)


def _pyreqwest(url: str, loop: asyncio.Runner) -> Slice:
    async def open_client() -> Any:
        return await import_module("pyreqwest.client").ClientBuilder().build().__aenter__()

    client = loop.run(open_client())

    async def call() -> Any:
        response = await client.get(f"{url}/users/ada").headers(HEADERS).build().send()
        return await response.json()

    return calls(loop, call, CALLS)


def _requests(url: str, _: asyncio.Runner) -> Slice:
    session = import_module("requests").Session()
    return times(CALLS, lambda: session.get(f"{url}/users/ada", headers=HEADERS).json())


def _agilicus(url: str, _: asyncio.Runner) -> Slice:
    package = import_module("agilicus.agilicus_api")
    users_api = import_module("agilicus.agilicus_api.api.users_api").UsersApi
    api = users_api(package.ApiClient(package.Configuration(host=f"{url}/agilicus", access_token="token")))
    return times(CALLS, lambda: api.get_user("ada", _check_return_type=False))


PEERS: dict[str, Callable[[str, asyncio.Runner], Slice]] = {
    "pyreqwest (Rust), no types": _pyreqwest,
    "wreq (Rust), no types": _wreq,
    "httpx, async": _httpx,
    "httpx2, async": _httpx2,
    "requests": _requests,
    "agilicus": _agilicus,
    "alloy-python-sdk-ai": _alloy_sdk,
    "openai, async": _openai,
}
AT_LEAST = {"alloy-python-sdk-ai": 8.0, "openai, async": 8.0, "httpx, async": 7.0}
"""How many times cheaper than these peers our async call must be."""


def iterate_installed(url: str, loop: asyncio.Runner) -> Iterator[tuple[str, Slice]]:
    """The peers that are there, each made ready."""
    for name, prepare in PEERS.items():
        try:
            with warnings.catch_warnings(action="ignore"):
                yield name, prepare(url, loop)
        except ImportError:
            print(f"{name}: not installed, skipped (pip install 'alloy-async[peers]')", file=sys.stderr)


def run(rounds: int) -> list[Figure]:
    malloc_keeps(blocks=True)
    with (
        one_core(),
        run_server() as url,
        asyncio.Runner() as loop,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as fast,
    ):
        session, client = loop.run(new_session()), create_warm_client(url, loop, fast)
        sync = Alloy("key", base_url=url)
        variants = {
            "alloy_async": calls(loop, lambda: client.get_a_user("ada"), CALLS),
            "alloy_async again": calls(loop, lambda: client.get_a_user("ada"), CALLS),
            "alloy_async on uvloop": calls(fast, lambda: client.get_a_user("ada"), CALLS),
            "alloy_async, sync": times(CALLS, lambda: sync.get_a_user("ada")),
            "bare aiohttp and orjson": calls(
                loop, create_bare_call(session, "GET", f"{url}/users/ada"), CALLS
            ),
            **dict(iterate_installed(url, loop)),
        }
        ratios = compare(variants, "alloy_async", max(5, rounds // 2))
        loop.run(session.close())
        sync.close()
    return [
        figure(
            f"CPU of a GET through {name}, against alloy_async",
            values,
            AT_LEAST.get(name),
            at_least=True,
            unit="x",
        )
        for name, values in ratios.items()
        if name != "alloy_async"
    ]
