"""What each row of a source is to do, and why; decided from the row, the mode and what the system holds."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence

import attrs

from ...directory import Capabilities, UserRecord
from ..async_helpers import in_thread, slices
from ..checks.duplicates import FirstLines, KeyHashes, create_duplicate_finding
from ..checks.row_checks import RowChecks
from ..events import SHOWN_FINDINGS
from ..sources import ColumnLayout, Finding, Row
from ..store.rows import NOT_THERE, Planned
from ..store.schema import Mode, RowOutcome
from .comparison import Change, Value, View
from .lookup import Lookup

_SHOWN_VALUE = 40


@attrs.define(eq=False)
class Candidate:
    """One row with its number in the job and what was found by all checks."""

    number: int
    row: Row
    key: str
    errors: str
    """The findings that keep it from being sent, as one reason; empty when it is good."""


def stride_of(mode: Mode, can: Capabilities) -> int:
    """Numbers that each row of a source takes in a job."""
    return len(can.offboarding) if mode == "offboard" else 1


class Planner:
    """Plans rows in slices; what it has seen so far is in its attributes.

    Args:
        can: the system.
        view: how its users are compared.
        mode: what to do with each row.
        lookup: to ask the system; None to leave it to the system to say who exists (mode create only).
        first_line: told every folded key with its line, gives the line that had it first; None where repeated keys
            are refused later (`refuse_repeated`).
    """

    def __init__(
        self,
        can: Capabilities,
        view: View,
        mode: Mode,
        lookup: Lookup | None,
        first_line: Callable[[str, int], int | None] | None = None,
    ) -> None:
        self._can = can
        self._view = view
        self._mode = mode
        self._lookup = lookup
        self._first_line = first_line
        self._needs = can.needs if mode == "create" else ()
        self.stride = stride_of(mode, can)
        self.rows = self.errors = self.warnings = self.nameless = 0
        self.findings: list[Finding] = []
        self.keys = KeyHashes()
        self._layouts: dict[ColumnLayout, RowChecks] = {}

    @property
    def dropped(self) -> tuple[str, ...]:
        """ColumnLayout that the system has no place for."""
        names = (name for columns in self._layouts for name, _ in columns.list_dropped(self._can.carries))
        return tuple(dict.fromkeys(names))

    def check(self, rows: Iterable[Row]) -> Iterator[Candidate]:
        """Number the rows and find what is wrong with each; no network."""
        for row in rows:
            number = self.rows * self.stride + 1
            self.rows += 1
            checks = self._layouts.get(row.columns)
            if checks is None:
                checks = self._layouts[row.columns] = RowChecks(row.columns, self._can, self._needs)
            key, findings = "", list(row.findings)
            if row.record is not None:
                findings += checks.check(row)
                key = self._view.key(row.record)
                if key:
                    findings += self._repeated(row, key)
            errors = self._noted(findings) if findings else ""
            self.nameless += not key
            yield Candidate(number, row, key, errors)

    def _repeated(self, row: Row, key: str) -> tuple[Finding, ...]:
        folded = self._view.folded(key)
        if self._first_line is None:
            self.keys.add(folded)
        elif (first := self._first_line(folded, row.line)) is not None:
            column = row.columns.get_name(self._can.key)
            return (create_duplicate_finding(row.line, column, key, first, folds=folded != key),)
        return ()

    @property
    def key_column(self) -> str:
        """What the source calls the column of the key."""
        return next((columns.get_name(self._can.key) for columns in self._layouts), self._can.key)

    def _noted(self, findings: Sequence[Finding]) -> str:
        errors = "; ".join(finding.remark for finding in findings if finding.severity == "error")
        self.errors += bool(errors)
        self.warnings += 0 if errors else len(findings)
        self.findings += findings[: SHOWN_FINDINGS - len(self.findings)]
        return errors

    async def lines(self, rows: Iterator[Row], size: int) -> AsyncIterator[list[Planned]]:
        """The lines of all rows of a file, in slices of about `size`.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        if (
            self._lookup is None and self._mode == "create"
        ):  # the usual way to begin: nothing of a row outlives its line
            async for lines in slices(map(self._creation, self.check(rows)), size, at_hand=True):
                yield lines
        else:
            async for part in slices(self.check(rows), size, at_hand=True):
                yield await self.plan(part)

    async def plan(self, part: Sequence[Candidate]) -> list[Planned]:
        """The lines of a slice of rows.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        there: dict[str, UserRecord] | None = None
        if self._lookup is not None:
            there = dict(await self._lookup.get([one.key for one in part if not one.errors]))
        lines = (line for one in part for line in self._lines(one, there))
        return await in_thread(list, lines)

    def _creation(self, one: Candidate, seen: bytes | None = None) -> Planned:
        record, line = one.row.record, one.row.line
        if record is None or one.errors:
            return refused(one.number, line, one.key, one.errors)
        return Planned(one.number, line, one.key, "create", None, None, self._view.digest(record), seen)

    def _lines(self, one: Candidate, there: dict[str, UserRecord] | None) -> Iterator[Planned]:
        """The lines of a row; `there` is who is there, None where nobody was asked."""
        record = one.row.record
        held = there.get(self._view.folded(one.key)) if there is not None else None
        if record is None or one.errors:
            yield refused(one.number, one.row.line, one.key, one.errors)
        elif self._mode == "offboard":
            yield from self._leaving(one, held)
        elif held is None:
            yield self._creation(one, None if there is None else NOT_THERE)
        elif self._mode == "create":
            yield _nothing(one, "exists", held.external_id)
        else:
            yield self._change(one, record, held)

    def _change(self, one: Candidate, record: UserRecord, held: UserRecord) -> Planned:
        view = self._view
        changes = view.differences(record, held)
        if not changes:
            return _nothing(one, "unchanged")
        if "update" not in self._can.abilities:
            reason = f"differs ({told(changes)}) and cannot be changed there"
            return refused(one.number, one.row.line, one.key, reason)
        digest = view.digest(view.updated(held, changes))
        before = view.image(held, changes)
        return Planned(
            one.number,
            one.row.line,
            one.key,
            "update",
            None,
            told(changes),
            digest,
            view.digest(held),
            before,
        )

    def _leaving(self, one: Candidate, held: UserRecord | None) -> Iterator[Planned]:
        if held is None:
            yield _nothing(one, "unchanged", why="is not there")
            return
        seen = self._view.digest(held)
        for place, step in enumerate(self._can.offboarding):
            yield Planned(one.number + place, one.row.line, one.key, "offboard", step, None, seen, seen)


def removals(users: Iterable[UserRecord], view: View, first: int) -> Iterator[Planned]:
    """The lines that remove users."""
    for number, user in enumerate(users, first):
        digest, why = view.digest(user), "is not in the source"
        yield Planned(number, None, view.key(user), "delete", None, why, digest, digest, view.image(user))


def refuse_repeated(
    database: sqlite3.Connection, view: View, repeated: frozenset[int], column: str
) -> list[Finding]:
    """Refuse every planned line whose key an earlier row has; the findings."""
    first_lines = FirstLines(repeated)
    found: list[tuple[int, Finding]] = []
    lines = database.execute("SELECT number, line, key FROM rows WHERE key <> '' ORDER BY number")
    for number, line, key in lines:
        folded = view.folded(key)
        first = first_lines.find_first(folded, line)
        if first is not None:
            found.append((number, create_duplicate_finding(line, column, key, first, folds=folded != key)))
    database.executemany(
        "UPDATE rows SET action = 'refuse', why = NULL, state = 'done', outcome = 'invalid',"
        " reason = CASE WHEN action = 'refuse' THEN reason || '; ' || ?2 ELSE ?2 END WHERE number = ?1",
        ((number, finding.remark) for number, finding in found),
    )
    return list(dict.fromkeys(finding for _, finding in found))


def refused(number: int, line: int | None, key: str, reason: str) -> Planned:
    """The line of a row that will not be sent."""
    return Planned(number, line, key, "refuse", state="done", outcome="invalid", reason=reason)


def _nothing(
    one: Candidate, outcome: RowOutcome, remote_id: str | None = None, why: str | None = None
) -> Planned:
    """The line of a row for which nothing is left to do."""
    number, line = one.number, one.row.line
    return Planned(
        number, line, one.key, "none", None, why, None, None, None, "done", outcome, None, remote_id
    )


def told(changes: Mapping[str, Change]) -> str:
    """The changes, for people: `full_name: 'Ada' -> 'Ada L'`."""
    return ", ".join(f"{field}: {_short(old)} -> {_short(new)}" for field, (old, new) in changes.items())


def _short(value: Value) -> str:
    text = repr(value) if not isinstance(value, tuple) else repr("; ".join(value))
    return text if len(text) <= _SHOWN_VALUE else f"{text[:_SHOWN_VALUE]}...{text[0]}"
