"""The users of one system as the source for another."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

from ...core.background_loop import get_background_loop, iterate_sync
from ...core.errors import AlloyAsyncError
from ...directory import FIELDS, Directory, UserRecord
from ..errors import SourceError
from .field_map import FieldMap
from .interface import Row
from .object_rows import ObjectRows


class DirectorySource:
    """Every user of a directory; its fields are the columns, under the names of `UserRecord`.

    The listing runs on the background loop of the sync clients, as rows are asked for: `rows` is to be
    walked in a thread, as for every source. It cannot be read twice alike, so it has no digest.

    Args:
        directory: where the users are; its client stays yours to close.
        mapping: as for files: `FieldMap({"email": "username"})` where the one system knows people by
            address and the other by name.
        allow_empty: whether the system may have no users; by default that is refused in every mode.
    """

    def __init__(
        self, directory: Directory, *, mapping: FieldMap | None = None, allow_empty: bool = False
    ) -> None:
        self.name: str = directory.name
        self.allow_empty = allow_empty
        self._directory = directory
        self._mapping = mapping or FieldMap()

    def digest(self) -> None:
        """Return None: the users may be others the next time."""

    def rows(self) -> Iterator[Row]:
        """Yield the users as they come in; `line` is their number, from 1.

        Raises:
            SourceError: the listing failed.
        """
        objects = ObjectRows(self.name, self._mapping)
        listing = self._directory.list()
        try:
            for number, record in enumerate(iterate_sync(listing), 1):
                yield objects.create_row(number, _collect_filled_fields(record))
        except AlloyAsyncError as error:
            raise SourceError(f"the users cannot be listed: {error}", self.name) from error
        finally:
            if isinstance(listing, AsyncGenerator):
                get_background_loop().run(listing.aclose)
        objects.refuse_mapping_of_missing_columns()


def _collect_filled_fields(record: UserRecord) -> dict[str, object]:
    values = {field: getattr(record, field) for field in FIELDS if field != "password"}
    filled = {field: value for field, value in values.items() if value not in (None, ())}
    lists = {field: list(value) for field, value in filled.items() if isinstance(value, tuple)}
    return {**filled, **lists, **({"attributes": dict(record.attributes)} if record.attributes else {})}
