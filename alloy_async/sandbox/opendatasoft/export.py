"""The users of an emulated portal as CSV, produced as it is sent."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import AsyncIterator, Iterable, Iterator

from .state import Portal, User

COLUMNS = (
    *("username", "last_name", "first_name", "email"),
    *("date_joined", "last_seen", "groups", "permissions"),
)
ROWS_AT_ONCE = 500
_NUMBER = "\0"
"""Stands for a number in the one row that all invented users are made of: writing each would take long."""
_INVENTED = (
    *(f"invented.{_NUMBER}", f"Family, {_NUMBER}", "Ada", f"{_NUMBER}@northwind.example"),
    *("2024-02-29 12:00:00.250000+00:00", "", "Editors;Readers", ""),
)


async def iterate_export(portal: Portal, delimiter: str, size: int) -> AsyncIterator[bytes]:
    """Give the export in chunks.

    Args:
        portal: whose users are exported.
        delimiter: between columns.
        size: bytes that it is to have at least: invented users follow on the true ones.
    """
    sent = 0
    for chunk in _iterate_chunks_endlessly(
        [_create_row(portal, user) for user in portal.users.values()], delimiter
    ):
        yield chunk
        sent += len(chunk)
        if sent >= size:
            return


def _iterate_chunks_endlessly(rows: Iterable[Iterable[str]], delimiter: str) -> Iterator[bytes]:
    yield _format_csv([COLUMNS, *rows], delimiter).encode()
    line = _format_csv([_INVENTED], delimiter)
    for first in itertools.count(1, ROWS_AT_ONCE):
        numbers = range(first, first + ROWS_AT_ONCE)
        yield "".join([line.replace(_NUMBER, str(number)) for number in numbers]).encode()


def _format_csv(rows: Iterable[Iterable[str]], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _create_row(portal: Portal, user: User) -> Iterable[str]:
    return (
        user.username,
        user.get_text("last_name"),
        user.get_text("first_name"),
        user.email,
        _format_moment(user.joined_at),
        _format_moment(user.last_seen_at or ""),
        ";".join(portal.groups[uid].title for uid in user.groups),
        ";".join(user.permissions),
    )


def _format_moment(timestamp: str) -> str:
    return timestamp.replace("T", " ").replace("Z", "+00:00")
