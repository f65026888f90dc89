"""Reading a long answer as it comes: bytes, text lines or CSV rows, never the whole of it in memory."""

from __future__ import annotations

import codecs
import csv
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from ..codec.json_codec import from_wire
from ..errors import AlloyAsyncError, DecodeError
from ..http.open_response import OpenResponse

T = TypeVar("T")


class Stream:
    """An answer that is read as it comes: `async with client.stream(operation) as stream: async for chunk in stream: ...`

    Attributes:
        status: HTTP status, known inside the `async with`.
        headers: headers of the answer; names in lower case.
    """

    status: int
    headers: Mapping[str, str]

    def __init__(
        self,
        operation: str,
        open_response: Callable[[], Awaitable[tuple[OpenResponse, Mapping[str, str]]]],
    ) -> None:
        self._operation = operation
        self._open = open_response
        self._response: OpenResponse | None = None

    async def __aenter__(self) -> Self:
        self._response, self.headers = await self._open()
        self.status = self._response.status
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._response is not None:
            self._response.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes of the body, in pieces as they arrive.

        Raises:
            ConnectionLost: the answer broke off, or what is compressed in it is cut short. Effect: applied.
            RequestTimeout: the server sent nothing for `timeout.read` seconds. Effect: applied.
            DecodeError: it is not compressed as it says. Effect: applied.
        """
        if self._response is None:
            raise RuntimeError("enter the stream first: async with client.stream(...) as stream")
        try:
            while piece := await self._response.read_piece():
                yield piece
        except AlloyAsyncError as failure:
            failure.operation = self._operation
            raise

    async def lines(self, encoding: str = "utf-8-sig") -> AsyncIterator[str]:
        """The body as text, line by line, without the line ends (LF or CRLF).

        Raises:
            DecodeError: the body is not text of that encoding.
        """
        async for line in self._read_lines(encoding):
            yield line.removesuffix("\n").removesuffix("\r")

    async def _read_lines(self, encoding: str) -> AsyncIterator[str]:
        decode = codecs.getincrementaldecoder(encoding)().decode
        rest, position = "", 0
        async for chunk in self:
            *whole, rest = (rest + self._decode_text(decode, chunk, False, position)).split("\n")
            position += len(chunk)
            for line in whole:
                yield f"{line}\n"
        rest += self._decode_text(decode, b"", True, position)
        if rest:
            yield rest

    def _decode_text(self, decode: Callable[..., str], chunk: bytes, final: bool, position: int) -> str:
        try:
            return decode(chunk, final)
        except UnicodeDecodeError as error:
            at = position + error.start
            raise DecodeError(
                f"the answer is not {error.encoding} text near byte {at}", operation=self._operation
            ) from None

    @overload
    def rows(self, *, delimiter: str = ",") -> AsyncIterator[dict[str, str]]: ...
    @overload
    def rows(self, of: type[T], *, delimiter: str = ",") -> AsyncIterator[T]: ...
    async def rows(self, of: Any = None, *, delimiter: str = ",") -> AsyncIterator[Any]:
        """The rows of a CSV body, under the names of its first line; quoted line breaks are part of a row.

        Args:
            of: a model to make of each row, in which an empty cell is a member left out; without one, each is a dict of
                texts.
            delimiter: between the columns.

        Raises:
            DecodeError: a row has more columns than the header, or is not an `of`; the message names the row.
        """
        header: list[str] | None = None
        number = 0
        async for cells in self._read_records(delimiter):
            number += 1
            if header is None:
                header = cells
                continue
            if len(cells) > len(header):
                reason = f"row {number} has {len(cells)} columns, the header has {len(header)}"
                raise DecodeError(reason, operation=self._operation)
            row = dict(zip(header, cells, strict=False))
            yield row if of is None else self._convert_row(of, row, number)

    def _convert_row(self, of: Any, row: dict[str, str], number: int) -> Any:
        try:
            return from_wire(of, {name: cell for name, cell in row.items() if cell})
        except DecodeError as error:
            raise DecodeError(f"row {number}: {error.message}", operation=self._operation) from None

    async def _read_records(self, delimiter: str) -> AsyncIterator[list[str]]:
        """Read each record's cells; a record goes on while a quote is open."""
        record = ""
        async for line in self._read_lines("utf-8-sig"):
            record += line
            if record.count('"') % 2 == 0:
                if record.strip("\r\n"):
                    yield _split_cells(record, delimiter)
                record = ""
        if record:
            yield _split_cells(record, delimiter)


def _split_cells(record: str, delimiter: str) -> list[str]:
    return next(csv.reader([record], delimiter=delimiter))
