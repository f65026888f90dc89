"""Promise 4: one client across event loops, threads and forks, closed or not; nothing leaks and nothing warns.

Each scenario is a script in a process of its own, where every warning is an error; its stderr must stay empty. The
processes are forked from one that has done the imports.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator

import pytest

from alloy_async import Alloy, AsyncAlloy
from alloy_async.sandbox import Fault, Hang, Sandbox
from tests.conftest import OPEN_FILES

from .calls import ADA, GET

PRELUDE = """
import asyncio, gc, json, os, sys, tempfile, threading
from alloy_async import Alloy, AsyncAlloy
URL, ADA = sys.argv[1:]

def make():
    return AsyncAlloy("key", base_url=URL)

async def calls(client, count=3):
    users = await asyncio.gather(*(client.get_a_user(ADA) for _ in range(count)))
    assert {user.username for user in users} == {ADA}
"""

SCENARIOS = {
    "five event loops, one client, never closed": """
        client = make()
        for _ in range(5):
            asyncio.run(calls(client))
    """,
    "a client dropped without close, inside its loop": """
        async def main():
            await calls(make())
            gc.collect()
            await calls(make())
        asyncio.run(main())
    """,
    "a client dropped after its loop": """
        client = make()
        asyncio.run(calls(client))
        del client
        gc.collect()
    """,
    "closed with async with, and used again by another loop before": """
        client = make()
        asyncio.run(calls(client))
        async def main():
            async with client:
                await calls(client)
        asyncio.run(main())
    """,
    "a loop closed without ceremony": """
        client = make()
        for _ in range(3):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(calls(client))
            loop.close()
        asyncio.run(calls(client))
    """,
    "a loop dropped without ceremony, and its client with it": """
        loop = asyncio.new_event_loop()
        client = make()
        loop.run_until_complete(calls(client))
        loop.close()
        del client, loop
        gc.collect()
    """,
    "a loop closed without ceremony, at the exit": """
        client = make()
        loop = asyncio.new_event_loop()
        loop.run_until_complete(calls(client))
        loop.close()
    """,
    "a client that is garbage in a cycle, after its loop": """
        class Holder:
            pass
        holder = Holder()
        holder.itself, holder.client = holder, make()
        loop = asyncio.new_event_loop()
        loop.run_until_complete(calls(holder.client))
        loop.close()
        del holder, loop
        gc.collect()
    """,
    "two loops of uvloop": """
        import uvloop
        client = make()
        for _ in range(2):
            uvloop.run(calls(client))
    """,
    "eight threads with a loop each": """
        client = make()
        threads = [threading.Thread(target=lambda: asyncio.run(calls(client))) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """,
    "closed from one loop while another one runs": """
        client, ready, done = make(), threading.Event(), threading.Event()
        async def other():
            await calls(client)
            ready.set()
            await asyncio.to_thread(done.wait)
        thread = threading.Thread(target=lambda: asyncio.run(other()))
        thread.start()
        ready.wait()
        async def main():
            async with client:
                await calls(client)
        asyncio.run(main())
        done.set()
        thread.join()
    """,
    "a sync client never closed": """
        client = Alloy("key", base_url=URL)
        for _ in range(3):
            client.get_a_user(ADA)
    """,
    "a sync client dropped": """
        for _ in range(3):
            Alloy("key", base_url=URL).get_a_user(ADA)
            gc.collect()
    """,
    "a sync walk and a sync map left in the middle": """
        from alloy_async.alloy.operations import GetAUser, ListAllUsers
        client = Alloy("key", base_url=URL)
        for user in client.iterate(ListAllUsers()): break
        for outcome in client.map(GetAUser(ADA) for _ in range(50)): break
    """,
    "an async walk and an async map left in the middle": """
        from alloy_async.alloy.operations import GetAUser, ListAllUsers
        async def main():
            client = make()
            async for user in client.iterate(ListAllUsers()): break
            async for outcome in client.map(GetAUser(ADA) for _ in range(50)): break
        asyncio.run(main())
    """,
    "forked, sync": """
        client = Alloy("key", base_url=URL)
        client.get_a_user(ADA)
        child = os.fork()
        client.get_a_user(ADA)
        if not child:
            client.close()
            sys.exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        client.get_a_user(ADA)
    """,
    "forked, async": """
        client = make()
        loop = asyncio.new_event_loop()
        loop.run_until_complete(calls(client))
        child = os.fork()
        if not child:
            asyncio.run(calls(client))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        loop.run_until_complete(calls(client))
        loop.run_until_complete(client.aclose())
        loop.close()
    """,
    "never used": """
        make()
        Alloy("key", base_url=URL)
        with Alloy("key", base_url=URL): pass
    """,
}


EACH_IN_A_PROCESS = """
ended = {}
for name, body in json.load(sys.stdin).items():
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if not child:
            os.dup2(said.fileno(), sys.stderr.fileno())
            exec(body)
            sys.exit()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        ended[name] = code, said.read()
print(json.dumps(ended))
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Sandbox("alloy") as sandbox:
        yield sandbox.url


def script(code: str, url: str) -> list[str]:
    return [sys.executable, "-W", "error", "-c", PRELUDE + code, url, ADA]


@pytest.fixture(scope="module")
def ended(url: str) -> dict[str, tuple[int, str]]:
    """Exit code and stderr of each scenario."""
    bodies = json.dumps({name: textwrap.dedent(body) for name, body in SCENARIOS.items()})
    command = script(EACH_IN_A_PROCESS, url)
    run = subprocess.run(command, input=bodies, capture_output=True, text=True, timeout=240, check=True)
    found: dict[str, tuple[int, str]] = json.loads(run.stdout)
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the scenarios are forked")
@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_leaks_and_nothing_warns(name: str, ended: dict[str, tuple[int, str]]) -> None:
    assert ended[name] == [0, ""]


CTRL_C = """
from alloy_async.alloy.operations import GetAUser
seen = []
client = Alloy("key", base_url=URL, on_response=seen.append)
print("ready", flush=True)
try:
    client.send(GetAUser(ADA))
except KeyboardInterrupt:
    print("interrupted", threading.active_count(), len(seen), flush=True)
print(client.list_all_users().data[0].username, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send to one process")
def test_ctrl_c_cancels_a_sync_call_and_leaves_the_client_usable() -> None:
    with Sandbox("alloy") as sandbox:
        sandbox.faults.add(Fault(Hang(), "get_a_user"))
        with subprocess.Popen(
            script(CTRL_C, sandbox.url), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            give_up = time.monotonic() + 60
            while not sandbox.requests and time.monotonic() < give_up:
                time.sleep(0.005)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=240)
        assert (process.returncode, out, err) == (0, f"interrupted 2 1\n{ADA}\n", "")
        assert len(sandbox.requests) == 2


def open_files() -> int:
    return sum(1 for _ in OPEN_FILES.iterdir()) if OPEN_FILES else 0


def test_the_number_of_open_files_stays_flat(url: str) -> None:
    async def main(client: AsyncAlloy) -> None:
        await asyncio.gather(*(client.send(GET) for _ in range(4)))

    client = AsyncAlloy("key", base_url=url)
    counts = []
    for _ in range(6):
        asyncio.run(main(client))
        asyncio.run(main(AsyncAlloy("key", base_url=url)))
        with Alloy("key", base_url=url) as sync:
            sync.send(GET)
        gc.collect()
        time.sleep(0.02)  # the sandbox, on its own thread, closes its ends
        counts.append(open_files())
    assert counts[-1] <= counts[1]


def test_no_thread_is_left_by_loops_that_end(url: str) -> None:
    client = AsyncAlloy("key", base_url=url)
    asyncio.run(client.get_a_user(ADA))
    before = threading.active_count()
    for _ in range(3):
        asyncio.run(client.get_a_user(ADA))
    assert threading.active_count() == before
