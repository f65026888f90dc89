"""Workers on a real Dask cluster: whoever of it is lost, the job comes to its end, with every user once."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from alloy_async.provisioning import RunOptions, provision
from alloy_async.provisioning.store.store_opener import open_store_for_reading
from alloy_async.provisioning.workers.worker_factory import create_workers
from alloy_async.testing import Sandbox
from simulation.dask_cluster import DaskCluster
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.skipif(find_spec("distributed") is None, reason="the extra `dask` is not installed"),
    pytest.mark.filterwarnings("ignore"),  # Dask's own
]
ROWS = 600


@pytest.fixture
async def cluster() -> AsyncIterator[DaskCluster]:
    with DaskCluster(2, {"ALLOY_API_KEY": "key"}) as cluster:
        yield cluster


@pytest.mark.parametrize("loss", ["worker", "nanny", "scheduler"])
async def test_a_job_survives_what_a_cluster_loses(
    cluster: DaskCluster, database: str, tmp_path: Path, loss: str
) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username\n" + "".join(f"user{n}@x.example\n" for n in range(ROWS)))
    place = f"{database}&lease_seconds=3#{uuid.uuid4()}"
    with Sandbox("alloy", seed_users=0, latency=0.5) as sandbox:
        directory: Any = sandbox.directory()
        async with directory.client:
            run = RunOptions(on=cluster.address, shard_rows=50)
            job = asyncio.create_task(provision(source, directory, job=place, run=run))
            await wait_until(lambda: job.done() or sandbox.ledger.count(what="created") > 0)
            assert not job.done(), await job
            if loss == "scheduler":
                await asyncio.to_thread(cluster.restart_scheduler)
                await asyncio.to_thread(cluster.start_worker)  # those of before end with their scheduler
            else:
                kill_worker(cluster.workers[0], with_nanny=loss == "nanny")
            report = await job
        assert report.complete, report
        created = Counter(change.key for change in sandbox.ledger.find(what="created"))
    assert set(created.values()) == {1}
    assert len(created) == ROWS
    with open_store_for_reading(place) as store:
        assert store.count_outcomes("apply") == {"created": ROWS}
        assert store.read_header().state == "done"


@pytest.mark.parametrize(("on", "scheduler"), [("dask://h:1", "tcp://h:1"), ("dask+tls://h:1", "tls://h:1")])
def test_the_address_says_whether_the_scheduler_speaks_tls(on: str, scheduler: str) -> None:
    workers: Any = create_workers(on, ("work",), {})
    assert workers._address == scheduler


def kill_worker(nanny: subprocess.Popen[bytes], *, with_nanny: bool) -> None:
    import psutil  # type: ignore[import-untyped]

    children = psutil.Process(nanny.pid).children(recursive=True)
    if with_nanny:
        nanny.kill()
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    assert children, "Dask's worker is a process of the nanny's"


async def test_a_run_that_is_cut_off_ends_the_processes_of_its_workers(
    cluster: DaskCluster, database: str, tmp_path: Path
) -> None:
    import psutil

    source = tmp_path / "users.csv"
    source.write_text("username\n" + "".join(f"user{n}@x.example\n" for n in range(ROWS)))
    place = f"{database}&lease_seconds=3#{uuid.uuid4()}"
    with Sandbox("alloy", seed_users=0, latency=60) as sandbox:
        directory: Any = sandbox.directory()
        async with directory.client:
            run = RunOptions(on=cluster.address, shard_rows=50)
            job = asyncio.create_task(provision(source, directory, job=place, run=run))
            await wait_until(lambda: job.done() or len(sandbox.requests) > 0)
            hosts = [psutil.Process(nanny.pid) for nanny in cluster.workers]
            processes = [child for host in hosts for child in host.children(recursive=True)]
            workers = [process for process in processes if "work" in process.cmdline()]
            assert workers
            run.stop.set()
            job.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(job, 50)
        assert not any(worker.is_running() for worker in workers)


async def test_who_stops_does_not_wait_for_a_cluster_without_workers(cluster: DaskCluster) -> None:
    """Its tasks wait for workers that may never come."""
    workers = create_workers(cluster.address, ("sandbox", "alloy"), {})
    try:
        await wait_until_started(workers)
        for nanny in cluster.workers:
            kill_worker(nanny, with_nanny=True)
    finally:
        await asyncio.wait_for(workers.stop(), 100)


async def wait_until_started(workers: Any) -> None:
    while not workers._futures:  # its workers come in their own time
        await workers.start_missing(progress=True)
        await asyncio.sleep(0.2)
