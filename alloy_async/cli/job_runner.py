"""Run a job for the command line: progress, signals, the summary, the exit code."""

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

from .exit_codes import ExitCode
from .options.target import Target

if TYPE_CHECKING:
    from rich.console import Console

    from ..directory import Directory
    from ..provisioning import Plan, Report, Run
    from .output.progress import ProgressDisplay


@attrs.frozen
class JobCommand:
    """A command that works on a job: what is to be done, and where.

    Args:
        name: what is read, as the user called it.
        system: as the user called it.
        target: how to reach it.
        run: carries it out.
        failed: where the rows go that did not go in; None names the file after the job.
    """

    name: str
    system: str
    target: Target
    run: Callable[[Directory, Run], Awaitable[Report | Plan]]
    failed: Path | None = None


def run_job(command: JobCommand, concurrency: int, *, as_json: bool, verbose: bool) -> int:
    """Run the command and show how it goes; return the exit code."""
    from rich.console import Console

    from ..core.errors import AlloyAsyncError
    from ..provisioning import Plan
    from .output.progress import ProgressDisplay, print_plan, print_summary

    console = Console(stderr=True)
    log = _show_log(console) if verbose else nullcontext()
    with log, ProgressDisplay(console, command.name, command.system.capitalize()) as display:
        try:
            result = asyncio.run(_run_work(command, display, concurrency))
        except asyncio.CancelledError:
            display.print_line(_describe_cut_off(display))
            return ExitCode.INTERRUPTED
        except (AlloyAsyncError, OSError) as error:
            display.print_line(f"Error: {error}{suggest_remedy(error)}")
            return ExitCode.INCOMPLETE if display.counts.settled else ExitCode.NOT_DONE
    if isinstance(result, Plan):
        if as_json:
            click.echo(json.dumps(to_json(result), indent=2))
        else:
            print_plan(Console(), result)
        return ExitCode.SUCCESS
    failed = None if result.complete else _write_failed_rows(result, command.failed, display)
    if as_json:
        click.echo(json.dumps({**to_json(result), "failed_file": failed and str(failed)}, indent=2))
    else:
        print_summary(Console(), result, failed, command.system)
    if result.stopped == "interrupted":
        return ExitCode.INTERRUPTED
    return ExitCode.SUCCESS if result.complete else ExitCode.INCOMPLETE


def _write_failed_rows(result: Report, to: Path | None, display: ProgressDisplay) -> Path | None:
    from ..provisioning import JobError
    from .commands.report import write_failed_rows_of

    try:
        return write_failed_rows_of(result.job, to)
    except (JobError, OSError) as error:
        display.print_line(f"The rows that did not go in could not be written: {error}")
        return None


async def _run_work(command: JobCommand, display: ProgressDisplay, concurrency: int) -> Report | Plan:
    from ..provisioning import Run
    from .options.systems import open_directory

    run = Run(concurrency=concurrency, on_event=display)
    async with open_directory(command.system, command.target) as directory:
        with _handle_interrupts(run.stop, display):
            return await command.run(directory, run)


@contextmanager
def _handle_interrupts(stop: asyncio.Event, display: ProgressDisplay) -> Iterator[None]:
    """Stop at a signal: the first Ctrl-C lets what is on its way finish; the second cuts it off, as does one before."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None

    def interrupt() -> None:
        if stop.is_set() or not display.sending:
            task.cancel()
        else:
            stop.set()
            display.print_line("Stopping: what is on its way is finished; Ctrl-C again cuts it off.")

    signals = (signal.SIGINT, signal.SIGTERM) if sys.platform != "win32" else ()
    for number in signals:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _describe_cut_off(display: ProgressDisplay) -> str:
    if not display.sending:
        return "Stopped while the rows were being checked; nothing was sent."
    return (
        f"Cut off: {display.counts.settled:,} rows have their outcome; those on their way may be in or not. "
        "Resume the job: it finds out, and goes on."
    )


def suggest_remedy(error: Exception) -> str:
    from ..core.errors import ConnectError, Forbidden, NotFound, Unauthorized

    if isinstance(error, (Unauthorized, Forbidden)):
        return "\nThe API key was refused: check its environment variable or --api-key-file. Nothing was changed."
    if isinstance(error, (ConnectError, NotFound)):
        return "\nCheck --base-url and your network. Nothing was changed."
    return ""


@contextmanager
def _show_log(console: Console) -> Iterator[None]:
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


def to_json(result: Report | Plan) -> dict[str, object]:
    """Convert a report or plan to JSON data."""
    return attrs.asdict(result, value_serializer=_serialize_path)


def _serialize_path(_: object, __: object, value: object) -> object:
    return str(value) if isinstance(value, Path) else value
