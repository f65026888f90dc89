"""Random answers to the operations of all five systems: `python -m benchmarks.faults [COUNT] [SEED]`; exit code 1 where one
call came out wrong.

A server on raw sockets answers each request at random (`random_answers`): what fits, what nearly does, refusals that ask to
come again, echoes of the request with its secrets in many spellings, pages, other encodings, garbage, whole, cut, reset,
never, or twice. Then must hold: no exception of a foreign class, no wrong effect over all requests of a call, none sent again
that must not be and none given up too early (`call_judge`), never another call's answer, no call past its deadline, and no
secret in any error, its pickle, its traceback with local variables, or a line of the log.

The calls share their loop with the server and with what judges them. What these did past a call's deadline does not count
as the call's, nor does the time that the system kept this thread waiting for a processor: the verdict is the same on a busy
machine. All that was made before the calls is kept from the garbage collector, whose walks over it take as long as GRACE.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import attrs

from alloy_async import AlloyAsyncError, Answer, AsyncClient, Operation, Retry
from alloy_async.core.ratelimit.budget_interface import RequestBudget
from alloy_async.systems import SYSTEMS, load_client

from .random_calls.call_judge import Outcome, find_fault
from .random_calls.exposure import find_exposures
from .random_calls.filled_operations import create_filled, iterate_operations
from .random_calls.held_time import HeldTime, read_stolen_time
from .random_calls.random_answers import Head, plan_answer

KEY = "canary-key-Zx9/+=="
SECRET = "canary-secret-7Yq"
DEADLINE = 1.0
"""Seconds of each call."""
GRACE = 0.05
"""Seconds past the deadline that a call may take on an idle machine."""
ATTEMPTS = 3
"""Requests that a call may send."""
LOOKED_THROUGH = 25
"""Every so many errors, all of it is looked through, local variables of each frame included; of the others, the texts."""


@attrs.define
class Verdict:
    """What came of the calls."""

    seen: Counter[str] = attrs.field(factory=Counter)
    wrong: list[str] = attrs.field(factory=list)
    late: list[str] = attrs.field(factory=list)
    """Calls that took longer than DEADLINE and GRACE."""
    own_time: HeldTime = attrs.field(factory=HeldTime)
    """When this benchmark held the loop."""


class UnlimitedBudget(RequestBudget):
    """A rate budget that learns nothing: the refusals are at random, and calls that keep to a limit would not meet them."""

    def reserve(self, now: float) -> float:
        return now

    def give_back(self) -> None: ...

    def rate(self) -> float:
        return math.inf

    def opens_at(self) -> float:
        return -math.inf

    def get_told_opening(self) -> float:
        return -math.inf

    def note_accepted(self, now: float, sent: float) -> None: ...

    def note_refused(
        self, now: float, sent: float, asked: float | None, chance: float, crowded: bool
    ) -> bool:
        return False

    def note_idle(self, now: float) -> None: ...


class FaultyServer:
    """Answers each request at random, and remembers what may come of it.

    Args:
        seed: the same seed gives the same answer to the same request.
        own_time: takes the time that making an answer takes.
    """

    def __init__(self, seed: int, own_time: HeldTime) -> None:
        self._seed = seed
        self._own_time = own_time
        self.operations: dict[str, type[Operation[Any]]] = {}
        """By the mark of the call; told before it is made."""
        self.outcomes: dict[str, list[frozenset[Outcome]]] = {}
        """What may come of each request that was seen, by the mark of the call."""
        self.ended: dict[str, str] = {}
        """What calls that ended have told of their effect, by their mark."""
        self.overtaken: list[str] = []
        """What those told whose request is seen only after their end."""
        self.kinds: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head, body = await _read_request(reader)
                if not await self._answer(reader, writer, head, body):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: Head, body: bytes
    ) -> bool:
        """Answer a request; tell whether the connection goes on."""
        mark = head[2]["x-mark"]
        if mark in self.ended:
            self.overtaken.append(self.ended[mark])
            return False
        seen = self.outcomes.setdefault(mark, [])
        with self._own_time.hold():
            plan = plan_answer(Random(f"{self._seed} {mark} {len(seen)}"), self.operations[mark], head, body)
        seen.append(plan.outcomes)
        self.kinds[plan.kind] += 1
        if plan.kind == "hang":
            await reader.read()
            return False
        writer.write(plan.raw)
        if plan.kind in ("cut", "reset") or b" 101 X" in plan.raw[:20] or b" 099 X" in plan.raw[:20]:
            await writer.drain()
            return False
        return True


async def _read_request(reader: asyncio.StreamReader) -> tuple[Head, bytes]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    verb, target, _ = lines[0].split(" ")
    pairs = (line.partition(":") for line in lines[1:-2])
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
        return (verb, target, headers), body
    return (verb, target, headers), await reader.readexactly(int(headers.get("content-length", 0)))


class CanaryHandler(logging.Handler):
    """Finds a secret in any line of the log."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(logging.DEBUG)
        self._verdict = verdict

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage() + repr(record.args)
        if KEY in line or SECRET in line:
            self._verdict.wrong.append(f"a line of the log shows a secret: {line:.200}")


async def _make_call(
    server: FaultyServer, client: AsyncClient, operation: Operation[Any], mark: str, verdict: Verdict
) -> None:
    server.operations[mark] = type(operation)
    client = client.with_options(headers={"X-Mark": mark})
    began, stolen = time.monotonic(), read_stolen_time()
    try:
        outcome: Any = await client.answer(operation)
    except Exception as error:
        outcome = error
    ended = time.monotonic()
    name, requests = operation.name, server.outcomes.pop(mark, [])
    if ended - began > DEADLINE + GRACE:
        excused = read_stolen_time() - stolen + verdict.own_time.count_seconds(began + DEADLINE, ended)
        if ended - began - excused > DEADLINE + GRACE:
            took = f"{ended - began:.3f} s, {excused:.3f} s of them excused"
            verdict.late.append(f"{name} {mark}: {took}: {outcome!r:.200}")
    with verdict.own_time.hold():
        _judge_outcome(outcome, name, mark, verdict)
    if not isinstance(outcome, Answer | AlloyAsyncError):
        return
    found, headers = ("result" if isinstance(outcome, Answer) else outcome.effect), outcome.headers
    server.ended[mark] = found
    verdict.seen["sent again"] += len(requests) > 1
    gave_up = found != "result" and ended - began >= DEADLINE
    fault = find_fault(requests, operation.idempotent, ATTEMPTS, found, gave_up)
    if fault is not None:
        verdict.wrong.append(f"{name} {mark}: {fault}: {outcome!r:.200}")
    if headers.get("x-mark", mark) != mark:
        verdict.wrong.append(f"{name}: another call's answer ({headers['x-mark']})")


def _judge_outcome(outcome: object, name: str, mark: str, verdict: Verdict) -> None:
    """Count what came of a call; note it where it is of a foreign class, or shows a secret."""
    if isinstance(outcome, AlloyAsyncError):
        verdict.seen[type(outcome).__name__] += 1
        _search_error(outcome, name, verdict)
    elif isinstance(outcome, Answer):
        verdict.seen["result"] += 1
    else:
        verdict.wrong.append(f"{name} {mark}: foreign exception {outcome!r:.200}")


def _search_error(error: AlloyAsyncError, name: str, verdict: Verdict) -> None:
    shown = f"{error} {error!r} {vars(error)!r}"
    if KEY in shown or SECRET in shown or "\x1b" in str(error) or "\n" in str(error):
        verdict.wrong.append(f"{name}: an error shows {shown:.300}")
    if sum(verdict.seen.values()) % LOOKED_THROUGH == 0:
        verdict.seen["looked through"] += 1
        verdict.wrong += [
            f"{name}: {place}" for place in find_exposures(error, (KEY, SECRET), ("benchmarks",))
        ]


def _iterate_calls(count: int, own_time: HeldTime) -> Iterator[tuple[str, str, Operation[Any]]]:
    """Yield so many operations, each with a text of its own, of all systems in turn."""
    classes = [(system, cls) for system in SYSTEMS for cls in iterate_operations(system)]
    for number in range(count):
        system, cls = classes[number % len(classes)]
        with own_time.hold():
            operation = create_filled(cls, f"ada{number}", SECRET)
        yield str(number), system, operation


async def run_faults(count: int, seed: int, in_flight: int = 32) -> tuple[Verdict, Counter[str]]:
    """Make so many calls.

    Returns:
        What came of them, and how often each kind of fault was met.
    """
    verdict = Verdict()
    faulty, calls = FaultyServer(seed, verdict.own_time), _iterate_calls(count, verdict.own_time)
    log, handler = logging.getLogger("alloy_async"), CanaryHandler(verdict)
    before = log.level, log.propagate
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.addHandler(handler)
    server = await asyncio.start_server(faulty.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    clients: dict[str, AsyncClient] = {}
    options: dict[str, Any] = {
        "retry": Retry(attempts=ATTEMPTS, wait_initial=0, budget=math.inf),
        "deadline": DEADLINE,
        "rate_limit": UnlimitedBudget(),
    }
    for system in SYSTEMS:
        named = {"token": KEY} if system == "smooch" else {}
        clients[system] = load_client(system)(*([] if named else [KEY]), base_url=url, **named, **options)

    async def work() -> None:
        for mark, system, operation in calls:
            await _make_call(faulty, clients[system], operation, mark, verdict)

    gc.collect()
    gc.freeze()
    try:
        await asyncio.gather(*(work() for _ in range(in_flight)))
    finally:
        gc.unfreeze()
        for client in clients.values():
            await client.aclose()
        server.close()
        log.removeHandler(handler)
        log.setLevel(before[0])
        log.propagate = before[1]
    verdict.wrong += [f"{told}, but its request was sent" for told in faulty.overtaken if told != "unknown"]
    return verdict, faulty.kinds


def main(count: int = 100_000, seed: int = 0) -> int:
    began = time.monotonic()
    verdict, kinds = asyncio.run(run_faults(count, seed))
    for title, counted in (("fault", kinds), ("outcome", verdict.seen)):
        for name, number in sorted(counted.items()):
            print(f"{title:<8} {name:<24} {number:>9}")
    print(
        f"{count} calls in {time.monotonic() - began:.0f} s: {len(verdict.wrong)} wrong,"
        f" {len(verdict.late)} past their deadline by more than {GRACE * 1000:.0f} ms"
    )
    print(*verdict.wrong[:50], *verdict.late[:50], sep="\n")
    return 1 if verdict.wrong or verdict.late else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
