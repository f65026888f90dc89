"""Jobs that crash, and the truth that they are held against: the sandbox's ledger and users.

A run is a pure function of its seed: which users are there, which faults the server plays, where the job dies, how often.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import attrs

from alloy_async.core.errors import AlloyAsyncError
from alloy_async.directory import UserRecord
from alloy_async.provisioning import JobError, Report, RunOptions, provision, resume, undo
from alloy_async.provisioning.execution.crash_points import CrashHook, CrashPoint, crash_hook
from alloy_async.provisioning.store.store_opener import read_store
from alloy_async.sandbox import Close, Fault, Hang, Ledger, Malformed, Reset, Sandbox, Status, Truncated
from alloy_async.sandbox.faults import FaultKind

from .sandbox_directories import SYSTEMS, directory_of, empty_sandbox, place_of

POINTS: tuple[CrashPoint, ...] = get_args(CrashPoint)
FAULTS: tuple[FaultKind, ...] = (
    Reset(),
    Reset(after_effect=True),
    Close(after_effect=True),
    Status(502, after_effect=True),
    Status(503, headers={"Retry-After": "0"}),
    Status(429, headers={"Retry-After": "0"}),
    Truncated(),
    Truncated(reset=True),
    Malformed(),
    Hang(after_effect=True),
)
BATCH = 7
PATIENCE = 60
"""Crashes and resumptions after which a job should have come to its end."""


class Crash(BaseException):
    """The process dies here: nothing that comes after happens."""


@attrs.frozen
class Scenario:
    """What there is and what shall be, made from a seed."""

    rows: dict[str, str]
    """Name and family name, as the source has them."""
    before: dict[str, str]
    """Who is there before the job: some of the source under another name, and others."""
    bad: int
    """Rows of the source that cannot be sent; none for a sync, which removes nobody while a key cannot be read."""

    @classmethod
    def of(cls, rng: random.Random, size: int, mode: str = "create") -> Scenario:
        rows = {f"user{n}": f"Family{n}" for n in range(size)}
        known = rng.sample(sorted(rows), size // 8)
        others = {f"other{n}": f"Other{n}" for n in range(3)}
        return cls(rows, {**dict.fromkeys(known, "Somebody"), **others}, bad=0 if mode == "sync" else 2)

    def write(self, path: Path) -> None:
        """The source as a file, with whatever some system wants of a user."""
        lines = [
            f"{name},{name}@x.example,Given,{family},C4n4ry-pass-{name}" for name, family in self.rows.items()
        ]
        if self.bad:
            lines[3:3] = ["..,..,Dots,,", '"spy\x07","spy\x07@x.example",x,y,']
        path.write_text(
            "\n".join(["username,email,given_name,family_name,password", *lines, ""]), encoding="utf-8"
        )


def record(name: str, family: str) -> UserRecord:
    return UserRecord(
        username=name,
        email=f"{name}@x.example",
        given_name="Given",
        family_name=family,
        password=f"C4n4ry-pass-{name}",
    )


async def prepared(sandbox: Sandbox, scenario: Scenario) -> None:
    """Put those in who are there before the job; the ledger does not count them."""
    async with directory_of(sandbox.system, sandbox.url, place_of(sandbox)) as target:
        await target.create([record(name, family) for name, family in scenario.before.items()])
    sandbox.ledger = Ledger()


async def users_of(sandbox: Sandbox, names: Iterable[str]) -> dict[str, str]:
    """Those of the users that are there now, with their family names."""
    found = {}
    async with directory_of(sandbox.system, sandbox.url, place_of(sandbox)) as target:
        for name in names:
            user = await target.find(target.key_of(record(name, "")))
            if user is not None:
                found[name] = (user.family_name or user.full_name or "").removeprefix("Given ")
    return found


def name_of(key: str) -> str:
    return key.removesuffix("@x.example")


def dying(rng: random.Random, die: Any) -> CrashHook:
    """Dies at a random one of the next boundaries."""
    left = rng.randrange(1, 40)

    def at(point: CrashPoint) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            die()

    return at


async def crashing_run(system: str, seed: int, folder: Path, *, mode: Any = "create", size: int = 60) -> None:
    """One job, which crashes in process until it is through; then its claims are compared with the truth."""
    rng = random.Random(f"{system} {mode} {seed}")
    scenario = Scenario.of(rng, size, mode)
    source, job = folder / f"{mode}{seed}.csv", folder / f"{mode}{seed}.job"
    scenario.write(source)
    async with empty_sandbox(system, seed=seed) as sandbox:
        await prepared(sandbox, scenario)
        kinds = rng.sample(FAULTS, rng.randrange(1, 5))
        sandbox.faults.add(*(Fault(kind, times=None, probability=rng.uniform(0.02, 0.2)) for kind in kinds))
        report: Report | AlloyAsyncError | None = None
        for turn in range(PATIENCE):
            if turn == PATIENCE // 2:
                sandbox.faults.clear()
            report = await _one_life(system, sandbox, source, job, mode, rng, calm=turn > PATIENCE // 2)
            if isinstance(report, Report) and not report.counts.unfinished and not report.counts.failed:
                break
        else:
            raise AssertionError(f"seed {seed}: no end after {PATIENCE} lives: {report!r}")
        sandbox.faults.clear()
        await compare(sandbox, scenario, report, job, mode)
        if report.counts.unknown:
            while report.counts.unknown or report.counts.failed or report.counts.unfinished:
                async with directory_of(system, sandbox.url, place_of(sandbox), batch_size=BATCH) as target:
                    with contextlib.suppress(AlloyAsyncError):
                        report = await resume(job, target, source, run=RunOptions(sends_again=True))
            await compare(sandbox, scenario, report, job, mode)


async def _one_life(
    system: str, sandbox: Sandbox, source: Path, job: Path, mode: Any, rng: random.Random, *, calm: bool
) -> Report | AlloyAsyncError | None:
    """Begin the job or go on with it, until it ends or dies; the report or the error, if it lived."""

    def die() -> None:
        raise Crash

    at: CrashHook = dying(rng, die) if rng.random() < 0.7 and not calm else lambda point: None
    run = RunOptions(concurrency=rng.choice((1, 3, 8)))
    async with directory_of(system, sandbox.url, place_of(sandbox), batch_size=BATCH) as target:
        allow = 1.0 if mode == "sync" else None
        begin = (
            resume(job, target, source, run=run)
            if job.exists()
            else provision(source, target, mode=mode, job=job, allow_delete=allow, run=run)
        )
        token = crash_hook.set(at)
        life = asyncio.create_task(begin)  # takes the hook with it
        crash_hook.reset(token)
        if rng.random() < 0.3 and not calm:
            asyncio.get_running_loop().call_later(rng.uniform(0, 0.15), life.cancel)
        try:
            return await life
        except (Crash, asyncio.CancelledError):
            return None
        except AlloyAsyncError as error:
            return error


async def compare(sandbox: Sandbox, scenario: Scenario, report: Report, job: Path, mode: str) -> None:
    """Hold the job's claims against the truth: row by row, none lost, none twice."""
    with read_store(job) as store:
        rows = [row for row in store.read_rows("apply") if row.action != "refuse"]
        refused = store.count_actions().get("refuse", 0)
    assert b"C4n4ry" not in job.read_bytes()
    assert refused == scenario.bad
    claims = {name_of(row.key): row.outcome for row in rows}
    reasons = {name_of(row.key): row.reason for row in rows}
    created, updated, deleted = (
        Counter(name_of(effect.key) for effect in sandbox.ledger if effect.what == what)
        for what in ("created", "updated", "deleted")
    )
    assert max(created.values(), default=1) == 1, f"doubled: {created}"
    assert max(deleted.values(), default=1) == 1
    now = await users_of(sandbox, {**scenario.rows, **scenario.before})
    new = scenario.rows.keys() - scenario.before.keys()
    old = scenario.rows.keys() & scenario.before.keys()
    if mode == "offboard":
        assert {name for name, outcome in claims.items() if outcome == "done"} == set(deleted) == old
        assert now.keys() == scenario.before.keys() - old
        return
    assert claims.keys() - scenario.before.keys() == new
    assert report.counts.rows == len(rows) + refused
    unknown = {name for name in new if claims[name] == "unknown"}
    assert not unknown or not SYSTEMS[sandbox.system].directory.capabilities.key_is_unique
    assert {name: reasons[name] for name in new - unknown if claims[name] != "created"} == {}
    assert new - unknown <= set(created) <= new, f"lost: {new - set(created)}, too many: {set(created) - new}"
    kept = scenario.before if mode == "create" else {}
    gone = scenario.before.keys() - old if mode == "sync" else set()
    assert {claims[name] for name in old} <= {"exists" if mode == "create" else "updated"}
    assert set(updated) == (set() if mode == "create" else old)
    assert set(deleted) == gone
    there = {**scenario.before, **scenario.rows, **kept}
    missing = gone | (unknown - set(created))
    assert now == {name: family for name, family in there.items() if name not in missing}


async def undone_run(system: str, seed: int, folder: Path, *, mode: Any, size: int = 40) -> None:
    """A job that ends well, and is taken back in several lives: all is as before."""
    rng = random.Random(f"undo {system} {mode} {seed}")
    scenario = Scenario.of(rng, size, mode)
    source, job = folder / f"undo{mode}{seed}.csv", folder / f"undo{mode}{seed}.job"
    scenario.write(source)
    async with empty_sandbox(system, seed=seed) as sandbox:
        await prepared(sandbox, scenario)
        async with directory_of(system, sandbox.url, place_of(sandbox), batch_size=BATCH) as target:
            allow = 1.0 if mode == "sync" else None
            await provision(source, target, mode=mode, job=job, allow_delete=allow)
        sandbox.faults.add(*(Fault(kind, times=None, probability=0.1) for kind in rng.sample(FAULTS, 3)))
        for turn in range(PATIENCE):
            if turn == PATIENCE // 2:
                sandbox.faults.clear()

            def die() -> None:
                raise Crash

            at: CrashHook = dying(rng, die) if rng.random() < 0.7 else lambda point: None
            async with directory_of(system, sandbox.url, place_of(sandbox), batch_size=BATCH) as target:
                with contextlib.suppress(Crash, AlloyAsyncError):
                    report = await _undo_with(at, job, target)
                    if not report.counts.unfinished and not report.counts.failed:
                        break
        else:
            raise AssertionError(f"seed {seed}: not undone after {PATIENCE} lives")
        assert report.counts.kept == 0, report
        sandbox.faults.clear()
        assert await users_of(sandbox, {**scenario.rows, **scenario.before}) == scenario.before


async def _undo_with(at: CrashHook, job: Path, target: Any) -> Report:
    token = crash_hook.set(at)
    try:
        return await undo(job, target)
    finally:
        crash_hook.reset(token)


def killed(system: str, seed: int, sandbox: Sandbox, folder: Path, *, point: CrashPoint | None) -> None:
    """One job in processes of their own, killed with SIGKILL: at a boundary, or at some instant; then resumed to its end."""
    rng = random.Random(f"kill {system} {seed} {point}")
    scenario = Scenario.of(rng, 60)
    name = f"{point or 'some'}{seed}".replace(" ", "-")
    source, job = folder / f"{name}.csv", folder / f"{name}.job"
    scenario.write(source)
    sandbox.reset()
    asyncio.run(prepared(sandbox, scenario))
    kinds = rng.sample(FAULTS, 3)
    sandbox.faults.add(*(Fault(kind, times=None, probability=0.08) for kind in kinds))
    place = place_of(sandbox)
    first = _child(system, sandbox.url, place, source, job, point, rng.randrange(1, 12))
    if point is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            first.wait(rng.uniform(0.3, 1.2))
        first.kill()
    assert first.wait(30) in (-signal.SIGKILL, 0, 1, 3)
    sandbox.faults.clear()
    if not job.exists():  # it died before there was anything to go on with, or said so
        assert not len(sandbox.ledger)
    ends: list[int] = []
    while 0 not in ends and len(ends) < 5:  # a busy machine makes a request time out now and then
        ends.append(_child(system, sandbox.url, place, source, job, None, 0).wait(30))
    assert ends[-1] == 0, f"resuming {job} ended with {ends}"
    asyncio.run(_judged(sandbox, scenario, source, job))


async def _judged(sandbox: Sandbox, scenario: Scenario, source: Path, job: Path) -> None:
    async with directory_of(sandbox.system, sandbox.url, place_of(sandbox), batch_size=BATCH) as target:
        report = await resume(job, target, source)
    await compare(sandbox, scenario, report, job, "create")


def _child(
    system: str, url: str, place: str, source: Path, job: Path, point: CrashPoint | None, count: int
) -> subprocess.Popen[bytes]:
    words = [system, url, place, str(source), str(job), point or "", str(count)]
    return subprocess.Popen([sys.executable, "-m", "simulation.crashing_jobs", *words])


async def _live(system: str, url: str, place: str, source: Path, job: Path, point: str, count: int) -> int:
    """The child: carry the job out, and kill itself at the boundary of that name, when it comes for the so-manieth time."""

    def at(here: CrashPoint) -> None:
        nonlocal count
        count -= here == point
        if here == point and count <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    crash_hook.set(at)
    run = RunOptions(concurrency=3)
    begun = os.path.exists(job)  # noqa: PTH110
    async with directory_of(system, url, place, batch_size=BATCH) as target:
        try:
            if begun:
                report = await resume(job, target, source, run=run)
            else:
                report = await provision(source, target, job=job, run=run)
        except JobError:
            raise
        except AlloyAsyncError:
            return 3
    return 0 if not report.counts.unfinished and not report.counts.failed else 1


if __name__ == "__main__":
    system, url, place, source, job, point, count = sys.argv[1:]
    sys.exit(asyncio.run(_live(system, url, place, Path(source), Path(job), point, int(count))))
