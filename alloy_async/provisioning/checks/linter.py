"""Check a whole source without network, in one pass and in constant memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import attrs

from ...core.argument_errors import format_argument_name
from ...directory import Capabilities
from ...directory.record import fold
from ..sources import ColumnLayout, CsvSource, Finding, JsonLinesSource, Row, Source
from ..sources.formats.excel import ExcelSource
from ..sources.formats.header_search import Header
from ..store.temporary.indexes import KeyIndex
from .column_profile import ColumnProfile
from .duplicates import create_duplicate_finding
from .row_checks import RowChecks, is_email
from .spreadsheet_traces import NameTracesCheck, TotalsRowCheck
from .suspicious_text import find_suspicions

_PERSONAL_NAMES = ("given_name", "family_name", "full_name")
_NAMES = (*_PERSONAL_NAMES, "department")
_MAIL = re.compile(r"(.*[\W_])?e?-?mail([\W_]?address)?", re.IGNORECASE)


class Linter:
    """Checks a source for one system, without network.

    Its findings come as they are made; what only a whole column shows (lost zeros, a few bad dates) comes at the end.

    Args:
        source: walked once.
        can: the system.
    """

    def __init__(self, source: Source, can: Capabilities) -> None:
        self.rows: int = 0
        self._source = source
        self._can = can
        self._profiles: dict[str, ColumnProfile] = {}
        self._dropped: set[str] = set()
        self._totals = TotalsRowCheck()
        self._layouts: dict[ColumnLayout, _LintedLayout] = {}

    def lint(self) -> Iterator[Finding]:
        """Yield each finding with the row and the column.

        Raises:
            SourceError: the source cannot be read on; with line and column.
        """
        with KeyIndex() as keys:
            yield from self._lint_head()
            for row in self._source.rows():
                self.rows += 1
                yield from self._lint_row(row, keys)
        for profile in self._profiles.values():
            yield from profile.find_column_faults()
        if totals := self._totals.find_totals_row():
            line, column, message = totals
            yield Finding(line, column, "warning", message)
        if not self.rows and not getattr(self._source, "allow_empty", False):
            yield Finding(1, None, "error", "there are no rows")

    def _lint_row(self, row: Row, keys: KeyIndex) -> Iterator[Finding]:
        if (layout := self._layouts.get(row.columns)) is None:
            layout = self._layouts[row.columns] = self._create_layout(row.columns)
            yield from self._lint_dropped_columns(row)
        yield from row.findings
        if row.record is None:
            return
        values = row.values
        self._totals.note_row(row.line, values)
        yield from _lint_values(row.line, values, layout.by_label)
        yield from layout.checks.find_row_faults(row)
        if key := getattr(row.record, self._can.key):
            folded = fold(key)
            if first := keys.find_earlier_or_add(folded, row.line, key):
                yield create_duplicate_finding(
                    row.line, row.columns.get_column_of_field(self._can.key), key, first
                )

    def _lint_head(self) -> Iterator[Finding]:
        source = self._source
        if isinstance(source, CsvSource | JsonLinesSource) and source.encoding == "utf-8-sig":
            hint = "other tools take it for a part of the first column's name; save it as UTF-8 without"
            yield Finding(1, None, "warning", f"begins with a byte order mark; {hint}")
        if isinstance(source, CsvSource | ExcelSource):
            yield from self._lint_header(source.header, source.columns)

    def _lint_header(self, header: Header, columns: ColumnLayout) -> Iterator[Finding]:
        line, names = header.line, columns.header
        if header.above:
            number = len(header.above)
            above = (
                "the row above it is left out" if number == 1 else f"the {number} rows above it are left out"
            )
            yield Finding(line, None, "warning", f"the header was found on this line; {above}")
        for label, name in zip(columns.labels, names, strict=True):
            if label and not name.strip():
                yield Finding(line, label, "warning", "has no name in the header")
            elif label and label != name.strip() and names.count(name) > 1:
                message = f"the header has {name!r} more than once; rename one of the columns"
                yield Finding(line, label, "warning", message)
            for message in find_suspicions(name.removeprefix("\ufeff")):
                yield Finding(line, label, "warning", message)

    def _create_layout(self, columns: ColumnLayout) -> _LintedLayout:
        fields = {columns.labels[index]: field for field, index in columns.fields.items()}
        known = {}
        for label in columns.labels:
            if label is None:
                continue
            field = fields.get(label)
            profile = self._profiles.get(label)
            if profile is None:
                profile = self._profiles[label] = ColumnProfile(label, self._create_traces_check(field))
            known[label] = _LintedColumn(field, field in self._can.carries, profile)
        return _LintedLayout(known, RowChecks(columns, self._can, self._can.needs))

    def _create_traces_check(self, field: str | None) -> NameTracesCheck | None:
        if field in (self._can.key, *self._can.identities, "username", "external_id"):
            return NameTracesCheck(is_name=False)
        return NameTracesCheck(is_name=True) if field in _PERSONAL_NAMES else None

    def _lint_dropped_columns(self, row: Row) -> Iterator[Finding]:
        """Tell what the system will not get, once a column."""
        source = self._source
        line = source.header_line if isinstance(source, CsvSource | ExcelSource) else row.line
        for name, field in row.columns.iterate_uncarried_columns(self._can.carries):
            if name not in self._dropped:
                self._dropped.add(name)
                why = self._can.because.get(field, "the system has no place for it")
                if field == "secret":
                    why = _explain_unused_secret(name, takes_passwords="password" in self._can.carries)
                yield Finding(line, name, "warning", f"will not be sent: {why}")


def _explain_unused_secret(column: str, *, takes_passwords: bool) -> str:
    why = "it looks like a secret and is not used as the password, so it is not stored either"
    if not takes_passwords:
        return why
    password, other = (
        format_argument_name("mapping", {column: field}) for field in ("password", "attributes.NAME")
    )
    return f"{why}; use it as the password with {password}, or send it with {other}"


@attrs.frozen
class _LintedColumn:
    field: str | None
    checked: bool
    """Whether `RowChecks` looks for invisible characters in it."""
    profile: ColumnProfile


@attrs.frozen
class _LintedLayout:
    by_label: Mapping[str, _LintedColumn]
    checks: RowChecks


def _lint_values(
    line: int, values: Mapping[str, object], columns: Mapping[str, _LintedColumn]
) -> Iterator[Finding]:
    for label, value in values.items():
        column = columns[label]
        yield from column.profile.find_faults_of_next_value(line, value)
        if type(value) is str and value:
            for message in find_suspicions(value, invisible=not column.checked):
                yield Finding(line, label, "warning", message)
            if fault := _find_email_mismatch(column.field, label, value.strip()):
                yield Finding(line, label, "warning", fault)


def _find_email_mismatch(field: str | None, label: str, text: str) -> str | None:
    if field in _NAMES and "@" in text and is_email(text):
        return f"{text!r} is an e-mail address; are the cells of this row shifted?"
    if field is None and text and _MAIL.fullmatch(label) and not is_email(text):
        return f"{text!r} is not an e-mail address (name@example.org)"
    return None
