"""What files of all formats have in common as sources."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from ..files.input_bytes import InputBytes
from ..interface import Row


class FileSource(ABC):
    """A file of users, in one format; see `Source`.

    Args:
        origin: its bytes.
    """

    allow_empty: bool = False
    """Whether it may have no rows at all."""

    def __init__(self, origin: InputBytes) -> None:
        self.name: str = origin.name
        self._origin = origin

    def digest(self) -> str | None:
        """Return a hash of the content; see `Source.digest`."""
        return self._origin.digest()

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Yield the rows; see `Source.rows`."""
