"""Plan what is done with rows: one by one as the mode says, or the creation of many at once, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from ...directory import Capabilities, UserRecord
from ...directory.record_columns import RecordColumns
from ...directory.user_differences import Change, Value
from ..checks.row_checks import CheckedRow
from ..store.header import Mode, RowOutcome
from ..store.planned_batches import PlannedBatch, create_batch_of_columns, group_into_batches
from ..store.row_events import MOST
from ..store.rows import NOT_THERE, PlannedRow
from .comparison import DIGEST_SIZE, UserComparer

_SHOWN_VALUE = 40


class ActionPlanner:
    """Plans what is to be done for each row.

    Args:
        can: the system.
        comparer: how its users are compared.
        mode: what to do with each row.
        send_hidden: change also what the system never shows, as a password, though nobody can tell whether it differs.
    """

    def __init__(
        self, can: Capabilities, comparer: UserComparer, mode: Mode, *, send_hidden: bool = False
    ) -> None:
        self._can = can
        self._comparer = comparer
        self._mode = mode
        self._send_hidden = send_hidden

    def plan_row(self, one: CheckedRow, held: UserRecord | None, *, asked: bool) -> Iterator[PlannedRow]:
        """Plan the rows of the job for a row of the source; `held` is whom it means, `asked` whether anybody looked."""
        record = one.row.record
        if record is None or one.errors:
            yield create_refused_row(one, one.errors)
        elif self._mode == "offboard":
            yield from self._plan_offboarding_steps_of_row(one, held)
        elif held is None:
            yield self.plan_creation(one, NOT_THERE if asked else None)
        elif self._mode == "create":
            yield _create_done_row(one, "exists", held.remote_id)
        else:
            yield self._plan_change(one, record, held)

    def plan_creation(self, one: CheckedRow, seen: bytes | None = None) -> PlannedRow:
        record, line = one.row.record, one.row.line
        if record is None or one.errors:
            return create_refused_row(one, one.errors)
        return PlannedRow(
            one.number, line, one.key, "create", None, None, self._comparer.digest(record), seen
        )

    def _plan_change(self, one: CheckedRow, record: UserRecord, held: UserRecord) -> PlannedRow:
        comparer = self._comparer
        changes, hidden = comparer.find_changes(record, held), comparer.list_hidden(record)
        sent = [name for name in hidden if self._send_hidden and name not in self._can.only_created]
        why = "; ".join(
            filter(None, (format_changes(changes), self._describe_incomparable_fields(hidden, sent)))
        )
        if not (changes or sent):
            return _create_done_row(one, "uncompared" if hidden else "unchanged", held.remote_id, why or None)
        if "update" not in self._can.abilities:
            reason = f"differs ({why}) and cannot be changed there"
            return create_refused_row(one, reason)
        return PlannedRow(
            one.number,
            one.row.line,
            one.key,
            "update",
            None,
            why,
            comparer.digest_update(held, changes),
            comparer.digest(held, changes),
            comparer.to_image(held, [*changes, *sent]),
            remote_id=held.remote_id,
        )

    def _describe_incomparable_fields(self, hidden: Sequence[str], sent: Sequence[str]) -> str:
        """Describe what becomes of fields that nobody can compare, for people."""
        said = ((name, "sent" if name in sent else "not sent") for name in hidden)
        return "; ".join(f"{name}: {fate}, cannot be compared" for name, fate in said)

    def _plan_offboarding_steps_of_row(
        self, one: CheckedRow, held: UserRecord | None
    ) -> Iterator[PlannedRow]:
        if held is None:
            yield _create_done_row(one, "unchanged", why="is not there")
            return
        seen = self._comparer.digest(held)
        for place, step in enumerate(self._can.offboarding):
            number = one.number + place
            yield PlannedRow(
                number,
                one.row.line,
                one.key,
                "offboard",
                step,
                None,
                seen,
                seen,
                remote_id=held.remote_id,
            )


def plan_removals(users: Iterable[UserRecord], comparer: UserComparer, first: int) -> Iterator[PlannedRow]:
    """Plan the rows that remove users."""
    for number, user in enumerate(users, first):
        digest, why, image = comparer.digest(user), "is not in the source", comparer.to_image(user)
        key = comparer.get_key(user)
        yield PlannedRow(
            number, None, key, "delete", None, why, digest, digest, image, remote_id=user.remote_id
        )


def create_refused_row(one: CheckedRow, reason: str) -> PlannedRow:
    """Make the row of a job that will not be sent."""
    return PlannedRow(one.number, one.row.line, one.key, "refuse", outcome="invalid", reason=reason)


def _create_done_row(
    one: CheckedRow, outcome: RowOutcome, remote_id: str | None = None, why: str | None = None
) -> PlannedRow:
    """Make the row of a job for which nothing is left to do."""
    number, line = one.number, one.row.line
    return PlannedRow(number, line, one.key, "none", why=why, outcome=outcome, remote_id=remote_id)


def format_changes(changes: Mapping[str, Change]) -> str:
    """Format changes for people: `full_name: 'Ada' -> 'Ada L'`."""
    return ", ".join(f"{field}: {_shorten(old)} -> {_shorten(new)}" for field, (old, new) in changes.items())


def _shorten(value: Value) -> str:
    text = repr(value) if not isinstance(value, tuple) else repr("; ".join(value))
    return text if len(text) <= _SHOWN_VALUE else f"{text[:_SHOWN_VALUE]}...{text[0]}"


def plan_creations_of_columns(
    comparer: UserComparer,
    first: int,
    lines: Sequence[int],
    users: RecordColumns,
    folded: Sequence[str],
    refused: Mapping[int, CheckedRow],
) -> Iterator[PlannedBatch]:
    """Plan a block of rows that nobody looks up: each row creates a user, but those that are refused.

    What it makes is to the byte what `group_into_batches` makes of the same rows, planned one by one.

    Args:
        comparer: how users are compared.
        first: the number of the first row; each takes one.
        lines: on which each row starts.
        users: whom the rows make.
        folded: the keys of these, folded.
        refused: by their places in the block, the rows that are not sent.
    """
    keys = users.get(comparer.can.key)
    digests = comparer.digest_columns(users, folded)

    def pack_creations(begin: int, end: int) -> Iterator[PlannedBatch]:
        for start in range(begin, end, MOST):
            part = slice(start, min(start + MOST, end))
            hashes = digests[part.start * DIGEST_SIZE : part.stop * DIGEST_SIZE]
            # The keys of rows that are not refused are printable, so none of them holds what parts them in a batch.
            yield create_batch_of_columns(first + start, "create", lines[part], keys[part], digests=hashes)

    begin = 0
    for neighbours in _group_consecutive_numbers(sorted(refused)):
        yield from pack_creations(begin, neighbours[0])
        yield from group_into_batches(
            create_refused_row(refused[place], refused[place].errors) for place in neighbours
        )
        begin = neighbours[-1] + 1
    yield from pack_creations(begin, users.rows)


def _group_consecutive_numbers(places: Sequence[int]) -> Iterator[list[int]]:
    for _, group in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
        yield [place for _, place in group]
