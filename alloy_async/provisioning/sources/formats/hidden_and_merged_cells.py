"""What a sheet of a workbook says besides its values: hidden rows, merged cells, errors, formulas that nobody computed."""

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
_UNCOMPUTED = re.compile(
    rb"\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>\s*|<(?:\w+:)?v>\s*</(?:\w+:)?v>\s*)?</(?:\w+:)?c>"
)
_WORTH_A_WALK = re.compile(rb"""\bhidden=["']|\bt=["']e["']|<(?:\w+:)?f\b""")

_IN_ERROR = "a spreadsheet's error, not a value; correct its formula"
_NOT_COMPUTED = "a formula that no program has computed; open the file in a spreadsheet and save it"


@attrs.frozen
class SheetMarks:
    """The marks of one sheet; rows count from 1, columns from 0.

    Args:
        hidden_rows: that a filter or somebody hid.
        cells: row -> column -> why the cell has no value of its own.
        merged: likewise, of cells that are parts of another one.
    """

    hidden_rows: frozenset[int]
    cells: Mapping[int, Mapping[int, str]]
    merged: Mapping[int, Mapping[int, str]]


def read_marks(workbook: bytes, sheet: Any) -> SheetMarks:
    """Read the marks of a sheet: of .xlsx all, of other workbooks the merged cells.

    Args:
        workbook: the file.
        sheet: as python-calamine has it.
    """
    hidden: set[int] = set()
    cells: dict[int, dict[int, str]] = {}
    xml = _read_sheet(workbook, sheet.name)
    if _WORTH_A_WALK.search(xml):
        for row, column, why in _find_hidden_rows_and_flawed_cells(xml):
            if why is None:
                hidden.add(row)
            else:
                cells.setdefault(row, {})[column] = why
    return SheetMarks(frozenset(hidden), cells, _list_merged(sheet))


def _read_sheet(workbook: bytes, name: str) -> bytes:
    """Read the XML of a sheet; empty where the workbook is of another kind."""
    try:
        with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
            targets = dict(
                _iterate_attribute_pairs(
                    parts.read("xl/_rels/workbook.xml.rels"), _RELATION, b"Id", b"Target"
                )
            )
            ids = dict(_iterate_attribute_pairs(parts.read("xl/workbook.xml"), _SHEET, b"name", b"id"))
            target = posixpath.normpath(posixpath.join("xl", targets[ids[name]]))
            return parts.read(target.lstrip("/"))
    except (zipfile.BadZipFile, KeyError):
        return b""


def _iterate_attribute_pairs(xml: bytes, tag: re.Pattern[bytes], *names: bytes) -> Iterator[list[str]]:
    """List two attributes of each tag that has both."""
    for found in tag.finditer(xml):
        values = [re.search(rb"""[\s:]%b=["'](.*?)["']""" % name, found[1]) for name in names]
        if all(values):
            yield [html.unescape(value[1].decode()) for value in values if value]


def _find_hidden_rows_and_flawed_cells(xml: bytes) -> Iterator[tuple[int, int, str | None]]:
    """Walk rows and cells: yields row, column and what is wrong there; None for a hidden row."""
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
        column += 1


def _parse_column_number(letters: bytes) -> int:
    """Read the number of a column, from 0: A, B, ..., Z, AA."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number - 1


def _list_merged(sheet: Any) -> dict[int, dict[int, str]]:
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
