"""What a sheet of a workbook says besides its values.

Hidden rows and columns, merged cells, errors, formulas that nobody computed, zeros that only a format shows.
"""

from __future__ import annotations

import html
import io
import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

_SHEET = re.compile(rb"<(?:\w+:)?sheet\b([^>]*)>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b([^>]*)>")
_TAG = re.compile(rb"<(?:\w+:)?(row|c)\b([^>]*)>")
_PLACE = re.compile(rb"""\br=["']([A-Z]*)(\d+)["']""")
_HIDDEN = re.compile(rb"""\bhidden=["'](?:1|true)["']""")
_ERROR = re.compile(rb"""\bt=["']e["']""")
_TEXT = re.compile(rb"""\bt=["']str["']""")
_COLUMN = re.compile(rb"<(?:\w+:)?col\b([^>]*)>")
_ATTRIBUTE = re.compile(rb"""\b(\w+)=["'](.*?)["']""")
_STYLE = re.compile(rb"""\bs=["'](\d+)["']""")
_UNCOMPUTED = re.compile(
    rb"\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>\s*|<(?:\w+:)?v>\s*</(?:\w+:)?v>\s*)?</(?:\w+:)?c>"
)
_WORTH_A_WALK = re.compile(rb"""\bhidden=["']|\bt=["']e["']|<(?:\w+:)?f\b""")
_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\b([^>]*)>")
_CELL_STYLES = re.compile(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.DOTALL)
_CELL_STYLE = re.compile(rb"<(?:\w+:)?xf\b([^>]*)>")
_ZEROS_IN_FRONT = re.compile(r"(?:\[\$-[0-9A-Fa-f]+\])?(0{2,})")
"""A format as 00000, which shows the number 1234 as 01234."""

_IN_ERROR = "a spreadsheet's error, not a value; correct its formula"
_NOT_COMPUTED = "a formula that no program has computed; open the file in a spreadsheet and save it"


@attrs.frozen
class SheetMarks:
    """The marks of one sheet; rows count from 1, columns from 0.

    Args:
        hidden_rows: that a filter or somebody hid.
        hidden_columns: likewise.
        cells: row -> column -> why the cell has no value of its own.
        merged: likewise, of cells that are parts of another one.
        digits: row -> column -> with how many digits a number is shown, by zeros in front.
    """

    hidden_rows: frozenset[int]
    hidden_columns: frozenset[int]
    cells: Mapping[int, Mapping[int, str]]
    merged: Mapping[int, Mapping[int, str]]
    digits: Mapping[int, Mapping[int, int]]


def read_marks(workbook: bytes, sheet: Any) -> SheetMarks:
    """Read the marks of a sheet: of .xlsx all, of other workbooks the merged cells.

    Args:
        workbook: the file.
        sheet: as python-calamine has it.
    """
    hidden: set[int] = set()
    cells: dict[int, dict[int, str]] = {}
    digits: dict[int, dict[int, int]] = {}
    xml, styles = _read_xml_of_sheet_and_styles(workbook, sheet.name)
    widths = _find_styles_with_zeros(styles)
    if widths or _WORTH_A_WALK.search(xml):
        for row, column, mark in _find_hidden_rows_and_odd_cells(xml, widths):
            match mark:
                case None:
                    hidden.add(row)
                case str():
                    cells.setdefault(row, {})[column] = mark
                case int():
                    digits.setdefault(row, {})[column] = mark
    columns = frozenset(_iterate_hidden_columns(xml))
    return SheetMarks(frozenset(hidden), columns, cells, _map_merged_cells(sheet), digits)


def _read_xml_of_sheet_and_styles(workbook: bytes, name: str) -> tuple[bytes, bytes]:
    """Read the XML of a sheet and of the styles; empty where the workbook is of another kind."""
    try:
        with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
            targets = dict(
                _iterate_values_of_attributes(
                    parts.read("xl/_rels/workbook.xml.rels"), _RELATION, b"Id", b"Target"
                )
            )
            ids = dict(_iterate_values_of_attributes(parts.read("xl/workbook.xml"), _SHEET, b"name", b"id"))
            target = posixpath.normpath(posixpath.join("xl", targets[ids[name]]))
            styles = parts.read("xl/styles.xml") if "xl/styles.xml" in parts.namelist() else b""
            return parts.read(target.lstrip("/")), styles
    except (zipfile.BadZipFile, KeyError):
        return b"", b""


def _iterate_hidden_columns(xml: bytes) -> Iterator[int]:
    head, _, _ = xml.partition(b"sheetData")  # they stand above the cells
    for found in _COLUMN.finditer(head):
        if _HIDDEN.search(found[1]):
            said = dict(_ATTRIBUTE.findall(found[1]))
            yield from range(int(said.get(b"min", 1)) - 1, int(said.get(b"max", 0)))


def _find_styles_with_zeros(styles: bytes) -> dict[bytes, int]:
    """Find the styles of cells, by their numbers, that show a number with zeros in front, and how many digits these show."""
    formats = {
        number: len(shown[1])
        for number, code in _iterate_values_of_attributes(styles, _FORMAT, b"numFmtId", b"formatCode")
        if (shown := _ZEROS_IN_FRONT.fullmatch(code))
    }
    found = _CELL_STYLES.search(styles) if formats else None
    kinds = [dict(_ATTRIBUTE.findall(said)) for said in _CELL_STYLE.findall(found[0])] if found else []
    numbers = [kind.get(b"numFmtId", b"").decode() for kind in kinds]
    return {b"%d" % style: formats[number] for style, number in enumerate(numbers) if number in formats}


def _iterate_values_of_attributes(xml: bytes, tag: re.Pattern[bytes], *names: bytes) -> Iterator[list[str]]:
    """List two attributes of each tag that has both."""
    for found in tag.finditer(xml):
        values = [re.search(rb"""[\s:]%b=["'](.*?)["']""" % name, found[1]) for name in names]
        if all(values):
            yield [html.unescape(value[1].decode()) for value in values if value]


def _find_hidden_rows_and_odd_cells(
    xml: bytes, widths: Mapping[bytes, int]
) -> Iterator[tuple[int, int, str | int | None]]:
    """Yield row, column, and what is wrong there or how many digits are shown; None for a hidden row."""
    row = column = 0
    for tag in _TAG.finditer(xml):
        kind, said = tag.groups()
        place = _PLACE.search(said)
        if kind == b"row":
            row, column = int(place[2]) if place else row + 1, 0
            if _HIDDEN.search(said):
                yield row, 0, None
            continue
        column = _parse_column_number(place[1]) if place else column
        if _ERROR.search(said):
            yield row, column, _IN_ERROR
        elif not _TEXT.search(said) and not said.endswith(b"/") and _UNCOMPUTED.match(xml, tag.end()):
            yield row, column, _NOT_COMPUTED
        elif widths and (style := _STYLE.search(said)) and style[1] in widths:
            yield row, column, widths[style[1]]
        column += 1


def _parse_column_number(letters: bytes) -> int:
    """Read the number of a column, from 0: A, B, ..., Z, AA."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number - 1


def _map_merged_cells(sheet: Any) -> dict[int, dict[int, str]]:
    ranges: Iterable[tuple[tuple[int, int], tuple[int, int]]] = sheet.merged_cell_ranges or ()
    height, width = (last + 1 for last in sheet.end or (-1, -1))
    found: dict[int, dict[int, str]] = {}
    for (top, left), (bottom, right) in ranges:
        why = f"a part of a merged cell, whose value stands in row {top + 1}; split it"
        for row in range(top, min(bottom + 1, height)):
            for column in range(left, min(right + 1, width)):
                if (row, column) != (top, left):
                    found.setdefault(row + 1, {})[column] = why
    return found
