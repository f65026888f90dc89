"""Where in a table its header stands: titles, marks and remarks may stand above it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from ....core.argument_errors import format_argument_name
from ...errors import SourceError
from ..column_layout import ColumnLayout, LayoutError
from ..field_map import FieldMap

_SEARCHED_ROWS = 25
REPEATED = "repeats the header, as where files were put one behind the other; leave it out"
_MARK = "\ufeff"


@attrs.frozen
class Header:
    """The row that names the columns.

    Args:
        line: the line (or row) on which it begins.
        cells: the names.
        above: the filled rows above it, each with its line.
        names_key: whether it names the key and all columns of the mapping.
        layout: as which fields the names are understood; None where they are not, or were changed.
    """

    line: int
    cells: tuple[str, ...]
    above: tuple[tuple[int, Sequence[str]], ...]
    names_key: bool
    layout: ColumnLayout | None

    @property
    def field_count(self) -> int:
        """How many fields it names."""
        return 1 if self.layout is None else len(self.layout.fields)

    def match_fields(self, mapping: FieldMap, key: str, name: str) -> ColumnLayout:
        """Match it with the fields.

        Raises:
            SourceError: it lacks the key or a column of the mapping; or it stands below rows that are as full as it is, which
                may be people.
        """
        try:
            layout = self.layout or ColumnLayout.match_header(self.cells, mapping)
        except LayoutError as error:
            raise SourceError(str(error), name, self.line) from None
        if lack := layout.explain_missing_key_column(key):
            raise SourceError(lack, name, self.line)
        filled = _count_filled(self.cells)
        for line, cells in self.above:
            if _count_filled(cells) >= filled:
                hint = (
                    f"if so, leave out what stands above: {format_argument_name('skip_rows', self.line - 1)}"
                )
                raise SourceError(
                    f"this row does not name the {key}; line {self.line} looks like the header; {hint}",
                    name,
                    line,
                )
        return layout

    def drop_unnamed_end(self, filled: int = 0) -> Header:
        """Leave out the unnamed columns at the end, but the first `filled` ones."""
        names = list(self.cells)
        while len(names) > filled and not names[-1].strip():
            names.pop()
        return self if len(names) == len(self.cells) else attrs.evolve(self, cells=tuple(names), layout=None)


def is_repeated_header(cells: Sequence[object], header: Sequence[str]) -> bool:
    """Tell whether the cells of a row are the names of its columns; the mark of UTF-8 may stand before the first one."""
    return bool(cells) and [*cells[1:]] == [*header[1:]] and cells[0] in _list_raw_forms(header[0])


def find_repeated_header_rows(columns: Sequence[Sequence[str]], header: Sequence[str]) -> list[int]:
    """Find the places of rows, given by column, that are the names of their columns again."""
    names = [name for name in _list_raw_forms(header[0]) if name in columns[0]]
    places = [place for place, cell in enumerate(columns[0]) if cell in names] if names else []
    return [place for place in places if is_repeated_header([column[place] for column in columns], header)]


def _list_raw_forms(name: str) -> tuple[str, ...]:
    """List how the first name of a header reads where it stands in the middle of a text."""
    return name, _MARK + name, f'{_MARK}"{name}"'


def find_header(rows: Iterable[tuple[int, Sequence[str]]], mapping: FieldMap, key: str) -> Header | None:
    """Find the first row that names the key and all columns of the mapping; else the first filled row; None without any.

    Args:
        rows: the first rows of a table, each with its line.
        mapping: which column is which field.
        key: the field that a column must fill.
    """
    above: list[tuple[int, Sequence[str]]] = []
    for line, cells in rows:
        if not _count_filled(cells):
            continue
        layout = _match_names(cells, mapping)
        if layout is not None and layout.explain_missing_key_column(key) is None:
            return Header(line, tuple(cells), tuple(above), True, layout)
        above.append((line, cells))
        if len(above) == _SEARCHED_ROWS:
            break
    if not above:
        return None
    line, cells = above[0]
    return Header(line, tuple(cells), (), False, _match_names(cells, mapping))


def _match_names(cells: Sequence[str], mapping: FieldMap) -> ColumnLayout | None:
    try:
        return ColumnLayout.match_header(cells, mapping)
    except LayoutError:
        return None


def _count_filled(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)
