"""`alloy-async report` and `alloy-async status`: what a job file tells, also while its job is running."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import attrs
import click

from ..options.source import kept_reading
from ..options.systems import capabilities_of

if TYPE_CHECKING:
    import sqlite3

    from ...provisioning.store.queries import JobReport

COMPLETE, NOT_COMPLETE, NOT_READ = 0, 1, 2


@click.command()
@click.argument("job", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "html"]),
    default="text",
    show_default=True,
    help="csv: the rows that did not go in, as a file that can be provisioned again. html: one page with charts.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write it.",
)
@click.pass_context
def report(context: click.Context, /, job: Path, form: str, output: Path | None) -> None:
    """Tell what became of every row of JOB, also while it is running.

    Exit code: 0 when every row is as the source says, 1 when some are not, 2 when JOB cannot be read.
    """
    from ...core.errors import AlloyAsyncError
    from ...provisioning.store.queries import read_report
    from ...provisioning.store.schema import reading

    try:
        with reading(job) as database:
            told = read_report(database, job)
            with ExitStack() as stack:
                file = sys.stdout
                if output:
                    file = stack.enter_context(output.open("w", encoding="utf-8", newline=""))
                _WRITERS[form](file, database, told)
    except (AlloyAsyncError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        context.exit(NOT_READ)
    context.exit(NOT_COMPLETE if told.counts.amiss else COMPLETE)


@click.command()
@click.argument("job", type=click.Path(path_type=Path))
@click.option("--watch", is_flag=True, help="Tell it again every second, until the job ends.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def status(context: click.Context, /, job: Path, watch: bool, as_json: bool) -> None:
    """Tell how JOB is getting on; it may be running in another terminal.

    Exit code: 0 when it is running or has ended, 1 when it was stopped or cut off, 2 when JOB cannot be read.
    """
    from rich.console import Console
    from rich.live import Live

    from ...core.errors import AlloyAsyncError
    from ...provisioning.store.queries import read_status
    from ...provisioning.store.schema import reading
    from ..output.report_text import status_text

    console = Console()
    try:
        with reading(job) as database:
            told = read_status(database, job)
            if watch and told.worker is not None:
                with Live(console=console, auto_refresh=False, transient=True) as live:
                    while told.worker is not None:
                        live.update(status_text(told, job), refresh=True)
                        time.sleep(1)
                        told = read_status(database, job)
    except AlloyAsyncError as error:
        click.echo(f"Error: {error}", err=True)
        context.exit(NOT_READ)
    if as_json:
        data = attrs.asdict(told, filter=lambda field, _: field.name != "header")
        click.echo(json.dumps({"state": told.state, "rows": told.header.rows, **data}))
    else:
        console.print(status_text(told, job), soft_wrap=True)
    context.exit(NOT_COMPLETE if told.state in ("cut off", "stopped") else COMPLETE)


def _text(file: IO[str], database: sqlite3.Connection, told: JobReport) -> None:
    from rich.console import Console

    from ...provisioning.store.queries import lines_amiss
    from ..output.report_text import show

    show(Console(file=file), told, lines_amiss(database, told.table))


def _html(file: IO[str], database: sqlite3.Connection, told: JobReport) -> None:
    from ...provisioning.reports.html import page
    from ...provisioning.store.queries import lines_amiss

    file.write(page(told, lines_amiss(database, told.table)))


def _json(file: IO[str], database: sqlite3.Connection, told: JobReport) -> None:
    from ...provisioning.store.queries import lines_amiss

    header = told.header
    data = {
        "job": str(told.path),
        "source": header.source,
        "system": header.system,
        "base_url": header.base_url,
        "mode": header.mode,
        "state": told.state,
        "verdict": told.verdict,
        "counts": attrs.asdict(told.counts),
        "started": header.started,
        "ended": header.ended,
        "stopped": header.stopped,
        "elapsed": told.elapsed,
        "rows_per_second": told.rate,
        "latency": {
            "p50": told.latency("p50"),
            "p95": told.latency("p95"),
            "slowest": told.latency("slowest"),
        },
        "calls": told.total("calls"),
        "limited": told.total("limited"),
        "retries": told.total("retries"),
        "waited": told.total("waited"),
        "reasons": [attrs.asdict(reason) for reason in told.reasons],
        "dropped": told.dropped,
        "rows_amiss": [line._asdict() for line in lines_amiss(database, told.table, planned=True)],
    }
    file.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def write_amiss(job: Path, to: Path | None) -> Path:
    """Write the rows of a job that did not go in to a file that can be fed back; which file it is.

    Args:
        to: the file; None names it after the job, and leaves a file of that name alone unless it is such a file too.

    Raises:
        JobError: the job cannot be read, or a file of that name is somebody else's.
        OSError: the file cannot be written.
    """
    from ...provisioning.store.queries import read_report
    from ...provisioning.store.schema import reading

    part = (to or job).with_name(f"{(to or job).name}.part")
    try:
        with reading(job) as database, part.open("w", encoding="utf-8", newline="") as file:
            form = _csv(file, database, read_report(database, job))
        path = to or job.with_suffix(f".failed.{form}")
        if to is None:
            _check_ours(path)
        return part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _check_ours(path: Path) -> None:
    from ...provisioning.errors import JobError
    from ...provisioning.sources import EXTRA_COLUMNS

    if path.exists():
        with path.open("rb") as file:
            start = file.read(40)
        if not start.lstrip(b'{" ').startswith(EXTRA_COLUMNS[0].encode()):
            raise JobError("is a file of yours; give --failed a place for the rows that did not go in", path)


def _csv(file: IO[str], database: sqlite3.Connection, told: JobReport) -> str:
    """The rows from the source; where that cannot be read again, who they are. Gives the file's ending."""
    from ...core.errors import AlloyAsyncError
    from ...provisioning.planning.job_planner import is_unchanged
    from ...provisioning.reports.failed_rows import write_failed_keys, write_failed_rows
    from ...provisioning.sources import CsvSource
    from ...provisioning.store.queries import lines_amiss

    header = told.header
    key = capabilities_of(json.loads(header.options).get("system", header.system.lower())).key
    why = "it cannot be read twice"
    try:
        reading, path, _ = kept_reading(header)
        source = reading.open(path, key=key) if path and header.source_digest else None
        if source is not None and not is_unchanged(source, header):
            source, why = None, "it was changed since"
    except (AlloyAsyncError, OSError, KeyError) as error:
        source, why = None, str(error)
    amiss = lines_amiss(database, told.table, planned=True)
    if source is not None:
        write_failed_rows(file, source, amiss)
        return "csv" if isinstance(source, CsvSource) else "jsonl"
    click.echo(f"The rows are not taken from {header.source}, only their keys are told: {why}", err=True)
    write_failed_keys(file, key, amiss)
    return "csv"


_WRITERS: dict[str, Callable[[IO[str], Any, Any], object]] = {
    "text": _text,
    "json": _json,
    "csv": _csv,
    "html": _html,
}
