"""`alloy-async provision`: the users of a file into a system."""

from __future__ import annotations

import asyncio
import json
import logging
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from .systems import SYSTEMS

if TYPE_CHECKING:
    from rich.console import Console

    from ..provisioning import Report
    from .display import Display

ALL_IN, NOT_ALL_IN, NOTHING_DONE, INTERRUPTED = 0, 1, 2, 130


@attrs.frozen
class Request:
    """What the user asked for."""

    file: Path
    system: str
    sandbox: bool
    base_url: str | None
    api_key_file: Path | None
    concurrency: int
    delimiter: str | None
    encoding: str | None
    failed: Path | None

    def again(self, file: Path) -> str:
        """The command line that takes up another file in the same way."""
        words = ["alloy-async", "provision", str(file), "--to", self.system]
        words += ["--sandbox"] if self.sandbox else []
        words += ["--base-url", self.base_url] if self.base_url else []
        words += ["--api-key-file", str(self.api_key_file)] if self.api_key_file else []
        words += ["--delimiter", self.delimiter] if self.delimiter else []
        words += ["--encoding", self.encoding] if self.encoding else []
        return shlex.join(words)


def _one_character(_: click.Context, option: click.Parameter, value: str | None) -> str | None:
    value = {"tab": "\t", "\\t": "\t"}.get(value or "", value)
    if value is not None and (len(value) != 1 or value in '"\r\n'):
        raise click.BadParameter("give one character, or 'tab'", param=option)
    return value


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "system",
    type=click.Choice(SYSTEMS),
    required=True,
    help="The system that gets the users.",
)
@click.option("--sandbox", is_flag=True, help="Try it on an emulation of the system, started for this run.")
@click.option(
    "--base-url",
    metavar="URL",
    help="Where the system is; default $ALLOY_BASE_URL, else the vendor's address.",
)
@click.option(
    "--api-key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PATH",
    help="Read the API key from a file; default $ALLOY_API_KEY. There is no option for "
    "the key itself: it would show in the list of processes and in your shell's history.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Batches in flight.",
)
@click.option(
    "--delimiter",
    callback=_one_character,
    metavar="CHAR",
    help="Between the cells, as ; or tab; found by itself.",
)
@click.option("--encoding", help="Of the file, as cp1252; UTF-8 and UTF-16 are found by themselves.")
@click.option(
    "--failed",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PATH",
    help="Where the rows that do not go in are written; default FILE.failed.csv.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Show every request.")
@click.pass_context
def provision(context: click.Context, /, as_json: bool, verbose: bool, **wishes: object) -> None:
    """Create the users of a CSV FILE; those who are there already stay as they are.

    The first line of FILE names its columns; one of them holds the username. The whole file is
    checked before anything is sent. Running it again is safe.

    Exit code: 0 when every row is in, 1 when some are not, 2 when nothing could be done.
    """
    request = Request(**wishes)  # type: ignore[arg-type]
    if request.sandbox and (request.base_url or request.api_key_file):
        raise click.UsageError("--sandbox brings its own address and key; leave the others out")
    context.exit(_run(request, as_json=as_json, verbose=verbose))


def _run(request: Request, *, as_json: bool, verbose: bool) -> int:
    from rich.console import Console

    from ..core.errors import AlloyAsyncError
    from .display import Display, show_report

    console = Console(stderr=True)
    if verbose:
        _show_log(console)
    target = request.system.capitalize()
    with Display(console, str(request.file), target) as display:
        try:
            report = asyncio.run(_provision(request, display))
        except asyncio.CancelledError:
            display.say(_cut_off(display))
            return INTERRUPTED
        except (AlloyAsyncError, OSError) as error:
            display.say(f"Error: {error}{_advice(error)}")
            return NOT_ALL_IN if display.counts.created else NOTHING_DONE
    if as_json:
        click.echo(json.dumps(as_data(report), indent=2))
    else:
        again = request.again(report.failed_file) if report.failed_file else ""
        show_report(Console(), report, again)
    if report.stopped == "interrupted":
        return INTERRUPTED
    return ALL_IN if report.complete else NOT_ALL_IN


async def _provision(request: Request, display: Display) -> Report:
    from ..provisioning import CsvSource, provision
    from .systems import open_directory

    source = CsvSource(request.file, delimiter=request.delimiter, encoding=request.encoding)
    async with open_directory(
        request.system,
        sandbox=request.sandbox,
        base_url=request.base_url,
        api_key=_key_in(request.api_key_file),
    ) as directory:
        stop = asyncio.Event()
        with _interruptible(stop, display):
            return await provision(
                source,
                directory,
                concurrency=request.concurrency,
                failed=request.failed,
                on_event=display,
                stop=stop,
            )


def _key_in(path: Path | None) -> str | None:
    from ..core.errors import ConfigurationError

    if path is None:
        return None
    try:
        key = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{path}: the API key cannot be read: {error.strerror}") from None
    except UnicodeError:
        raise ConfigurationError(f"{path}: the API key cannot be read: this is no text") from None
    if not key:
        raise ConfigurationError(f"{path}: the file is empty; it must hold the API key")
    return key


@contextmanager
def _interruptible(stop: asyncio.Event, display: Display) -> Iterator[None]:
    """The first Ctrl-C lets what is on its way finish; the second cuts it off, as does one before."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None

    def interrupt() -> None:
        if stop.is_set() or display.checked is None:
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
    if display.checked is None:
        return "Stopped while the file was being checked; nothing was sent."
    counts = display.counts
    return (
        f"Cut off: {counts.created:,} created, {counts.exists:,} already there; the rows on their "
        "way may be in or not. Run the same command again: those who are in stay as they are."
    )


def _advice(error: Exception) -> str:
    from ..core.errors import ConnectError, Forbidden, NotFound, Unauthorized

    if isinstance(error, (Unauthorized, Forbidden)):
        return "\nThe API key was refused: check ALLOY_API_KEY or --api-key-file. Nobody was created."
    if isinstance(error, (ConnectError, NotFound)):
        return "\nCheck --base-url and your network. Nobody was created."
    return ""


def _show_log(console: Console) -> None:
    from rich.logging import RichHandler

    log = logging.getLogger("alloy_async")
    log.setLevel(logging.DEBUG)
    log.addHandler(RichHandler(console=console, show_path=False, highlighter=None, markup=False))


def as_data(report: Report) -> dict[str, object]:
    """The report as JSON data."""
    return attrs.asdict(report, value_serializer=_plain)


def _plain(_: object, __: object, value: object) -> object:
    return str(value) if isinstance(value, Path) else value
