"""Workers that share a job and are lost, with their database, at every boundary; and the truth that the job is held against.

A run is a pure function of its seed, but for the instants at which processes come to something.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import attrs
import psycopg

from alloy_async.core.errors import AlloyAsyncError
from alloy_async.provisioning import resume
from alloy_async.provisioning.execution.crash_points import CrashPoint
from alloy_async.provisioning.store.postgres.connection import CONNECT_SECONDS
from alloy_async.provisioning.store.store_opener import delete_store, open_store_for_reading
from alloy_async.sandbox import Fault, Sandbox

from ..database_proxy import DatabaseProxy, ProxyPoint
from ..database_server import DatabaseServer
from ..sandbox_directories import directory_of
from ..small_disk import mount_small_disk
from .crash_scene import LEASE, PATIENCE, ROWS, SHARD, Scene, wait_for, write_source
from .crashing_clients import ClientLoss, SchedulerLoss, carry_on, lose_client, lose_scheduler
from .crashing_jobs import BATCH, FAULTS
from .long_faults import MANY, delay_request, fill_disk
from .scene_workers import split, split_undo, start_worker

Loss: TypeAlias = Literal[
    "killed",
    "stopped",
    "stopped and the whole job taken over",
    "database killed",
    "database restarted",
    "database silent",
    "database's clock set forward",
    "database's clock set back",
]
LOSSES: tuple[Loss, ...] = get_args(Loss)
WHOLE: Loss = "stopped and the whole job taken over"
Point: TypeAlias = CrashPoint | ProxyPoint
POINTS: tuple[Point, ...] = (*get_args(CrashPoint), *get_args(ProxyPoint))


@attrs.frozen
class UndoLoss:
    """A worker or the database is lost while a job is taken back; as `lose_worker`."""

    loss: Loss
    point: Point

    def __str__(self) -> str:
        return f"undo: {self.loss} {self.point}"


def lose_worker(scene: Scene, rng: random.Random, loss: Loss, point: Point) -> None:
    """One split job, whose worker or database is lost at a point; others carry it on, and who was stopped wakes up later."""
    if point == "before asking":  # somebody must have left rows in doubt
        _leave_doubts(scene)
    happened: list[int] = []
    process: BaseProcess | None = None

    def act() -> None:
        assert process is not None
        assert process.pid is not None
        _lose(scene, rng, loss, process.pid)
        happened.append(process.pid)

    with contextlib.ExitStack() as stack:
        is_alone = point == "before asking" or loss == WHOLE
        others = [] if is_alone else [start_worker(scene)[0] for _ in range(rng.randrange(2))]
        proxied = point in get_args(ProxyPoint)
        # Outcomes of single rows are written together: it comes there once a shard, at the least.
        most = ROWS // SHARD if point == "after outcome" else 6
        count = 1 if point == "before asking" or others else rng.randint(1, most)
        proxy = stack.enter_context(
            DatabaseProxy(scene.server.url, point if proxied else None, count, act)  # type: ignore[arg-type]
        )
        process, told = start_worker(scene, proxy.url, None if proxied else point, count)  # type: ignore[arg-type]
        wait_for(lambda: bool(happened) or told.poll() or process.exitcode is not None)
        if not proxied and process.exitcode is None:
            told.recv()
            act()
            with contextlib.suppress(OSError):
                told.send("go on")
        if not happened and others:  # they left nothing for this one to do
            return
        assert happened, f"the worker ended before it came {point}: {process.exitcode}"
        _take_over(scene, rng, loss, happened[0], others)
        process.join(PATIENCE)
        assert process.exitcode == (-signal.SIGKILL if loss == "killed" else 0), process.exitcode


def _take_over(
    scene: Scene, rng: random.Random, loss: Loss, lost: int, others: Sequence[BaseProcess]
) -> None:
    """Carry the job on without the lost process, which wakes up before, meanwhile or after where it was stopped."""
    if loss == WHOLE:
        waking = threading.Timer(rng.uniform(0.5, 3 * LEASE), os.kill, (lost, signal.SIGCONT))
        waking.start()
        carry_on(scene, None)
        waking.join()
        return
    workers = [*others, *(start_worker(scene)[0] for _ in range(rng.randrange(1, 3)))]
    if loss == "stopped":
        time.sleep(rng.uniform(0.5, LEASE + 2))  # sometimes before anybody has taken over
        os.kill(lost, signal.SIGCONT)
    codes: list[int | None] = []
    for worker in workers:
        worker.join(PATIENCE)
        codes.append(worker.exitcode)
    was_away = loss in ("database killed", "database restarted", "database silent")
    if was_away and 0 not in codes:
        # They came while it was away: whoever starts workers does so again.
        worker, _ = start_worker(scene)
        worker.join(PATIENCE)
        codes.append(worker.exitcode)
    assert 0 in codes, f"workers ended with {codes}"
    assert was_away or set(codes) == {0}, f"workers ended with {codes}"


def _lose(scene: Scene, rng: random.Random, loss: Loss, pid: int) -> None:
    if loss == "killed":
        os.kill(pid, signal.SIGKILL)
    elif loss in ("stopped", WHOLE):
        os.kill(pid, signal.SIGSTOP)
    elif "clock" in loss:
        # Leases are compared with the clock only, so to move them all is to set it.
        minutes = -60 if loss.endswith("forward") else rng.choice([50, 120])
        with psycopg.connect(scene.server.url) as database:
            database.execute(
                "UPDATE alloy_async.shards SET lease_until = lease_until + make_interval(mins => %s)",
                (minutes,),
            )
    elif loss == "database silent":
        with scene.server.hold_still():  # sometimes for so long that it is given up
            time.sleep(rng.uniform(0, 1.5 * LEASE) + rng.choice((0.0, LEASE + CONNECT_SECONDS)))
    else:
        scene.server.kill() if loss == "database killed" else scene.server.stop()
        time.sleep(rng.uniform(0, 1.5 * LEASE))
        scene.server.start()


def _leave_doubts(scene: Scene) -> None:
    process, told = start_worker(scene, point="after answer", count=2)
    wait_for(lambda: told.poll() or process.exitcode is not None)
    process.kill()
    process.join()
    time.sleep(LEASE)


def judge(scene: Scene, names: set[str]) -> None:
    """Hold the job's claims against the truth: every user once, every row one outcome, no effect twice."""
    created = Counter(
        effect.key.removesuffix("@x.example") for effect in scene.sandbox.ledger.find(what="created")
    )
    assert max(created.values(), default=1) == 1, f"doubled: {created}"
    assert set(created) == names, f"lost: {names - set(created)}, too many: {set(created) - names}"
    with open_store_for_reading(scene.place) as store:
        rows = list(store.read_rows("apply"))
        assert [row.number for row in rows] == list(range(1, len(names) + 1))
        assert {row.outcome for row in rows} == {"created"}, Counter(row.outcome for row in rows)
        assert store.count_outcomes("apply") == {"created": len(names)}
        assert store.read_header().state == "done"


def judge_undo(scene: Scene, names: set[str]) -> None:
    """Hold the claims of a job that was taken back against the truth: every user gone, each removed once."""
    deleted = Counter(
        effect.key.removesuffix("@x.example") for effect in scene.sandbox.ledger.find(what="deleted")
    )
    assert deleted == dict.fromkeys(names, 1), f"{names - set(deleted)} left, {deleted}"
    with open_store_for_reading(scene.place) as store:
        assert store.count_outcomes("undo") == {"deleted": len(names)}, store.count_outcomes("undo")
        assert store.count_outcomes("apply") == {"created": len(names)}
        assert store.read_header().state == "undone"


Kind: TypeAlias = (
    tuple[Loss, Point] | UndoLoss | ClientLoss | SchedulerLoss | Literal["late request", "disk full"]
)
RUNS: tuple[Kind, ...] = (
    *((loss, point) for point in POINTS for loss in LOSSES),
    *(
        ClientLoss(with_workers, with_database, point)
        for with_workers in (False, True)
        for with_database in (False, True)
        for point in (None, *get_args(ProxyPoint))
    ),
    *map(SchedulerLoss, get_args(ProxyPoint)),
    "late request",
    "disk full",
    *(UndoLoss(loss, point) for point in POINTS for loss in LOSSES),
)
"""Every kind of run."""


def run_one(server: DatabaseServer, system: str, seed: int, folder: Path, kind: Kind) -> None:
    """Lose somebody once, and judge what came of the job.

    Raises:
        AssertionError: a user was lost or doubled, or the job came to no end.
        CannotMount: the run needs a disk of its own, and cannot have one here.
    """
    rng = random.Random(f"{system} {seed} {kind}")
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(system, seed_users=0, seed=seed))
        disk = stack.enter_context(mount_small_disk()) if kind == "disk full" else None
        if disk is not None:
            server = stack.enter_context(DatabaseServer(disk.folder))
        scene = Scene(server, sandbox, folder / f"{system}{seed}.csv")
        names = write_source(scene.source, ROWS if disk is None else MANY)
        if isinstance(kind, UndoLoss):
            asyncio.run(split_undo(scene))
        if kind != "late request" and disk is None and rng.random() < 0.3:
            sandbox.faults.add(*(Fault(fault, times=2) for fault in rng.sample(FAULTS, 2)))
        if isinstance(kind, ClientLoss):
            lose_client(scene, rng, kind)
        elif isinstance(kind, SchedulerLoss):
            lose_scheduler(scene, rng, kind)
        elif kind == "late request":
            delay_request(scene)
        elif kind == "disk full":
            assert disk is not None
            fill_disk(scene, disk)
        elif isinstance(kind, UndoLoss):
            lose_worker(scene, rng, kind.loss, kind.point)
        else:
            asyncio.run(split(scene))
            lose_worker(scene, rng, *kind)
        sandbox.faults.clear()
        _finish(scene, len(names))
        (judge_undo if isinstance(kind, UndoLoss) else judge)(scene, names)
        delete_store(scene.place)


def _finish(scene: Scene, rows: int) -> None:
    """Resume what faults of the network have left, as a user would."""

    async def go_on() -> None:
        async with directory_of(*scene.target, batch_size=BATCH) as target:
            report = await resume(scene.place, target)
            assert report.complete, report

    with open_store_for_reading(scene.place) as store:
        header = store.read_header()
        counts = store.count_outcomes(header.phase)
        done = header.state in ("done", "undone") and counts in ({"created": rows}, {"deleted": rows})
    if not done:
        with contextlib.suppress(AlloyAsyncError):
            asyncio.run(go_on())


@contextlib.contextmanager
def open_scenes() -> Iterator[tuple[DatabaseServer, Path]]:
    """A database and a folder for runs."""
    import tempfile

    with DatabaseServer() as server, tempfile.TemporaryDirectory() as folder:
        yield server, Path(folder)
