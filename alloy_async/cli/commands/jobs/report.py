"""`alloy-async report`: what a job did, also while it is running."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from ...error_messages import describe_error
from ...exit_codes import ExitCode
from ...help import Command
from ...options.job_options import SAFE_CSV
from ...options.job_place import JOB_PLACE
from ...output.failed_file import is_as_written, refuse_harmful_output, write_rows_to_feed_back
from ...output.safe_text import clean_text, format_json, print_line
from ...output_file import OUTPUT_FILE, open_output_file, take_dash
from ...tenants.options import accept_tenants_table
from .report_renderer import render_page_of_job_or_plan, report_to_json

if TYPE_CHECKING:
    from ....provisioning.reports.job_report import JobReport
    from ....provisioning.store.header import JobHeader
    from ....provisioning.store.job_store import JobStore


def _show_reports_of_tenants(table: Path, only: tuple[str, ...], given: Mapping[str, Any]) -> ExitCode:
    from ...tenants.overview.report import show_report

    form, output = given["form"], given["output"]
    if form == "csv":
        raise click.UsageError("--format csv is of one job, as each may have other columns: name the JOB")
    if form == "html" and output is None:
        raise click.UsageError(
            "with --many, --format html needs -o: a FILE for the page; those of the jobs go beside it"
        )
    return show_report(table, only, form, output)


@click.command(
    cls=Command,
    short_help="Show what became of every row of a job.",
    examples=[
        "alloy-async report users.job",
        "alloy-async report users.job --format html -o report.html",
        "alloy-async report --many tenants.toml",
    ],
)
@accept_tenants_table(_show_reports_of_tenants, "job", {"form", "output"})
@click.argument("job", type=JOB_PLACE, required=False)
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
    type=OUTPUT_FILE,
    callback=take_dash,
    metavar="FILE",
    help="Where to write it.",
)
@SAFE_CSV
@click.pass_context
def report(
    context: click.Context, /, job: Path | str, form: str, output: Path | None, safe_csv: bool
) -> None:
    """Show what became of every row of JOB, also while it is running.

    Exit code: 0 when every row is as the source says, 1 when some are not, 2 when JOB cannot be read.
    """
    from ....core.errors import AlloyAsyncError
    from ....provisioning.reports.job_report import read_report
    from ....provisioning.store.store_opener import open_store_for_reading

    writers: dict[str, Callable[[IO[str], Any, Any], object]] = {
        **_WRITERS,
        "csv": partial(write_rows_to_feed_back, safe=safe_csv),
    }
    try:
        with open_store_for_reading(job) as store:
            job_report = read_report(store)
            with _open_output(job, job_report.header, output, form) as file:
                writers[form](file, store, job_report)
    except BrokenPipeError:
        raise
    except (AlloyAsyncError, OSError) as error:
        print_line(describe_error(error), err=True)
        context.exit(ExitCode.NOT_DONE)
    context.exit(ExitCode.INCOMPLETE if job_report.counts.unresolved else ExitCode.SUCCESS)


@contextmanager
def _open_output(job: Path | str, header: JobHeader, output: Path | None, form: str) -> Iterator[IO[str]]:
    """Open what a report is written to: a page or a table of rows is UTF-8, whatever standard output is."""
    if output is None and form in ("text", "json"):
        yield sys.stdout
    elif output is None:
        buffer = io.StringIO(newline="")
        yield buffer
        text = buffer.getvalue()
        if sys.stdout.isatty():  # shown to somebody; elsewhere the rows stay as they came
            text = clean_text(text.replace("\r\n", "\n"))
        sys.stdout.buffer.write(text.encode())
    else:
        refuse_harmful_output("-o", output, {"the job file": job, "its source": Path(header.source_path)})
        is_untouched = form == "csv" and is_as_written(output, header)
        with (
            open_output_file(output, private=True, may_replace_rows=is_untouched) as binary,
            io.TextIOWrapper(binary, encoding="utf-8", newline="") as file,
        ):
            yield file


def _write_text(file: IO[str], store: JobStore, job_report: JobReport) -> None:
    from ....provisioning.reports.job_report import read_unresolved_rows
    from ...output.report_text import print_report
    from ...output.safe_console import create_console

    print_report(create_console(file=file), job_report, read_unresolved_rows(store, job_report.phase))


def _write_html(file: IO[str], store: JobStore, job_report: JobReport) -> None:
    file.write(render_page_of_job_or_plan(store, job_report))


def _write_json(file: IO[str], store: JobStore, job_report: JobReport) -> None:
    file.write(format_json(report_to_json(store, job_report), indent=2) + "\n")


_WRITERS: dict[str, Callable[[IO[str], Any, Any], object]] = {
    "text": _write_text,
    "json": _write_json,
    "csv": write_rows_to_feed_back,
    "html": _write_html,
}
