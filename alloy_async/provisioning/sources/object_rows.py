"""Rows of sources whose values have types and names of their own: JSON, Parquet, another system."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ...directory.record_columns import ABSENT
from ..errors import SourceError
from .blocks import Block, ColumnBlock, RowBlock
from .cell_values import LIST_FIELDS, Unreadable, is_unreadable_or_rounded
from .column_layout import TEXT_COLUMN, ColumnLayout, LayoutError, describe_missing_column, find_column
from .field_map import FieldMap
from .field_names import is_secret_name
from .interface import Finding, Row, create_typed_row

_SPREAD = ("attributes", "name")
"""Objects whose members are columns of their own: free attributes, and a name as SCIM has it."""
_LAYOUTS = 1000
_WORD = re.compile(r"""["']([^"']*)["']|(\w+)""")


class ObjectRows:
    """Makes rows of objects, whose members may differ from one to the next.

    Args:
        name: of the source.
        mapping: which member is which field; `outer.inner` names one of an object within.
    """

    def __init__(self, name: str, mapping: FieldMap) -> None:
        self._name = name
        self._mapping = mapping
        self._spread = {*_SPREAD, *(column.partition(".")[0] for column in mapping.columns if "." in column)}
        self._layouts: dict[tuple[str, ...], ColumnLayout] = {}
        self._unseen = set(mapping.columns)
        self._names: dict[str, None] = {}

    def create_row(self, line: int, data: Mapping[str, object]) -> Row:
        """Create the row that one object makes."""
        flat = dict(self._iterate_members(data))
        header, cells = tuple(flat), list(flat.values())
        try:
            columns = self._find_or_create_layout(header)
        except LayoutError as error:
            return self.create_error_row(line, str(error))
        return create_typed_row(line, columns, cells)

    def create_block_from_columns(
        self, lines: Sequence[int], header: Sequence[str], columns: Sequence[Sequence[object]]
    ) -> Block:
        """Create the rows of objects that have the same members, given by member."""
        block = self._create_column_block(lines, header, columns)
        if block is not None:
            return block
        objects = (dict(zip(header, cells, strict=True)) for cells in zip(*columns, strict=True))
        return RowBlock([self.create_row(line, data) for line, data in zip(lines, objects, strict=True)])

    def _create_column_block(
        self, lines: Sequence[int], header: Sequence[str], columns: Sequence[Sequence[object]]
    ) -> ColumnBlock | None:
        """Create a block of columns; None where objects within are columns of their own, or the columns cannot be told."""
        kinds = [set(map(type, column)) for column in columns]
        if any(dict in held and name in self._spread for name, held in zip(header, kinds, strict=True)):
            return None
        try:
            layout = self._find_or_create_layout(tuple(header))
        except LayoutError:
            return None
        texts = {index for field, index in layout.fields.items() if field not in LIST_FIELDS}
        active = layout.fields.get("active")
        found: list[Sequence[object]] = []
        misfits: set[int] = set()
        for index, (column, held) in enumerate(zip(columns, kinds, strict=True)):
            if not held.isdisjoint((Unreadable, float)):
                damaged = {place for place, value in enumerate(column) if is_unreadable_or_rounded(value)}
                misfits |= damaged
                nothing = ABSENT if index in layout.attributes.values() else None
                column = [nothing if place in damaged else value for place, value in enumerate(column)]
            if bool in held and index in texts and index != active:
                misfits |= {place for place, value in enumerate(column) if isinstance(value, bool)}
            if not held.isdisjoint((dict, list)):
                column = [_drop_secrets(value) for value in column]
                if index in layout.fields.values():
                    misfits |= {place for place, value in enumerate(column) if isinstance(value, dict | list)}
                    if index in texts:  # what is found of these is told below, and no value is made of them
                        column = [None if isinstance(value, dict | list) else value for value in column]
            found.append(column)
        rows = (
            (place, self.create_row(lines[place], _create_object_of_row(header, columns, place)))
            for place in sorted(misfits)
        )
        return ColumnBlock(layout, lines, found, {place: row for place, row in rows if row.findings})

    def create_error_row(self, line: int, message: str, text: str = "") -> Row:
        """Create a row that makes no user; its values are left out, as one may be a password.

        Args:
            line, message: of what is wrong.
            text: of the row, to be corrected; it is left out where it, or any row before it, may hold a secret.
        """
        finding = Finding(line, None, "error", message)
        secret = {*self._names, *map("".join, _WORD.findall(text))}
        if not text or "password" in self._mapping.fields or any(map(is_secret_name, secret)):
            return Row(line, self._find_or_create_layout(()), (), None, (finding,))
        return Row(line, self._find_or_create_layout((TEXT_COLUMN,)), (text.strip(),), None, (finding,))

    def _find_or_create_layout(self, header: tuple[str, ...]) -> ColumnLayout:
        """Find the columns of objects that have these members."""
        if (found := self._layouts.get(header)) is None:
            if len(self._layouts) >= _LAYOUTS:
                self._layouts.clear()
            found = self._layouts[header] = ColumnLayout.match_header(header, self._mapping, partial=True)
            self._names |= dict.fromkeys(header) if len(self._names) < _LAYOUTS else {}
            self._unseen -= {column for column in self._unseen if find_column(column, header) is not None}
        return found

    def refuse_mapping_of_missing_columns(self) -> None:
        """Refuse, at the end, a mapping that names what no object had.

        Raises:
            SourceError: naming the nearest.
        """
        for column in sorted(self._unseen):
            raise SourceError(describe_missing_column(column, self._names), self._name)

    def _iterate_members(self, data: Mapping[str, object]) -> Iterator[tuple[str, object]]:
        for name, value in data.items():
            if isinstance(value, dict) and name in self._spread:
                yield from ((f"{name}.{inner}", _drop_secrets(part)) for inner, part in value.items())
            else:
                yield name, _drop_secrets(value)


def _create_object_of_row(
    header: Sequence[str], columns: Sequence[Sequence[object]], place: int
) -> dict[str, object]:
    return {name: column[place] for name, column in zip(header, columns, strict=True)}


def _drop_secrets(value: object) -> object:
    """Leave out the members of objects within a value that are secrets by their names."""
    match value:
        case dict():
            return {name: _drop_secrets(part) for name, part in value.items() if not is_secret_name(name)}
        case list():
            return [_drop_secrets(part) for part in value]
    return value
