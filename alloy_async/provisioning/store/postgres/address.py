"""The address of a job in PostgreSQL: postgresql://user@host/database#job."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit, urlunsplit

import attrs

from ....core.errors import ConfigurationError

_SCHEMES = ("postgresql", "postgres")


def is_address(place: object) -> bool:
    """Tell whether a place of a job is an address of this kind, and not a path."""
    return isinstance(place, str) and place.partition("://")[0] in _SCHEMES


@attrs.frozen
class JobAddress:
    """Where a job is.

    Args:
        database: the connection string; it may hold a password, so that it is never shown.
        job: the job's name in the database.
        shown: the same for people, without a password.
    """

    database: str = attrs.field(repr=False)
    job: str
    shown: str

    @classmethod
    def parse(cls, place: str) -> JobAddress:
        """Read an address.

        Raises:
            ConfigurationError: the name of the job is missing.
        """
        parts = urlsplit(place)
        job = unquote(parts.fragment)
        query = "&".join(
            pair for pair in parts.query.split("&") if "password" not in pair.partition("=")[0].lower()
        )
        shown = urlunsplit(parts._replace(netloc=re.sub(r":[^@]*@", "@", parts.netloc), query=query))
        if not job:
            raise ConfigurationError(f"job= names no job: write it behind a #, as in {shown}#june")
        return cls(urlunsplit(parts._replace(fragment="")), job, shown)
