"""Rows of the export of users."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from ...core.codec.conversion import converter, create_type_mismatch
from ...core.codec.model import Model


class Several(list[str]):
    """The values that one cell of the export holds, joined by semicolons."""


def _split_cell(value: Any, _: Any = None) -> Several:
    if not isinstance(value, str):
        raise create_type_mismatch("text", value)
    return Several(value.split(";"))


converter.register_structure_hook(Several, _split_cell)


@attrs.define(eq=False, repr=False)
class ExportedUser(Model):
    """One row of the export: `client.stream(UsersExport())`, then `stream.rows(ExportedUser)`.

    Its columns are not named as those of User; `groups` are titles, not ids. A column that the
    service added is in `extra`, as text.
    """

    username: str | None = None
    last_name: str | None = None
    first_name: str | None = None
    email: str | None = None
    date_joined: datetime | None = None
    last_seen: datetime | None = None
    groups: Several | None = None
    permissions: Several | None = None
