"""All users as one file."""

from __future__ import annotations

from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import Query
from ...core.operation.operation import ErrorModels, Operation
from .error_models import ERRORS


@attrs.frozen(eq=False, repr=False)
class UsersExport(Operation[bytes]):
    """Export all users as CSV, whole in memory. To read a large one as it comes, stream it.

    GET /users/export/

        async with client.stream(UsersExport()) as stream:
            async for user in stream.rows(models.ExportedUser): ...

    Args:
        subdomains: subdomains to include, which takes the permission to export them; the vendor
            does not document how to write several.
        delimiter: the character between columns; the service's default is a comma. A stream's
            `rows` must be given the same one.

    Returns:
        The CSV text, in bytes, its first line the names of the columns.

    Raises:
        InvalidRequest: the delimiter is not one character; nothing was sent.
    """

    verb = "GET"
    route = "/users/export/"
    errors: ClassVar[ErrorModels] = ERRORS
    accept = "text/csv, application/json"
    subdomains: Annotated[str | None, Query("subdomains")] = None
    delimiter: Annotated[str | None, Query("delimiter")] = None

    def check(self) -> None:
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ValueError(f"delimiter must be one character, not {len(self.delimiter)}")
