"""The loop under the sync clients: it outlives what leaves it, is made anew after its end, and ends without a word."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import types
from typing import Any

import pytest

from alloy_async import Alloy, ConfigurationError
from alloy_async.alloy.operations import ListAllUsers
from alloy_async.core import background_loop
from alloy_async.core.background_loop import BackgroundLoop, choose_loop_factory, get_background_loop
from alloy_async.sandbox import Delay, Fault, Sandbox

from .direct import alloy as alloy, sandbox as sandbox


def is_served(alloy: Alloy) -> bool:
    """Whether the loop still serves calls; in a thread of its own, so that a dead loop fails the test, not hangs it."""
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(alloy.list_all_users()), daemon=True)
    thread.start()
    thread.join(20)
    return bool(answers)


@pytest.mark.parametrize("leaving", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("way", ["send", "map", "iterate", "stream"])
def test_what_leaves_a_hook_ends_the_call_and_not_the_loop(
    way: str, leaving: type[BaseException], alloy: Alloy
) -> None:
    def leave(_: Any) -> None:
        raise leaving(3)

    hooked = alloy.with_options(on_request=leave)
    calls: dict[str, Any] = {
        "send": lambda: hooked.send(ListAllUsers()),
        "map": lambda: list(hooked.map([ListAllUsers()] * 3, concurrency=2)),
        "iterate": lambda: list(hooked.iterate(ListAllUsers())),
        "stream": lambda: hooked.stream(ListAllUsers()).__enter__(),
    }
    before = get_background_loop()
    with pytest.raises(leaving):
        calls[way]()
    assert is_served(alloy)
    assert get_background_loop() is before


def test_what_leaves_a_callback_of_the_loop_is_told_and_survived(
    alloy: Alloy, caplog: pytest.LogCaptureFixture
) -> None:
    async def leave_later() -> None:
        asyncio.get_running_loop().call_soon(lambda: sys.exit(3))

    async def stop() -> None:
        asyncio.get_running_loop().stop()

    get_background_loop().run(leave_later)
    assert is_served(alloy)
    assert "left by an exception, and goes on" in caplog.text
    get_background_loop().run(stop)
    assert is_served(alloy)


def test_a_loop_that_has_ended_is_made_anew(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    ended = BackgroundLoop()
    ended.stop()
    monkeypatch.setattr(background_loop, "_background_loop", ended)
    with Alloy("key", base_url=sandbox.url) as alloy:
        assert is_served(alloy)
    made = get_background_loop()
    assert made is not ended
    made.stop()


@pytest.mark.parametrize(
    ("choice", "patched", "taken"),
    [
        ("", None, "uvloop"),
        ("asyncio", None, "asyncio"),
        ("", "gevent.monkey", "asyncio"),
        ("", "eventlet.patcher", "asyncio"),
        ("uvloop", "gevent.monkey", "uvloop"),
    ],
)
def test_which_loop_is_taken(
    choice: str, patched: str | None, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("uvloop")
    monkeypatch.setenv("ALLOY_ASYNC_LOOP", choice)
    if patched is not None:
        module: Any = types.ModuleType(patched)
        module.is_module_patched = module.is_monkey_patched = lambda name: name in ("thread", "threading")
        monkeypatch.setitem(sys.modules, patched, module)
    assert choose_loop_factory().__module__.partition(".")[0] == taken


def test_a_loop_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOY_ASYNC_LOOP", "trio")
    with pytest.raises(ConfigurationError, match="ALLOY_ASYNC_LOOP is asyncio or uvloop, not 'trio'"):
        choose_loop_factory()
    monkeypatch.setenv("ALLOY_ASYNC_LOOP", "uvloop")
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(ConfigurationError, match="uvloop, which is not installed"):
        choose_loop_factory()
    monkeypatch.delenv("ALLOY_ASYNC_LOOP")
    assert choose_loop_factory() is asyncio.new_event_loop


AT_EXIT = {
    "the host is a name": "alloy.list_all_users()",
    "a daemon thread waits": """
began = threading.Event()
hooked = alloy.with_options(on_request=lambda _: began.set())
threading.Thread(target=lambda: hooked.get_a_user("slow"), daemon=True).start()
assert began.wait(20)
""",
    "a daemon thread has not looked up the host yet": """
import time
began = threading.Event()
hooked = alloy.with_options(on_request=lambda _: (began.set(), time.sleep(0.5)))
threading.Thread(target=lambda: hooked.get_a_user("slow"), daemon=True).start()
threading.Thread(target=time.sleep, args=(2,)).start()  # is waited for, after executors have been shut down
assert began.wait(20)
""",
    "a daemon thread walks a map": """
began = threading.Event()
hooked = alloy.with_options(on_request=lambda _: began.set())
threading.Thread(target=lambda: list(hooked.map([GetAUser("slow")] * 3)), daemon=True).start()
assert began.wait(20)
""",
    "a map is left in its midst": """
outcomes = alloy.map([Alloy.list_all_users.operation()] + [GetAUser("slow")] * 3)
assert next(outcomes)[1].data
""",
    "a stream and a listing are left in their midst": """
stream = alloy.stream(Alloy.list_all_users.operation())
pieces = iter(stream.__enter__())
assert next(pieces)
users = iter(alloy.iterate(Alloy.list_all_users.operation()))
assert next(users)
""",
    "a client goes on in a function for the exit": """
import atexit
assert alloy.list_all_users().data
atexit.register(alloy.list_all_users)
""",
    "a sync client begins in a function for the exit": """
import atexit
from alloy_async import ConfigurationError
def begin():
    try:
        alloy.list_all_users()
    except ConfigurationError as error:  # unless this Python can still start a thread
        assert "no thread can be started for the sync clients, as while the interpreter exits" in str(error)
atexit.register(begin)
""",
    "an async client begins in a function for the exit": """
import asyncio, atexit
from alloy_async import AsyncAlloy, ConnectError
async def call():
    async with AsyncAlloy("key", base_url=sys.argv[1], retry=1) as client:
        try:
            await client.list_all_users()
        except ConnectError as error:  # unless a name can still be looked up
            assert error.effect == "none" and error.attempts == 1
atexit.register(lambda: asyncio.run(call()))
""",
}
GREEN = """
from gevent import monkey
monkey.patch_all()
import gevent
assert alloy.list_all_users().data
jobs = [gevent.spawn(alloy.list_all_users) for _ in range(5)]
gevent.joinall(jobs, timeout=20, raise_error=True)
assert all(job.value.data for job in jobs)
"""
PRELUDE = """
import sys, threading
from alloy_async import Alloy
from alloy_async.alloy.operations import GetAUser
alloy = Alloy("key", base_url=sys.argv[1], deadline=30)
"""


def run_script(code: str, sandbox: Sandbox, loop: str) -> subprocess.CompletedProcess[str]:
    url = sandbox.url.replace("127.0.0.1", "localhost")
    environment = {**os.environ, "ALLOY_ASYNC_LOOP": loop}
    command = [sys.executable, "-W", "error", "-c", code, url]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


@pytest.mark.parametrize("loop", ["asyncio", ""])
@pytest.mark.parametrize("name", AT_EXIT)
def test_nothing_is_said_at_exit(name: str, loop: str, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Delay(20), "get_a_user", times=None))
    ended = run_script(PRELUDE + AT_EXIT[name], sandbox, loop)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_it_works_under_gevent(sandbox: Sandbox) -> None:
    pytest.importorskip("gevent")
    first, _, rest = GREEN.partition("import gevent\n")
    ended = run_script(first + PRELUDE + "import gevent\n" + rest, sandbox, "")
    assert (ended.returncode, ended.stderr) == (0, "")
