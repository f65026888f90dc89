"""The sandbox as a server: its life, its record, its door."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from urllib.request import Request, urlopen

import pytest

from alloy_async.sandbox import Fault, Limit, Reset, Sandbox, serve

from .conftest import Caller


def get_users(sandbox: Sandbox) -> int:
    request = Request(sandbox.url + "/users", headers={"Authorization": "Bearer key"})
    with urlopen(request, timeout=5) as response:
        status: int = response.status
        return status


def test_it_runs_in_a_plain_with_and_leaves_nothing() -> None:
    before = set(threading.enumerate())
    sandbox = Sandbox("alloy")
    for _ in range(2):
        with sandbox:
            assert get_users(sandbox) == 200
        assert set(threading.enumerate()) == before
    assert len(sandbox.requests) == 2
    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.url


async def test_it_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    async with Sandbox("alloy") as sandbox:
        assert await asyncio.to_thread(get_users, sandbox) == 200
        with pytest.raises(RuntimeError, match="running already"):
            await sandbox.start()
    await sandbox.stop()
    assert asyncio.all_tasks() == before


async def test_a_taken_port_is_an_error_and_leaves_nothing(sandbox: Sandbox) -> None:
    port = int(sandbox.url.split(":")[2].partition("/")[0])
    before = set(threading.enumerate())
    with pytest.raises(OSError, match="in use"), Sandbox("alloy", port=port):
        pass
    with pytest.raises(OSError, match="in use"):
        await Sandbox("alloy", port=port).start()
    assert set(threading.enumerate()) == before


async def test_serve_runs_until_cancelled() -> None:
    ready = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve("alloy", ready=ready.set_result, seed_users=0))
    sandbox = await ready
    assert await asyncio.to_thread(get_users, sandbox) == 200
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.url


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(ValueError, match="no sandbox for 'alois'; there is: agilicus, alloy, "):
        Sandbox("alois")


@pytest.mark.parametrize("key", ["bearer key", "Bearer key", "BEARER key"])
async def test_a_known_key_opens(call: Caller, key: str) -> None:
    assert (await call("GET", "/users", key=key)).status == 200


@pytest.mark.parametrize("key", ["", "key", "bearer", "bearer ", "bearer wrong", "Basic key", "bearer  key"])
async def test_anything_else_does_not(call: Caller, key: str) -> None:
    reply = await call("POST", "/users/", {"username": "ada"}, key=key)
    assert reply.status == 401
    assert "Authorization" in reply.body["message"]
    assert len(call.sandbox.ledger) == 0


async def test_keys_change_while_it_runs(call: Caller) -> None:
    call.sandbox.keys = {"new"}
    assert (await call("GET", "/users")).status == 401
    assert (await call("GET", "/users", key="bearer new")).status == 200
    call.sandbox.keys = None
    assert (await call("GET", "/users", key="bearer anything")).status == 200


async def test_every_request_is_recorded_as_it_came(call: Caller) -> None:
    await call("POST", "/users/", {"username": "a/b"})
    await call("GET", "//users?parentWorkflowId=x%20y", headers={"X-Mine": "1"})
    await call("GET", "/users/a%2Fb")
    await call("GET", "/nothing?a=1&a=2")
    created, listed, found, unknown = call.sandbox.requests
    assert [request.number for request in call.sandbox.requests] == [1, 2, 3, 4]
    assert (created.method, created.raw_path, created.body) == (
        "POST",
        "/2024-03/users/",
        b'{"username": "a/b"}',
    )
    assert (created.operation, created.status, created.committed) == ("create_a_user", 200, True)
    assert (listed.raw_path, listed.query) == ("/2024-03//users", [("parentWorkflowId", "x y")])
    assert (listed.headers["x-mine"], listed.status, listed.committed) == ("1", 404, False)
    assert found.raw_path == "/2024-03/users/a%2Fb"
    assert (unknown.operation, unknown.status) == (None, 404)
    assert unknown.query == [("a", "1"), ("a", "2")]


async def test_a_refusal_tells_operation_and_reason(call: Caller) -> None:
    reply = await call("POST", "/users/", {"username": "ada", "fullname": "Ada"})
    assert reply.status == 400
    assert reply.body == {"message": "create_a_user: body must not contain {'fullname'} properties."}
    assert (await call("GET", "/users?a=%FF")).status == 400
    wrong_method = await call("PATCH", "/users/ada")
    assert (wrong_method.status, wrong_method.headers["Allow"]) == (405, "GET, PUT, DELETE")


async def test_a_client_that_gives_up_half_way_leaves_no_trace(sandbox: Sandbox) -> None:
    port = int(sandbox.url.split(":")[2].partition("/")[0])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /2024-03/users/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    await asyncio.sleep(0.02)
    writer.transport.abort()
    await asyncio.sleep(0.02)
    assert await asyncio.to_thread(get_users, sandbox) == 200
    assert [request.operation for request in sandbox.requests] == ["list_all_users"]


async def test_reset_is_the_way_back(call: Caller) -> None:
    sandbox = call.sandbox
    start = (await call("GET", "/users")).body
    await call("POST", "/users/", {"username": "ada"})
    sandbox.limit = Limit(rate=0.001)
    sandbox.faults.add(Fault(Reset(), times=None))
    sandbox.reset()
    assert (await call("GET", "/users")).body == start
    assert (len(sandbox.requests), len(sandbox.ledger), sandbox.limit) == (1, 0, None)


def test_the_same_seed_gives_the_same_world() -> None:
    def ids(seed: int) -> list[str]:
        return list(Sandbox("alloy", seed=seed, seed_users=30, clock=lambda: 0.0).service.account.users)

    assert ids(1) == ids(1)
    assert set(ids(1)).isdisjoint(ids(2))
    assert len(ids(1)) == 30


def test_the_clock_is_the_callers() -> None:
    account = Sandbox("alloy", clock=lambda: 100 * 86_400.0).service.account
    created = [workflow.created_at for workflow in account.workflows.values()]
    assert created[0] == "1970-01-11T00:00:00.000Z"


async def test_history_is_bounded_on_demand() -> None:
    with Sandbox("alloy", history=2) as sandbox:
        for _ in range(3):
            await asyncio.to_thread(get_users, sandbox)
        assert [request.number for request in sandbox.requests] == [2, 3]


async def test_latency_delays_every_request() -> None:
    async with Sandbox("alloy", latency=0.05) as sandbox:
        start = asyncio.get_running_loop().time()
        await asyncio.to_thread(get_users, sandbox)
        assert asyncio.get_running_loop().time() - start >= 0.05


def test_the_fixture_is_there(alloy_sandbox: Sandbox) -> None:
    assert get_users(alloy_sandbox) == 200


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_it_shares_no_code_with_what_it_judges() -> None:
    done = run(
        "import sys\nfrom alloy_async.sandbox import Sandbox\nSandbox('alloy')\n"
        "print(*(m for m in sys.modules if m.startswith('alloy_async.')"
        " and not m.startswith('alloy_async.sandbox') and m.count('.') > 1))"
    )
    assert (done.stdout.split(), done.returncode) == ([], 0)


def test_the_pytest_plugin_loads_nothing_it_does_not_need() -> None:
    done = run("import sys, alloy_async.testing.pytest_plugin\nprint('aiohttp' in sys.modules)")
    assert done.stdout == "False\n"


def test_a_missing_package_is_named_with_its_remedy() -> None:
    done = run("import sys\nsys.modules['fastjsonschema'] = None\nfrom alloy_async.sandbox import Sandbox")
    assert done.returncode == 1
    assert "pip install 'alloy-async[sandbox]'" in done.stderr
