"""Pipes and devices in the place of a file: read once, or refused; never a hang."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alloy_async.directory import UserRecord
from alloy_async.provisioning import RunOptions, SourceError, open_source, plan, provision, resume
from alloy_async.provisioning.async_helpers import run_in_thread
from alloy_async.provisioning.sources.files.pipes import open_pipe
from simulation.memory_directory import MemoryDirectory

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="named pipes of POSIX")


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    os.mkfifo(path)
    return path


def write(path: Path, content: bytes) -> threading.Thread:
    thread = threading.Thread(target=path.write_bytes, args=(content,))
    thread.start()
    return thread


async def test_a_named_pipe_is_read_once(pipe: Path, tmp_path: Path) -> None:
    content = b"username\n" + b"".join(b"user%d\n" % number for number in range(20_000))
    writer = write(pipe, content)
    target = MemoryDirectory()
    report = await provision(pipe, target, job=tmp_path / "x.job")
    writer.join()
    assert (report.counts.created, len(target.users)) == (20_000, 20_000)


@pytest.mark.parametrize("work", ["plan", "sync"])
async def test_a_plan_and_mode_sync_need_more_than_one_reading(pipe: Path, tmp_path: Path, work: str) -> None:
    """Each with a pipe of its own: a reader that is open still would take what the next is to read."""
    target, job = MemoryDirectory("ada", "bela"), tmp_path / "x.job"
    writer = write(pipe, b"username\nada\n")
    needy = {
        "plan": lambda: plan(pipe, target, job=job),
        "sync": lambda: provision(pipe, target, mode="sync", allow_delete=1, job=job),
    }
    with pytest.raises(SourceError, match="read only once"):
        await needy[work]()
    writer.join()
    assert list(target.users) == ["ada", "bela"]


def test_a_writer_who_went_before_the_pipe_was_opened(pipe: Path) -> None:
    keeps_the_bytes = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        pipe.write_bytes(b"username\nada\n")
        source = open_source(pipe)
        assert [row.record.username for row in source.rows() if row.record] == ["ada"]
    finally:
        os.close(keeps_the_bytes)


def test_standard_input_by_its_path() -> None:
    code = (
        "from alloy_async.provisioning import open_source\n"
        "source = open_source('/dev/stdin')\n"
        "print(source.digest(), [row.record.username for row in source.rows()])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], input=b"username\nada\n", capture_output=True, check=True
    )
    assert told.stdout.decode().strip() == "None ['ada']"


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="/dev/fd")
@pytest.mark.parametrize("folder", ["/dev/fd", "/dev/../dev/fd", "link"])
def test_a_file_that_is_named_by_its_descriptor_is_read_once(folder: str, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"username\nada\n")
    with (tmp_path / "users.csv").open("rb") as file:
        path = Path(folder) / str(file.fileno())
        if folder == "link":
            path = tmp_path / "link.csv"
            path.symlink_to(f"/dev/fd/{file.fileno()}")
        source = open_source(path)
        assert source.digest() is None
        assert [row.record.username for row in source.rows() if row.record] == ["ada"]


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="/dev/shm")
def test_a_file_in_shared_memory_is_a_file() -> None:
    with tempfile.NamedTemporaryFile(suffix=".csv", dir="/dev/shm") as file:
        file.write(b"username\nada\n")
        file.flush()
        source = open_source(file.name)
        assert (source.digest() or "").startswith("sha256:")
        assert [len([*source.rows()]) for _ in range(2)] == [1, 1]


def test_a_pipe_without_a_writer_is_refused(pipe: Path) -> None:
    with pytest.raises(SourceError, match="nobody writes into it"):
        open_pipe(pipe, patience=0.2)


@pytest.mark.parametrize("path", ["/", "/dev/null"])
def test_what_is_no_file_of_users(path: str) -> None:
    with pytest.raises(SourceError, match=r"this is not a file|it is empty"):
        open_source(path)


async def test_cancelling_ends_the_wait_for_a_silent_writer(pipe: Path) -> None:
    task = asyncio.ensure_future(run_in_thread(open_source, pipe))
    with silent_writer(pipe):
        await asyncio.sleep(0.2)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < 10


async def test_a_stop_ends_the_wait_for_a_writer_who_falls_silent(pipe: Path, tmp_path: Path) -> None:
    run, target, calm = RunOptions(), MemoryDirectory(batch_size=100), 0
    with silent_writer(pipe):
        writer = write(pipe, b"username\n" + b"".join(b"user%d\n" % number for number in range(40_000)))
        task = asyncio.create_task(provision(pipe, target, job=tmp_path / "x.job", run=run))
        while calm < 30 and not task.done():  # until it waits for more
            before = len(target.users)
            await asyncio.sleep(0.02)
            calm = calm + 1 if 0 < len(target.users) == before and not writer.is_alive() else 0
        run.stop.set()
        report = await asyncio.wait_for(task, 30)
    assert (report.stopped, report.counts.created) == ("interrupted", len(target.users))


async def test_a_pipe_that_is_given_again_may_hold_other_passwords_and_nothing_else(
    pipe: Path, tmp_path: Path
) -> None:
    """No hash of a password is kept; whoever makes them up anew goes on, and nobody who is in is sent again."""

    def create_content(password: str, family: str = "Q") -> bytes:
        lines = (f"user{n},{family},{password}{n}" for n in range(3000))
        return "\n".join(["username,full_name,password", *lines, ""]).encode()

    def stop(number: int, records: Sequence[UserRecord]) -> None:
        if number == 15:
            run.stop.set()

    run, job = RunOptions(concurrency=1), tmp_path / "x.job"
    can: dict[str, Any] = {"batch_size": 100, "carries": ("username", "full_name", "password")}
    target = MemoryDirectory(script=stop, **can)
    writer = write(pipe, create_content("old"))
    report = await provision(pipe, target, job=job, run=run)
    writer.join()
    before = dict(target.users)
    assert report.stopped == "interrupted"
    assert 0 < len(before) < 3000
    writer = write(pipe, create_content("new", family="R"))
    with pytest.raises(SourceError, match="this row is another one"):
        await resume(job, target, source=pipe)
    writer.join()
    assert target.users == before
    writer = write(pipe, create_content("new"))
    report = await resume(job, target, source=pipe)
    writer.join()
    assert report.counts.created == len(target.users) == 3000
    passwords = {name: user.password for name, user in target.users.items()}
    assert passwords == {f"user{n}": f"{'old' if f'user{n}' in before else 'new'}{n}" for n in range(3000)}
    assert sum(map(len, target.calls)) == 3000


@contextmanager
def silent_writer(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield
    finally:
        os.close(descriptor)


@pytest.fixture
def silent(pipe: Path) -> Iterator[Path]:
    with silent_writer(pipe):
        yield pipe


@pytest.mark.parametrize("command", [["lint"], ["provision", "--sandbox", "--job", "x.job"]])
def test_sigterm_ends_a_command_that_waits_for_a_silent_pipe(
    silent: Path, tmp_path: Path, command: list[str]
) -> None:
    program = [sys.executable, "-c", "from alloy_async.cli import main; main()"]
    with subprocess.Popen(
        [*program, *command[:1], str(silent), "--to", "alloy", *command[1:]],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        # Until the pipe is open there, the signal ends the interpreter itself, which proves nothing.
        while str(silent) not in _open_files(process.pid) and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) != 0
    assert not (tmp_path / "x.job").exists()


def _open_files(pid: int) -> set[str]:
    if not Path("/proc/self/fd").exists():
        time.sleep(3)
        return set()
    try:
        return {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
    except OSError:
        return set()
