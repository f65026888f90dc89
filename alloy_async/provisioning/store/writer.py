"""A job file in the hands of the one worker that carries the job out."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Self, TypeVar, TypeVarTuple, Unpack

import attrs

from ..errors import JobError
from .lock import Lock
from .schema import Header, connected, header_of, make, opened

T = TypeVar("T")
Args = TypeVarTuple("Args")


class Journal:
    """A job file held by one worker: all writing goes through one thread, which commits what has gathered in one go.

    Args:
        path: the file.
        lock: held until `close`.
        database: a connection that is used by the writing thread only, from now on.
    """

    def __init__(self, path: Path, lock: Lock, database: sqlite3.Connection) -> None:
        self.path = path
        self.header = header_of(database)
        self._lock = lock
        self._database = database
        database.execute("PRAGMA journal_mode = WAL")
        self._queue: SimpleQueue[_Task | None] = SimpleQueue()
        self._failure: JobError | None = None
        self._thread = threading.Thread(target=self._work, name=f"journal-{path.name}")
        self._thread.start()

    @classmethod
    def create(cls, path: Path, header: Header) -> Self:
        """Begin a job file.

        Raises:
            JobError: there is one already, or it cannot be written.
        """
        lock = Lock.of(path)
        try:
            if path.exists():
                raise JobError("this job exists already; resume it, or give another place with --job", path)
            database = connected(path)
            try:
                make(database, header)
            except sqlite3.Error as error:
                database.close()
                path.unlink(missing_ok=True)
                raise JobError(f"cannot be written: {error}", path) from None
            return cls(path, lock, database)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, path: Path) -> Self:
        """Take up a job file, for one worker at a time.

        Raises:
            JobError: there is none, another process works on it, it is damaged, or of another format.
        """
        if not path.is_file():
            raise JobError("there is no such job file", path)
        lock = Lock.of(path)
        try:
            return cls(path, lock, opened(path))
        except BaseException:
            lock.release()
            raise

    def close(self) -> None:
        """Finish what was given to write, close the file, and let others work on it."""
        self._queue.put(None)
        self._thread.join()
        self._lock.release()

    async def do(
        self,
        work: Callable[[sqlite3.Connection, Unpack[Args]], T],
        *args: *Args,
        durable: bool = False,
    ) -> T:
        """Run `work` in the writing thread, in a transaction that it may share with others; its result once that is committed.

        Args:
            work: given the connection, and `args`.
            durable: wait until it would survive a loss of power; without, a crash of the process only.

        Raises:
            JobError: the file cannot be written any more; nothing may be sent from then on.
        """
        loop = asyncio.get_running_loop()
        task = _Task(lambda database: work(database, *args), durable, loop, loop.create_future())
        self._queue.put(task)
        result: T = await task.result
        return result

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run one statement; its rows."""
        return await self.do(lambda database: database.execute(statement, values).fetchall())

    async def set(self, **columns: Any) -> None:
        """Change the job's line."""
        self.header = attrs.evolve(self.header, **columns)
        names = ", ".join(f"{name} = ?" for name in columns)
        values = tuple(columns.values())
        statement = f"UPDATE job SET {names}"  # noqa: S608 -- the names are attributes of Header
        await self.do(lambda database: database.execute(statement, values), durable=True)

    async def nothing_sent(self) -> bool:
        """Whether no line was ever about to be sent."""
        ((none,),) = await self.execute("SELECT NOT EXISTS (SELECT 1 FROM rows WHERE attempt > 0)")
        return bool(none)

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            tasks = [task]
            with contextlib.suppress(Empty):
                while (more := self._queue.get_nowait()) is not None:
                    tasks.append(more)
                self._queue.put(None)
            self._commit(tasks)
        with contextlib.suppress(sqlite3.Error):  # somebody reads it just now, or it is damaged
            self._database.execute(
                "PRAGMA journal_mode = DELETE"
            )  # a job at rest is one file, for readers too
        self._database.close()

    def _commit(self, tasks: list[_Task]) -> None:
        try:
            if self._failure:
                raise self._failure
            # A lost outcome leaves its row in doubt, which is settled by asking: only intents need the disk's word.
            level = "FULL" if any(task.durable for task in tasks) else "NORMAL"
            self._database.execute(f"PRAGMA synchronous = {level}")
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                results = [task.work(self._database) for task in tasks]
        except sqlite3.Error as error:
            self._failure = JobError(f"cannot be written any more: {error}", self.path)
            _answer(tasks, [self._failure] * len(tasks))
        except Exception as error:
            _answer(tasks, [error] * len(tasks))
        else:
            _answer(tasks, results)


@asynccontextmanager
async def held(opened: Callable[[Unpack[Args]], Journal], *args: *Args) -> AsyncIterator[Journal]:
    """A journal that is opened, and closed after use, in a thread; a cancelled caller leaves none open."""
    opening = asyncio.get_running_loop().run_in_executor(None, opened, *args)
    try:
        await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait([opening])
        if opening.exception() is None:
            opening.result().close()
        raise
    journal = opening.result()
    try:
        yield journal
    finally:
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, journal.close))


@attrs.frozen
class _Task:
    work: Callable[[sqlite3.Connection], Any]
    durable: bool
    loop: asyncio.AbstractEventLoop
    result: asyncio.Future[Any]


def _answer(tasks: Iterable[_Task], results: Iterable[Any]) -> None:
    def tell(task: _Task, result: Any) -> None:
        if not task.result.done():
            if isinstance(result, Exception):
                task.result.set_exception(result)
            else:
                task.result.set_result(result)

    for task, result in zip(tasks, results, strict=True):
        with contextlib.suppress(RuntimeError):  # its loop is closed: nobody waits any more
            task.loop.call_soon_threadsafe(tell, task, result)
