"""The state that a client shares with its copies, and the options of its calls, prepared once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from ...version import __version__
from ..auth import Auth, KeySource
from ..codec.redaction import Secret
from ..errors import ConfigurationError
from ..http.loop_sessions import MAX_CONNECTIONS
from ..http.outgoing_request import RequestHead
from ..http.transport import MAX_RESPONSE_SIZE, Transport
from ..messages.request import CompiledOperation
from ..operation.operation import Operation
from ..options import CallSettings, Service, resolve_base_url
from ..ratelimit.configured_rate import Rate
from ..ratelimit.limiter import Limiter
from ..ratelimit.registry import get_limiter
from ..retry import Clock, RetryBudget, SystemClock
from ..validation import check_methods


class SharedState:
    """What a client and its copies share."""

    __slots__ = ("auth", "base", "budget", "clock", "limiter", "system", "transport")

    def __init__(
        self,
        system: Service,
        base: str,
        auth: Auth,
        clock: Clock,
        budget: RetryBudget,
        limiter: Limiter,
        transport: Transport,
    ) -> None:
        self.system: Service = system
        self.base: str = base
        self.auth: Auth = auth
        self.clock: Clock = clock
        self.budget: RetryBudget = budget
        self.limiter: Limiter = limiter
        self.transport: Transport = transport


class PreparedOptions:
    """The options of a client's calls, made ready."""

    def __init__(self, settings: CallSettings, shared: SharedState) -> None:
        self.settings = settings
        self.timeout: aiohttp.ClientTimeout = settings.timeout.to_aiohttp(settings.deadline)
        self.observed: bool = settings.on_request is not None or settings.on_response is not None
        self.on_result: Callable[[Operation[Any], Any], None] | None = settings.on_result
        self.host: str = URL(shared.base).authority
        self._common = CIMultiDict({"User-Agent": f"alloy_async/{__version__}"})
        self._common.update(settings.headers)
        self.query_key: str | None = shared.system.query_key
        self._credential_header = shared.system.header if self.query_key is None else None
        self._prepare = shared.transport.prepare_head
        self._heads: dict[CompiledOperation, tuple[Secret | None, RequestHead]] = {}

    def get_or_create_head(self, plan: CompiledOperation, credential: Secret | None) -> RequestHead:
        """Give the head of an operation's requests; it is made anew only when the credential changes."""
        known = self._heads.get(plan)
        if known is not None and known[0] is credential:
            return known[1]
        headers = CIMultiDict({**plan.headers})
        headers.update(self._common)
        if credential is not None and self._credential_header is not None:
            headers[self._credential_header] = credential.reveal()
        head = self._prepare(plan.verb, headers)
        self._heads[plan] = credential, head
        return head


def create_shared_state(
    system: Service, credential: KeySource | None, settings: CallSettings, connection: Mapping[str, Any]
) -> SharedState:
    """Create what a new client and its copies will share.

    Args:
        credential: None takes the environment's.
        connection: the options that are not of calls.

    Raises:
        ConfigurationError: the credential or the address is missing, or an option cannot be.
    """
    base = resolve_base_url(system, connection.get("base_url"))
    source = credential if credential is not None else system.read_environment_variable(system.credential)
    auth, host, clock = _create_auth(system, source), URL(base), connection.get("clock", SystemClock())
    check_methods("clock", clock, ("monotonic", "sleep", "random"), "a Clock, as FakeClock()")
    return SharedState(
        system,
        base,
        auth,
        clock,
        RetryBudget(settings.retry.budget),
        get_limiter(
            host.authority,
            auth.fingerprint,
            _require_rate_limit(connection.get("rate_limit")),
            clock=clock.monotonic,
            random=clock.random,
            account=source if isinstance(source, str) else getattr(source, "__qualname__", ""),
        ),
        Transport(
            host,
            max_connections=connection.get("max_connections", MAX_CONNECTIONS),
            max_response_size=connection.get("max_response_size", MAX_RESPONSE_SIZE),
            proxy=connection.get("proxy"),
            tls=connection.get("ssl"),
            session=connection.get("session"),
        ),
    )


def _require_rate_limit(value: Any) -> Any:
    if value is not None and not isinstance(value, Rate):
        example = "a Rate, as Rate(50) for 50 requests a second, or a RequestBudget"
        check_methods(
            "rate_limit", value, ("reserve", "give_back", "rate", "note_accepted", "note_refused"), example
        )
    return value


def _create_auth(system: Service, source: KeySource | None) -> Auth:
    def refuse() -> str:
        name, variable = system.credential, system.get_variable_name(system.credential)
        raise ConfigurationError(f"no credential: give {name}= or set the environment variable {variable}")

    if source is None and system.credential_needed:
        refuse()
    return Auth(refuse if source is None else source, system.present)
