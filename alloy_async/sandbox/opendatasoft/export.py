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
CHUNK = 64 * 1024


async def export(portal: Portal, delimiter: str, size: int) -> AsyncIterator[bytes]:
    """The export in chunks.

    Args:
        portal: whose users are exported.
        delimiter: between columns.
        size: bytes that it is to have at least: invented users follow on the true ones.
    """
    true = (_row(portal, user) for user in portal.users.values())
    sent = 0
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in true:
        writer.writerow(row)
    invented = _invented()
    while True:
        while sent + text.tell() < size and text.tell() < CHUNK:
            writer.writerows(itertools.islice(invented, 50))
        chunk = text.getvalue().encode()
        yield chunk
        sent += len(chunk)
        if sent >= size:
            return
        text.seek(0)
        text.truncate()


def _row(portal: Portal, user: User) -> Iterable[str]:
    return (
        user.username,
        user.text("last_name"),
        user.text("first_name"),
        user.email,
        _moment(user.joined_at),
        _moment(user.last_seen_at or ""),
        ";".join(portal.groups[uid].title for uid in user.groups),
        ";".join(user.permissions),
    )


def _moment(timestamp: str) -> str:
    return timestamp.replace("T", " ").replace("Z", "+00:00")


def _invented() -> Iterator[Iterable[str]]:
    for n in itertools.count(1):
        name = f"invented.{n}"
        joined = f"20{n % 20:02}-01-{n % 28 + 1:02} 12:00:00.000000+00:00"
        yield name, f"Family, {n}", "Ada", f"{name}@northwind.example", joined, "", "Editors", ""
