"""The parts that all code working on one job shares: its store, target, options and source."""

from __future__ import annotations

import attrs

from ..directory import Directory
from .planning.comparison import UserComparer
from .planning.source_planner import count_numbers_per_row
from .run_options import RunOptions
from .sources import Source
from .store.header import JobHeader
from .store.job_store import JobStore
from .store.temporary.body_spool import BodySpool
from .store.writer import JobWriter


@attrs.frozen
class JobContext:
    """One job that is being worked on.

    Args:
        writer: its store.
        target: the directory.
        run: concurrency, events and stopping.
        source: where its rows come from; None where they are not needed.
        spool: what is encoded while it is planned, where that can be.
        comparer: how users of the directory are compared.
    """

    writer: JobWriter
    target: Directory
    run: RunOptions
    source: Source | None = None
    spool: BodySpool | None = None
    comparer: UserComparer = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        comparer = UserComparer(self.target.capabilities, self.writer.header.salt)
        object.__setattr__(self, "comparer", comparer)

    @property
    def header(self) -> JobHeader:
        """What the job is."""
        return self.writer.header

    @property
    def numbers_per_row(self) -> int:
        """Numbers that each row of the source takes, in the phase that the job is in."""
        header = self.header
        return count_numbers_per_row(header.mode, self.target.capabilities) if header.phase == "apply" else 1

    @property
    def store(self) -> JobStore:
        """The job's store, whose verbs are for `writer.call`."""
        return self.writer.store
