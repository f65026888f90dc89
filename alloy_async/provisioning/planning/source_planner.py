"""Plan what each row of a source is to do, and why, by the row, the mode and what the system holds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from itertools import chain, count

from ...core.argument_errors import format_argument_name
from ...core.codec.typed_json import pause_garbage_collector
from ...directory import Capabilities
from ...directory.record import fold_all
from ..async_helpers import iterate_slices, run_in_thread
from ..checks.duplicates import FindFirst, KeyHashes, create_duplicate_finding
from ..checks.row_checks import CheckedRow, RowChecks
from ..events import SHOWN_FINDINGS
from ..sources import ColumnLayout, Finding, Row
from ..sources.blocks import Block, RowBlock
from ..store.header import Mode
from ..store.planned_batches import PlannedBatch, group_into_batches
from ..store.rows import PlannedRow
from ..store.temporary.body_spool import BodySpool
from .comparison import UserComparer
from .row_actions import ActionPlanner, create_refused_row, plan_creations_of_columns
from .user_lookup import UserLookup, Users
from .user_matching import UserMatcher


def count_numbers_per_row(mode: Mode, can: Capabilities) -> int:
    """Count the numbers that each row of a source takes in a job."""
    return len(can.offboarding) if mode == "offboard" else 1


class SourcePlanner:
    """Plans rows in slices; what it has seen so far is in its attributes.

    Args:
        can: the system.
        comparer: how its users are compared.
        mode: what to do with each row.
        lookup: to ask the system; None to leave it to the system to say who exists (mode create only).
        first_line: told every key folded, its line and spelling, gives those that came first; None where repeated keys
            are refused later (`record_repeated_rows_as_refused`).
        send_hidden: see `ActionPlanner`.
        allow_inactive: see `RowChecks`.
        spool: told whose creation is planned, where that goes by columns.
    """

    def __init__(
        self,
        can: Capabilities,
        comparer: UserComparer,
        mode: Mode,
        lookup: UserLookup | None,
        first_line: FindFirst | None = None,
        *,
        send_hidden: bool = False,
        allow_inactive: bool = False,
        spool: BodySpool | None = None,
    ) -> None:
        self._can = can
        self._comparer = comparer
        self._mode = mode
        self._matcher = UserMatcher(can, comparer, mode, lookup) if lookup is not None else None
        self._actions = ActionPlanner(can, comparer, mode, send_hidden=send_hidden)
        self._first_line = first_line
        self._allow_inactive = allow_inactive
        self._spool = spool
        self._send_hidden = send_hidden
        self.numbers_per_row: int = count_numbers_per_row(mode, can)
        self.rows: int = 0
        self.errors: int = 0
        self.warnings: int = 0
        self.nameless: int = 0
        self.findings: list[Finding] = []
        self.keys: KeyHashes = KeyHashes()
        self.repeated: frozenset[int] = frozenset()
        """The hashes of keys that came more than once, as soon as all rows are planned."""
        self._layouts: dict[ColumnLayout, RowChecks] = {}

    @property
    def dropped_columns(self) -> tuple[str, ...]:
        """Columns that the system has no place for."""
        names = (
            name
            for columns in self._layouts
            for name, _ in columns.iterate_uncarried_columns(self._can.carries)
        )
        return tuple(dict.fromkeys(names))

    def create_checked_rows(self, rows: Iterable[Row]) -> Iterator[CheckedRow]:
        """Number the rows, and find what is wrong with each; no network."""
        for row in rows:
            self.rows += 1
            yield self._create_checked_row(row, (self.rows - 1) * self.numbers_per_row + 1)

    def create_checked_rows_of_block(self, block: Block) -> Iterator[CheckedRow]:
        """Number the rows of a block and find what is wrong with each, looking only at those that no proof clears."""
        doubtful = self._find_rows_with_possible_faults(block)
        for place, row in enumerate(block.rows()):
            self.rows += 1
            number = (self.rows - 1) * self.numbers_per_row + 1
            if doubtful is None or place in doubtful:
                yield self._create_checked_row(row, number)
            else:
                key = self._comparer.get_key(row.record) if row.record is not None else ""
                errors = (
                    self._join_errors_and_count_findings(found)
                    if (found := self._find_duplicate(row, key))
                    else ""
                )
                yield CheckedRow(number, row, key, errors)

    def _find_rows_with_possible_faults(self, block: Block) -> Collection[int] | None:
        """Find the rows of a block at which somebody has to look; None: at all of them."""
        if isinstance(block, RowBlock):
            return None
        return self._find_or_create_checks(block.layout).find_rows_with_possible_faults(block)

    def _create_checked_row(self, row: Row, number: int) -> CheckedRow:
        key, findings = "", list(row.findings)
        checks = self._find_or_create_checks(row.columns)
        if row.record is not None:
            findings += checks.find_row_faults(row)
            key = self._comparer.get_key(row.record)
        is_identifiable = not findings or self._identifies_user(row.columns, findings)
        if key:
            findings += self._find_duplicate(row, key)
        errors = self._join_errors_and_count_findings(findings) if findings else ""
        self.nameless += not (key and is_identifiable)
        return CheckedRow(number, row, key, errors)

    def plan_creations(self, block: Block) -> list[PlannedBatch]:
        """Plan a block of rows that nobody looks up: as columns, where that can be."""
        doubtful = self._find_rows_with_possible_faults(block)
        if isinstance(block, RowBlock) or doubtful is None:
            if self._spool is not None:
                self._spool.abandon()  # what goes together is counted from the first row on
            rows = map(self._create_checked_row, block.rows(), count(self.rows + 1))
            planned = [*group_into_batches(map(self._actions.plan_creation, rows))]
            self.rows += len(block)
            return planned
        first = self.rows + 1
        self.rows += len(block)
        users = block.read_users()
        checked = {
            place: self._create_checked_row(block.get_row(place), first + place) for place in sorted(doubtful)
        }
        # Also of rows that a proof clears: a later row may repeat their keys.
        folded = fold_all([key or "" for key in users.get(self._can.key)])
        self.keys.remember_keys(
            [key for place, key in enumerate(folded) if place not in checked] if checked else folded
        )
        refused = {place: one for place, one in checked.items() if one.errors}
        if self._spool is not None:
            self._spool.add_planned_creations(first, users, refused)
        return [*plan_creations_of_columns(self._comparer, first, block.lines, users, folded, refused)]

    def _plan_slice_of_creations(self, blocks: Iterator[Block], size: int) -> tuple[list[PlannedBatch], bool]:
        """Plan creations of about `size` of the rows that are left; also whether more may follow."""
        planned: list[PlannedBatch] = []
        weight = 0
        with pause_garbage_collector():  # it would walk over the rows of the slice again and again
            for block in blocks:
                planned += self.plan_creations(block)
                # Columns are a fraction of the work.
                weight += len(block) if isinstance(block, RowBlock) else len(block) // 4
                if weight >= size:
                    return planned, True
            self.spool_last_body_and_take_repeated_keys()
        return planned, False

    def spool_last_body_and_take_repeated_keys(self) -> None:
        """Finish what was gathered of the rows, once all are planned; takes a while where there are many."""
        if self._spool is not None:
            self._spool.spool_last_partial_body()
        self.repeated = self.keys.take_repeated()

    def _identifies_user(self, columns: ColumnLayout, findings: Sequence[Finding]) -> bool:
        """Tell whether it can be read whom a row means: none of its errors is in what the system knows people by."""
        names = {columns.get_column_of_field(field) for field in (self._can.key, *self._can.identities)}
        return not any(finding.severity == "error" and finding.column in names for finding in findings)

    def _find_or_create_checks(self, columns: ColumnLayout) -> RowChecks:
        if (checks := self._layouts.get(columns)) is None:
            checks = self._layouts[columns] = RowChecks(
                columns,
                self._can,
                self._can.needs if self._mode == "create" else (),
                keys_may_be_ids=self._mode != "create",
                leaving=self._mode == "offboard",
                allow_inactive=self._allow_inactive,
            )
        return checks

    def _find_duplicate(self, row: Row, key: str) -> tuple[Finding, ...]:
        folded = self._comparer.fold(key)
        if self._first_line is None:
            self.keys.remember_keys((folded,))
        elif (first := self._first_line(folded, row.line, key)) is not None:
            column = row.columns.get_column_of_field(self._can.key)
            return (create_duplicate_finding(row.line, column, key, first),)
        return ()

    @property
    def key_column(self) -> str:
        """What the source calls the column of the key."""
        key = self._can.key
        return next(
            (columns.get_column_of_field(key) for columns in self._layouts if key in columns.fields), key
        )

    def _join_errors_and_count_findings(self, findings: Sequence[Finding]) -> str:
        errors = "; ".join(finding.remark for finding in findings if finding.severity == "error")
        self.errors += bool(errors)
        self.warnings += 0 if errors else len(findings)
        self.findings += findings[: SHOWN_FINDINGS - len(self.findings)]
        return errors

    def _note_remarks(self, one: CheckedRow, there: Users) -> None:
        """Note a leaver who is not known there, and what of a row is not sent, as it cannot be compared."""
        if not there and self._mode == "offboard":
            message = "nobody there is known by this; nothing is done"
            self._join_errors_and_count_findings([Finding(one.row.line, self.key_column, "warning", message)])
        if not there or one.row.record is None or self._mode not in ("upsert", "sync"):
            return
        for field in self._comparer.list_hidden(one.row.record):
            column = one.row.columns.get_column_of_field(field)
            if field in self._can.only_created:
                message = "can be given to a new user only; who is there keeps theirs"
            elif self._send_hidden:
                message = "is sent, though nobody can tell whether it differs"
            else:
                sends = format_argument_name("send_hidden", True)
                message = (
                    f"is not sent, as it cannot be compared: who is there keeps theirs; {sends} sends it"
                )
            self._join_errors_and_count_findings([Finding(one.row.line, column, "warning", message)])

    async def iterate_planned_slices(
        self, blocks: Iterator[Block], size: int
    ) -> AsyncIterator[list[PlannedBatch]]:
        """Plan all rows of a file, and yield them in slices of about `size`.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        # The usual way to begin: nobody is asked, so that nothing of a row outlives its line.
        if self._matcher is None and self._mode == "create":
            goes_on = True
            while goes_on:
                batches, goes_on = await run_in_thread(self._plan_slice_of_creations, blocks, size)
                if batches:
                    yield batches
        else:
            rows = chain.from_iterable(map(self.create_checked_rows_of_block, blocks))
            async for part in iterate_slices(rows, size, at_hand=True):
                yield [*group_into_batches(await self.plan_checked_rows(part))]
            await run_in_thread(self.spool_last_body_and_take_repeated_keys)

    async def plan_checked_rows(self, part: Sequence[CheckedRow]) -> list[PlannedRow]:
        """Plan a slice of rows.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        users = None if self._matcher is None else await self._matcher.find_users(part)
        # One after the other, in the order of the source: of two rows that mean the same user, the first one has it.
        lines = (
            line
            for place, one in enumerate(part)
            for line in self._plan_row(one, None if users is None else users[place])
        )
        return await run_in_thread(list, lines)

    def _plan_row(self, one: CheckedRow, there: Users | None) -> Iterator[PlannedRow]:
        """Plan the rows of the job for a row; `there` is who is meant and there, None where nobody was asked."""
        if self._matcher is not None and not one.errors:
            # Before the limits are told: of a row that is refused nothing is sent, so no part of it is left out.
            reason = self._matcher.explain_refusal(one, there or ())
            if reason is not None:
                self.nameless += not there
                self._join_errors_and_count_findings(
                    [Finding(one.row.line, self.key_column, "error", reason)]
                )
                return iter((create_refused_row(one, reason),))
            self._note_remarks(one, there or ())
        return self._actions.plan_row(one, there[0] if there else None, asked=there is not None)
