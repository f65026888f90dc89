"""Carrying a job out for the command line: progress, signals, the end, the exit code."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from .options.target import Target

if TYPE_CHECKING:
    from rich.console import Console

    from ..directory import Directory
    from ..provisioning import Plan, Report, Run
    from .output.display import Display

ALL_IN, NOT_ALL_IN, NOTHING_DONE, INTERRUPTED = 0, 1, 2, 130


@attrs.frozen
class Work:
    """What is to be done, and where.

    Args:
        name: what is read, as the user called it.
        system: as the user called it.
        target: how to reach it.
        do: does it.
        failed: where the rows go that did not go in; None names the file after the job.
    """

    name: str
    system: str
    target: Target
    do: Callable[[Directory, Run], Awaitable[Report | Plan]]
    failed: Path | None = None


def carry_out(work: Work, concurrency: int, *, as_json: bool, verbose: bool) -> int:
    """Do the work and show how it goes; the exit code."""
    from rich.console import Console

    from ..core.errors import AlloyAsyncError
    from ..provisioning import Plan
    from .output.display import Display, show_plan, show_report

    console = Console(stderr=True)
    log = _log_on(console) if verbose else nullcontext()
    with log, Display(console, work.name, work.system.capitalize()) as display:
        try:
            result = asyncio.run(_do(work, display, concurrency))
        except asyncio.CancelledError:
            display.say(_cut_off(display))
            return INTERRUPTED
        except (AlloyAsyncError, OSError) as error:
            display.say(f"Error: {error}{advice(error)}")
            return NOT_ALL_IN if display.counts.settled else NOTHING_DONE
    if isinstance(result, Plan):
        if as_json:
            click.echo(json.dumps(as_data(result), indent=2))
        else:
            show_plan(Console(), result)
        return ALL_IN
    failed = None if result.complete else _failed_rows(result, work.failed, display)
    if as_json:
        click.echo(json.dumps({**as_data(result), "failed_file": failed and str(failed)}, indent=2))
    else:
        show_report(Console(), result, failed, work.system)
    if result.stopped == "interrupted":
        return INTERRUPTED
    return ALL_IN if result.complete else NOT_ALL_IN


def _failed_rows(result: Report, to: Path | None, display: Display) -> Path | None:
    from ..provisioning import JobError
    from .commands.report import write_amiss

    try:
        return write_amiss(result.job, to)
    except (JobError, OSError) as error:
        display.say(f"The rows that did not go in could not be written: {error}")
        return None


async def _do(work: Work, display: Display, concurrency: int) -> Report | Plan:
    from ..provisioning import Run
    from .options.systems import open_directory

    run = Run(concurrency=concurrency, on_event=display)
    async with open_directory(work.system, work.target) as directory:
        with _interruptible(run.stop, display):
            return await work.do(directory, run)


@contextmanager
def _interruptible(stop: asyncio.Event, display: Display) -> Iterator[None]:
    """The first Ctrl-C lets what is on its way finish; the second cuts it off, as does one before."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None

    def interrupt() -> None:
        if stop.is_set() or not display.sending:
            task.cancel()
        else:
            stop.set()
            display.say("Stopping: what is on its way is finished; Ctrl-C again cuts it off.")

    signals = (signal.SIGINT, signal.SIGTERM) if sys.platform != "win32" else ()
    for number in signals:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _cut_off(display: Display) -> str:
    if not display.sending:
        return "Stopped while the rows were being checked; nothing was sent."
    return (
        f"Cut off: {display.counts.settled:,} rows have their outcome; those on their way may be in or not. "
        "Resume the job: it finds out, and goes on."
    )


def advice(error: Exception) -> str:
    from ..core.errors import ConnectError, Forbidden, NotFound, Unauthorized

    if isinstance(error, (Unauthorized, Forbidden)):
        return "\nThe API key was refused: check its environment variable or --api-key-file. Nothing was changed."
    if isinstance(error, (ConnectError, NotFound)):
        return "\nCheck --base-url and your network. Nothing was changed."
    return ""


@contextmanager
def _log_on(console: Console) -> Iterator[None]:
    """Show what the library logs."""
    from rich.logging import RichHandler

    log, handler = (
        logging.getLogger("alloy_async"),
        RichHandler(console=console, show_path=False, markup=False),
    )
    level = log.level
    log.setLevel(logging.DEBUG)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def as_data(result: Report | Plan) -> dict[str, object]:
    """A report or plan as JSON data."""
    return attrs.asdict(result, value_serializer=_plain)


def _plain(_: object, __: object, value: object) -> object:
    return str(value) if isinstance(value, Path) else value
