"""Jobs that go by batches, and the same jobs row by row: the same requests, byte by byte, and the same in the job file."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from alloy_async import AlloyDirectory, AsyncAlloy
from alloy_async.core.errors import AlloyAsyncError
from alloy_async.core.http.transport import Timeout
from alloy_async.core.retry import Retry
from alloy_async.directory import RecordColumns, UserRecord
from alloy_async.provisioning import RunOptions, provision, resume
from alloy_async.provisioning.execution.crash_points import CrashPoint, crash_hook
from alloy_async.provisioning.store.header import Mode
from alloy_async.sandbox import Close, Fault, Malformed, Reset, Status, Truncated
from alloy_async.sandbox.fault_kinds import FaultBehaviour
from alloy_async.testing import FakeClock
from simulation.memory_directory import rows_of
from simulation.sandbox_directories import empty_sandbox

BATCH = 4
KINDS = (
    Reset(),
    Reset(after_effect=True),
    Close(after_effect=True),
    Status(400),
    Status(409),
    Status(413),
    Status(422),
    Status(403),
    Status(502, after_effect=True),
    Status(503, headers={"Retry-After": "0"}),
    Status(429, headers={"Retry-After": "0"}),
    Truncated(),
    Malformed(),
)


class Crash(BaseException):
    """The process dies here."""


class RecordDirectory(AlloyDirectory):
    """Alloy, as if it took users by a record each only."""

    def encode_batch(self, users: RecordColumns) -> bytes | None:
        return None


class ColumnDirectory(AlloyDirectory):
    """Alloy, which counts the batches that it is given as columns."""

    encoded = 0

    def encode_batch(self, users: RecordColumns) -> bytes | None:
        body = super().encode_batch(users)
        ColumnDirectory.encoded += body is not None
        return body


@attrs.frozen
class Job:
    """A job, and what goes wrong with it."""

    rows: Sequence[Sequence[str]]
    before: frozenset[str] = frozenset()
    faults: Sequence[Fault] = ()
    mode: Mode = "create"
    stop: int = 10_000
    """The request with which the first run is told to stop."""
    crash: int = 10_000
    """The boundary at which the first run dies."""

    def write(self, path: Path) -> None:
        lines = ["username,full_name,given_name,family_name", *map(",".join, self.rows), ""]
        path.write_text("\n".join(lines), encoding="utf-8")


@attrs.frozen
class Trace:
    """All that can be seen of a job from outside."""

    requests: list[tuple[str, str, bytes]]
    ledger: list[Any]
    rows: list[Any]
    reports: list[Any]


@contextlib.asynccontextmanager
async def recording_session(
    sent: list[Any], tell: Callable[[], None]
) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that writes every request down as it leaves."""
    trace = aiohttp.TraceConfig()

    async def on_start(session: Any, context: Any, params: aiohttp.TraceRequestStartParams) -> None:
        context.place = len(sent)
        sent.append((params.method, params.url.raw_path_qs, b""))
        tell()

    async def on_chunk(session: Any, context: Any, params: aiohttp.TraceRequestChunkSentParams) -> None:
        method, path, body = sent[context.place]
        sent[context.place] = (method, path, body + params.chunk)

    trace.on_request_start.append(on_start)
    trace.on_request_chunk_sent.append(on_chunk)
    async with aiohttp.ClientSession(trace_configs=[trace]) as session:
        yield session


async def carry_out(kind: type[AlloyDirectory], job: Job, folder: Path) -> Trace:
    """Provision, stop or die, and resume until all is through; what was seen of it."""
    source, file = folder / "users.csv", folder / "users.job"
    job.write(source)
    file.unlink(missing_ok=True)
    sent: list[Any] = []
    run, boundaries, reports = RunOptions(concurrency=1), 0, []

    def stop_in_time() -> None:
        if len(sent) == job.stop:
            run.stop.set()

    def die_in_time(point: CrashPoint) -> None:
        nonlocal boundaries
        boundaries += 1
        if boundaries == job.crash:
            raise Crash

    async with empty_sandbox("alloy", seed=1) as sandbox, recording_session(sent, stop_in_time) as session:
        client = AsyncAlloy(
            "key", base_url=sandbox.url, session=session, retry=Retry(attempts=2), timeout=Timeout(read=5), clock=FakeClock()
        )  # fmt: skip
        target = kind(client)
        target.capabilities = attrs.evolve(target.capabilities, batch_size=BATCH)
        await target.create([UserRecord(username=name, full_name="Somebody") for name in sorted(job.before)])
        sandbox.faults.add(*job.faults)
        allowed = 1.0 if job.mode == "sync" else None
        for _ in range(5):
            token = crash_hook.set(die_in_time)
            with contextlib.suppress(Crash, AlloyAsyncError):
                if file.exists():
                    report = await resume(file, target, run=run)
                else:
                    report = await provision(
                        source, target, mode=job.mode, job=file, allow_delete=allowed, run=run
                    )
                reports.append(describe(report, sandbox.url))
                if not (report.counts.unfinished or report.counts.failed):
                    break
            crash_hook.reset(token)
            run.stop.clear()
        await client.aclose()
        rows = [describe(row, sandbox.url) for row in rows_of(file)] if file.exists() else []
        return Trace(sent, list(sandbox.ledger), rows, reports)


def describe(thing: Any, url: str) -> dict[str, str]:
    """All of a row or a report that does not differ from run to run."""
    own = ("digest", "elapsed", "job", "source", "record")
    values = attrs.asdict(thing, recurse=False, filter=lambda field, _: field.name not in own)
    if values.get("seen"):
        values["seen"] = True  # a hash with another key
    host = url.removeprefix("http://")
    return {name: repr(value).replace(host, "HOST") for name, value in values.items()}


names = st.sampled_from([f"user{n}" for n in range(25)] + ["", "Üser", "user1 ", "..", "U" * 256, "USER2"])
texts = st.sampled_from(["", "Ada Quist", "  Ada", "Zoë O'Neil", '"Quist, Ada"', "F" * 256, "x\x07"])
faults = st.builds(
    Fault,
    st.sampled_from(KINDS),
    st.sampled_from(["batch_create_users", "batch_create_users", "get_a_user"]),
    nth=st.integers(1, 6),
    times=st.integers(1, 3),
)
jobs = st.builds(
    Job,
    rows=st.lists(st.tuples(names, texts, texts, texts), min_size=1, max_size=24),
    before=st.frozensets(st.sampled_from([f"user{n}" for n in range(12)]), max_size=4),
    faults=st.lists(faults, max_size=3),
    mode=st.sampled_from(["create", "create", "create", "upsert", "sync", "offboard"]),
    stop=st.sampled_from([10_000, 10_000, 6, 9]),
    crash=st.sampled_from([10_000, 10_000, 3, 5, 6, 7, 8, 11]),
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(jobs)
def test_both_ways_do_the_same(tmp_path: Path, job: Job) -> None:
    columns = asyncio.run(carry_out(ColumnDirectory, job, tmp_path))
    records = asyncio.run(carry_out(RecordDirectory, job, tmp_path))
    assert columns.requests == records.requests
    assert columns.ledger == records.ledger
    assert columns.rows == records.rows
    assert columns.reports == records.reports


PEOPLE = [(f"user{n}", f"Given{n} Family{n}", "", "") for n in range(12)]


def spoil(kind: FaultBehaviour, nth: int = 2, times: int = 1) -> Job:
    """A job of clean rows, some of whose batches meet a fault."""
    return Job(PEOPLE, faults=[Fault(kind, "batch_create_users", nth, times)])


@pytest.mark.parametrize(
    "job",
    [
        pytest.param(Job(PEOPLE), id="clean"),
        pytest.param(Job(PEOPLE, frozenset({"user0", "user5", "user6"})), id="some are there"),
        pytest.param(Job([*PEOPLE[:6], ("", "x", "", ""), *PEOPLE[3:]]), id="faulty rows between"),
        pytest.param(spoil(Status(400), times=2), id="refused"),
        pytest.param(spoil(Reset(after_effect=True)), id="answer lost"),
        pytest.param(spoil(Status(403)), id="forbidden"),
        pytest.param(spoil(Status(409), nth=1), id="the first call fails"),
        pytest.param(spoil(Status(429, headers={"Retry-After": "999999999999"})), id="a limit without end"),
        pytest.param(Job(PEOPLE, crash=6), id="died with an intent"),
        pytest.param(Job(PEOPLE, stop=2), id="stopped"),
    ],
)
async def test_what_can_go_by_batches_does(tmp_path: Path, job: Job) -> None:
    ColumnDirectory.encoded = 0
    columns = await carry_out(ColumnDirectory, job, tmp_path)
    assert ColumnDirectory.encoded >= 3
    assert columns == await carry_out(RecordDirectory, job, tmp_path)
    created = {change.key for change in columns.ledger if change.what == "created"}
    assert created == {name for name, *_ in PEOPLE} or job.faults
