"""The address of a job in PostgreSQL: postgresql://user@host/database#job."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit, urlunsplit

import attrs

from ....core.errors import ConfigurationError

_SCHEMES = ("postgresql", "postgres")
LEASE_SECONDS = 15.0
_NOT_IN_FILE_NAMES = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')
_LONGEST = 200
"""Bytes of a job's name: file systems take 255, of which endings as .failed.2.jsonl.part need some."""
_LEASE = "lease_seconds"
"""The parameter of an address that is ours; all others are the database's."""


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
        lease: seconds that a worker which does not answer keeps what it is working on.
    """

    database: str = attrs.field(repr=False)
    job: str
    shown: str
    lease: float = LEASE_SECONDS

    @classmethod
    def parse(cls, place: str) -> JobAddress:
        """Read an address.

        Raises:
            ConfigurationError: the name of the job is missing, or cannot name a file; or the length of the lease is not a
                number of seconds.
        """
        parts = urlsplit(place)
        pairs = parts.query.split("&") if parts.query else []
        job = unquote(parts.fragment)
        query = "&".join(pair for pair in pairs if "password" not in pair.partition("=")[0].lower())
        shown = urlunsplit(parts._replace(netloc=re.sub(r":[^@]*@", "@", parts.netloc), query=query))
        if not job:
            raise ConfigurationError(f"job= names no job: write it behind a #, as in {shown}#june")
        if job in (".", "..") or _NOT_IN_FILE_NAMES.search(job) or len(job.encode()) > _LONGEST:
            raise ConfigurationError(
                f"job={job!r} cannot name the files that go with the job: leave out control characters and any of"
                f' / \\ : * ? " < > |, and keep it within {_LONGEST} bytes'
            )
        own = [pair for pair in pairs if pair.startswith(f"{_LEASE}=")]
        others = "&".join([pair for pair in pairs if pair not in own])
        database = urlunsplit(parts._replace(fragment="", query=others))
        return cls(database, job, shown, _parse_lease(own[-1], shown) if own else LEASE_SECONDS)


def _parse_lease(pair: str, shown: str) -> float:
    text = pair.partition("=")[2]
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 3600:
        raise ConfigurationError(
            f"job= {shown}: {_LEASE} is a number of seconds from 1 to 3600; got {text!r}"
        )
    return seconds
