"""What a client is made with: the facts of its system, and the options of its user."""

from __future__ import annotations

import asyncio
import os
import random
import ssl as tls
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

import attrs
from yarl import URL

from .auth import with_default_scheme
from .errors import ConfigurationError
from .events import RequestEvent, ResponseEvent, RetryEvent
from .http.transport import Timeout
from .ratelimit.limiter import Rate
from .retry import Clock, Retry
from .validation import check_seconds

if TYPE_CHECKING:
    import aiohttp

SYSTEM_CLOCK = Clock(time.monotonic, asyncio.sleep, random.random)


@attrs.frozen
class Service:
    """What a client must know of the service it speaks to.

    Args:
        name: as `alloy`; also the prefix of its environment variables, as ALLOY_API_KEY and ALLOY_BASE_URL.
        base_url: the service's address; None where each customer has another one.
        present: makes the value that is sent of a credential.
        header: the header that carries the credential.
        query_key: the query parameter that carries it, where it is not to go in a header.
        credential: what the credential is called, as `api_key`.
        credential_needed: False where a client may do without, for the calls that take none.
    """

    name: str
    base_url: str | None
    present: Callable[[str], str] = with_default_scheme("Bearer")
    header: str = "Authorization"
    query_key: str | None = None
    credential: str = "api_key"
    credential_needed: bool = True

    def from_environment(self, what: str) -> str | None:
        """The value of ALLOY_WHAT, or None where it is not set or empty."""
        return os.environ.get(self.name_variable(what)) or None

    def name_variable(self, what: str) -> str:
        return f"{self.name}_{what}".upper()


System = Service
"""The earlier name of Service."""


class CallOptions(TypedDict, total=False):
    """What `with_options` can change; AsyncClient explains each."""

    timeout: Timeout
    deadline: float
    retry: Retry
    headers: Mapping[str, str]
    on_request: Callable[[RequestEvent], None] | None
    on_response: Callable[[ResponseEvent], None] | None
    on_retry: Callable[[RetryEvent], None] | None


class Options(CallOptions, total=False):
    """What a client is made with; AsyncClient explains each."""

    base_url: str | None
    rate_limit: Rate | None
    max_connections: int
    max_response_size: int
    proxy: str | None
    ssl: tls.SSLContext | str | None
    session: aiohttp.ClientSession | None
    clock: Clock


def _check_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str) or set(name + value) & set("\r\n\0"):
            raise ConfigurationError(f"headers: {name!r} needs text without line breaks")
    return dict(headers)


def _validate_seconds(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    check_seconds(attribute.name, value)


def _validate_class(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    kind = {"timeout": Timeout, "retry": Retry}[attribute.name]
    if not isinstance(value, kind):
        raise ConfigurationError(
            f"{attribute.name} takes a {kind.__name__}, as {kind()!r}; got {type(value).__name__}"
        )


def _show_names(headers: Mapping[str, str]) -> str:
    return repr(list(headers))


@attrs.frozen
class Settings:
    """CallOptions with their defaults."""

    timeout: Timeout = attrs.field(factory=Timeout, validator=_validate_class)
    deadline: float = attrs.field(default=60.0, validator=_validate_seconds)
    retry: Retry = attrs.field(factory=Retry, validator=_validate_class)
    headers: Mapping[str, str] = attrs.field(factory=dict, converter=_check_headers, repr=_show_names)
    on_request: Callable[[RequestEvent], None] | None = None
    on_response: Callable[[ResponseEvent], None] | None = None
    on_retry: Callable[[RetryEvent], None] | None = None


def resolve_base_url(system: Service, given: str | None) -> str:
    """The address that requests go to, without a slash at its end."""
    text = given or system.from_environment("base_url") or system.base_url
    variable = system.name_variable("base_url")
    if text is None:
        raise ConfigurationError(f"{system.name} has no common address: give base_url= or set {variable}")
    try:
        url = URL(text)
        (url.raw_host or "").encode("idna")
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError(
            f"base_url must start with https:// (or http://) and name a host, got {text!r}"
        )
    if url.query_string or url.fragment or url.user or url.password:
        raise ConfigurationError("base_url takes no query, fragment, user name or password")
    return str(url).rstrip("/")
