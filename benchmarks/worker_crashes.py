"""`python -m benchmarks.worker_crashes --runs N`: workers of shared jobs that are lost, over many seeds; exit 1 when one lied.

Each run loses one process at a boundary (kill -9, or stopped past its lease and woken up), or the database (killed,
restarted, silent, its disk full for a while, or its clock set forward or back), the client that began the job, or the
scheduler of a Dask cluster; others carry the job on. Then what the job claims is compared with the ledger of a server of its
own: users = rows, one outcome a row, no effect twice. The same while a job is taken back: nobody is left, nobody is removed
twice. For Alloy (batches) and Smooch (one a request) in turn.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
from collections import Counter

from simulation.crashes.crashing_workers import RUNS, open_scenes, run_one
from simulation.small_disk import CannotMount

SYSTEMS = ("alloy", "smooch")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker_crashes", description=__doc__)
    parser.add_argument(
        "--runs",
        type=int,
        default=200,
        help=f"runs (default 200; {len(SYSTEMS) * len(RUNS)} are each kind once)",
    )
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line a run")
    given = parser.parse_args()
    logging.disable()
    began, outcomes, wrong = time.monotonic(), Counter[str](), 0
    with open_scenes() as (server, folder):
        for seed in range(given.first, given.first + given.runs):
            system, at = SYSTEMS[seed % len(SYSTEMS)], time.monotonic()
            kind = RUNS[seed // len(SYSTEMS) % len(RUNS)]
            what = " ".join(kind) if isinstance(kind, tuple) else str(kind)
            try:
                run_one(server, system, seed, folder, kind)
            except CannotMount as error:
                outcomes[f"{what}: left out"] += 1
                print(f"{system} seed {seed} ({what}) left out: {error}", flush=True)
                continue
            except AssertionError as error:
                wrong += 1
                place = traceback.extract_tb(error.__traceback__)[-1]
                print(f"{system} seed {seed} ({what}): {place.line} {error}", flush=True)
                server.start()
                continue
            outcomes[kind[0] if isinstance(kind, tuple) else str(kind).partition(" killed")[0]] += 1
            if given.verbose:
                print(f"{system} seed {seed}: {what}, {time.monotonic() - at:.1f} s", flush=True)
    print(f"{dict(outcomes)} in {time.monotonic() - began:.0f} s; wrong: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
