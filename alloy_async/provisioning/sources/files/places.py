"""Tell URLs of sources from paths."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

_URL = re.compile(r"[a-z][a-z0-9+.-]+(?:::.*)?://", re.IGNORECASE)
"""An address of fsspec; it may name several drivers, as simplecache::s3://bucket/users.csv."""


def parse_source_place(place: str | Path) -> Path | str:
    """Tell a URL, which stays as it is, from a path."""
    return place if isinstance(place, str) and _URL.match(place) else Path(place)


def get_file_name(place: str | Path) -> Path:
    """Return a path's own, or for a URL the name of its file alone: what belongs to it goes into the current folder."""
    found = parse_source_place(place)
    if isinstance(found, Path):
        return found
    first = next(part for part in found.split("::") if "://" in part)
    return Path(urlsplit(first.partition("://")[2]).path.rpartition("/")[2] or "users")
