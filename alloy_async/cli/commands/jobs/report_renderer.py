"""The report of a job as a page and as JSON, and a page of several jobs: for one job, a folder, or many tenants."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ...output.safe_text import clean_text
from ...output_file import write_output_file

if TYPE_CHECKING:
    from ....provisioning.errors import JobPlace
    from ....provisioning.reports.job_report import JobReport
    from ....provisioning.store.job_store import JobStore


def render_page_of_job_or_plan(store: JobStore, job_report: JobReport) -> str:
    """Render the page of a job; of one that waits to be applied, the page of its plan."""
    from ....provisioning.reports.job_report import read_unresolved_rows
    from ....provisioning.reports.pages.job_page import render_job
    from ....provisioning.reports.pages.plan_page import render_plan
    from ....provisioning.results import summarize_plan

    if job_report.header.state == "planned":
        page = render_plan(summarize_plan(store), job_report.header, store.read_rows("apply"))
    else:
        page = render_job(job_report, read_unresolved_rows(store, job_report.phase))
    return clean_text(page)


def render_html(job: Path | str) -> str:
    """Render the page of a job.

    Raises:
        JobError: the job cannot be read.
    """
    from ....provisioning.reports.job_report import read_report
    from ....provisioning.store.store_opener import open_store_for_reading

    with open_store_for_reading(job) as store:
        return render_page_of_job_or_plan(store, read_report(store))


def render_jobs_page_and_job_pages(title: str, places: Sequence[JobPlace], output: Path) -> str:
    """Render a page of some jobs, and write a page of each that can be read beside it."""
    from ....provisioning.reports.job_folder import summarize_job
    from ....provisioning.reports.pages.jobs_page import render_jobs

    found, pages = [summarize_job(place) for place in places], name_pages(places, output)
    for job in found:
        if job.state == "unreadable":
            del pages[job.place]
        else:
            write_output_file(pages[job.place], render_html(job.place))
    names = {place: page.name for place, page in pages.items()}
    return clean_text(render_jobs(title, found, names, time.time()))


def name_pages(places: Sequence[JobPlace], output: Path) -> dict[JobPlace, Path]:
    """Name a page for each of some jobs, beside the page of all: after the job, and numbered where that name is taken.

    Taken is what another of these jobs is called, and any file that is not a page of ours: nobody named it to us.
    """
    from ....provisioning.reports.pages.skeleton import is_page_of_ours
    from ....provisioning.store.store_opener import get_path_for_files

    def is_taken(page: Path) -> bool:
        is_foreign = page.exists() and not (page.is_file() and is_page_of_ours(page))
        return page == output or page in pages.values() or is_foreign

    pages: dict[JobPlace, Path] = {}
    for place in places:
        name = get_path_for_files(place).name
        stem = name.removesuffix(".job") if isinstance(place, Path) else name
        page, number = output.with_name(f"{stem}.html"), 1
        while is_taken(page):
            number += 1
            page = output.with_name(f"{stem}-{number}.html")
        pages[place] = page
    return pages


def report_to_json(store: JobStore, job_report: JobReport) -> dict[str, object]:
    """Convert the report of a job to JSON data, with the rows that did not go in."""
    from ....provisioning.reports.job_report import read_unresolved_rows

    header = job_report.header
    return {
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
            "p50": job_report.get_latency("p50"),
            "p95": job_report.get_latency("p95"),
            "slowest": job_report.get_latency("slowest"),
        },
        "calls": job_report.sum_figure("calls"),
        "limited": job_report.sum_figure("limited"),
        "retries": job_report.sum_figure("retries"),
        "waited": job_report.sum_figure("waited"),
        "reasons": [attrs.asdict(reason) for reason in job_report.reasons],
        "dropped": job_report.dropped,
        "unresolved_rows": [
            line._asdict() for line in read_unresolved_rows(store, job_report.phase, planned=True)
        ],
    }
