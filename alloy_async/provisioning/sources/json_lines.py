"""JSON lines: one object, one person, a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

import orjson

from ..errors import SourceError
from .encoding import head_lines, known_encoding, read_lines
from .input_bytes import Origin
from .mapping import FieldMap
from .row import Row
from .typed_rows import ObjectRows

_TASTED = 100


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

    def __init__(self, origin: Origin, *, mapping: FieldMap, key: str, encoding: str | None) -> None:
        self.name = origin.name
        self._origin = origin
        self._mapping = mapping
        self.encoding = known_encoding(origin, encoding)
        self._taste(key)

    def digest(self) -> str | None:
        """See `Source.digest`."""
        return self._origin.digest()

    def rows(self) -> Iterator[Row]:
        """The rows, in constant memory; empty lines are left out."""
        objects = ObjectRows(self.name, self._mapping)
        with closing(read_lines(self._origin.stream(), self.name, self.encoding)) as lines:
            yield from _rows(objects, lines)
        objects.refuse_unseen()

    def _taste(self, key: str) -> None:
        lines = head_lines(self._origin, self.encoding)
        first = next((line.strip() for line in lines if line.strip()), "")
        if first.startswith("[") or first == "{":
            hint = "jq -c '.[]' FILE" if first.startswith("[") else "jq -c . FILE"
            message = f"expected one JSON object a line, with nothing around them; write them so with: {hint}"
            raise SourceError(message, self.name, 1, 1)
        objects = ObjectRows(self.name, self._mapping)
        lack = None
        for row, _ in zip(
            _rows(objects, head_lines(self._origin, self.encoding)), range(_TASTED), strict=False
        ):
            if row.record is not None and (lack := row.columns.lack_of(key)) is None:
                return
        if lack is not None:
            raise SourceError(lack, self.name)


def _rows(objects: ObjectRows, lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if line.isspace():
            continue
        try:
            data = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield objects.bad(number, f"column {error.colno}: this is no JSON ({error.msg})")
            continue
        if isinstance(data, dict):
            yield objects.row(number, data)
        else:
            yield objects.bad(number, "the line holds no JSON object; write {...} with the person's data")
