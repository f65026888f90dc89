"""A tenant: one account, its users, and the job that brings them in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from ...core.argument_errors import format_argument_name
from ...core.errors import ConfigurationError
from ...directory import Directory
from ..async_helpers import run_in_thread
from ..errors import JobPlace
from ..execution.job_opening import open_given_source
from ..sources import Source, open_source
from ..store.header import Mode
from ..store.store_opener import parse_job_place

TargetOpener: TypeAlias = Callable[[], AbstractAsyncContextManager[Directory]]
SourceOpener: TypeAlias = Callable[[], Source]


@attrs.frozen(kw_only=True)
class JobRules:
    """What a job may do; the names and defaults are those of the arguments of `plan` and `provision`, which explain them."""

    mode: Mode = "create"
    allow_delete: float | None = None
    allow_inactive: bool = False
    send_hidden: bool = False

    @property
    def rules(self) -> dict[str, Any]:
        """The rules, by name."""
        return {name: getattr(self, name) for name in RULES}


RULES = tuple(field.name for field in attrs.fields(JobRules))


@attrs.frozen(kw_only=True)
class Tenant(JobRules):
    """One tenant of many: who it is, where its users come from, and where they go.

    Of many tenants, only those that are worked on have a client and open files where `target` and `source` are functions.

    Args:
        name: as you call it; it stands in events, reports and errors.
        source: a file, an opened source that can be read twice, or a function that opens one; called in a thread. None to go
            on with a job from its own source.
        target: the directory, or a function that opens one, as `lambda: open_acme()` with an async context manager.
        job: the place of its job; default NAME.job beside the source.
        open_corrections: opens the source of a job that took in corrected rows of the tenant's, by that job's place, for
            `resume_many`; called in a thread. None: as a file.
        is_correction: for `resume_many`: the source holds the rows of the job that did not go in, corrected; see `resume`.
        is_taken_back: for `resume_many`: the run to go on with is one of `undo_many`; the same is done for the tenant.
        removes_adopted: with `is_taken_back`, as `adopted` of `undo_many`.
        mode, allow_delete, allow_inactive, send_hidden, options: as for `plan`.
        concurrency: calls in flight; None for that of the run.
    """

    name: str
    source: Source | SourceOpener | str | Path | None = None
    target: Directory | TargetOpener = attrs.field(repr=False)
    job: str | Path | None = None
    open_corrections: Callable[[JobPlace], Source] | None = None
    is_correction: bool = False
    is_taken_back: bool = False
    removes_adopted: bool = False
    options: Mapping[str, Any] = attrs.field(factory=dict)
    concurrency: int | None = None

    @property
    def place(self) -> JobPlace:
        """The place of the job.

        Raises:
            ConfigurationError: it is not given, and the source is not a file that it could stand beside.
        """
        if self.job is not None:
            return parse_job_place(self.job)
        if not isinstance(self.source, str | Path):
            raise ConfigurationError(f"the place of its job is missing: say {format_argument_name('job')}")
        return Path(self.source).with_name(f"{self.name}.job")

    @property
    def job_options(self) -> dict[str, Any]:
        """What `plan` and `provision` are told of the job, by the names of their arguments."""
        return {"job": self.place, "options": self.options, **self.rules}

    @asynccontextmanager
    async def open_target(self) -> AsyncIterator[Directory]:
        """Open the directory, for as long as the block lasts; one that was given opened stays open."""
        if hasattr(self.target, "capabilities"):
            yield self.target  # type: ignore[misc]
            return
        if not callable(self.target):
            kind = type(self.target).__name__
            raise ConfigurationError(f"target is a directory, or a function that opens one, not {kind}")
        async with self.target() as directory:
            yield directory

    async def open_source(self, target: Directory) -> Source | None:
        """Open the source; None where it is that of the job.

        Raises:
            SourceError: it cannot be read as users.
        """
        if self.source is None:
            return None
        if callable(self.source):
            return await open_given_source(await run_in_thread(self.source), target)
        return await open_given_source(self.source, target)

    async def open_correction(self, job: JobPlace) -> Source | None:
        """Open the source of a job that took in corrected rows; None: that job knows it.

        Raises:
            SourceError: it cannot be read as users.
        """
        return None if self.open_corrections is None else await run_in_thread(self.open_corrections, job)

    async def with_opened_source(self, target: Directory) -> Tenant:
        """Open the source, and make a tenant that has it as it is now, where that is a file here: it holds nothing open.

        Raises:
            SourceError: it cannot be read as users.
        """
        if not isinstance(self.source, str | Path):
            await self.open_source(target)
            return self
        opened, is_file = await run_in_thread(_open_path, self.source, target.capabilities.key)
        return attrs.evolve(self, source=opened, job=self.place) if is_file else self


def _open_path(path: str | Path, key: str) -> tuple[Source, bool]:
    """Open a source by its path or URL, and tell whether it is a file here."""
    return open_source(path, key=key), Path(path).is_file()


@attrs.frozen
class Mistake:
    """What is wrong with one tenant, before anything is done.

    Args:
        tenant: its name.
        message: what is wrong and what to do.
        argument: of `Tenant`, which is to blame; None where that cannot be told.
    """

    tenant: str
    message: str
    argument: str | None = None

    def __str__(self) -> str:
        return f"{self.tenant}: {self.message}"


class TenantsError(ConfigurationError):
    """Some tenants cannot be worked on like this; nothing was sent for any of them.

    Args:
        mistakes: all that were found, as Mistake or, where it is made anew, as name and message.
    """

    def __init__(self, mistakes: Sequence[Mistake | Sequence[str]]) -> None:
        self.mistakes: tuple[Mistake, ...] = tuple(
            one if isinstance(one, Mistake) else Mistake(*one) for one in mistakes
        )
        found = "1 mistake" if len(self.mistakes) == 1 else f"{len(self.mistakes):,} mistakes"
        super().__init__("\n".join([f"{found}; nothing was sent:", *(f"  {one}" for one in self.mistakes)]))

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments that make it anew, as JSON data."""
        return ([[one.tenant, one.message] for one in self.mistakes],)

    @args.setter
    def args(self, values: tuple[Any, ...]) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self.message: Any = values[0]
