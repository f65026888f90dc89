"""Provision a file of users as a library call, with your own progress display.

Run as it is, it sends examples/users.csv to an emulation of Alloy; with the name of a file, it sends
that one to Alloy itself, with the key in ALLOY_API_KEY.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from alloy_async import AlloyDirectory, AsyncAlloy
from alloy_async.provisioning import Event, Progress, Report, RunOptions, Waiting, provision
from alloy_async.sandbox import Sandbox


def show(event: Event) -> None:
    match event:
        case Progress(counts, rows):
            print(f"{counts.done} of {rows} rows")
        case Waiting(operation, reason, seconds):
            print(f"{operation} waits {seconds:.1f} s: {reason}")


async def create_all(file: Path, alloy: AsyncAlloy) -> Report:
    return await provision(file, AlloyDirectory(alloy), run=RunOptions(on_event=show))


async def main() -> None:
    if len(sys.argv) > 1:
        async with AsyncAlloy() as alloy:
            report = await create_all(Path(sys.argv[1]), alloy)
    else:
        async with Sandbox("alloy") as sandbox, AsyncAlloy("key", base_url=sandbox.url) as alloy:
            report = await create_all(Path(__file__).with_name("users.csv"), alloy)
    print(f"{report.counts.created} created, {report.counts.exists} were there already")
    if not report.complete:
        print(f"{report.counts.unresolved} are not in: alloy-async report {report.job} says why")


if __name__ == "__main__":
    asyncio.run(main())
