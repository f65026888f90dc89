"""Workbooks of spreadsheets (.xlsx, .xlsb, .xls, .ods); needs python-calamine."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from ....core.argument_errors import format_argument_name
from ....core.errors import ConfigurationError
from ...errors import SourceError
from ..cell_values import Unreadable
from ..column_layout import ColumnLayout
from ..field_map import FieldMap, format_suggestion
from ..files.input_bytes import InputBytes
from ..interface import Finding, Row, create_typed_row
from .file_source import FileSource
from .header_search import REPEATED, Header, find_header, is_repeated_header
from .hidden_and_merged_cells import SheetMarks, read_marks

_HEAD_ROWS = 100
_FIRST_ROUNDED = 10**15
"""A spreadsheet keeps the first 15 digits of a number, and makes zeros of the others."""
_MOMENTS = (datetime.date, datetime.time, datetime.timedelta)


class ExcelSource(FileSource):
    """A sheet of a workbook with one person a row; `line` is the sheet's row.

    Values come as they are typed: numbers without a fraction as whole numbers, dates as text (`2026-01-31`), a number that is
    shown with zeros in front (format 00000; .xlsx) as text with these. The workbook is held in memory. What nobody sees is not
    taken: a row that is hidden, as by a filter, is an error, and so is a hidden column (.xlsx); an error of the spreadsheet or
    a part of a merged cell is no value.

    Args:
        origin: its bytes.
        mapping: which column is which field; by the usual names where it does not say.
        key: the field that tells two users apart in the system they go to; a column must fill it.
        sheet: the name of the sheet; None for the one visible sheet that has a header with the key.
        skip_rows: rows at the start of the sheet to leave out, above its header.

    Raises:
        SourceError: it cannot be read, there is no such sheet, several sheets would do, or none has the key.
        ConfigurationError: python-calamine is not installed.
    """

    def __init__(
        self, origin: InputBytes, *, mapping: FieldMap, key: str, sheet: str | None = None, skip_rows: int = 0
    ) -> None:
        super().__init__(origin)
        self._skip = skip_rows
        with origin.open_stream() as stream:
            data = stream.read()
        self._workbook = _load_workbook(data, origin.name)
        header, chosen = self._choose_sheet(sheet, mapping, key)
        self.sheet: str = chosen
        self._marks: SheetMarks = read_marks(data, self._workbook.get_sheet_by_name(chosen))
        self._left: int = (self._workbook.get_sheet_by_name(chosen).start or (0, 0))[1]
        self.header = header
        self.columns: ColumnLayout = header.match_fields(mapping, key, self.name)
        self._refuse_hidden_columns()

    @property
    def header_line(self) -> int:
        """The row of the column names."""
        return self.header.line

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header; rows without any content are left out."""
        if (file := self._origin.try_open_seekable()) is not None:
            file.close()  # opening refuses a file that was changed
        columns, width, marks = self.columns, len(self.columns.header), self._marks
        for line, values in self._read_rows(self.sheet):
            unread = marks.cells.get(line, {})
            if line <= self.header.line or not (unread or any(value != "" for value in values)):
                continue
            cells = [*map(_convert_value, values)]
            for place, why in {**marks.merged.get(line, {}), **unread}.items():
                if 0 <= (index := place - self._left) < len(cells) and cells[index] is None:
                    cells[index] = Unreadable(why)
            for place, digits in marks.digits.get(line, {}).items():
                if 0 <= (index := place - self._left) < len(cells) and type(cells[index]) is int:
                    cells[index] = f"{cells[index]:0{digits}}"
            for index in columns.fields.values():
                if index < len(values) and isinstance(values[index], _MOMENTS):
                    cells[index] = Unreadable(
                        "a date or time, into which spreadsheets turn texts; format it as text"
                    )
            yield self._create_row(line, cells, columns, width)

    def _refuse_hidden_columns(self) -> None:
        for place in sorted(self._marks.hidden_columns):
            index = place - self._left
            if 0 <= index < len(self.columns.header) and self.columns.labels[index] is not None:
                name = self.columns.header[index].strip()
                if name:
                    message = (
                        f"the column {name!r} is hidden in the sheet; show it to have it taken, or delete it"
                    )
                    raise SourceError(message, self.name, self.header.line)

    def _create_row(self, line: int, cells: list[object], columns: ColumnLayout, width: int) -> Row:
        faults = []
        if line in self._marks.hidden_rows:
            message = "the row is hidden in the sheet, as by a filter; show it to have it taken, or delete it"
            faults.append(Finding(line, None, "error", message))
        if is_repeated_header([cell or "" for cell in cells[:width]], columns.header):
            faults.append(Finding(line, None, "error", REPEATED))
        if any(cell is not None for cell in cells[width:]):
            message = f"the row goes on beyond the {width} columns that the header names; name all columns"
            return Row(line, columns, cells, None, (*faults, Finding(line, None, "error", message)))
        row = create_typed_row(line, columns, (cells + [None] * width)[:width])
        row.findings = (*faults, *row.findings)
        return row

    def _read_rows(self, sheet: str) -> Iterator[tuple[int, Sequence[object]]]:
        rows = enumerate(self._workbook.get_sheet_by_name(sheet).iter_rows(), 1)
        return islice(rows, self._skip, None)

    def _choose_sheet(self, wanted: str | None, mapping: FieldMap, key: str) -> tuple[Header, str]:
        names = [sheet.name for sheet in self._workbook.sheets_metadata if "WorkSheet" in str(sheet.typ)]
        if wanted is not None:
            folded = {name.strip().casefold(): name for name in reversed(names)}
            found = wanted if wanted in names else folded.get(wanted.strip().casefold())
            if found is None:
                raise SourceError(
                    f"there is no sheet {wanted!r}{format_suggestion(wanted, names)}", self.name
                )
            names = [found]
        else:
            visible = {s.name for s in self._workbook.sheets_metadata if str(s.visible).endswith(".Visible")}
            names = [name for name in names if name in visible]
        headers = [(header, name) for name in names if (header := self._find_header(name, mapping, key))]
        fitting = [(header, name) for header, name in headers if header.names_key]
        if len(fitting) > 1:
            sheets = ", ".join(repr(name) for _, name in fitting)
            raise SourceError(
                f"several sheets hold users: {sheets}; say which one: {format_argument_name('sheet', 'NAME')}",
                self.name,
            )
        if not headers:
            raise SourceError(
                "it is empty; expected a row that names the columns, and one person a row", self.name
            )
        return (fitting or headers)[0]

    def _find_header(self, sheet: str, mapping: FieldMap, key: str) -> Header | None:
        rows = islice(self._read_rows(sheet), _HEAD_ROWS)
        header = find_header(((line, [str(cell) for cell in cells]) for line, cells in rows), mapping, key)
        return header and header.drop_unnamed_end()


def _load_workbook(data: bytes, name: str) -> Any:
    try:
        import python_calamine  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise ConfigurationError(
            f"{name} is a spreadsheet's workbook, which needs a package that is not installed."
            " Install it with:  pip install 'alloy-async[excel]'"
        ) from None
    try:
        return python_calamine.load_workbook(io.BytesIO(data))
    except python_calamine.PasswordError:
        raise SourceError("the workbook is protected by a password; save it without one", name) from None
    except python_calamine.CalamineError as error:
        hint = "open it in a spreadsheet and save it as .xlsx"
        raise SourceError(f"cannot be read as a workbook ({error}); {hint}", name) from None


def _convert_value(value: object) -> object:
    """Convert a cell to what JSON has; None where it is empty."""
    match value:
        case "":
            return None
        case float() if abs(value) >= _FIRST_ROUNDED:
            return Unreadable(
                "a number of more than 15 digits, of which spreadsheets keep no more; format it as text"
            )
        case float() if value.is_integer():
            return int(value)
        case datetime.datetime() if value.time() == datetime.time():
            return value.date().isoformat()
        case datetime.date() | datetime.time():
            return value.isoformat()
        case str() | bool() | int() | float():
            return value
    return str(value)
