"""`alloy-async report` and `alloy-async status`: what a job file holds, also while its job is running."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import attrs
import click

from ..error_messages import describe_error
from ..exit_codes import ExitCode
from ..help import Command
from ..options.job_options import SAFE_CSV
from ..options.source import restore_source_options
from ..options.systems import load_capabilities
from ..output.safe_text import clean_text, format_json, print_line

if TYPE_CHECKING:
    from ...provisioning.reports.figures import JobReport
    from ...provisioning.store.job_store import JobStore


@click.command(
    cls=Command,
    short_help="Show what became of every row of a job.",
    examples=["alloy-async report users.job", "alloy-async report users.job --format html -o report.html"],
)
@click.argument("job", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "html"]),
    default="text",
    show_default=True,
    help="csv: the rows that did not go in, as a file that can be provisioned again. html: one page with charts; of a plan"
    " that waits to be applied, each row to be searched.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write it.",
)
@SAFE_CSV
@click.pass_context
def report(context: click.Context, /, job: Path, form: str, output: Path | None, safe_csv: bool) -> None:
    """Show what became of every row of JOB, also while it is running.

    Exit code: 0 when every row is as the source says, 1 when some are not, 2 when JOB cannot be read.
    """
    from ...core.errors import AlloyAsyncError
    from ...provisioning.reports.figures import read_report
    from ...provisioning.store.places import read_store

    writers: dict[str, Callable[[IO[str], Any, Any], object]] = {
        **_WRITERS,
        "csv": partial(_write_csv, safe=safe_csv),
    }
    try:
        with read_store(job) as store:
            job_report = read_report(store)
            with _open_output(job, output, form) as file:
                writers[form](file, store, job_report)
    except BrokenPipeError:
        raise
    except (AlloyAsyncError, OSError) as error:
        print_line(describe_error(error), err=True)
        context.exit(ExitCode.NOT_DONE)
    context.exit(ExitCode.INCOMPLETE if job_report.counts.unresolved else ExitCode.SUCCESS)


@contextmanager
def _open_output(job: Path, output: Path | None, form: str) -> Iterator[IO[str]]:
    """Open what a report is written to: a page or a table of rows is UTF-8, whatever standard output is."""
    if output is None and form in ("text", "json"):
        yield sys.stdout
    elif output is None:
        text = io.StringIO(newline="")
        yield text
        click.get_binary_stream("stdout").write(text.getvalue().encode())
    else:
        if output.exists() and output.samefile(job):
            raise click.UsageError(f"-o {output} would replace the job file; give another FILE")
        part = output.with_name(f"{output.name}.part")
        try:
            with part.open("w", encoding="utf-8", newline="") as file:
                yield file
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)


@click.command(
    cls=Command,
    short_help="Show how a job is getting on, also from another terminal.",
    examples=["alloy-async status users.job --watch"],
)
@click.argument("job", type=click.Path(path_type=Path))
@click.option("--watch", is_flag=True, help="Show it again every second, until the job ends.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def status(context: click.Context, /, job: Path, watch: bool, as_json: bool) -> None:
    """Show how JOB is getting on; it may be running in another terminal.

    Exit code: 0 when it is running or has ended, 1 when it was stopped or cut off, 2 when JOB cannot be read.
    """
    from rich.live import Live

    from ...core.errors import AlloyAsyncError
    from ...provisioning.reports.status import read_status
    from ...provisioning.store.places import read_store
    from ..output.report_text import format_status
    from ..output.terminal import create_console

    console = create_console()
    try:
        with read_store(job) as store:
            job_report = read_status(store)
            if watch and job_report.worker is not None:
                with Live(console=console, auto_refresh=False, transient=True) as live:
                    while job_report.worker is not None:
                        live.update(format_status(job_report, job), refresh=True)
                        time.sleep(1)
                        job_report = read_status(store)
    except AlloyAsyncError as error:
        print_line(describe_error(error), err=True)
        context.exit(ExitCode.NOT_DONE)
    if as_json:
        data = attrs.asdict(job_report, filter=lambda field, _: field.name != "header")
        click.echo(format_json({"state": job_report.state, "rows": job_report.header.rows, **data}))
    else:
        console.print(format_status(job_report, job), soft_wrap=True)
    context.exit(ExitCode.INCOMPLETE if job_report.state in ("cut off", "stopped") else ExitCode.SUCCESS)


def _write_text(file: IO[str], store: JobStore, job_report: JobReport) -> None:
    from ...provisioning.reports.figures import read_unresolved
    from ..output.report_text import print_report
    from ..output.terminal import create_console

    print_report(create_console(file=file), job_report, read_unresolved(store, job_report.phase))


def _write_html(file: IO[str], store: JobStore, job_report: JobReport) -> None:
    """Write the page of a job; of one that waits to be applied, the page of its plan."""
    from ...provisioning.reports.figures import read_unresolved
    from ...provisioning.reports.pages.job_page import render_job
    from ...provisioning.reports.pages.plan_page import render_plan
    from ...provisioning.results import summarize_plan

    if job_report.header.state == "planned":
        page = render_plan(summarize_plan(store), job_report.header, store.read_rows("apply"))
    else:
        page = render_job(job_report, read_unresolved(store, job_report.phase))
    file.write(clean_text(page))


def render_html(job: Path) -> str:
    """Render the page of a job.

    Raises:
        JobError: the job cannot be read.
    """
    from ...provisioning.reports.figures import read_report
    from ...provisioning.store.places import read_store

    page = io.StringIO()
    with read_store(job) as store:
        _write_html(page, store, read_report(store))
    return page.getvalue()


def _write_json(file: IO[str], store: JobStore, job_report: JobReport) -> None:
    from ...provisioning.reports.figures import read_unresolved

    header = job_report.header
    data = {
        "job": str(job_report.path),
        "source": header.source,
        "system": header.system,
        "base_url": header.base_url,
        "mode": header.mode,
        "state": job_report.state,
        "verdict": job_report.verdict,
        "counts": attrs.asdict(job_report.counts),
        "started": header.started,
        "ended": header.ended,
        "stopped": header.stopped,
        "elapsed": job_report.elapsed,
        "rows_per_second": job_report.rate,
        "latency": {
            "p50": job_report.latency("p50"),
            "p95": job_report.latency("p95"),
            "slowest": job_report.latency("slowest"),
        },
        "calls": job_report.total("calls"),
        "limited": job_report.total("limited"),
        "retries": job_report.total("retries"),
        "waited": job_report.total("waited"),
        "reasons": [attrs.asdict(reason) for reason in job_report.reasons],
        "dropped": job_report.dropped,
        "unresolved_rows": [
            line._asdict() for line in read_unresolved(store, job_report.phase, planned=True)
        ],
    }
    file.write(format_json(data, indent=2) + "\n")


def write_failed_rows_of(job: Path | str, to: Path | None, *, safe: bool = False) -> Path:
    """Write the rows of a job that did not go in to a file that can be fed back; return which file it is.

    Args:
        to: the file; None names it after the job, and leaves a file of that name alone unless it is such a file too.
        safe: so that a spreadsheet takes no cell for a formula.

    Raises:
        JobError: the job cannot be read, or a file of that name is somebody else's.
        OSError: the file cannot be written.
    """
    from ...provisioning.reports.figures import read_report
    from ...provisioning.store.places import name_after, read_store

    path = to or name_after(job)
    part = path.with_name(f"{path.name}.part")
    try:
        with read_store(job) as store, part.open("w", encoding="utf-8", newline="") as file:
            form = _write_csv(file, store, read_report(store), safe=safe)
        if to is None:
            path = path.with_suffix(f".failed.{form}")
            _check_overwrite(path)
        return part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _check_overwrite(path: Path) -> None:
    from ...provisioning.errors import JobError
    from ...provisioning.sources import EXTRA_COLUMNS

    if path.exists():
        with path.open("rb") as file:
            start = file.read(40)
        if not start.lstrip(b'{" ').startswith(EXTRA_COLUMNS[0].encode()):
            raise JobError("is a file of yours; give --failed a place for the rows that did not go in", path)


def _write_csv(file: IO[str], store: JobStore, job_report: JobReport, *, safe: bool = False) -> str:
    """Write the rows of the source; where it cannot be read again, their keys. Return the ending of the file."""
    from ...core.errors import AlloyAsyncError
    from ...provisioning.planning.source_match import is_unchanged
    from ...provisioning.reports.failed_rows import write_failed_keys, write_failed_rows
    from ...provisioning.reports.figures import read_unresolved
    from ...provisioning.sources import CsvSource

    header = job_report.header
    key = load_capabilities(json.loads(header.options).get("system", header.system.lower())).key
    why = "it cannot be read twice"
    try:
        reading, path, _ = restore_source_options(header)
        source = reading.open(path, key=key) if path and header.source_digest else None
        if source is not None and not is_unchanged(source, header):
            source, why = None, "it was changed since"
    except (AlloyAsyncError, OSError, KeyError) as error:
        source, why = None, str(error)
    unresolved = read_unresolved(store, job_report.phase, planned=True)
    if source is not None:
        write_failed_rows(file, source, unresolved, safe=safe)
        return "csv" if isinstance(source, CsvSource) else "jsonl"
    click.echo(
        f"The rows cannot be taken from {header.source}, so the file holds their keys only: {why}", err=True
    )
    write_failed_keys(file, key, unresolved, safe=safe)
    return "csv"


_WRITERS: dict[str, Callable[[IO[str], Any, Any], object]] = {
    "text": _write_text,
    "json": _write_json,
    "csv": _write_csv,
    "html": _write_html,
}
