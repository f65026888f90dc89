"""Client: the same methods without await; threads, running loops, Ctrl-C's cancellation and the portal's own thread."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import Any

import pytest

from alloy_async import (
    Alloy,
    AsyncAlloy,
    Client,
    ConfigurationError,
    CredentialError,
    InvalidRequest,
    NotFound,
    Retry,
    ServerError,
    StatusError,
)
from alloy_async.alloy import models
from alloy_async.alloy.operations import ListAllUsers
from alloy_async.sandbox import Fault, Sandbox, Status
from alloy_async.sandbox.fault_kinds import FaultableConnection
from alloy_async.sandbox.messages import Reply

from .calls import ADA, GET, LOCAL, PATCH, POST
from .direct import alloy as alloy, sandbox as sandbox


def test_methods_send_and_answer(alloy: Alloy) -> None:
    assert alloy.get_a_user(ADA) == alloy.send(GET)
    answer = alloy.answer(GET)
    assert (answer.result, answer.status, answer.attempts) == (alloy.send(GET), 200, 1)
    with pytest.raises(NotFound):
        alloy.get_a_user("nobody")
    with pytest.raises(InvalidRequest):
        alloy.get_a_user("")


def test_every_public_method_of_the_async_client_has_a_twin() -> None:
    other_names = {"aclose": "close"}
    ours = {name for name in dir(Alloy) if not name.startswith("_")}
    theirs = {other_names.get(name, name) for name in dir(AsyncAlloy) if not name.startswith("_")}
    assert ours == theirs


def test_the_same_options_and_errors(sandbox: Sandbox) -> None:
    with pytest.raises(TypeError, match="has no option timeuot"):
        Alloy("key", timeuot=1)  # type: ignore[call-arg]
    with pytest.raises(ConfigurationError, match="base_url"):
        Alloy("key", base_url="nowhere")
    with Client("key", system=LOCAL, base_url=sandbox.url) as client, pytest.raises(StatusError, match="405"):
        client.send(PATCH)
    assert repr(Alloy("key", base_url="http://localhost")) == "Alloy(base_url='http://localhost')"


def test_copies_share_the_connections(alloy: Alloy, sandbox: Sandbox) -> None:
    events: list[Any] = []
    copy = alloy.with_options(on_request=events.append, retry=Retry(attempts=1))
    sandbox.faults.add(Fault(Status(500), times=None))
    with pytest.raises(ServerError):
        copy.send(GET)
    sandbox.faults.clear()
    copy.close()  # a copy leaves the connections open
    alloy.send(GET)
    assert (len(events), type(copy)) == (1, Alloy)


def test_lists_are_walked(alloy: Alloy) -> None:
    users = alloy.list_all_users().data
    assert list(alloy.iterate(ListAllUsers())) == users
    pages = alloy.iterate(ListAllUsers())
    assert list(pages.pages()) == [users]
    assert pages.repeated_count == 0


async def test_it_works_where_a_loop_is_running(alloy: Alloy) -> None:
    assert isinstance(alloy.send(GET), models.User)
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(alloy.send, GET))
        assert isinstance(alloy.send(GET), models.User)


def test_eight_threads_share_one_client(alloy: Alloy, sandbox: Sandbox) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(10):
                alloy.create_a_user(f"{number}-{step}")
                assert alloy.get_a_user(f"{number}-{step}").username == f"{number}-{step}"
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sandbox.ledger.count("create_a_user") == 80


class Gathering:
    """A fault that answers no request before so many have come: those that come one after the other wait for ever."""

    after_effect = False

    def __init__(self, wanted: int) -> None:
        self.wanted, self.came = wanted, 0

    async def play(self, connection: FaultableConnection, reply: Reply | None) -> Reply | None:
        self.came += 1
        while self.came < self.wanted:
            await connection.pause(0.01)
        return reply


def test_calls_from_many_threads_run_side_by_side(alloy: Alloy, sandbox: Sandbox) -> None:
    gathering = Gathering(8)
    sandbox.faults.add(Fault(gathering, times=None))
    answered: list[models.User] = []
    threads = [threading.Thread(target=lambda: answered.append(alloy.send(GET))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gathering.came == len(answered) == 8


def test_it_refuses_to_wait_on_its_own_thread_only(alloy: Alloy, sandbox: Sandbox) -> None:
    refusals: list[ConfigurationError] = []

    def nested(_: Any) -> None:
        try:
            alloy.send(GET)
        except ConfigurationError as refusal:
            refusals.append(refusal)

    alloy.with_options(on_request=nested).send(GET)
    assert "called from its own event loop thread" in str(refusals[0])
    assert "use the async client there" in str(refusals[0])

    async def deadlock() -> str:
        return alloy.get_a_user(ADA).username or ""

    with Alloy(deadlock, base_url=sandbox.url) as other, pytest.raises(CredentialError) as raised:
        other.send(GET)
    assert isinstance(raised.value.__cause__, ConfigurationError)


def test_context_variables_of_the_caller_reach_the_hooks(alloy: Alloy) -> None:
    request_id = contextvars.ContextVar("request_id", default="none")
    request_id.set("r-1")
    seen: list[str] = []
    alloy.with_options(on_request=lambda _: seen.append(request_id.get())).send(GET)
    assert seen == ["r-1"]


def test_the_traceback_leads_from_the_caller_to_the_error(alloy: Alloy) -> None:
    with pytest.raises(NotFound) as raised:
        alloy.get_a_user("nobody")
    assert raised.traceback[0].path == type(raised.traceback[0].path)(__file__)
    assert raised.value.__context__ is None


def test_a_closed_client_says_so(alloy: Alloy) -> None:
    alloy.close()
    with pytest.raises(ConfigurationError, match="this client is closed"):
        alloy.send(POST)
    alloy.close()


def test_it_runs_on_uvloop_where_that_is_installed(sandbox: Sandbox) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def key() -> str:
        assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
        return "key"

    with Alloy(key, base_url=sandbox.url) as alloy:
        alloy.send(GET)
