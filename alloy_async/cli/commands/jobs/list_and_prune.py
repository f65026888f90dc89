"""`alloy-async jobs`: the jobs of a folder, their history, and throwing old ones away."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from ...error_messages import translate_to_options
from ...exit_codes import ExitCode, NotDoneError
from ...help import SuggestingGroup
from ...options.job_place import JOB_FOLDER
from ...output.failed_file import ENDINGS, get_failed_file_path, is_as_written
from ...output.safe_text import clean_text, format_json, print_line
from ...output_file import OUTPUT_FILE, is_failed_rows_file, take_dash, write_output_file
from .report_renderer import name_pages, render_html

if TYPE_CHECKING:
    from ....provisioning.errors import JobPlace
    from ....provisioning.reports.job_folder import JobSummary

_DAY = 86_400
_FOLDER = click.argument("folder", type=JOB_FOLDER, default=Path())


@click.group(cls=SuggestingGroup)
def jobs() -> None:
    """Look over the jobs of a folder, and throw old ones away."""


@jobs.command("list")
@_FOLDER
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="html: one page with a history of jobs that were done again and again; needs -o.",
)
@click.option(
    "-o",
    "--output",
    type=OUTPUT_FILE,
    callback=take_dash,
    metavar="FILE",
    help="Where to write it.",
)
@click.option(
    "--pages",
    is_flag=True,
    help="For html: write a page of each job too, beside FILE; a file of yours stays.",
)
@click.pass_context
def list_(context: click.Context, /, folder: Path | str, form: str, output: Path | None, pages: bool) -> None:
    """List the jobs (*.job) of FOLDER, the latest first; default the current folder.

    FOLDER may be a database, as postgresql://host/database: all jobs in it.

    Exit code: 0, or 1 when a job needs somebody's attention.
    """
    from ....core.errors import AlloyAsyncError
    from ....provisioning.reports.job_folder import list_jobs

    if form == "html" and output is None:
        raise click.UsageError("--format html needs -o: a FILE for the page")
    if pages and isinstance(folder, str):
        raise click.UsageError(
            "--pages is for the jobs of a folder; `report JOB --format html` writes the page of one"
        )
    try:
        found = list_jobs(folder)
        if form == "html" and output is not None:
            text = _render_html(folder, found, output, with_pages=pages)
        elif form == "json":
            text = format_json([_job_to_json(job) for job in found])
        else:
            text = _format_jobs(found)
        if output is None:
            print_line(text)
        else:
            write_output_file(output, f"{text}\n")
    except AlloyAsyncError as error:
        raise NotDoneError(translate_to_options(str(error))) from None
    except OSError as error:
        raise NotDoneError(str(error)) from None
    context.exit(ExitCode.INCOMPLETE if any(job.worst_outcome for job in found) else ExitCode.SUCCESS)


@jobs.command()
@_FOLDER
@click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    required=True,
    metavar="DAYS",
    help="Throw away jobs that ended so many days ago, as 30.",
)
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    metavar="N",
    help="Keep the latest N of each source, system and mode, however old.",
)
@click.option("--yes", is_flag=True, help="Do it; without, it is only shown what would go.")
def prune(folder: Path | str, older_than: float, keep: int, yes: bool) -> None:
    """Throw old jobs of FOLDER away, with the files of their rows that did not go in.

    FOLDER may be a database, as postgresql://host/database: then its jobs go, and no file.

    Only jobs that ended go: those that can be resumed stay. A job that was thrown away can be neither undone nor reported.

    Exit code: 0, or 2 when one could not be removed.
    """
    from ....core.errors import AlloyAsyncError
    from ....provisioning.reports.job_folder import find_old_jobs, list_jobs

    try:
        old = [*find_old_jobs(list_jobs(folder), time.time() - older_than * _DAY, keep)]
        for job in old:
            if yes:
                _remove_job(job.place)
            print_line(f"{'removed' if yes else 'would remove'} {job.path}  {_format_job_line(job)}")
    except AlloyAsyncError as error:
        raise NotDoneError(translate_to_options(str(error))) from None
    except OSError as error:
        raise NotDoneError(str(error)) from None
    if not old:
        print_line("There is no such job.")
    elif not yes:
        print_line("Nothing was removed; with --yes it is.")


def _remove_job(job: JobPlace) -> None:
    """Remove a job and the file of its rows that did not go in; one that somebody corrected stays, and is named."""
    from ....provisioning.store.store_opener import delete_store, read_job_header

    header = read_job_header(job)
    files = [get_failed_file_path(job, ending) for ending in ENDINGS] if isinstance(job, Path) else []
    for path in files:
        if is_as_written(path, header):
            path.unlink()
        elif is_failed_rows_file(path):
            print_line(f"{path} stays, as somebody changed it.")
    delete_store(job)


def _render_html(folder: Path | str, found: Sequence[JobSummary], output: Path, *, with_pages: bool) -> str:
    from ....provisioning.reports.pages.jobs_page import render_jobs
    from ....provisioning.store.store_opener import hide_password

    pages = name_pages([job.place for job in found], output)
    for job in found if with_pages else ():
        if job.state != "unreadable":
            write_output_file(pages[job.place], render_html(job.place))
    there = {place: page.name for place, page in pages.items() if page.exists()}
    title = str(folder.resolve()) if isinstance(folder, Path) else hide_password(folder)
    return clean_text(render_jobs(title, found, there, time.time()))


def _job_to_json(job: JobSummary) -> dict[str, object]:
    data = attrs.asdict(job, filter=lambda field, _: field.name != "place")
    return {**data, "path": str(job.path), "rows": job.rows, "trouble": bool(job.worst_outcome)}


def _format_jobs(found: Sequence[JobSummary]) -> str:
    if not found:
        return "There is no job here."
    return "\n".join(f"{job.path.name}  {_format_job_line(job)}" for job in found)


def _format_job_line(job: JobSummary) -> str:
    from ....provisioning.events import OUTCOME_NAMES
    from ....provisioning.reports.quantities import format_duration

    if job.state == "unreadable":
        return "cannot be read as a job"
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.began))
    told = ", ".join(f"{number:,} {OUTCOME_NAMES[name]}" for name, number in job.outcomes.items())
    return f"{began}  {job.kind}  {job.state}: {told or 'no rows'} ({format_duration(job.elapsed)})"
