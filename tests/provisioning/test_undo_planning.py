"""An undo is planned by stretches of rows: as many batches as the job has, whatever ids its users have."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alloy_async.provisioning import RunOptions
from alloy_async.provisioning.job_context import JobContext
from alloy_async.provisioning.planning.undo_planner import write_undo_rows
from alloy_async.provisioning.store.header import JobHeader
from alloy_async.provisioning.store.planned_batches import create_batch_of_columns
from alloy_async.provisioning.store.rows import RowResult
from alloy_async.provisioning.store.sqlite.store import SqliteStore
from alloy_async.provisioning.store.writer import JobWriter
from simulation.memory_directory import MemoryDirectory

ROWS = 3000


def create_job(path: Path) -> SqliteStore:
    """A job that created its users, each with an id of its own, but one in the middle that was there."""
    store = SqliteStore.create(
        path, JobHeader(source="", system="", base_url="", mode="create", state="done")
    )
    numbers = range(1, ROWS + 1)
    keys, digests = [f"user{number}" for number in numbers], b"".join(b"%09d" % number for number in numbers)
    store.insert_batches("apply", [create_batch_of_columns(1, "create", numbers, keys, digests=digests)])
    store.record_intents("apply", [RowResult(1, "planned", "intend", rows=ROWS)])
    outcomes = [
        RowResult(
            number, "intended", "settle", "exists" if number == 1500 else "created", None, f"id{number}"
        )
        for number in numbers
    ]
    store.record_results("apply", outcomes)
    return store


async def test_an_undo_has_as_few_batches_as_its_job(tmp_path: Path) -> None:
    store = create_job(tmp_path / "users.job")
    writer = JobWriter(store)
    try:
        await write_undo_rows(JobContext(writer, MemoryDirectory(), RunOptions()), remove_adopted=False)
        rows = await writer.call(lambda: [*store.read_rows("undo")])
        batches = await writer.call(store.fetch_rows, "SELECT count(*) FROM batches WHERE undo = 1")
    finally:
        await asyncio.to_thread(writer.close)
    assert batches == [(2,)]
    wanted = [number for number in range(1, ROWS + 1) if number != 1500]
    assert [(row.number, row.line, row.key, row.remote_id, row.digest, row.seen) for row in rows] == [
        (number, number, f"user{number}", f"id{number}", b"%09d" % number, b"%09d" % number)
        for number in wanted
    ]
    assert {(row.action, row.why) for row in rows} == {("delete", "the job created it")}
