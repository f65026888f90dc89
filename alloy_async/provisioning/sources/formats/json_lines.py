"""JSON lines: one object, one person, a line."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain, islice

import orjson

from ....core.argument_errors import format_argument_name
from ....core.codec.typed_json import RepeatedMember
from ...errors import SourceError
from ..blocks import Block, RowBlock
from ..field_map import FieldMap
from ..files.encoding import detect_encoding, iterate_decoded_blocks, read_head_lines
from ..files.input_bytes import InputBytes
from ..interface import Row
from ..object_rows import ObjectRows
from .exact_json import is_exact, parse_exactly
from .file_source import FileSource

_CHECKED_ROWS = 100
_MARK = secrets.token_hex(4)
_MAY_LOSE = frozenset({float, dict, list})
"""Types of which a value may have lost something, or one within it."""


class JsonLinesSource(FileSource):
    """A text file with one JSON object a line; a line that holds none is a finding, not the end.

    The members are the columns. Those of an object `attributes` are free attributes, those of `name` are
    as in SCIM (`givenName`, `familyName`); other objects within are kept as they are.

    Args:
        origin: its bytes.
        mapping: which member is which field; by the usual names where it does not say.
        key: the field that tells two users apart in the system they go to; one of the first objects must have it.
        encoding: a name that Python knows; None for UTF-8, or what a mark says.

    Raises:
        SourceError: the file is empty or is not text, its objects do not stand one a line, or lack the key.
    """

    def __init__(self, origin: InputBytes, *, mapping: FieldMap, key: str, encoding: str | None) -> None:
        super().__init__(origin)
        self._mapping = mapping
        self.encoding: str = detect_encoding(origin, encoding)
        self._refuse_other_json()
        head = enumerate(read_head_lines(origin, self.encoding), 1)
        refuse_source_without_key(create_rows(ObjectRows(self.name, mapping), head), key, self.name)

    def rows(self) -> Iterator[Row]:
        """Yield the rows, in constant memory; empty lines are left out."""
        for block in self.blocks():
            yield from block.rows()

    def blocks(self) -> Iterator[Block]:
        """Yield the same rows in blocks of about 64 KiB, as columns where all objects of one have the same members."""
        objects = ObjectRows(self.name, self._mapping)
        with closing(iterate_decoded_blocks(self._origin.open_stream(), self.name, self.encoding)) as blocks:
            for line, text in blocks:
                yield _create_block(objects, line, text)
        objects.refuse_mapping_of_missing_columns()

    def blocks_from(self, line: int) -> Iterator[Block] | None:
        """Yield the rows from the one on that stands on a line; see `Source`."""
        stream = self._origin.try_open_at_line(line, self.encoding)
        if stream is None:
            return None
        objects = ObjectRows(self.name, self._mapping)
        texts = iterate_decoded_blocks(stream, self.name, self.encoding, first=line)
        return (_create_block(objects, number, text) for number, text in texts)

    def _refuse_other_json(self) -> None:
        first = read_first_filled_line(self._origin, self.encoding)
        if first.startswith("[") or first == "{":
            given = format_argument_name("format", "jsonl")
            message = f"expected one JSON object a line, with nothing around them; leave out {given}"
            raise SourceError(message, self.name, 1, 1)


def _create_block(objects: ObjectRows, line: int, text: str) -> Block:
    found = try_parse_objects(text)
    header = tuple(found[0]) if found else ()
    if found and header and set(map(len, found)) == {len(header)}:
        try:
            columns = [[data[name] for data in found] for name in header]
        except KeyError:  # other members, and as many
            pass
        else:
            inexact = [column for column in columns if not _MAY_LOSE.isdisjoint(map(type, column))]
            if is_exact(text, chain(*inexact), len(found) * len(header)):
                return objects.create_block_from_columns(range(line, line + len(found)), header, columns)
    return RowBlock([*create_rows(objects, enumerate(io.StringIO(text, newline=""), line))])


def try_parse_objects(text: str) -> list[dict[str, object]] | None:
    """Parse lines of which each is a JSON object, all at once: in half the time; None where that is not sure.

    They become one array, with a mark between two lines. Nobody can know the mark beforehand, so where all marks are found
    between objects, no object goes on in the next line, and none has another one beside it.
    """
    text = text.replace("\r\n", "\n").removesuffix("\n")
    if "\r" in text:
        return None
    try:
        found = orjson.loads("[" + text.replace("\n", f',"{_MARK}",') + "]")
    except orjson.JSONDecodeError:
        return None
    objects, lines = found[::2], text.count("\n") + 1
    if len(objects) != lines or found[1::2].count(_MARK) != lines - 1 or set(map(type, objects)) != {dict}:
        return None
    return objects  # type: ignore[no-any-return]


def read_first_filled_line(source: InputBytes, encoding: str) -> str:
    """Find the first line that is not blank, without blanks around it."""
    return next((line.strip() for line in read_head_lines(source, encoding) if not line.isspace()), "")


def refuse_source_without_key(rows: Iterable[Row], key: str, name: str) -> None:
    """Refuse a source of whose first rows none has the key.

    Raises:
        SourceError: with what the first ones have.
    """
    lack = None
    for row in islice(rows, _CHECKED_ROWS):
        if row.record is not None and (lack := row.columns.explain_missing_key_column(key)) is None:
            return
    if lack is not None:
        raise SourceError(lack, name)


def create_rows(objects: ObjectRows, texts: Iterable[tuple[int, str]]) -> Iterator[Row]:
    """Create a row of each text that is not blank; one that is not a JSON object makes a row with a finding."""
    for number, text in texts:
        if text.isspace():
            continue
        try:
            data = parse_exactly(text)
        except json.JSONDecodeError as error:
            yield objects.create_error_row(
                number, f"column {error.colno}: this is not JSON ({error.msg})", text
            )
            continue
        except RepeatedMember as error:
            yield objects.create_error_row(number, str(error), text)
            continue
        if isinstance(data, dict):
            yield objects.create_row(number, data)
        else:
            message = "this is not a JSON object; write {...} with the person's data"
            yield objects.create_error_row(number, message, text)
