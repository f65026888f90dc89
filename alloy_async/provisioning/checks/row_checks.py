"""Check a row by itself, before anything is sent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from math import inf
from typing import NamedTuple

import attrs

from ...core.argument_errors import format_argument_name
from ...directory import Capabilities, UserRecord
from ...directory.record_fit import find_losses
from ..sources import ColumnLayout, Finding, Row, Severity
from ..sources.blocks import ColumnBlock
from ..sources.cell_values import LIST_FIELDS, READERS, convert_cells_to_texts
from .clean_columns import (
    USUAL_EMAIL,
    USUAL_EMAIL_LENGTH,
    find_matching_cells,
    find_unusual_emails,
    find_unusual_texts,
)
from .suspicious_text import EMPTY_MARKS, SPREADSHEET_ERRORS, find_damage, is_empty_mark, may_be_damaged

_EMAIL = re.compile(
    r"""(?=.{3,254}$)(?=[^@]{1,64}@) [^\s@.,;:<>()\[\]"\\]+ (?:\.[^\s@.,;:<>()\[\]"\\]+)*
    @ \w(?:[\w-]*\w)? (?:\.\w(?:[\w-]*\w)?)* \.(?!\d+$)\w(?:[\w-]*\w)?""",
    re.VERBOSE,
)
_USUAL_EMAIL = re.compile(USUAL_EMAIL)
"""What nearly all look like, found out in half the time."""
_TYPED_FIELDS = ("active", *LIST_FIELDS)
"""Fields that hold something else than text."""
_JOINERS = "\u200c\u200d"  # part of the spelling of names in several scripts


def is_email(text: str) -> bool:
    """Tell whether a text has the form of one e-mail address, without display name or brackets."""
    usual = len(text) <= USUAL_EMAIL_LENGTH and _USUAL_EMAIL.fullmatch(text)
    return bool(usual or _EMAIL.fullmatch(text))


class _TextField(NamedTuple):
    """One field to be checked: where its cell is (None: a constant fills it, or nothing), and what it must be."""

    field: str
    place: int | None
    needed: bool
    is_key: bool
    must_be_whole: bool
    may_be_anything: bool
    longest: int | float


@attrs.define(eq=False)
class CheckedRow:
    """One row with its number in the job and what was found by all checks."""

    number: int
    row: Row
    key: str
    errors: str
    """The findings that keep it from being sent, as one reason; empty when it is good."""


class RowChecks:
    """What may be wrong with the rows of one layout, as far as it matters to a system.

    Args:
        columns: the layout.
        can: the system; faults in a field that it drops are at most warnings.
        needs: fields that must be filled besides the key; those of a new user are `can.needs`.
        keys_may_be_ids: a user who is there may be named by the system's own id in the place of an email.
        leaving: the users leave, so that nothing but their keys is needed; who has a damaged one can leave by it.
        allow_inactive: take people who are inactive in the source for a system that can only hold active ones.
    """

    def __init__(
        self,
        columns: ColumnLayout,
        can: Capabilities,
        needs: Collection[str] = (),
        *,
        keys_may_be_ids: bool = False,
        leaving: bool = False,
        allow_inactive: bool = False,
    ) -> None:
        self._columns = columns
        self._ids_for_emails = keys_may_be_ids and can.key == "email"
        self._refuses_inactive = "active" not in can.carries and not (allow_inactive or leaving)
        self._can = can
        self._forms = (
            {}
            if leaving
            else {f: form for f, form in can.forms.items() if f == "attributes" or columns.fills(f)}
        )
        self._texts = [
            _TextField(
                field,
                columns.fields.get(field),
                needed,
                field == can.key,
                field == can.key and not leaving,
                leaving or field in ("email", "password"),
                can.max_length.get(field, inf),
            )
            for field in can.carries
            if (needed := field == can.key or field in needs) or columns.fills(field)
        ]
        self._sends_attributes = "attributes" in can.carries and not leaving
        self._email_severity: Severity = "error" if "email" in can.carries else "warning"
        # What cannot be read may say inactive: it matters wherever an inactive user does.
        reads_active = "active" in can.carries or self._refuses_inactive
        self._active = columns.fields.get("active") if reads_active else None
        self._must_say_active = columns.active_form in ("active", "blocked")
        # What a constant fills is the same in all rows, so that a fault of it is one of every row.
        self._constants_need_walk = any(
            text.needed if text.field in _TYPED_FIELDS else text.place is None for text in self._texts
        ) or not {"email", "active", *self._forms}.isdisjoint(columns.constants)

    def find_rows_with_possible_faults(self, block: ColumnBlock) -> Collection[int] | None:
        """Find the rows of a block that may have findings, by their place in it; None where all may.

        All others have none: `find_row_faults` need not be asked. Columns in which no value has blanks around it are noted in
        `block.trimmed`, so that whoever reads the users need not look again.
        """
        if self._constants_need_walk:
            return None
        found: set[int] = {*block.odd}
        for text in self._texts:
            if text.place is not None and text.field not in _TYPED_FIELDS:
                column = convert_cells_to_texts(block.columns[text.place])
                unusual = find_unusual_texts(
                    column,
                    longest=text.longest,
                    filled=text.needed,
                    trimmed=text.field != "password",
                    must_be_whole=text.must_be_whole,
                )
                if unusual:
                    found.update(unusual)
                elif text.field != "password" and column is block.columns[text.place]:
                    block.trimmed.add(text.place)
        fields = self._columns.fields
        if "email" in fields:
            column = convert_cells_to_texts(block.columns[fields["email"]])
            if unusual := find_unusual_emails(column):
                found.update(unusual)
            elif column is block.columns[fields["email"]]:
                block.trimmed.add(fields["email"])
        if "active" in fields:
            found.update(find_matching_cells(block.columns[fields["active"]], self._may_need_active_finding))
        return found | self._find_rows_with_misfits(block)

    def _find_rows_with_misfits(self, block: ColumnBlock) -> set[int]:
        """Find the rows with entries that the system does not take in the form that they have."""
        found: set[int] = set()
        for field, form in self._forms.items():
            if field == "attributes":
                columns = [block.columns[index] for index in self._columns.attributes.values()]
                found |= {
                    place for column in columns for place, cell in enumerate(column) if not form.fits(cell)
                }
            else:
                cells = enumerate(block.columns[self._columns.fields[field]])
                found |= {place for place, cell in cells if not all(map(form.fits, READERS[field](cell)))}
        return found

    def _may_need_active_finding(self, cell: object) -> bool:
        value = self._columns.read_active(cell)
        return value is False if value is not None else bool(cell) and self._must_say_active

    def find_row_faults(self, row: Row) -> list[Finding]:
        """Find what is wrong with one row that has a record."""
        record, cells = row.record, row.cells
        assert record is not None
        found: list[Finding] = []
        for text in self._texts:
            value = getattr(record, text.field)
            if type(value) is str and value:
                cell = value if text.place is None else cells[text.place]
                as_it_should_be = (
                    value.isprintable()
                    and value[0] not in ".#"
                    and "\ufffd" not in value
                    and len(value) <= text.longest
                    and value not in EMPTY_MARKS
                    and not (text.must_be_whole and may_be_damaged(value))
                )
                if as_it_should_be and (type(cell) is not str or len(cell) == len(value)):
                    continue  # as nearly all are
            found += self._find_text_faults(row.line, text, value, cells)
        if record.active is False and self._refuses_inactive:
            message = (
                "this user is inactive, and would be active there, as the system cannot hold inactive users;"
                f" leave the row out, or allow it: {format_argument_name('allow_inactive', True)}"
            )
            found.append(Finding(row.line, self._columns.get_column_of_field("active"), "error", message))
        if record.email and not is_email(record.email) and not self._may_be_id(record.email):
            message = f"{record.email!r} is not an e-mail address (name@example.org)"
            found.append(
                Finding(row.line, self._columns.get_column_of_field("email"), self._email_severity, message)
            )
        is_said = self._active is not None and cells[self._active] not in ("", None)
        if is_said and record.active is None and self._must_say_active:
            message = "is neither true nor false; write yes or no"
            if self._refuses_inactive:
                message += f", or allow whatever it means: {format_argument_name('allow_inactive', True)}"
            found.append(Finding(row.line, self._columns.get_column_of_field("active"), "error", message))
        if self._forms:
            found += self._create_misfit_findings(row.line, record)
        if row.findings and self._sends_attributes:
            found += self._create_damage_findings(row, record)
        return found

    def _create_damage_findings(self, row: Row, record: UserRecord) -> Iterator[Finding]:
        """Refuse a row of which an attribute could not be read: without it, somebody would go in incomplete."""
        told = {finding.column: finding.message for finding in row.findings}
        for name, index in self._columns.attributes.items():
            if name not in record.attributes:
                column = self._columns.header[index]
                message = (
                    f"the row is not sent without this value, which {told.get(column, 'cannot be read')}"
                )
                yield Finding(row.line, column, "error", message)

    def _create_misfit_findings(self, line: int, record: UserRecord) -> Iterator[Finding]:
        for loss in find_losses(record, self._can):
            field, _, attribute = loss.field.partition(".")
            if field in self._forms:
                name = attribute or self._columns.get_column_of_field(field)
                yield Finding(line, name, "warning", f"will not be sent: {loss.why}")

    def _may_be_id(self, email: str) -> bool:
        return self._ids_for_emails and "@" not in email

    def _find_text_faults(
        self, line: int, text: _TextField, value: object, cells: Sequence[object]
    ) -> Iterator[Finding]:
        if not (value is None or isinstance(value, str)):
            return
        column = self._columns.get_column_of_field(text.field)
        cell = None if text.place is None else cells[text.place]
        if value and isinstance(cell, str) and len(value) != len(cell) and text.field != "password":
            yield Finding(line, column, "warning", "spaces around the value were left out")
        if text.needed and not value:
            message = f"the {text.field} is missing; without it the row cannot go in"
            yield Finding(line, column, "error", message)
        for message in _find_value_faults(value or "", text):
            yield Finding(line, column, "error", message)


def _find_value_faults(value: str, text: _TextField) -> Iterator[str]:
    if text.is_key and value in (".", ".."):
        yield "a name of dots only cannot be used in a web address"
    if value.strip() in SPREADSHEET_ERRORS:
        yield f"{value.strip()} is a spreadsheet's error, not a value; correct it there"
    elif not text.may_be_anything and is_empty_mark(value.strip(), text.field):
        yield f"{value.strip()} is what programs write where there is nothing; leave the cell empty"
    elif text.must_be_whole and (damage := find_damage(value)):
        yield damage
    if len(value) > text.longest:
        yield f"has {len(value)} characters, {text.longest} are allowed; shorten it"
    if "\ufffd" in value and (text.is_key or text.field == "email"):
        yield "holds U+FFFD, which stands for a character that an earlier conversion lost; export it again"
    if not value.isprintable():
        yield from _find_unprintable(value, text.is_key)


def _find_unprintable(value: str, is_key: bool) -> Iterator[str]:
    """Name the first character that no name holds: control, line break, half a pair, invisible."""
    for position, char in enumerate(value, 1):
        category = unicodedata.category(char)
        invisible = category == "Cf" and (is_key or char not in _JOINERS)
        if category in ("Cc", "Cs", "Zl", "Zp") or invisible:
            name = _CONTROL_NAMES.get(char) or unicodedata.name(char, "unnamed").lower()
            yield f"character {position} is U+{ord(char):04X} ({name}); remove it"
            return


_CONTROL_NAMES = {
    "\n": "line break",
    "\r": "line break",
    "\t": "tab",
    "\x1b": "escape",
    "\x7f": "delete",
}
