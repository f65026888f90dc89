"""What every source is and yields: rows with the record that each makes, and what was found in reading them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol

import attrs

from ...core.argument_errors import format_argument_name
from ...directory import UserRecord
from ..errors import SourceError
from .cell_values import Unreadable, is_unreadable_or_rounded
from .column_layout import INEXACT, ColumnLayout

Severity = Literal["error", "warning"]


@attrs.frozen
class Finding:
    """One remark about one row.

    Args:
        line: the physical line of the file on which the row starts.
        column: the file's name of the column; None when it is about the whole row.
        severity: a row with an `error` is not sent; a `warning` is only told.
        message: what is wrong and what to do.
    """

    line: int
    column: str | None
    severity: Severity
    message: str

    @property
    def remark(self) -> str:
        """The column and the message."""
        return f"{self.column}: {self.message}" if self.column else self.message


@attrs.define
class Row:
    """One row of a source.

    Args:
        line: the physical line, from 1, on which it starts; where there are no lines, its number from 1.
        columns: which of its columns is which field.
        cells: its values, untouched, in the order of the columns; they may hold a password, `values` does not.
        record: the user it makes; None when it could not be read as one, then `findings` holds an error.
        findings: what was found in reading it; checks against a system come later.
    """

    line: int
    columns: ColumnLayout = attrs.field(repr=False)
    cells: Sequence[object] = attrs.field(repr=False)
    record: UserRecord | None = attrs.field(repr=False)
    findings: tuple[Finding, ...] = ()

    @property
    def values(self) -> Mapping[str, object]:
        """Its values by column, untouched, without passwords and other secrets: they may be stored and shown."""
        return self.columns.label_values(self.cells)


def create_typed_row(line: int, columns: ColumnLayout, cells: Sequence[object]) -> Row:
    """Create the row of cells whose values have types, with what is wrong with these.

    A value that is not what stood in the source is an error in a field, and is left out of the free attributes: null would
    be sent, and perhaps replace what is there. Whether the row can go without it hangs on the system (`RowChecks`).
    """
    found = [
        Finding(line, columns.get_column_of_field(field), "error", message)
        for field, message in columns.find_wrong_types(cells)
    ]
    if not any(map(is_unreadable_or_rounded, cells)):
        return Row(line, columns, cells, columns.create_record(cells), tuple(found))
    damaged = {
        name: cell
        for name, index in columns.attributes.items()
        if is_unreadable_or_rounded(cell := cells[index])
    }
    for name, cell in damaged.items():
        why = f"holds {cell.why}" if isinstance(cell, Unreadable) else INEXACT
        column = columns.header[columns.attributes[name]]
        found.append(Finding(line, column, "warning", f"is left out, as it {why}"))
    cells = [None if is_unreadable_or_rounded(cell) else cell for cell in cells]
    record = columns.create_record(cells)
    kept = {name: value for name, value in record.attributes.items() if name not in damaged}
    return Row(line, columns, cells, attrs.evolve(record, attributes=kept), tuple(found))


class Source(Protocol):
    """Where the rows of a job come from. Opening one reads no further than its head.

    A source may offer more: `blocks() -> Iterator[Block]`, the same rows as columns;
    `blocks_from(line) -> Iterator[Block] | None`, those from the row of a line on, or from one before it, and None where they
    all have to be read for that; and `holds_secrets`, false where none of its columns has a name that says so.
    """

    @property
    def name(self) -> str:
        """What to call it in messages: the path as it was given, `standard input`, the system's name."""
        ...

    def digest(self) -> str | None:
        """Return a hash of the whole content (`sha256:...`); None for a source that cannot be read twice."""
        ...

    def rows(self) -> Iterator[Row]:
        """Yield the rows, in constant memory; to be walked in a thread where an event loop runs.

        A source with a digest can be walked any number of times, others once.

        Raises:
            SourceError: it cannot be read on, with the line (and column) where it breaks; or it was
                changed since it was opened.
        """
        ...


def read_rows(source: Source) -> Iterator[Row]:
    """Yield the rows of a source that is to have some.

    A source whose `allow_empty` is true may have none; all others are refused then: in mode sync, no rows would mean that
    everybody is removed.

    Raises:
        SourceError: there are no rows; and whatever `rows` raises.
    """
    rows = source.rows()
    first = next(rows, None)
    if first is None:
        raise_unless_empty_allowed(source)
    else:
        yield first
        yield from rows


def raise_unless_empty_allowed(source: Source) -> None:
    """Refuse a source that turned out to have no rows, unless it may.

    Raises:
        SourceError: it may not.
    """
    if not getattr(source, "allow_empty", False):
        allowed = format_argument_name("allow_empty", True)
        what = f"nothing is done for an empty source unless that is allowed: {allowed}"
        raise SourceError(f"there are no rows; {what}", source.name)
