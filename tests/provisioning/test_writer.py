"""Job writers: they share a few threads, one job does not wait for another, and closing ends all."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from alloy_async.provisioning import JobError
from alloy_async.provisioning.store.header import JobHeader
from alloy_async.provisioning.store.store_opener import create_store, open_store_for_reading
from alloy_async.provisioning.store.writer import MOST_THREADS, JobWriter, WriterThreads

HEADER = {"source": "users.csv", "system": "Alloy", "base_url": "https://alloy.example", "mode": "create"}


def writer_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("job-writer")]


def create_writer(folder: Path, number: int) -> JobWriter:
    return JobWriter(create_store(folder / f"{number}.job", JobHeader(**HEADER)))  # type: ignore[arg-type]


async def test_writers_share_a_few_threads(tmp_path: Path) -> None:
    writers = [create_writer(tmp_path, number) for number in range(3 * MOST_THREADS)]
    assert len(writer_threads()) == MOST_THREADS
    notes = await asyncio.gather(*(writer.call(writer.store.read_notes) for writer in writers))
    assert notes == [[]] * len(writers)
    for writer in writers:
        await writer.aclose()


async def test_one_writer_has_one_thread_which_ends_with_it(tmp_path: Path) -> None:
    writer = create_writer(tmp_path, 1)
    (thread,) = writer_threads()
    await writer.aclose()
    thread.join(60)
    assert not thread.is_alive()


async def test_a_job_goes_to_the_end_of_the_line_after_each_commit(tmp_path: Path) -> None:
    """With every thread held up, a job that has much to write is served once, and then the one that came later."""
    writers = [create_writer(tmp_path, number) for number in range(MOST_THREADS + 1)]
    held, entered, order = threading.Event(), threading.Semaphore(0), []

    def hold() -> None:
        entered.release()
        held.wait(60)

    def note(name: str) -> Callable[[], None]:
        return lambda: order.append(name)

    holding = [asyncio.create_task(writer.call(hold)) for writer in writers[:MOST_THREADS]]
    for _ in holding:
        assert await asyncio.to_thread(entered.acquire, True, 60)
    large, small = writers[0], writers[-1]
    waiting = [asyncio.create_task(large.call(note("large"))) for _ in range(20)]
    waiting.append(asyncio.create_task(small.call(note("small"))))
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(*holding, *waiting)
    assert order.index("small") in (0, 20)  # never within what the large one writes in one go
    for writer in writers:
        await writer.aclose()


async def test_what_waits_is_written_before_the_store_is_closed(tmp_path: Path) -> None:
    writer = create_writer(tmp_path, 1)
    notes = [asyncio.create_task(writer.call(writer.store.add_note, "test", str(n))) for n in range(50)]
    await asyncio.sleep(0)
    await writer.aclose()
    await asyncio.gather(*notes)
    writer.close()  # once more does nothing
    with open_store_for_reading(tmp_path / "1.job") as store:
        assert [note.text for note in store.read_notes()] == [str(n) for n in range(50)]


async def test_what_nobody_waits_for_is_done_with_the_next_call_and_fails_with_it(tmp_path: Path) -> None:
    writer = create_writer(tmp_path, 1)
    for text in ("first", "second"):
        writer.add_to_next_call(writer.store.add_note, "test", text)
    assert await writer.call(lambda: [note.text for note in writer.store.read_notes()]) == ["first", "second"]
    writer.add_to_next_call(writer.store.add_note, "test", "third")
    writer.add_to_next_call(json.loads, "no JSON")
    with pytest.raises(json.JSONDecodeError):
        await writer.call(writer.store.add_note, "test", "fourth")
    await writer.call(writer.store.add_note, "test", "fifth")  # what failed is not tried again
    writer.add_to_next_call(writer.store.add_note, "test", "nobody called any more")
    await writer.aclose()
    with open_store_for_reading(tmp_path / "1.job") as store:
        assert [note.text for note in store.read_notes()] == ["first", "second", "fifth"]


async def test_who_waits_for_the_end_may_be_cancelled_and_the_end_comes(tmp_path: Path) -> None:
    writer = create_writer(tmp_path, 1)
    held = threading.Event()
    holding = asyncio.create_task(writer.call(held.wait, 60))
    await asyncio.sleep(0)
    closing = asyncio.create_task(writer.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    held.set()
    assert await holding
    await asyncio.to_thread(writer.close)


async def test_a_store_that_cannot_be_closed_says_so_to_who_closes_it(tmp_path: Path) -> None:
    class Stuck:
        path = tmp_path / "stuck.job"

        def read_header(self) -> JobHeader:
            return JobHeader(**HEADER)  # type: ignore[arg-type]

        def close(self) -> None:
            raise JobError("cannot be closed", self.path)

    writer = JobWriter(Stuck())  # type: ignore[arg-type]
    with pytest.raises(JobError, match="cannot be closed"):
        await writer.aclose()


def test_threads_come_with_writers_and_go_with_them() -> None:
    threads = WriterThreads(most=2)
    before = set(threading.enumerate())
    for _ in range(5):
        threads.register_writer()
    assert len(set(threading.enumerate()) - before) == 2
    done = threading.Event()
    threads.enqueue(done.set)
    assert done.wait(60)
    for _ in range(5):
        threads.stop_serving_writer()
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
        assert not thread.is_alive()
