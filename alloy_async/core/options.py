"""The options of a client, and the facts of its service."""

from __future__ import annotations

import os
import ssl as tls
from collections.abc import Callable, Collection, Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypedDict

import attrs
from yarl import URL

from .argument_errors import format_name_suggestion, improve_argument_errors
from .auth import create_scheme_presenter
from .errors import ConfigurationError
from .http.transport import Timeout
from .operation.operation import Operation
from .operation.probe import Probe
from .ratelimit.budget_interface import RequestBudget
from .ratelimit.configured_rate import Rate
from .retry import Clock, Retry
from .validation import check_count, check_methods, check_seconds, describe_value

if TYPE_CHECKING:
    import aiohttp

    from .calls.open_telemetry import OpenTelemetry
    from .hook_events import RateLimitedEvent, RequestEvent, ResponseEvent, RetryEvent


@improve_argument_errors
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
        probe: the call by which a client finds out whom it talks to.
    """

    name: str
    base_url: str | None
    present: Callable[[str], str] = create_scheme_presenter("Bearer")
    header: str = "Authorization"
    query_key: str | None = None
    credential: str = "api_key"
    credential_needed: bool = True
    probe: Probe | None = None

    def read_environment_variable(self, what: str) -> str | None:
        """Read the value of ALLOY_WHAT; None where it is not set or empty."""
        return os.environ.get(self.get_variable_name(what)) or None

    def get_variable_name(self, what: str) -> str:
        return f"{self.name}_{what}".upper()


System = Service
"""The earlier name of Service."""


class CallOptions(TypedDict, total=False):
    """What `with_options` can change; AsyncClient explains each."""

    timeout: Timeout | float
    deadline: float
    retry: Retry | int
    headers: Mapping[str, str]
    on_request: Callable[[RequestEvent], None] | None
    on_response: Callable[[ResponseEvent], None] | None
    on_retry: Callable[[RetryEvent], None] | None
    on_result: Callable[[Operation[Any], Any], None] | None
    on_limit: Callable[[RateLimitedEvent], None] | None
    telemetry: OpenTelemetry | None


class Options(CallOptions, total=False):
    """What a client is made with; AsyncClient explains each."""

    base_url: str | None
    rate_limit: Rate | RequestBudget | None
    max_connections: int
    max_response_size: int
    proxy: str | None
    ssl: tls.SSLContext | str | os.PathLike[str] | None
    session: aiohttp.ClientSession | None
    clock: Clock


def _convert_timeout(value: Timeout | float) -> Timeout:
    if isinstance(value, Timeout):
        return value
    if isinstance(value, Real) and not isinstance(value, bool):
        check_seconds("timeout", value)
        return Timeout(value, value, value)
    raise ConfigurationError(
        f"timeout takes seconds, or a Timeout as {Timeout()!r}; got {describe_value(value)}"
    )


def _convert_retry(value: Retry | int) -> Retry:
    if isinstance(value, Retry):
        return value
    if isinstance(value, Integral) and not isinstance(value, bool):
        check_count("retry (how many attempts, 1 for no second one)", value)
        return Retry(attempts=int(value))
    raise ConfigurationError(
        f"retry takes a number of attempts, or a Retry as {Retry()!r}; got {describe_value(value)}"
    )


def _convert_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    if not isinstance(headers, Mapping):
        raise ConfigurationError(f"headers takes a dictionary of texts, got {type(headers).__name__}")
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str) or set(name + value) & set("\r\n\0"):
            raise ConfigurationError(f"headers: {name!r} needs text without line breaks")
    return dict(headers)


def _require_telemetry_object(value: OpenTelemetry | None) -> OpenTelemetry | None:
    if value is not None:
        check_methods("telemetry", value, ("trace_call",), "OpenTelemetry()")
    return value


_USUAL_TIMEOUT, _USUAL_RETRY = Timeout(), Retry()


class CallSettings:
    """CallOptions with their defaults.

    Args:
        options: those that are given.

    Raises:
        ConfigurationError: an option cannot be.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        def read_hook(name: str) -> Any:
            function = options.get(name)
            if function is None:
                return None
            from .calls.hooks import create_hook  # here, as few programs have hooks

            return create_hook(name, function)

        self.timeout: Timeout = _convert_timeout(options.get("timeout", _USUAL_TIMEOUT))
        self.deadline: float = options.get("deadline", 60.0)
        check_seconds("deadline", self.deadline)
        self.retry: Retry = _convert_retry(options.get("retry", _USUAL_RETRY))
        self.headers: Mapping[str, str] = _convert_headers(options.get("headers", {}))
        self.on_request: Callable[[RequestEvent], None] | None = read_hook("on_request")
        self.on_response: Callable[[ResponseEvent], None] | None = read_hook("on_response")
        self.on_retry: Callable[[RetryEvent], None] | None = read_hook("on_retry")
        self.on_result: Callable[[Operation[Any], Any], None] | None = read_hook("on_result")
        self.on_limit: Callable[[RateLimitedEvent], None] | None = read_hook("on_limit")
        self.telemetry: OpenTelemetry | None = _require_telemetry_object(options.get("telemetry"))


def split_call_and_connection_options(
    owner: str, options: Mapping[str, Any], list_known: Callable[[], Collection[str]]
) -> tuple[CallSettings, dict[str, Any]]:
    """Split a client's options into those of its calls, checked, and those of its connection.

    Args:
        owner: the client's class, for errors.
        list_known: lists what the class can be made with, to suggest the right name for a wrong one.

    Raises:
        TypeError: there is no such option.
        ConfigurationError: an option cannot be.
    """
    _refuse_unknown_options(owner, options, Options.__annotations__, list_known)
    of_calls = {name: value for name, value in options.items() if name in CallOptions.__annotations__}
    return CallSettings(of_calls), {name: value for name, value in options.items() if name not in of_calls}


def replace_settings(settings: CallSettings, options: Mapping[str, Any]) -> CallSettings:
    """Replace some options of calls.

    Raises:
        TypeError: there is no such option, or it belongs to the connection.
        ConfigurationError: an option cannot be.
    """
    fixed = sorted(options.keys() & (Options.__annotations__.keys() - CallOptions.__annotations__.keys()))
    if fixed:
        raise TypeError(f"with_options() cannot change {', '.join(fixed)}: make a new client")
    _refuse_unknown_options("with_options()", options, CallOptions.__annotations__)
    return CallSettings({**vars(settings), **options})


def _refuse_unknown_options(
    owner: str,
    options: Mapping[str, Any],
    names: Collection[str],
    list_known: Callable[[], Collection[str]] = tuple,
) -> None:
    for name in sorted(options.keys() - names):
        raise TypeError(
            f"{owner} has no option {name}{format_name_suggestion(name, {*names, *list_known()})}"
        )


def resolve_base_url(system: Service, given: str | None) -> str:
    """Find the address that requests go to, without a slash at its end."""
    if given is not None and not isinstance(given, str):
        raise ConfigurationError(f"base_url is text, got {type(given).__name__}")
    text = given or system.read_environment_variable("base_url") or system.base_url
    variable = system.get_variable_name("base_url")
    if text is None:
        raise ConfigurationError(f"{system.name} has no common address: give base_url= or set {variable}")
    try:
        url = URL(text.strip())
        if any(not 0 < len(label) < 64 for label in (url.raw_host or "-").removesuffix(".").split(".")):
            url = URL()  # the resolver would refuse it, at the first call
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        shown = "" if "@" in text else f", got {text!r}"  # before an @ there may be a password
        raise ConfigurationError(f"base_url must start with https:// (or http://) and name a host{shown}")
    if url.query_string or url.fragment or url.user or url.password:
        raise ConfigurationError("base_url takes no query, fragment, user name or password")
    return str(url).rstrip("/")
