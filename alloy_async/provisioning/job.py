"""The jobs of the library: plan, apply, provision, resume and undo."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from ..core.errors import ConfigurationError
from ..directory import Capabilities, Directory
from .aio import in_thread
from .duplicates import LinesOnDisk
from .engine import At, Engine, nowhere
from .errors import JobError, SourceError
from .events import Checked, Event, OnEvent, Report
from .feed import planned_tasks, streamed_tasks
from .jobfile import Header, Mode, Table, reading
from .journal import Journal, held
from .lookup import Lookup
from .planner import Planner
from .planning import make_plan, note_check, refuse_changed, sealed
from .rows import retry_failed
from .sources import Source, open_source
from .summary import Plan, summary
from .undo import plan_undo
from .view import View

_SLICE = 1000


def _ignore(event: Event) -> None:
    """Where nobody listens."""


@attrs.frozen
class Run:
    """How a job is carried out.

    Args:
        concurrency: calls in flight; the client's rate limiter has the last word.
        on_event: told each `Event` as it happens, on the event loop.
        stop: when set, what is in flight is finished and no more is sent.
        at: for tests: told of every boundary that a crash could fall on.
        sends_again: for resuming where keys are not unique: send rows of unknown outcome again if they are not there. Say so
            only once no request of the earlier run can be on its way any more: it would double the user.
    """

    concurrency: int = 8
    on_event: OnEvent = _ignore
    stop: asyncio.Event = attrs.field(factory=asyncio.Event)
    at: At = nowhere
    sends_again: bool = False

    def __attrs_post_init__(self) -> None:
        if self.concurrency < 1:
            raise ConfigurationError(f"concurrency must be 1 or more; got {self.concurrency}")


async def plan(
    source: Source | str | Path,
    target: Directory,
    *,
    mode: Mode = "create",
    job: str | Path | None = None,
    allow_delete: float | None = None,
    options: Mapping[str, Any] | None = None,
    on_event: OnEvent = _ignore,
) -> Plan:
    """Find out what a job would do, and write it to a job file for `apply`; nothing is sent but questions.

    Args:
        source: a file (see `open_source`), or an opened source that can be read twice.
        target: the directory, as `AlloyDirectory(client)`.
        mode: `create`: those who are there stay as they are. `upsert`: fields that differ are changed too. `sync`: those
            who are not in the source are removed too. `offboard`: whoever is in the source leaves, step by step.
        job: the job file; default NAME.job beside the source.
        allow_delete: for sync, which needs it: the share of the users there that may be removed, as 0.05.
        options: kept in the job file for whoever takes it up; never anything secret.
        on_event: told each `Event` as it happens, on the event loop.

    Raises:
        SourceError: the source cannot be read as users.
        JobError: the job file cannot be written, or too many users would be removed.
        AlloyAsyncError: the system could not be asked.
    """
    opened = await _opened(source, target.capabilities)
    if await in_thread(opened.digest) is None:
        raise SourceError(
            "this can be read only once, and applying the plan reads it again; give a file", opened.name
        )
    header = _header(opened, target, mode, allow_delete, {**(options or {}), "look_up": True})
    async with _new_job(_job_path(opened, job), header) as journal:
        checked = await _planned(journal, opened, target, on_event)
        return await journal.do(summary, journal.path, journal.header, checked)


async def provision(
    source: Source | str | Path,
    target: Directory,
    *,
    mode: Mode = "create",
    job: str | Path | None = None,
    allow_delete: float | None = None,
    options: Mapping[str, Any] | None = None,
    run: Run | None = None,
) -> Report:
    """Plan and apply in one.

    The whole source is checked before anything is sent, but for one that can be read only once. Files are read, and the job
    file is written, in threads, and memory does not grow with the number of rows: the call may run inside a web backend.
    In mode create nobody is looked up beforehand: the system says who exists.

    Args:
        source, target, mode, job, allow_delete, options: as for `plan`.
        run: concurrency, events and stopping.

    Returns:
        The report; `report.complete` tells whether every row is in. The job file stays, for `undo` and reports.

    Raises:
        SourceError, JobError: nothing was sent, and no job file is left.
        AlloyAsyncError: the very first calls failed, so that nothing went in and no job file is left: a wrong credential, an
            unreachable server.
        JobError: the job file could not be written any more; `resume` finds out what was sent.
    """
    run = run or Run()
    began = time.monotonic()
    opened = await _opened(source, target.capabilities)
    header = _header(opened, target, mode, allow_delete, {**(options or {}), "look_up": False})
    async with _new_job(_job_path(opened, job), header) as journal:
        if await in_thread(opened.digest) is None:
            checked, engine = await _carried_out(journal, opened, target, run)
        else:
            checked = await _planned(journal, opened, target, run.on_event)
            _, engine = await _carried_out(journal, opened, target, run)
        if engine.never_began and engine.error:
            raise engine.error
        return _report(journal, engine, checked, began)


async def apply(
    job: str | Path, target: Directory, source: Source | str | Path | None = None, *, run: Run | None = None
) -> Report:
    """Carry out a plan. Each row is compared with the system once more before it is changed, and refused if that has drifted.

    The comparison comes right before the request of each update, removal and leaving; a creation is refused by the system
    itself. What somebody changes in the moment between the two requests is not noticed.

    Args:
        job: the job file of `plan`.
        target: the same system.
        source: what was planned from; default the file of that name.
        run: concurrency, events and stopping.

    Raises:
        JobError: the job file cannot be used, is being worked on, or was applied already; nothing was sent.
        SourceError: the source was changed since; with the first row that differs. Nothing was sent.
        AlloyAsyncError: the very first calls failed; nothing was sent.
    """
    return await _taken_up(job, target, source, run or Run(), fresh=True)


async def resume(
    job: str | Path, target: Directory, source: Source | str | Path | None = None, *, run: Run | None = None
) -> Report:
    """Go on with a job after a stop or a crash, however it ended.

    Rows in doubt are looked up first, and adopted when they are as intended, sent again when they are absent (where the key is
    unique), else reported. Then rows that failed are tried again, and the rest is sent.

    Args:
        job, target, source, run: as for `apply`. Standard input must be given again, with the same content.

    Raises:
        As for `apply`; and AlloyAsyncError when the system could not be asked about the rows in doubt; nothing was sent.
    """
    return await _taken_up(job, target, source, run or Run(), fresh=False)


async def undo(
    job: str | Path, target: Directory, *, adopted: bool = False, run: Run | None = None
) -> Report:
    """Take a job back: delete what it created, restore what it changed or removed; can be stopped and resumed.

    What somebody edited since stays, and is named, as is what cannot be taken back: the steps of offboarding.

    Args:
        job, target, run: as for `apply`.
        adopted: remove also those whose answer was lost and who were found as intended, though nobody looked beforehand
            whether they were there.

    Raises:
        As for `apply`.
    """
    run = run or Run()
    began = time.monotonic()
    async with _old_job(job, target) as journal:
        if journal.header.state == "undone":
            raise JobError("was undone already", journal.path)
        view = View(target.capabilities, journal.header.salt)
        if journal.header.state != "undoing":
            settling = _engine(journal, target, view, run, "rows")
            await settling.settle_doubts()
            await journal.do(plan_undo, target.capabilities, adopted)
            await journal.set(state="undoing", stopped=None)
        return await _undone(journal, target, view, run, began)


async def _undone(journal: Journal, target: Directory, view: View, run: Run, began: float) -> Report:
    engine = _engine(journal, target, view, run, "undo")
    await engine.settle_doubts()
    await journal.do(retry_failed, "undo")
    await engine.run(planned_tasks(journal, "undo", view, None, stride=1, size=_SLICE))
    await engine.finish()
    await journal.set(
        state="undoing" if _left(engine) else "undone", ended=time.time(), stopped=engine.stopped
    )
    if engine.never_began and engine.error:
        raise engine.error
    return _report(journal, engine, None, began)


async def _taken_up(
    job: str | Path, target: Directory, source: Source | str | Path | None, run: Run, *, fresh: bool
) -> Report:
    began = time.monotonic()
    async with _old_job(job, target) as journal:
        state = journal.header.state
        view = View(target.capabilities, journal.header.salt)
        if state == "undone":
            raise JobError("was undone; begin a new job", journal.path)
        if fresh and state != "planned":
            raise JobError(f"is no plan that waits to be applied (it is {state}); use resume", journal.path)
        if state == "undoing":
            return await _undone(journal, target, view, run, began)
        opened = await _opened(journal.header.source if source is None else source, target.capabilities)
        checked = None
        if state == "planning":  # nothing was sent yet
            await journal.execute("DELETE FROM rows")
            checked = await _planned(journal, opened, target, run.on_event)
        await refuse_changed(journal, opened, target, view)
        again, engine = await _carried_out(journal, opened, target, run)
        if engine.never_began and engine.error:
            raise engine.error
        return _report(journal, engine, checked or again, began)


async def _planned(journal: Journal, source: Source, target: Directory, emit: OnEvent) -> Checked:
    view = View(target.capabilities, journal.header.salt)
    digest = await in_thread(source.digest)
    assert digest is not None
    kept = await in_thread(sealed, digest, journal.header.salt)
    await journal.set(source_digest=kept)
    checked = await make_plan(journal, source, target, view, emit)
    await journal.set(state="planned")
    emit(checked)
    return checked


async def _carried_out(
    journal: Journal, source: Source, target: Directory, run: Run
) -> tuple[Checked | None, Engine]:
    """Settle what is in doubt, and send what is left."""
    header = journal.header
    view = View(target.capabilities, header.salt)
    engine = _engine(journal, target, view, run, "rows")
    await journal.set(state="running", started=header.started or time.time(), ended=None, stopped=None)
    await engine.settle_doubts()
    await journal.do(retry_failed, "rows")
    checked = None
    if header.source_digest is None:
        checked = await _stream(journal, source, target, view, engine, run)
    else:
        stride = Planner(target.capabilities, view, header.mode, None).stride
        size = max(_SLICE, target.capabilities.batch_size)
        await engine.run(planned_tasks(journal, "rows", view, source, stride=stride, size=size))
    await engine.finish()
    await journal.set(state="stopped" if _left(engine) else "done", ended=time.time(), stopped=engine.stopped)
    return checked, engine


async def _stream(
    journal: Journal, source: Source, target: Directory, view: View, engine: Engine, run: Run
) -> Checked:
    """Plan and send in one reading."""
    mode, lines = journal.header.mode, LinesOnDisk()
    try:
        async with Lookup(target, view) as lookup:
            asks = mode != "create" and lookup.possible
            planner = Planner(target.capabilities, view, mode, lookup if asks else None, lines.seen)
            await engine.run(streamed_tasks(journal, planner, source, view, size=_SLICE))
    finally:
        lines.close()
    await note_check(journal, planner, planner.findings)
    return Checked(planner.rows, planner.errors, planner.warnings, tuple(planner.findings), planner.dropped)


def _left(engine: Engine) -> bool:
    """Whether resuming has something to do."""
    return bool(engine.counts.open or engine.counts.failed or engine.stopped)


def _engine(journal: Journal, target: Directory, view: View, run: Run, table: Table) -> Engine:
    return Engine(
        journal,
        target,
        view,
        table=table,
        concurrency=run.concurrency,
        emit=run.on_event,
        stop=run.stop,
        at=run.at,
        sends_again=run.sends_again,
    )


def _report(journal: Journal, engine: Engine, checked: Checked | None, began: float) -> Report:
    header = journal.header
    return Report(
        job=journal.path,
        source=header.source,
        target=header.system,
        mode=header.mode,
        counts=engine.counts,
        check=checked,
        retries=engine.pulse.retries,
        waited=engine.pulse.waited,
        elapsed=time.monotonic() - began,
        stopped=engine.stopped,
    )


async def _opened(source: Source | str | Path, can: Capabilities) -> Source:
    if isinstance(source, str | Path):
        path = source
        return await in_thread(lambda: open_source(path, key=can.key))
    return source


def _header(
    source: Source, target: Directory, mode: Mode, allow_delete: float | None, options: Mapping[str, Any]
) -> Header:
    can = target.capabilities
    needs = {
        "create": {"create"},
        "upsert": {"create"},
        "sync": {"create", "delete", "list"},
        "offboard": {"delete"},
    }
    if mode not in needs:
        raise ConfigurationError(f"mode is create, upsert, sync or offboard; got {mode!r}")
    if lacking := needs[mode] - can.abilities:
        raise ConfigurationError(
            f"{target.name} has no way to {', '.join(sorted(lacking))}, which mode {mode} needs"
        )
    if mode == "sync" and (allow_delete is None or not 0 <= allow_delete <= 1):
        raise ConfigurationError(
            "mode sync removes users: allow it with the share that may go, as allow_delete=0.05"
        )
    return Header(
        source=source.name,
        system=target.name,
        base_url=target.base_url,
        mode=mode,
        options=json.dumps({**options, "allow_delete": allow_delete}),
    )


def _job_path(source: Source, job: str | Path | None) -> Path:
    """Where a new job goes: as told, or beside the source under the first free name.

    Raises:
        JobError: there is an unfinished job of that source.
    """
    if job is not None:
        return Path(job)
    beside = Path(source.name)
    if not beside.is_file():
        raise ConfigurationError(
            f"{source.name} is no file that a job file could stand beside: give its place (job=)"
        )
    number, path = 1, beside.with_suffix(".job")
    while path.exists():
        with reading(path) as database:
            state = database.execute("SELECT state FROM job").fetchone()[0]
        if state not in ("done", "undone"):
            raise JobError(
                f"is a job of this source that is not finished ({state}); resume it, or delete it", path
            )
        number += 1
        path = beside.with_suffix(f".{number}.job")
    return path


@asynccontextmanager
async def _new_job(path: Path, header: Header) -> AsyncIterator[Journal]:
    """A new job; its file goes again when an error shows that nothing was sent."""
    unsent = False
    try:
        async with held(Journal.create, path, header) as journal:
            try:
                yield journal
            except Exception:
                unsent = await journal.nothing_sent()
                raise
    finally:
        if unsent:
            await in_thread(path.unlink)


@asynccontextmanager
async def _old_job(job: str | Path, target: Directory) -> AsyncIterator[Journal]:
    """A job that exists, for the system that it was begun with."""
    async with held(Journal.open, Path(job)) as journal:
        header = journal.header
        if (header.system, header.base_url) != (target.name, target.base_url):
            raise JobError(
                f"was begun with {header.system} at {header.base_url}; this is {target.name} at {target.base_url}."
                " Nothing was sent",
                journal.path,
            )
        yield journal
