"""Which job each tenant of a table has: kept beside the table, so that what follows a run finds the jobs of that run.

A table is used night after night. A job that has ended stays, for its report and for undoing it; the next one of the same
tenant is named NAME.2.job, and so on.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..output_file import write_output_file

if TYPE_CHECKING:
    from ...provisioning.errors import JobPlace

ENDED = ("done", "undone")
_UNDO_ADOPTED = "undo --adopted"


class JobRegister:
    """The jobs that the tenants of a table have now.

    Args:
        table: the table's path.

    Raises:
        ConfigurationError: the index cannot be read.
    """

    def __init__(self, table: Path) -> None:
        self.table: Path = table
        self._folder = table.parent
        self.path: Path = table.with_suffix(".jobs.json")
        self._jobs: dict[str, dict[str, str]] = self._load_jobs()
        self._found: dict[
            str, dict[str, str] | None
        ] = {}  # what stood there, of those whose job this run changes

    def get_place_of_current_job(self, name: str, job: JobPlace | None) -> JobPlace:
        """Find the job that a tenant has, or that its first one will be.

        Args:
            name: of the tenant.
            job: where its first job is; None: NAME.job beside the table.
        """
        first, kept = self._choose_unnumbered_place(name, job), self._jobs.get(name, {}).get("job")
        if not kept or (kept[0] == "#") is not isinstance(first, str):
            return first
        return first.partition("#")[0] + kept if isinstance(first, str) else self._folder / kept

    def was_last_run_provisioning(self, name: str) -> bool:
        """Tell whether the last run with a tenant was to bring its users in, and not only to plan that."""
        return self._get_last_action(name) == "provision"

    def is_taken_back(self, name: str, *, adopted: bool = False) -> bool:
        """Tell whether the last run with a tenant was to take back what was done; `adopted`: with that option."""
        return self._get_last_action(name) in ((_UNDO_ADOPTED,) if adopted else ("undo", _UNDO_ADOPTED))

    def note_undo(self, name: str, job: JobPlace, *, adopted: bool) -> None:
        """Take note that a tenant's job is taken back; `save` writes that. Until all of it is, `resume` goes on with it."""
        self._set_job(name, job, _UNDO_ADOPTED if adopted else "undo")

    def _get_last_action(self, name: str) -> str | None:
        return self._jobs.get(name, {}).get("by")

    def choose_new_place(self, name: str, job: JobPlace | None, by: str) -> JobPlace:
        """Choose a place for a tenant's next job, and take note of it; `save` writes that.

        Args:
            name, job: as for `get_place_of_current_job`.
            by: the command, "plan" or "provision".

        Raises:
            JobError: the job that it has is not finished.
        """
        from ...provisioning import JobError
        from ...provisioning.store.store_opener import job_exists, read_job_header

        now = self.get_place_of_current_job(name, job)
        if job_exists(now):
            state = read_job_header(now).state
            if state not in ENDED:
                what, remedy = "a job of this tenant that is not finished", "resume it"
                if state == "planned":
                    what, remedy = "a plan of this tenant that waits", "apply it"
                raise JobError(f"is {what} ({state}); {remedy}, or delete it", now)
        place = next(
            place
            for place in _iterate_numbered_places(self._choose_unnumbered_place(name, job))
            if not job_exists(place)
        )
        self._set_job(name, place, by)
        return place

    def _set_job(self, name: str, place: JobPlace, by: str) -> None:
        if isinstance(place, str):  # without the database, whose address may hold a password
            text = f"#{place.partition('#')[2]}"
        else:
            text = str(place.relative_to(self._folder) if place.is_relative_to(self._folder) else place)
        self._found.setdefault(name, self._jobs.get(name))
        self._jobs[name] = {"job": text, "by": by}

    def save(self) -> None:
        """Write the jobs that this run has changed, all or nothing; those of other tenants stay as a run of theirs wrote them.

        Raises:
            ConfigurationError: what others wrote cannot be read.
            OSError: it cannot be written.
        """
        self._write({name: self._jobs[name] for name in self._found})

    def write_back_as_found(self) -> None:
        """Write what `save` changed as it was found: the run for which it was changed did not begin.

        Raises:
            As `save`.
        """
        self._write(self._found)
        self._found = {}

    def _write(self, changed: Mapping[str, dict[str, str] | None]) -> None:
        if not changed:
            return
        with _lock_folder(self._folder):
            jobs = {name: job for name, job in {**self._load_jobs(), **changed}.items() if job is not None}
            if jobs:
                text = json.dumps({"jobs": jobs}, indent=1, ensure_ascii=False)
                write_output_file(self.path, text + "\n")
            else:
                self.path.unlink(missing_ok=True)

    def _choose_unnumbered_place(self, name: str, job: JobPlace | None) -> JobPlace:
        return self._folder / f"{name}.job" if job is None else job

    def _load_jobs(self) -> dict[str, dict[str, str]]:
        from ...core.errors import ConfigurationError

        try:
            jobs = json.loads(self.path.read_text("utf-8"))["jobs"]
            return {name: {"job": str(one["job"]), "by": str(one["by"])} for name, one in jobs.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, LookupError, AttributeError, TypeError) as error:
            raise ConfigurationError(
                f"{self.path}: cannot be read as the list of this table's jobs ({error}); put it right, or remove it to begin"
                " with new jobs"
            ) from None


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Let runs of other tenants of the same table, which read and replace the same file, wait until this one has."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # of a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _iterate_numbered_places(first: JobPlace) -> Iterator[JobPlace]:
    """Number places: acme.job, acme.2.job, ...; in a database acme, acme.2, ..."""
    yield first
    number = 2
    while True:
        yield f"{first}.{number}" if isinstance(first, str) else first.with_suffix(f".{number}.job")
        number += 1
