"""The page of a folder of jobs: each with its outcomes, and how the same job went night after night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby

from ...errors import JobPlace
from ...events import OUTCOME_NAMES
from ..job_folder import JobSummary
from ..quantities import format_count_with_noun, format_duration
from .charts import draw_outcomes_by_job, draw_shares
from .skeleton import (
    format_time,
    get_last_part_of_source_name,
    render_header,
    render_page,
    render_searchable_table,
    render_section,
)

_NIGHTS = 60
"""Jobs of one kind whose history is drawn; the latest."""


def render_jobs(folder: str, jobs: Sequence[JobSummary], pages: Mapping[JobPlace, str], made: float) -> str:
    """Render the page of a folder of jobs.

    Args:
        folder: its name.
        jobs: the latest first.
        pages: the address of the page of a job, by the job's place, where there is one.
        made: when, in seconds since 1970.
    """
    troubled = [job for job in jobs if job.worst_outcome]
    all_jobs = format_count_with_noun(len(jobs), "job", "jobs")
    verdict = (
        f"{len(troubled):,} of {all_jobs} {'needs' if len(troubled) == 1 else 'need'} somebody's attention."
        if troubled
        else f"{'The one job' if len(jobs) == 1 else f'All {all_jobs}'} ended well."
    )
    states = sorted({job.state for job in jobs})
    table = render_searchable_table(
        "jobs",
        ("Started", "Job", "What", "State", "Rows", "Outcomes", "Time"),
        "".join(_render_job(job, pages.get(job.place)) for job in jobs),
        kinds=((state, state) for state in states),
        hint="Job, source, system or state",
        every="every state",
    )
    content = [
        render_header(
            escape(folder),
            all_jobs,
            verdict if jobs else "There is no job here.",
            good=not troubled,
            facts=(),
        ),
        *(_render_history(kind, nights) for kind, nights in group_repeated_jobs(jobs)),
        render_section(f"<h2>All jobs</h2>{table}") if jobs else "",
    ]
    return render_page(f"Jobs in {folder}", "".join(content), made)


def group_repeated_jobs(jobs: Sequence[JobSummary]) -> list[tuple[str, list[JobSummary]]]:
    """Group the jobs that are the same one done again: same source, system and mode; those done once only are left out."""
    by_kind = sorted(jobs, key=lambda job: (job.kind, job.began))
    groups = [(kind, [*alike][-_NIGHTS:]) for kind, alike in groupby(by_kind, key=lambda job: job.kind)]
    return [(kind, alike) for kind, alike in groups if len(alike) > 1]


def _render_history(kind: str, nights: Sequence[JobSummary]) -> str:
    outcomes = [name for name in OUTCOME_NAMES if any(job.outcomes.get(name) for job in nights)]
    changing = [name for name in outcomes if name not in ("unchanged", "uncompared", "exists")]
    bars = [
        (
            f"{format_time(job.began)}\n{_describe_outcomes(job, outcomes)}\n{format_duration(job.elapsed)}",
            [(name, float(job.outcomes.get(name, 0))) for name in changing],
        )
        for job in nights
    ]
    keys = "".join(f'<span class="key {name}"></span>{escape(OUTCOME_NAMES[name])} ' for name in changing)
    caption = f"<figcaption>{escape(kind)}<span>{keys}</span></figcaption>"
    label = f"what changed in each of {len(nights)} jobs"
    first, last = format_time(nights[0].began)[:10], format_time(nights[-1].began)[:10]
    return f'<div class="charts"><figure class="wide">{caption}{draw_outcomes_by_job(bars, label, first, last)}</figure></div>'


def _describe_outcomes(job: JobSummary, outcomes: Sequence[str]) -> str:
    return ", ".join(
        f"{job.outcomes[name]:,} {OUTCOME_NAMES[name]}" for name in outcomes if job.outcomes.get(name)
    )


def _render_job(job: JobSummary, page: str | None) -> str:
    name = escape(job.path.name)
    link = f'<a href="{escape(page)}">{name}</a>' if page else name
    parts = [(outcome, OUTCOME_NAMES[outcome], number) for outcome, number in job.outcomes.items() if number]
    bar = draw_shares(parts, "mini") if parts else ""
    what = f"{escape(get_last_part_of_source_name(job.source))} to {escape(job.system)}, {escape(job.mode)}"
    told = escape(_describe_outcomes(job, [outcome for outcome, _, _ in parts]))
    trouble = (
        f'<span class="key {job.worst_outcome}"></span>'
        if job.worst_outcome
        else '<span class="key done"></span>'
    )
    return (
        f'<tr data-kind="{escape(job.state)}"><td>{format_time(job.began)[:16]}</td><td>{link}</td><td>{what}</td>'
        f'<td>{trouble}{escape(job.state)}</td><td class="number">{job.rows:,}</td><td>{bar}{told}</td>'
        f'<td class="number">{format_duration(job.elapsed)}</td></tr>'
    )
