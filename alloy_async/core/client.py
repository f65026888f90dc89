"""AsyncClient: what a user holds. Each call of it is a `Call`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar, Unpack

import attrs
from yarl import URL

from .auth import Auth, KeySource
from .call import Call, PreparedOptions, SharedState
from .client_base import ClientBase
from .errors import ConfigurationError, InvalidRequest
from .events import RetryEvent
from .http.open_response import OpenResponse
from .http.transport import MAX_RESPONSE_SIZE, Transport
from .map import map_concurrently
from .messages.response import Answer, find_request_id, lowercase_names
from .messages.stream import Stream
from .operation.operation import Operation
from .operation.pages import Pages
from .operation.paging import Listing
from .options import SYSTEM_CLOCK, CallOptions, Options, Service, Settings, resolve_base_url
from .profiles.client_options import read_client_options
from .ratelimit.registry import limiter_for
from .retry import Budget
from .validation import check_count

T = TypeVar("T")
Item = TypeVar("Item")


class AsyncClient(ClientBase):
    """The async client of one system; `AsyncAlloy` and its like add the methods.

    It may be used from several event loops and threads, and after a fork. `async with` closes it; without, its connections
    close with their event loop, or when the client is dropped.

    Args:
        api_key: the credential, or a callable, plain or async, that gives it: called once for all who wait, and again after
            one 401. Left out, it is read from the environment, as ALLOY_API_KEY.
        base_url: where the service is; default the environment's (ALLOY_BASE_URL), else the service's own.
        timeout: longest waits of one attempt: Timeout(connect=5, read=30, pool=30), in seconds.
        deadline: seconds for a whole call: credential, rate limit, pool, attempts and the waits between. Default 60.
        retry: Retry(attempts=4, wait_initial=0.5, wait_max=20, budget=100).
        rate_limit: Rate(per_second, burst) where you know the server's limit; else it is found out.
        max_connections: open at once, for each event loop. Default 100.
        max_response_size: most bytes of an answer, decompressed; a larger one is a DecodeError. Default 512 MiB. What is
            read by `stream` has no such bound.
        proxy: URL of an HTTP proxy, or "" for none; default the environment's HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.
        ssl: an SSLContext, or the path of a file with the certificate authorities to trust.
        headers: sent with every request.
        session: an own aiohttp.ClientSession to send through; you close it.
        on_request, on_response, on_retry: called with a RequestEvent, ResponseEvent or RetryEvent of each attempt.
        clock: time, sleep and chance, for tests.
        system: the facts of the service, for a client without methods of its own.

    Raises:
        ConfigurationError: the credential or the address is missing, or an option cannot be.
    """

    is_async: ClassVar[bool] = True

    def __init__(
        self, api_key: KeySource | None = None, *, system: Service | None = None, **options: Unpack[Options]
    ) -> None:
        if system is not None:
            self.system = system
        settings, connection = _split_options(type(self).__name__, options)
        base = resolve_base_url(self.system, connection.get("base_url"))
        source = api_key if api_key is not None else self.system.from_environment(self.system.credential)
        auth, host, clock = self._create_auth(source), URL(base), connection.get("clock", SYSTEM_CLOCK)
        self._shared = SharedState(
            self.system,
            base,
            auth,
            clock,
            Budget(settings.retry.budget),
            limiter_for(
                host.authority,
                auth.fingerprint,
                connection.get("rate_limit"),
                clock=clock.monotonic,
                random=clock.random,
            ),
            Transport(
                host,
                max_connections=connection.get("max_connections", 100),
                max_response_size=connection.get("max_response_size", MAX_RESPONSE_SIZE),
                proxy=connection.get("proxy"),
                tls=connection.get("ssl"),
                session=connection.get("session"),
            ),
        )
        self._owns_connections = True
        self._options = PreparedOptions(settings, self._shared)

    @classmethod
    def from_profile(cls, name: str | None = None, **options: Unpack[Options]) -> Self:
        """Create a client that reaches the account of a profile.

        Args:
            name: of the profile; default the one that ALLOY_ASYNC_PROFILE names.
            **options: as in the constructor; they come before what the profile says.

        Raises:
            ConfigurationError: there is no such profile, it is for another system, or it is wrong.
        """
        return cls(**read_client_options(cls.system, name, options))

    def _create_auth(self, source: KeySource | None) -> Auth:
        system = self.system

        def refuse() -> str:
            name, variable = system.credential, system.name_variable(system.credential)
            raise ConfigurationError(
                f"no credential: give {name}= or set the environment variable {variable}"
            )

        if source is None and system.credential_needed:
            refuse()
        return Auth(refuse if source is None else source, system.present)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._shared.base!r})"

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """A copy with other options, on the same connections, credential, rate limit and retry budget.

        Args:
            **options: timeout, deadline, retry, headers, on_request, on_response, on_retry, as in the constructor.
        """
        _, connection = _split_options("with_options()", options)
        if connection:
            raise TypeError(
                f"with_options() cannot change {', '.join(sorted(connection))}: make a new client"
            )
        other = self._clone()
        other._owns_connections = False
        other._options = PreparedOptions(attrs.evolve(self._options.settings, **options), self._shared)
        return other

    @property
    def base_url(self) -> str:
        """Where the service is, without a slash at the end."""
        return self._shared.base

    async def fingerprint_credential(self, salt: bytes) -> str | None:
        """Hash the credential with a key of yours, to recognise it later; None for one that lapses.

        Args:
            salt: 16 to 64 bytes, kept with the hash.

        Raises:
            CredentialError: it could not be fetched; nothing was sent.
        """
        return await self._shared.auth.compute_fingerprint(salt)

    def with_retry_hook(self, on_retry: Callable[[RetryEvent], None]) -> Self:
        """Make a copy that tells `on_retry` too of every attempt that is made again, after the hook that there is."""
        own = self._options.settings.on_retry

        def both(event: RetryEvent) -> None:
            if own is not None:
                own(event)
            on_retry(event)

        return self.with_options(on_retry=both)

    watched = with_retry_hook
    """The earlier name of with_retry_hook."""

    async def send(self, operation: Operation[T]) -> T:
        """Carry out an operation.

        Args:
            operation: as GetAUser("ada"); `client.get_a_user("ada")` is the same call.

        Returns:
            The operation's typed result.

        Raises:
            InvalidRequest: an argument was refused; nothing was sent.
            AlloyAsyncError: see the tree in `alloy_async.core.errors`; its `effect` tells what happened on the server.
        """
        return (await self._call(operation).run())[0]  # type: ignore[no-any-return]

    async def answer(self, operation: Operation[T]) -> Answer[T]:
        """Carry out an operation, and give status, headers, request id, attempts and elapsed time with the result."""
        call = self._call(operation)
        result, status, raw_headers = await call.run()
        headers = lowercase_names(raw_headers)
        elapsed = self._shared.clock.monotonic() - call.started
        return Answer(result, status, headers, find_request_id(headers), call.attempts, elapsed)

    def iterate(self, operation: Listing[Any, Item], *, token: str | None = None) -> Pages[Item]:
        """The items of a listing, over all its pages: `async for item in client.iterate(operation)`.

        Args:
            operation: the listing; its own page argument, if given, is where the walk begins.
            token: the `token` of an earlier walk, to go on where that one stood.
        """
        return Pages(self.send, operation, token)

    def map(
        self, operations: Iterable[Operation[T]] | AsyncIterable[Operation[T]], *, concurrency: int = 16
    ) -> AsyncIterator[tuple[Operation[T], T | Exception]]:
        """Carry out many operations, `concurrency` at a time, and yield each with its result or error as it is finished.

        Operations are taken from the iterable only as fast as results are taken from here, so memory does not grow with
        their number. An error of one is yielded with it and does not stop the others.
        """
        check_count("concurrency", concurrency)
        return map_concurrently(self.send, operations, concurrency)

    def stream(self, operation: Operation[Any]) -> Stream:
        """Read a long answer as it comes: `async with client.stream(operation) as stream: async for chunk in stream: ...`

        The deadline holds until the answer begins; from then on `timeout.read` bounds each wait. A failure before it begins
        is retried as in send().
        """
        call = self._call(operation, streamed=True)

        async def open_stream() -> tuple[OpenResponse, Mapping[str, str]]:
            response, _, headers = await call.run()
            return response, lowercase_names(headers)

        return Stream(call.operation.name, open_stream)

    async def aclose(self) -> None:
        """Close the connections, on all event loops; a copy made by with_options leaves them open."""
        if self._owns_connections:
            await self._shared.transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _call(self, operation: Operation[Any], *, streamed: bool = False) -> Call:
        if not isinstance(operation, Operation):
            raise InvalidRequest(f"expected an operation, as GetAUser('ada'), got {type(operation).__name__}")
        return Call(self._shared, self._options, operation, streamed)


def _split_options(where: str, options: Mapping[str, Any]) -> tuple[Settings, dict[str, Any]]:
    """The options of calls, and those of the connection."""
    unknown = options.keys() - Options.__annotations__.keys()
    if unknown:
        raise TypeError(f"{where} has no option {', '.join(sorted(unknown))}")
    of_calls = {name: value for name, value in options.items() if name in CallOptions.__annotations__}
    return Settings(**of_calls), {name: value for name, value in options.items() if name not in of_calls}
