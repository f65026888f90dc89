"""The address of a job in PostgreSQL: postgresql://user@host/database#job."""

from __future__ import annotations

import re
from typing import Self, TypeGuard
from urllib.parse import quote, unquote

import attrs

from ....core.errors import ConfigurationError

_SCHEMES = ("postgresql", "postgres")
LEASE_SECONDS = 15.0
LONGEST_LEASE = 3600
_HOST = r"(?:\[[^@/?#\s\[\]]*\]|[^:@/?#\s,\[\]]*)(?::\d+)?"
_ADDRESS = re.compile(
    r"(?P<scheme>postgres(?:ql)?)://"
    r"(?:(?P<user>[^:@/?#\s\[\]]*)(?P<password>:[^@/?#\s\[\]]*)?@)?"
    rf"(?P<hosts>{_HOST}(?:,{_HOST})*)"
    r"(?P<path>(?:/[^@?#\s]*)?)"
    r"(?:\?(?P<query>[^@#\s]*))?"
    r"(?:\#(?P<job>.*))?",
    re.DOTALL,
)
"""Strict, as whatever is behind a sign that is not encoded in a password would be taken for something that may be shown."""
_NOT_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SHOWN = re.compile(
    r"host|hostaddr|port|dbname|user|options|service|client_encoding|application_name|connect_timeout|passfile|require_auth"
    r"|ssl(?!password)\w*|gss\w+|krb\w+|keepalives\w*|tcp_user_timeout|target_session_attrs|load_balance_hosts"
    r"|channel_binding|lease_seconds"
)
"""Parameters that hold no secret; one that is not known may, as a password that is mistyped."""
_NOT_IN_FILE_NAMES = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')
_LONGEST = 200
"""Bytes of a job's name: file systems take 255, of which endings as .failed.2.jsonl.part need some."""
_LEASE = "lease_seconds"
"""The parameter of an address that is ours; all others are the database's."""


def is_database_address(place: object) -> TypeGuard[str]:
    """Tell whether a place of a job is an address of this kind, and not a path."""
    return isinstance(place, str) and place.partition("://")[0] in _SCHEMES


def show_address(place: str) -> str:
    """Show an address without its password; of one that cannot be read, nothing."""
    try:
        return JobAddress.parse(place).shown
    except ConfigurationError:
        return f"{place.partition('://')[0]}://..."


@attrs.frozen
class JobAddress:
    """Where a job is.

    Args:
        database: the connection string; it may hold a password, so that it is never shown.
        job: the job's name in the database.
        shown: the whole address for people, without a password.
        lease: seconds that a worker which does not answer keeps what it is working on.
        password: of the database's user, where the address holds one.
    """

    database: str = attrs.field(repr=False)
    job: str
    shown: str
    lease: float = LEASE_SECONDS
    password: str | None = attrs.field(default=None, repr=False)

    @classmethod
    def parse(cls, place: str) -> Self:
        """Read an address.

        Raises:
            ConfigurationError: it cannot be read, which shows nothing of it; the name of the job is missing, or cannot name a
                file; or the length of the lease is not a number of seconds.
        """
        found = _ADDRESS.fullmatch(place)
        if found is None or _NOT_ENCODED.search(place.partition("#")[0]):
            raise ConfigurationError(
                "job= is not an address of a job in PostgreSQL, as postgresql://ada@db.example/jobs#june;"
                " in a user's name or a password, write @ : / ? # [ ] % and blanks as"
                " %40 %3A %2F %3F %23 %5B %5D %25 %20"
            )
        pairs = found["query"].split("&") if found["query"] else []
        user, at = (found["user"], "@") if found["user"] is not None else ("", "")
        base, end = f"{found['hosts']}{found['path']}", f"#{found['job']}" if found["job"] is not None else ""
        shown_pairs = [pair for pair in pairs if _SHOWN.fullmatch(pair.partition("=")[0])]
        shown = f"{found['scheme']}://{user}{at}{base}{_join_query(shown_pairs)}{end}"
        job = _require_job_name(unquote(found["job"] or ""), shown)
        own = [pair for pair in pairs if pair.startswith(f"{_LEASE}=")]
        others = _join_query([pair for pair in pairs if pair not in own])
        database = f"{found['scheme']}://{user}{found['password'] or ''}{at}{base}{others}"
        lease = _parse_lease(own[-1], shown) if own else LEASE_SECONDS
        given = [pair.partition("=")[2] for pair in pairs if pair.startswith("password=")]
        password = given[-1] if given else (found["password"] or ":")[1:]
        return cls(database, job, shown, lease, unquote(password) or None)

    @classmethod
    def parse_database(cls, place: str) -> Self:
        """Read the address of a database, whatever job it names.

        Raises:
            ConfigurationError: it cannot be read.
        """
        found = cls.parse(f"{place.partition('#')[0]}#all")
        return attrs.evolve(found, job="", shown=found.shown.partition("#")[0])

    def create_address_of_other_job(self, job: str) -> str:
        """Address another job in the same database; with the password, where there is one."""
        lease = (
            ""
            if self.lease == LEASE_SECONDS
            else f"{'&' if '?' in self.database else '?'}{_LEASE}={self.lease:g}"
        )
        return f"{self.database}{lease}#{quote(job)}"


def _join_query(pairs: list[str]) -> str:
    return f"?{'&'.join(pairs)}" if pairs else ""


def _require_job_name(job: str, shown: str) -> str:
    """Make sure that a job's name can name files, and return it."""
    if not job:
        raise ConfigurationError(
            f"job= names no job: write it behind a #, as in {shown.partition('#')[0]}#june"
        )
    if job in (".", "..") or _NOT_IN_FILE_NAMES.search(job) or len(job.encode()) > _LONGEST:
        # What looks like the rest of a password, behind a # that is not encoded, is not shown.
        name = "" if "@" in job else f", {job!r},"
        raise ConfigurationError(
            f"job= what stands behind the #{name} cannot name the files that go with the job: leave out control characters"
            f' and any of / \\ : * ? " < > |, and keep it within {_LONGEST} bytes'
        )
    return job


def _parse_lease(pair: str, shown: str) -> float:
    text = pair.partition("=")[2]
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= LONGEST_LEASE:
        raise ConfigurationError(
            f"job= {shown}: {_LEASE} is a number of seconds from 1 to {LONGEST_LEASE}; got {text!r}"
        )
    return seconds
