"""Three workers on one job, as an indexed job of Kubernetes or an array of Slurm starts them: each runs `alloy-async work`.

    python examples/indexed_job.py postgresql://user@host/database users.csv

It provisions the file into a sandbox of Alloy. One process plans the job; then three come, one of which is killed. Nothing
tells them apart, and none knows of another: the database says who does what. The last one brings the job to its end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid

from alloy_async.sandbox import Sandbox

WORKERS = 3


def main(database: str, file: str) -> int:
    """Run the job; its exit code."""
    job = f"{database}{'&' if '?' in database else '?'}lease_seconds=3#{uuid.uuid4()}"
    with Sandbox("alloy", seed_users=0, latency=0.1) as sandbox:
        reach = ("--base-url", sandbox.url)
        run("plan", file, "--to", "alloy", "--job", job, "--progress", "none", *reach)
        # The container of each pod: only the address of the job, and the credential in its environment.
        workers = [start("work", job, "--shard-rows", "200", *reach) for _ in range(WORKERS)]
        while not sandbox.ledger.count(what="created"):
            time.sleep(0.05)
        workers[0].kill()  # its pod was evicted; another one comes
        workers.append(start("work", job, "--shard-rows", "200", *reach))
        codes = [worker.wait() for worker in workers[1:]]
        created = sandbox.ledger.count(what="created")
    print(f"{created} users created, exit codes {codes}", flush=True)
    return run("report", job, "--format", "json", shown=True)


def start(*words: str, shown: bool = False) -> subprocess.Popen[bytes]:
    """Start the program, as a container does; `shown`: with what it prints."""
    return subprocess.Popen(  # noqa: S603 -- our own program
        [sys.executable, "-m", "alloy_async", *words],
        env={"ALLOY_API_KEY": "key", **os.environ},
        stdout=None if shown else subprocess.DEVNULL,
    )


def run(*words: str, shown: bool = False) -> int:
    """Run the program to its end; its exit code."""
    return start(*words, shown=shown).wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
