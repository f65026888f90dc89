"""Run a job for the command line: progress, signals, the summary, the exit code."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from .error_messages import describe_error
from .exit_codes import ExitCode
from .options.target import Target
from .output.streams import ignore_closed_output

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
    from ..core.errors import AlloyAsyncError
    from ..provisioning import Plan
    from .output.progress import ProgressDisplay, print_plan, print_summary
    from .output.terminal import create_console

    console = create_console(stderr=True)
    log = _show_log(console) if verbose else nullcontext()
    with log, ProgressDisplay(console, command.name, command.system.capitalize()) as display:
        try:
            result = asyncio.run(_run_work(command, display, concurrency))
        except asyncio.CancelledError:
            display.print_line(_describe_cut_off(display))
            return ExitCode.INTERRUPTED
        except (AlloyAsyncError, OSError) as error:
            display.print_line(describe_error(error))
            return ExitCode.INCOMPLETE if display.counts.settled else ExitCode.NOT_DONE
    if isinstance(result, Plan):
        with ignore_closed_output():
            _print_result(to_json(result), as_json, lambda: print_plan(create_console(), result))
        return ExitCode.SUCCESS
    failed = (
        None
        if result.complete or result.phase == "undo"
        else _write_failed_rows(result, command.failed, display)
    )
    data = {**to_json(result), "failed_file": failed and str(failed)}
    with ignore_closed_output():
        _print_result(data, as_json, lambda: print_summary(create_console(), result, failed, command.system))
    if result.stopped == "interrupted":
        return ExitCode.INTERRUPTED
    return ExitCode.SUCCESS if result.complete else ExitCode.INCOMPLETE


def _print_result(data: object, as_json: bool, print_text: Callable[[], None]) -> None:
    from .output.safe_text import format_json

    if as_json:
        click.echo(format_json(data, indent=2))
    else:
        print_text()


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
