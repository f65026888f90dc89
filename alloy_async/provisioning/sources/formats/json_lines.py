"""JSON lines: one object, one person, a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

import orjson

from ...errors import SourceError
from ..field_map import FieldMap
from ..files.encoding import detect_encoding, read_head_lines, read_lines
from ..files.input_bytes import InputBytes
from ..interface import Row
from ..object_rows import ObjectRows

_CHECKED = 100


class JsonLinesSource:
    """A text file with one JSON object a line; a line that holds none is a finding, not the end.

    The members are the columns. Those of an object `attributes` are free attributes, those of `name` are
    as in SCIM (`givenName`, `familyName`); other objects within are kept as they are.

    Args:
        origin: its bytes.
        mapping: which member is which field; by the usual names where it does not say.
        key: the field that tells two users apart in the system they go to; one of the first objects must have it.
        encoding: a name that Python knows; None for UTF-8, or what a mark says.

    Raises:
        SourceError: the file is empty or no text, its objects do not stand one a line, or lack the key.
    """

    def __init__(self, origin: InputBytes, *, mapping: FieldMap, key: str, encoding: str | None) -> None:
        self.name = origin.name
        self._origin = origin
        self._mapping = mapping
        self.encoding = detect_encoding(origin, encoding)
        self._check_head(key)

    def digest(self) -> str | None:
        """See `Source.digest`."""
        return self._origin.digest()

    def rows(self) -> Iterator[Row]:
        """The rows, in constant memory; empty lines are left out."""
        objects = ObjectRows(self.name, self._mapping)
        with closing(read_lines(self._origin.open_stream(), self.name, self.encoding)) as lines:
            yield from _read_rows(objects, lines)
        objects.refuse_unknown_columns()

    def _check_head(self, key: str) -> None:
        lines = read_head_lines(self._origin, self.encoding)
        first = next((line.strip() for line in lines if line.strip()), "")
        if first.startswith("[") or first == "{":
            hint = "jq -c '.[]' FILE" if first.startswith("[") else "jq -c . FILE"
            message = f"expected one JSON object a line, with nothing around them; write them so with: {hint}"
            raise SourceError(message, self.name, 1, 1)
        objects = ObjectRows(self.name, self._mapping)
        lack = None
        for row, _ in zip(
            _read_rows(objects, read_head_lines(self._origin, self.encoding)), range(_CHECKED), strict=False
        ):
            if row.record is not None and (lack := row.columns.explain_missing_key(key)) is None:
                return
        if lack is not None:
            raise SourceError(lack, self.name)


def _read_rows(objects: ObjectRows, lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if line.isspace():
            continue
        try:
            data = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield objects.create_error_row(number, f"column {error.colno}: this is no JSON ({error.msg})")
            continue
        if isinstance(data, dict):
            yield objects.create_row(number, data)
        else:
            yield objects.create_error_row(
                number, "the line holds no JSON object; write {...} with the person's data"
            )
