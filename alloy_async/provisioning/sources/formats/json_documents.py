"""JSON as it is exported for people to read: an array of objects, or objects one after another, over any lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing

import orjson

from ....core.codec.typed_json import RepeatedMember
from ...errors import SourceError
from ..column_layout import ColumnLayout, LayoutError
from ..field_map import FieldMap
from ..field_names import normalise_name
from ..files.encoding import detect_encoding, iterate_decoded_blocks, read_head_lines
from ..files.input_bytes import InputBytes
from ..interface import Row
from ..object_rows import ObjectRows
from .exact_json import parse_exactly
from .file_source import FileSource
from .json_lines import create_rows, refuse_source_without_key

_NEXT = re.compile(r"next(?!sync)")
"""What a member is called that leads to the next page: next, nextPageToken, @odata.nextLink, response_metadata.next_cursor."""
_MORE = re.compile(r"(has|is)?more|(is)?truncated")
_LAST = re.compile(r"(is)?last(page)?")
_TOTAL = re.compile(
    r"(odata)?(total|count)(results|count|items|size|users|records|elements|hits)?|(results?|user|record)count"
)
_PAGES = re.compile(r"(total|number)?(of)?pages(total|count)?|pagecount|lastpage")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|"', re.DOTALL)


class JsonDocumentSource(FileSource):
    """A text file with a JSON array of objects, one object a person; or with objects one after another.

    Also an object around such an array, as APIs answer (`{"value": [...]}`, SCIM's `Resources`): it is held in memory then;
    else one person is. An element that is not an object is a finding. `line` is a person's number, from 1.

    Args:
        origin: its bytes.
        mapping: which member is which field; by the usual names where it does not say.
        key: the field that tells two users apart in the system they go to; one of the first objects must have it.
        encoding: a name that Python knows; None for UTF-8, or what a mark says.

    Raises:
        SourceError: the file is empty or is not text, or the objects lack the key.
    """

    def __init__(self, origin: InputBytes, *, mapping: FieldMap, key: str, encoding: str | None) -> None:
        super().__init__(origin)
        self._mapping = mapping
        self._key = key
        self.encoding: str = detect_encoding(origin, encoding)
        head = "".join(read_head_lines(origin, self.encoding))
        refuse_source_without_key(self._read_rows([(1, head)], whole=origin.whole), key, self.name)

    def rows(self) -> Iterator[Row]:
        """Yield the rows."""
        with closing(
            iterate_decoded_blocks(self._origin.open_stream(), self.name, self.encoding, by_line=False)
        ) as blocks:
            yield from self._read_rows(blocks, whole=True)

    def _read_rows(self, blocks: Iterable[tuple[int, str]], *, whole: bool) -> Iterator[Row]:
        objects = ObjectRows(self.name, self._mapping)
        elements = enumerate(self._unwrap_people(split_elements(blocks, self.name, whole=whole)), 1)
        yield from create_rows(objects, elements)
        if whole:
            objects.refuse_mapping_of_missing_columns()

    def _unwrap_people(self, elements: Iterator[str]) -> Iterator[str]:
        """Replace an object around an array of people by these."""
        first = next(elements, None)
        if first is None:
            return
        people = self._find_list_of_people(first)
        if people is None:
            yield first
        else:
            yield from (orjson.dumps(person).decode() for person in people)
        yield from elements

    def _find_list_of_people(self, text: str) -> list[object] | None:
        try:
            data = parse_exactly(text)
            if not isinstance(data, dict) or ColumnLayout.match_header(tuple(data), self._mapping).fills(
                self._key
            ):
                return None
        except (json.JSONDecodeError, RepeatedMember, LayoutError):
            return None
        people: list[list[object]] = [value for value in data.values() if is_list_of_objects(value)]
        if len(people) != 1:
            return None
        if more := find_sign_of_more(data, len(people[0])):
            raise SourceError(
                f"this is one page of an answer, and more people follow ({more}); get all pages, and give the people of all"
                " of them as one array",
                self.name,
            )
        return people[0]


def find_sign_of_more(answer: Mapping[str, object], people: int) -> str | None:
    """Find what says that an answer is not all there is: a member that leads to the next page, or a larger number."""
    for name, value in answer.items():
        word = normalise_name(name)
        if isinstance(value, dict):
            if (inner := find_sign_of_more(value, people)) is not None:
                return inner
        elif isinstance(value, str | int) and value and _NEXT.search(word):
            return f"{name!r} leads to them"
        elif isinstance(value, bool):
            if (_MORE if value else _LAST).fullmatch(word):
                return f"{name!r} is {str(value).lower()}"
        elif isinstance(value, int):
            most = 1 if _PAGES.fullmatch(word) else people if _TOTAL.fullmatch(word) else value
            if value > most:
                return f"{name!r} is {value:,}, and {people:,} people are in it"
    return None


def is_list_of_objects(value: object) -> bool:
    """Tell whether a value may be the people of an answer."""
    return isinstance(value, list) and bool(value) and all(isinstance(person, dict) for person in value)


def split_elements(blocks: Iterable[tuple[int, str]], name: str, *, whole: bool) -> Iterator[str]:
    """Split a text into the elements of its array, or the objects that stand one after another.

    Args:
        blocks: the text in pieces, each with the number of its first line.
        name: of the source.
        whole: whether the text ends where the pieces end; else what is cut off there is left out.

    Raises:
        SourceError: the text ends within an object or the array.
    """
    splitter = _Splitter()
    for _, text in blocks:
        yield from splitter.split(text)
    if whole:
        if splitter.is_open:
            number = splitter.count + 1
            raise SourceError(f"it ends within the array, or person {number}; was it copied whole?", name)
        yield from splitter.take_stray_texts("")


class _Splitter:
    """Finds the ends of elements by their brackets; what is within, the JSON parser judges."""

    def __init__(self) -> None:
        self.count = 0
        self._parts: list[str] = []
        """What was scanned of the element, or of the gap before it."""
        self._tail = ""
        """What was not scanned: the beginning of a string that is not whole yet."""
        self._base: int | None = None
        """The depth of brackets at which elements stand: 1 in an array, else 0; None before the first bracket."""
        self._depth = 0

    @property
    def is_open(self) -> bool:
        return bool(self._depth or self._tail.strip())

    def split(self, text: str) -> Iterator[str]:
        """Yield the elements that are whole once this text has come."""
        text, begin = self._tail + text, 0
        end = len(text)
        for token in _TOKEN.finditer(text):
            mark, start = token.group(), token.start()
            if mark == '"':
                end = start
                break
            if mark in ("{", "["):
                if self._depth == (self._base or 0):
                    yield from self.take_stray_texts(text[begin:start])
                    begin = start
                self._depth += 1
                if self._base is None:
                    self._base = int(mark == "[")
                    begin += self._base
            elif mark in ("}", "]") and self._depth:
                self._depth -= 1
                if self._depth < (self._base or 0):  # the end of the array
                    yield from self.take_stray_texts(text[begin:start])
                    begin, self._base = token.end(), 0
                elif self._depth == self._base:
                    yield self._finish_element(text[begin : token.end()])
                    begin = token.end()
        self._parts.append(text[begin:end])
        self._tail = text[end:]

    def _finish_element(self, last: str) -> str:
        element = "".join((*self._parts, last))
        self._parts.clear()
        self.count += 1
        return element

    def take_stray_texts(self, last: str) -> Iterator[str]:
        """Yield what stands between objects and is neither blank nor a comma."""
        for part in self._finish_element(last).split(","):
            if part.strip():
                yield part.strip()
        self.count -= 1
