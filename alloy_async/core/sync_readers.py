"""What the sync client reads piece by piece: the items of a listing, and an answer that is streamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from .background_loop import get_background_loop, iterate_sync
from .messages.stream import Stream
from .operation.pages import PagesBase

T = TypeVar("T")
Item = TypeVar("Item")


class SyncPages(PagesBase[Item]):
    """The items of a listing over all its pages: `for item in client.iterate(operation)`."""

    def __iter__(self) -> Iterator[Item]:
        walk = self._walk
        for page in self._fetch_pages():
            for walk.taken, item in page:
                yield item

    def pages(self) -> Iterator[list[Item]]:
        """Walk the listing with the items as one list a page."""
        for page in self._fetch_pages():
            self._walk.taken = page[-1][0]
            yield [item for _, item in page]

    def _fetch_pages(self) -> Iterator[list[tuple[int, Item]]]:
        # One by one: a page fetched ahead would move the token past rows that nobody has seen.
        return iterate_sync(self._walk.fetch_pages(), seconds=0)


class SyncStream:
    """An answer that is read as it comes; see Stream."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    @property
    def status(self) -> int:
        """HTTP status, known inside the `with`."""
        return self._stream.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the answer; names in lower case."""
        return self._stream.headers

    def __enter__(self) -> Self:
        get_background_loop().run(self._stream.__aenter__)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        get_background_loop().run(self._stream.__aexit__, kind, error, trace)

    def __iter__(self) -> Iterator[bytes]:
        return iterate_sync(aiter(self._stream))

    def lines(self, encoding: str | None = None) -> Iterator[str]:
        """Read the body as text, line by line; see Stream.lines."""
        return iterate_sync(self._stream.lines(encoding))

    @overload
    def rows(self, *, delimiter: str = ",") -> Iterator[dict[str, str]]: ...
    @overload
    def rows(self, of: type[T], *, delimiter: str = ",") -> Iterator[T]: ...
    def rows(self, of: Any = None, *, delimiter: str = ",") -> Iterator[Any]:
        """Read the rows of a CSV body; see Stream.rows."""
        return iterate_sync(self._stream.rows(of, delimiter=delimiter))
