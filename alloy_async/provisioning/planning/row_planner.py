"""What each row of a source is to do, and why; decided from the row, the mode and what the system holds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence

import attrs

from ...directory import Capabilities, UserRecord
from ..async_helpers import in_thread, slices
from ..checks.duplicates import FirstLines, KeyHashes, create_duplicate_finding
from ..checks.row_checks import RowChecks
from ..events import SHOWN_FINDINGS
from ..sources import ColumnLayout, Finding, Row
from ..store.header import Mode, RowOutcome
from ..store.job_store import JobStore
from ..store.rows import NOT_THERE, PlannedRow, RowResult
from .comparison import Change, UserComparer, Value
from .lookup import Lookup

_SHOWN_VALUE = 40


@attrs.define(eq=False)
class CheckedRow:
    """One row with its number in the job and what was found by all checks."""

    number: int
    row: Row
    key: str
    errors: str
    """The findings that keep it from being sent, as one reason; empty when it is good."""


def count_steps(mode: Mode, can: Capabilities) -> int:
    """Numbers that each row of a source takes in a job."""
    return len(can.offboarding) if mode == "offboard" else 1


class RowPlanner:
    """Plans rows in slices; what it has seen so far is in its attributes.

    Args:
        can: the system.
        comparer: how its users are compared.
        mode: what to do with each row.
        lookup: to ask the system; None to leave it to the system to say who exists (mode create only).
        first_line: told every folded key with its line, gives the line that had it first; None where repeated keys
            are refused later (`refuse_repeated`).
    """

    def __init__(
        self,
        can: Capabilities,
        comparer: UserComparer,
        mode: Mode,
        lookup: Lookup | None,
        first_line: Callable[[str, int], int | None] | None = None,
    ) -> None:
        self._can = can
        self._comparer = comparer
        self._mode = mode
        self._lookup = lookup
        self._first_line = first_line
        self._needs = can.needs if mode == "create" else ()
        self.stride = count_steps(mode, can)
        self.rows = self.errors = self.warnings = self.nameless = 0
        self.findings: list[Finding] = []
        self.keys = KeyHashes()
        self._layouts: dict[ColumnLayout, RowChecks] = {}

    @property
    def dropped(self) -> tuple[str, ...]:
        """Columns that the system has no place for."""
        names = (name for columns in self._layouts for name, _ in columns.list_dropped(self._can.carries))
        return tuple(dict.fromkeys(names))

    def check_rows(self, rows: Iterable[Row]) -> Iterator[CheckedRow]:
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
                key = self._comparer.key_of(row.record)
                if key:
                    findings += self._find_duplicate(row, key)
            errors = self._count_findings(findings) if findings else ""
            self.nameless += not key
            yield CheckedRow(number, row, key, errors)

    def _find_duplicate(self, row: Row, key: str) -> tuple[Finding, ...]:
        folded = self._comparer.fold(key)
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

    def _count_findings(self, findings: Sequence[Finding]) -> str:
        errors = "; ".join(finding.remark for finding in findings if finding.severity == "error")
        self.errors += bool(errors)
        self.warnings += 0 if errors else len(findings)
        self.findings += findings[: SHOWN_FINDINGS - len(self.findings)]
        return errors

    async def plan_rows(self, rows: Iterator[Row], size: int) -> AsyncIterator[list[PlannedRow]]:
        """The lines of all rows of a file, in slices of about `size`.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        if (
            self._lookup is None and self._mode == "create"
        ):  # the usual way to begin: nothing of a row outlives its line
            async for lines in slices(map(self._plan_creation, self.check_rows(rows)), size, at_hand=True):
                yield lines
        else:
            async for part in slices(self.check_rows(rows), size, at_hand=True):
                yield await self.plan_part(part)

    async def plan_part(self, part: Sequence[CheckedRow]) -> list[PlannedRow]:
        """The lines of a slice of rows.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        there: dict[str, UserRecord] | None = None
        if self._lookup is not None:
            there = dict(await self._lookup.get([one.key for one in part if not one.errors]))
        lines = (line for one in part for line in self._plan_row(one, there))
        return await in_thread(list, lines)

    def _plan_creation(self, one: CheckedRow, seen: bytes | None = None) -> PlannedRow:
        record, line = one.row.record, one.row.line
        if record is None or one.errors:
            return refused_row(one.number, line, one.key, one.errors)
        return PlannedRow(
            one.number, line, one.key, "create", None, None, self._comparer.digest(record), seen
        )

    def _plan_row(self, one: CheckedRow, there: dict[str, UserRecord] | None) -> Iterator[PlannedRow]:
        """The lines of a row; `there` is who is there, None where nobody was asked."""
        record = one.row.record
        held = there.get(self._comparer.fold(one.key)) if there is not None else None
        if record is None or one.errors:
            yield refused_row(one.number, one.row.line, one.key, one.errors)
        elif self._mode == "offboard":
            yield from self._plan_offboarding(one, held)
        elif held is None:
            yield self._plan_creation(one, None if there is None else NOT_THERE)
        elif self._mode == "create":
            yield _nothing_to_do(one, "exists", held.external_id)
        else:
            yield self._plan_change(one, record, held)

    def _plan_change(self, one: CheckedRow, record: UserRecord, held: UserRecord) -> PlannedRow:
        comparer = self._comparer
        changes = comparer.find_changes(record, held)
        if not changes:
            return _nothing_to_do(one, "unchanged")
        if "update" not in self._can.abilities:
            reason = f"differs ({format_changes(changes)}) and cannot be changed there"
            return refused_row(one.number, one.row.line, one.key, reason)
        digest = comparer.digest(comparer.apply_changes(held, changes))
        before = comparer.to_image(held, changes)
        return PlannedRow(
            one.number,
            one.row.line,
            one.key,
            "update",
            None,
            format_changes(changes),
            digest,
            comparer.digest(held),
            before,
        )

    def _plan_offboarding(self, one: CheckedRow, held: UserRecord | None) -> Iterator[PlannedRow]:
        if held is None:
            yield _nothing_to_do(one, "unchanged", why="is not there")
            return
        seen = self._comparer.digest(held)
        for place, step in enumerate(self._can.offboarding):
            yield PlannedRow(one.number + place, one.row.line, one.key, "offboard", step, None, seen, seen)


def plan_removals(users: Iterable[UserRecord], comparer: UserComparer, first: int) -> Iterator[PlannedRow]:
    """The lines that remove users."""
    for number, user in enumerate(users, first):
        digest, why = comparer.digest(user), "is not in the source"
        yield PlannedRow(
            number, None, comparer.key_of(user), "delete", None, why, digest, digest, comparer.to_image(user)
        )


def refuse_repeated(
    store: JobStore, comparer: UserComparer, repeated: frozenset[int], column: str
) -> list[Finding]:
    """Refuse every planned row whose key an earlier row has; the findings."""
    first_lines = FirstLines(repeated)
    found: dict[Finding, None] = {}
    results: list[RowResult] = []
    for row in store.read_rows("apply"):
        if not row.key or row.line is None:
            continue
        folded = comparer.fold(row.key)
        first = first_lines.find_first(folded, row.line)
        if first is not None:
            finding = create_duplicate_finding(row.line, column, row.key, first, folds=folded != row.key)
            found[finding] = None
            reason = f"{row.reason}; {finding.remark}" if row.action == "refuse" else finding.remark
            results.append(RowResult(row.number, row.state, "refuse", "invalid", reason))
    store.record_results("apply", results)
    return list(found)


def refused_row(number: int, line: int | None, key: str, reason: str) -> PlannedRow:
    """The line of a row that will not be sent."""
    return PlannedRow(number, line, key, "refuse", outcome="invalid", reason=reason)


def _nothing_to_do(
    one: CheckedRow, outcome: RowOutcome, remote_id: str | None = None, why: str | None = None
) -> PlannedRow:
    """The line of a row for which nothing is left to do."""
    number, line = one.number, one.row.line
    return PlannedRow(number, line, one.key, "none", why=why, outcome=outcome, remote_id=remote_id)


def format_changes(changes: Mapping[str, Change]) -> str:
    """The changes, for people: `full_name: 'Ada' -> 'Ada L'`."""
    return ", ".join(f"{field}: {_shorten(old)} -> {_shorten(new)}" for field, (old, new) in changes.items())


def _shorten(value: Value) -> str:
    text = repr(value) if not isinstance(value, tuple) else repr("; ".join(value))
    return text if len(text) <= _SHOWN_VALUE else f"{text[:_SHOWN_VALUE]}...{text[0]}"
