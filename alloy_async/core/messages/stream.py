"""Read a long answer as it arrives, as bytes, text lines or CSV rows, without ever holding all of it in memory."""

from __future__ import annotations

import asyncio
import codecs
import io
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import attrs

from ..calls.scope import current_scope
from ..codec.conversion import Mismatch
from ..codec.fields import get_fields
from ..codec.typed_json import from_wire
from ..errors import AlloyAsyncError, ConfigurationError, DeadlineExceeded, DecodeError, InvalidRequest
from ..http.open_response import OpenResponse
from ..validation import describe_value, show_value
from .csv_record_reader import MAX_RECORD, CsvRecordReader
from .unexpected_body import describe_other_media, find_charset, format_line, is_text_encoding

T = TypeVar("T")


class Stream:
    """An answer that is read as it comes: `async with client.stream(operation) as stream: async for chunk in stream: ...`

    Attributes:
        status: HTTP status, known inside the `async with`.
        headers: headers of the answer; names in lower case.
    """

    def __init__(
        self,
        operation: str,
        open_response: Callable[[], Awaitable[tuple[OpenResponse, Mapping[str, str]]]],
    ) -> None:
        self._operation = operation
        self._open = open_response
        self._opened: tuple[OpenResponse, Mapping[str, str]] | None = None
        self._entered = self._begun = self._left = False

    @property
    def status(self) -> int:
        return self._get_open_response()[0].status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._get_open_response()[1]

    async def __aenter__(self) -> Self:
        if self._entered:
            raise self._create_misuse_error("is entered once; for another answer make another one")
        self._entered = True
        self._opened = await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left = True
        if self._opened is not None:
            self._opened[0].close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the bytes of the body, in pieces as they arrive.

        Raises:
            DeadlineExceeded: the deadline of the block of code around has come. Effect: applied.
            ConnectionLost: the answer broke off, or what is compressed in it is cut short. Effect: applied.
            RequestTimeout: the server sent nothing for `timeout.read` seconds. Effect: applied.
            DecodeError: it is not compressed as it says. Effect: applied.
            ConfigurationError: the stream was not entered, was left, or is read a second time.
        """
        self._begin_reading()
        try:
            while piece := await _read_before_deadline(self._get_open_response()[0]):
                yield piece
        except AlloyAsyncError as failure:
            failure.operation = self._operation
            raise

    def _begin_reading(self) -> None:
        """Note that reading begins, which it does once: what was read before would be missing from the second reading."""
        self._get_open_response()
        if self._begun:
            raise self._create_misuse_error(
                "is read once, as bytes, lines or rows; for another answer make another one"
            )
        self._begun = True

    def _get_open_response(self) -> tuple[OpenResponse, Mapping[str, str]]:
        if self._left:
            raise self._create_misuse_error("is read within its block, which was left")
        if self._opened is None:
            raise self._create_misuse_error(
                "is entered first: `async with client.stream(...)`, or `with` for a sync client"
            )
        return self._opened

    def _create_misuse_error(self, reason: str) -> ConfigurationError:
        return ConfigurationError(f"a stream {reason}", operation=self._operation)

    async def lines(self, encoding: str | None = None) -> AsyncIterator[str]:
        """Read the body as text, line by line, without the line ends (LF, CRLF or CR).

        Args:
            encoding: of the text; default what the answer declares, else UTF-8.

        Raises:
            DecodeError: the body is not text of that encoding, or a line has more than 16 Mi characters. Effect: applied.
            InvalidRequest: there is no such encoding; nothing was read.
        """
        if encoding is not None and not is_text_encoding(encoding):
            reason = f"encoding is the name of one of text, as 'utf-8', got {show_value(encoding)}"
            raise InvalidRequest(reason, operation=self._operation)
        async for line in self._read_lines(encoding):
            yield line.rstrip("\r\n")

    async def _read_lines(self, encoding: str | None) -> AsyncIterator[str]:
        """Read the lines with their ends."""
        declared = encoding or find_charset(self.headers) or "utf-8"
        decoder = codecs.getincrementaldecoder("utf-8-sig" if declared == "utf-8" else declared)()
        decode = io.IncrementalNewlineDecoder(decoder, translate=False).decode  # keeps a CRLF in one piece
        parts: list[str] = []
        size = position = 0
        async for chunk in self:
            lines = _split_after_line_ends(self._decode_text(decode, chunk, False, position))
            position += len(chunk)
            for line in lines:
                parts.append(line)
                size += len(line)
                if line.endswith(("\n", "\r")):
                    yield "".join(parts) if len(parts) > 1 else line
                    parts, size = [], 0
            if size > MAX_RECORD:
                raise self._create_decode_error(f"a line has more than {MAX_RECORD} characters")
        parts += _split_after_line_ends(self._decode_text(decode, b"", True, position))
        if parts:
            yield "".join(parts)

    def _decode_text(self, decode: Callable[..., str], chunk: bytes, final: bool, position: int) -> str:
        try:
            return decode(chunk, final)
        except UnicodeDecodeError as error:
            reason = f"the answer is not {error.encoding} text near byte {position + error.start}"
        except UnicodeError as error:
            reason = f"the answer is not text as it was declared: {error}"
        raise self._create_decode_error(reason)

    def _create_decode_error(self, reason: str) -> DecodeError:
        return DecodeError(reason, operation=self._operation, status=self.status)

    @overload
    def rows(self, *, delimiter: str = ",") -> AsyncIterator[dict[str, str]]: ...
    @overload
    def rows(self, of: type[T], *, delimiter: str = ",") -> AsyncIterator[T]: ...
    async def rows(self, of: Any = None, *, delimiter: str = ",") -> AsyncIterator[Any]:
        """Read the rows of a CSV body, under the names of its first line; quoted line breaks are part of a row.

        Args:
            of: a model to make of each row, in which an empty cell is a member left out; without one, each is a dict of
                texts.
            delimiter: one character between the columns. Default a comma.

        Raises:
            DecodeError: the body is an HTML page or a JSON document; a row has more columns than the header, a quote that is
                not closed, or is not an `of`; no column is one of the model. The message names the row. Effect: applied.
            InvalidRequest: the delimiter cannot be one, or `of` is not a model; nothing was read.
        """
        if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
            reason = "delimiter must be one character, and neither a quote nor a line end"
            raise InvalidRequest(reason, operation=self._operation)
        if of is not None and not (isinstance(of, type) and attrs.has(of)):
            raise InvalidRequest(
                f"rows are read as a model, got {describe_value(of)}", operation=self._operation
            )
        header: list[str] | None = None
        number = 0
        async for cells in self._read_csv_records(delimiter):
            number += 1
            if header is None:
                header = cells
                self._check_csv_header(of, header, delimiter)
                continue
            if len(cells) > len(header):
                raise self._create_decode_error(
                    f"row {number} has {len(cells)} columns, the header has {len(header)}"
                )
            row = dict(zip(header, cells, strict=False))
            yield row if of is None else self._convert_row(of, row, number)

    def _check_csv_header(self, of: Any, header: list[str], delimiter: str) -> None:
        start = delimiter.join(header[:20]).encode()
        other = describe_other_media(self.headers, start)
        if other is not None:
            raise self._create_decode_error(f"expected CSV, got {other}")
        if of is not None and not {field.wire for field in get_fields(of)} & set(header):
            named = format_line(delimiter.join(header), 80)
            raise self._create_decode_error(
                f"no column is one of {of.__name__} (the first line is {named!r}): another delimiter?"
            )

    def _convert_row(self, of: Any, row: dict[str, str], number: int) -> Any:
        try:
            return from_wire(of, {name: cell for name, cell in row.items() if cell})
        except DecodeError as error:
            reason = f"row {number}: {error.message}"
        del row  # a traceback that prints local variables must not show a person's data
        raise self._create_decode_error(reason)

    async def _read_csv_records(self, delimiter: str) -> AsyncIterator[list[str]]:
        """Read each record's cells; a record goes on while a quote is open."""
        records, number = CsvRecordReader(delimiter), 1
        async for line in self._read_lines(None):
            try:
                cells = records.add_line(line)
            except Mismatch as mismatch:
                reason = str(mismatch)
                break
            if cells:
                number += 1
                yield cells
        else:
            if not records.is_open:
                return
            reason = "a quote that opens in it is never closed"
        raise self._create_decode_error(f"row {number}: {reason}")


_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def _split_after_line_ends(text: str) -> list[str]:
    """Split a text after each line end (not, as str.splitlines does, after form feeds and other separators)."""
    if "\r" in text:
        return _LINE.findall(text)
    *lines, rest = text.split("\n")
    return [*(f"{line}\n" for line in lines), rest] if rest else [f"{line}\n" for line in lines]


async def _read_before_deadline(response: OpenResponse) -> bytes:
    """Read the next piece, within the deadline of the block of code around, where there is one."""
    scope = current_scope.get()
    if scope is None or scope.ends == math.inf:
        return await response.read_piece()
    left = scope.count_seconds_left()
    try:
        async with asyncio.timeout(left):
            return await response.read_piece()
    except TimeoutError as error:
        if isinstance(error, AlloyAsyncError):  # the read timeout, which is shorter
            raise
    response.close()
    raise DeadlineExceeded(
        "the deadline came before the answer's end", effect="applied", status=response.status
    )
