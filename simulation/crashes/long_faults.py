"""Faults of a shared job that last: a system that is late, a disk that is full."""

from __future__ import annotations

import asyncio
import os
import signal
import time

from ..small_disk import SmallDisk
from .crash_scene import LEASE, PATIENCE, Scene, wait_for
from .crashing_jobs import BATCH
from .scene_workers import split, start_worker

MANY = 4000
"""Rows of a job that writes so much that a full disk is in its way."""


def delay_request(scene: Scene) -> None:
    """One job, whose worker is stopped while the system has its requests, and carries them out after another took over."""
    asyncio.run(split(scene))
    began, scene.sandbox.latency = time.monotonic(), 5 * LEASE
    lost, _ = start_worker(scene)
    # All of its first call, which is a request a user where a system takes no batches; no more come before an answer.
    wait_for(lambda: len(scene.sandbox.requests) == (1 if scene.sandbox.system == "alloy" else BATCH))
    assert lost.pid is not None
    os.kill(lost.pid, signal.SIGSTOP)
    time.sleep(0.2)  # until the sandbox's thread has begun to wait with the last of them
    late = {request.number for request in scene.sandbox.requests}
    scene.sandbox.latency = 0.0
    last = time.monotonic() + 5 * LEASE
    other, _ = start_worker(scene)
    wait_for(lambda: len(scene.sandbox.requests) > len(late))
    assert time.monotonic() < last, f"nobody took over within {last - began:.1f} s"
    other.join(PATIENCE)
    assert other.exitcode == 0, other.exitcode
    time.sleep(max(0.0, last + 0.5 - time.monotonic()))  # until the late ones were carried out
    os.kill(lost.pid, signal.SIGCONT)
    lost.join(PATIENCE)
    assert lost.exitcode == 0, lost.exitcode
    assert not any(change.request in late for change in scene.sandbox.ledger), "a late request came first"


def fill_disk(scene: Scene, disk: SmallDisk) -> None:
    """One job, whose database cannot write for a while, as its disk is full."""
    asyncio.run(split(scene, MANY // 4))
    scene.sandbox.latency = 0.02
    workers = [start_worker(scene)[0] for _ in range(2)]
    wait_for(lambda: scene.sandbox.ledger.count(what="created") > MANY // 20)
    created, since, began = 0, time.monotonic(), time.monotonic()
    while time.monotonic() - since < 2 * LEASE:  # what is written to already has room for some more
        assert time.monotonic() - began < PATIENCE, "a full disk held nobody up"
        disk.fill()
        time.sleep(0.1)
        if created != (created := scene.sandbox.ledger.count(what="created")):
            since = time.monotonic()
    assert created < MANY, "the disk was full too late"
    disk.clear()
    scene.server.start()  # it may have given up
    for worker in workers:
        worker.join(PATIENCE)
    assert {worker.exitcode for worker in workers} == {0}, [worker.exitcode for worker in workers]
