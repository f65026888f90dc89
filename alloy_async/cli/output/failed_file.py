"""The file with the rows that did not go in: written beside the job, never over what somebody corrected in it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING

import click

from ..options.source import restore_source_options
from ..options.system_access import load_capabilities
from ..output_file import check_output_file, is_failed_rows_file
from .next_steps import format_command

if TYPE_CHECKING:
    from ...provisioning.errors import ForeignRowsError, JobPlace
    from ...provisioning.reports.job_report import JobReport
    from ...provisioning.store.header import JobHeader
    from ...provisioning.store.job_store import JobStore

ENDINGS = ("csv", "jsonl")


def refuse_harmful_output(option: str, path: Path, others: Mapping[str, JobPlace | None]) -> None:
    """Refuse a place for output that would replace something else, or cannot be written; before anything is done.

    Args:
        option: that names the place.
        path: the place.
        others: what must not be replaced, by what it is.

    Raises:
        click.UsageError: with the option and what to do.
    """
    for what, other in others.items():
        if isinstance(other, Path) and path.exists() and other.exists() and path.samefile(other):
            raise click.UsageError(f"{option} {path} would replace {what}; give another place")
    try:
        check_output_file(path)
    except OSError as error:
        raise click.UsageError(f"{option} {path} cannot be written: {error.strerror}") from None


def write_failed_file(job: JobPlace, to: Path | None, *, safe: bool = False) -> Path:
    """Write the rows of a job that did not go in to a file that can be fed back, and that only its owner may read.

    A file that somebody corrected since it was written stays as it is; the next free name is taken then.

    Args:
        job: the job.
        to: the file; None names it after the job, and leaves a file of that name alone unless it is such a file too.
        safe: so that a spreadsheet takes no cell for a formula.

    Returns:
        Which file it is.

    Raises:
        JobError: the job cannot be read, or a file of that name is somebody else's.
        OSError: the file cannot be written.
    """
    from ...provisioning.errors import JobInUse
    from ...provisioning.reports.job_report import read_report
    from ...provisioning.store.store_opener import get_path_for_files, open_store, open_store_for_reading

    path = to.resolve() if to else get_path_for_files(job)  # a link stays one
    file = _open_private_part(path)
    part = Path(file.name)
    try:
        with file, open_store_for_reading(job) as store:
            report = read_report(store)
            ending = write_rows_to_feed_back(file, store, report, safe=safe)
        if to is None:
            path = get_failed_file_path(job, ending)
            _refuse_foreign_file(path)
        path = part.replace(_choose_free_name(path, part, report.header))
        # Another worker of a shared job, which has come to its end as well, writes the same.
        with contextlib.suppress(JobInUse), contextlib.closing(open_store(job)) as store:
            store.update_header(failed_rows=_hash_file(path, report.header))
        return path
    finally:
        part.unlink(missing_ok=True)


def remove_stale_failed_file(job: JobPlace, to: Path | None) -> Path | None:
    """Remove the file that an earlier run of a job wrote, now that all its rows are in, unless somebody changed it.

    Args:
        job: the job.
        to: the file; None: it is named after the job.

    Returns:
        The file that was removed.
    """
    from ...provisioning.store.store_opener import read_job_header

    header = read_job_header(job)
    named = [get_failed_file_path(job, ending) for ending in ENDINGS]
    for path in [to] if to else named:
        if path.exists() and is_as_written(path, header):
            path.unlink()
            return path
    return None


def get_failed_file_path(job: JobPlace, ending: str) -> Path:
    """Name the file after the job, without the ending of a job file only: june.1 and june.2 are two jobs."""
    from ...provisioning.store.store_opener import get_path_for_files

    path = get_path_for_files(job)
    name = path.name.removesuffix(".job") if isinstance(job, Path) else path.name
    return path.with_name(f"{name}.failed.{ending}")


def suggest_right_file(error: ForeignRowsError) -> str:
    """Suggest what to feed back to which job, as a line with a command; empty where that is not known."""
    from ...provisioning.store.job_identity_label import create_job_label, is_of_same_job, read_job_name
    from ...provisioning.store.store_opener import get_path_for_files, read_job_header

    if error.label:
        name = read_job_name(error.label)
        for place in (Path(error.source).with_name(name), get_path_for_files(error.job).with_name(name)):
            if place.is_file():
                label = create_job_label(read_job_header(place), place)
                if is_of_same_job(label, error.label):
                    command = format_command("resume", place, "--failed", Path(error.source))
                    return f"\nTo feed it back to its own job:  {command}"
        return ""
    header = read_job_header(error.job)
    for path in (get_failed_file_path(error.job, ending) for ending in ENDINGS):
        if path.exists():
            return f"\nTo feed back the rows of this job:  {format_command('resume', error.job, '--failed', path)}"
    ending = "jsonl" if Path(header.source).suffix in (".jsonl", ".json", ".parquet") else "csv"
    path = get_failed_file_path(error.job, ending)
    return f"\nTo write it anew:  {format_command('report', error.job, '--format', 'csv', '-o', path)}"


def _choose_free_name(path: Path, part: Path, header: JobHeader) -> Path:
    """Choose the place itself, or beside it where somebody corrected what stands there."""
    free, number = path, 1
    ours = {header.failed_rows, _hash_file(part, header)}  # or what another worker has just written there
    while free.exists() and _hash_file(free, header) not in ours:
        number += 1
        free = path.with_name(f"{path.stem}.{number}{path.suffix}")
    return free


def is_as_written(path: Path, header: JobHeader) -> bool:
    """Tell whether a file of rows that did not go in is as the job wrote it: nobody corrected anything in it."""
    return bool(header.failed_rows) and path.is_file() and _hash_file(path, header) == header.failed_rows


def _hash_file(path: Path, header: JobHeader) -> str:
    return blake2b(path.read_bytes(), key=header.salt, digest_size=16).hexdigest()


def _open_private_part(path: Path) -> IO[str]:
    """Open a new file beside the path that only its owner may read: it holds people's data."""
    # Of a name of its own: workers of a shared job come to their end in one folder at the same time.
    return NamedTemporaryFile(
        "w",
        encoding="utf-8",
        newline="",
        prefix=f"{path.name}.",
        suffix=".part",
        dir=path.parent,
        delete=False,
    )


def _refuse_foreign_file(path: Path) -> None:
    from ...provisioning.errors import JobError

    if path.exists() and not is_failed_rows_file(path):
        raise JobError("is a file of yours; give --failed a place for the rows that did not go in", path)


def write_rows_to_feed_back(
    file: IO[str], store: JobStore, job_report: JobReport, *, safe: bool = False
) -> str:
    """Write the rows of the source; where it cannot be read again, their keys. Return the ending of the file."""
    from ...core.errors import AlloyAsyncError
    from ...provisioning.planning.source_rereader import is_source_unchanged
    from ...provisioning.reports.failed_rows_writer import write_failed_keys, write_failed_rows
    from ...provisioning.reports.job_report import read_unresolved_rows
    from ...provisioning.sources import CsvSource
    from ...provisioning.store.job_identity_label import create_job_label

    header = job_report.header
    key = load_capabilities(json.loads(header.options).get("system", header.system.lower())).key
    why = "it cannot be read twice"
    try:
        reading, path, _ = restore_source_options(header)
        source = reading.open_source(path, key=key) if path and header.source_digest else None
        if source is not None and not is_source_unchanged(source, header):
            source, why = None, "it was changed since"
    except (AlloyAsyncError, OSError, KeyError) as error:
        source, why = None, str(error)
    unresolved = read_unresolved_rows(store, job_report.phase, planned=True)
    label = create_job_label(header, job_report.path)
    if source is not None:
        write_failed_rows(file, source, unresolved, label, safe=safe)
        return "csv" if isinstance(source, CsvSource) else "jsonl"
    click.echo(
        f"The rows cannot be taken from {header.source}, so the file holds their keys only: {why}", err=True
    )
    write_failed_keys(file, key, unresolved, label, safe=safe)
    return "csv"
