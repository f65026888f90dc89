"""`python -m benchmarks.crashes --runs N [--kills M]`: jobs that die at random, over many seeds; exit 1 when one lied.

Every run crashes in process, at boundaries of the job file and at random instants, with faults of the network on, until it is
through; a few more are processes killed with SIGKILL. What the job file claims is compared with the sandbox's ledger.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from simulation.crashes.crashing_jobs import POINTS, run_crashing_job, run_undone_job
from simulation.crashes.killed_jobs import run_killed_job
from simulation.sandbox_directories import SYSTEMS, empty_sandbox

MODES = ("create", "create", "create", "upsert", "sync", "offboard", "undo")


def _run(system: str, seed: int, mode: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if mode == "undo":
            asyncio.run(
                run_undone_job(system, seed, Path(folder), mode="create" if system != "alloy" else "sync")
            )
        else:
            asyncio.run(run_crashing_job(system, seed, Path(folder), mode=mode))


def _kill(system: str, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder, empty_sandbox(system) as sandbox:
        run_killed_job(
            system, seed, sandbox, Path(folder), point=(*POINTS, None, None)[seed % (len(POINTS) + 2)]
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crashes", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=500, help="runs that crash in process, for each system (default 500)"
    )
    parser.add_argument(
        "--kills", type=int, default=50, help="runs that are killed, for each system (default 50)"
    )
    parser.add_argument("--system", choices=SYSTEMS, action="append", help="only this one; repeatable")
    parser.add_argument("--first", type=int, default=1000, help="the first seed (default 1000)")
    given = parser.parse_args()
    logging.disable()
    began, outcomes = time.monotonic(), Counter[str]()
    for system in given.system or SYSTEMS:
        for seed in range(given.first, given.first + given.runs + given.kills):
            kills = seed >= given.first + given.runs
            mode = "SIGKILL" if kills else MODES[seed % len(MODES)]
            if mode == "sync" and system != "alloy":  # the others have administrators, who do not go
                mode = "create"
            try:
                _kill(system, seed) if kills else _run(system, seed, mode)
            except AssertionError as error:
                outcomes["WRONG"] += 1
                place = traceback.extract_tb(error.__traceback__)[-1]
                print(f"{system} {mode} seed {seed}: {place.line} {error}", flush=True)
            else:
                outcomes[mode] += 1
    print(f"{dict(outcomes)} in {time.monotonic() - began:.0f} s; wrong: {outcomes['WRONG']}")
    return 1 if outcomes["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(main())
