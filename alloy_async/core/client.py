"""AsyncClient: what a user holds. Each call of it is a `Call`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, Unpack, overload

from .auth import KeySource
from .calls.call import Call
from .calls.client_state import PreparedOptions, create_shared_state
from .client_base import ClientBase, get_service, hide_arguments, list_client_options
from .errors import ConfigurationError
from .http.open_response import OpenResponse
from .messages.result_decoder import ANYTHING
from .messages.unexpected_answers import find_request_id, lowercase_header_names
from .operation.operation import Operation, create_not_an_operation_error
from .options import CallOptions, Options, Service, replace_settings, split_call_and_connection_options
from .ratelimit.limiter import Limiter

if TYPE_CHECKING:  # not every program needs these
    from .hook_events import RateLimitedEvent, RetryEvent
    from .messages.answer import Answer
    from .messages.stream import Stream
    from .operation.pages import Pages
    from .operation.paging import Listing

T = TypeVar("T")
Item = TypeVar("Item")


class AsyncClient(ClientBase):
    """The async client of one system; `AsyncAlloy` and the others of its kind add the methods.

    It may be used from several event loops and threads, and after a fork. `async with` closes it; without, its connections
    close with their event loop, or when the client is dropped.

    Args:
        api_key: the credential, or a callable, plain or async, that gives it: called once for all who wait, and again after
            one 401. Left out, it is read from the environment, as ALLOY_API_KEY.
        base_url: where the service is; default the environment's (ALLOY_BASE_URL), else the service's own.
        timeout: longest waits of one attempt: Timeout(connect=5, read=30, pool=30), in seconds; a number stands for all three.
        deadline: seconds for a whole call: credential, rate limit, pool, attempts and the waits between. Default 60.
        retry: Retry(attempts=4, wait_initial=0.5, wait_max=20, budget=100); a number is how many attempts, the first included.
        rate_limit: Rate(per_second, burst, shared) where you know the server's limit; else it is found out.
        max_connections: open at once, for each event loop. Default 100.
        max_response_size: most bytes of an answer, decompressed; a larger one is a DecodeError. Default 512 MiB. What is
            read by `stream` has no such bound.
        proxy: URL of an HTTP proxy, or "" for none; default the environment's HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.
        ssl: an SSLContext, or the path of a file with the certificate authorities to trust.
        headers: sent with every request.
        session: an own aiohttp.ClientSession to send through; you close it.
        on_request, on_response, on_retry, on_limit: called with a RequestEvent, ResponseEvent, RetryEvent or
            RateLimitedEvent: before and after each attempt, before one is made again, and for each one that is
            refused for a rate limit.
        on_result: called with the operation and its typed result where a call succeeds, as alloy_async.testing.DriftReport is.
        telemetry: OpenTelemetry() makes spans and metrics of each call and attempt; None costs nothing.
        clock: time, sleep and chance, for tests.
        system: the facts of the service, for a client without methods of its own.

    Raises:
        ConfigurationError: the credential or the address is missing, or an option cannot be.
    """

    is_async: ClassVar[bool] = True

    @hide_arguments
    def __init__(
        self, api_key: KeySource | None = None, *, system: Service | None = None, **options: Unpack[Options]
    ) -> None:
        self._set_up(api_key, options, system)

    def _set_up(
        self,
        credential: KeySource | None,
        options: Mapping[str, Any],
        system: Service | None = None,
        owner: type[ClientBase] | None = None,
    ) -> None:
        """Make the client ready.

        Args:
            owner: the class that its user made, whose name stands in errors; default its own.
        """
        owner = owner or type(self)
        self.system: Service = get_service(owner, system)
        settings, connection = split_call_and_connection_options(
            owner.__name__, options, lambda: list_client_options(owner)
        )
        self._shared = create_shared_state(self.system, credential, settings, connection)
        self.limiter: Limiter = self._shared.limiter
        """Of its host and credential; shared by all clients of this process that have these."""
        self._owns_connections = True
        self._options = PreparedOptions(settings, self._shared)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._shared.base!r})"

    @hide_arguments
    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Make a copy with other options, on the same connections, credential, rate limit and retry budget.

        Args:
            **options: timeout, deadline, retry, headers, on_request, on_response, on_retry, on_limit, on_result,
                telemetry, as in the constructor.
        """
        settings = replace_settings(self._options.settings, options)
        other = self._copy_shallowly()
        other._owns_connections = False
        other._options = PreparedOptions(settings, self._shared)
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

    def with_retry_hook(
        self,
        on_retry: Callable[[RetryEvent], None],
        on_limit: Callable[[RateLimitedEvent], None] | None = None,
    ) -> Self:
        """Make a copy that tells of each attempt made again, or refused for a limit, after the hooks that there are."""
        from .calls.hooks import Hook, combine_hooks

        settings = self._options.settings
        hooks: CallOptions = {"on_retry": combine_hooks(settings.on_retry, Hook("on_retry", on_retry))}
        if on_limit is not None:
            hooks["on_limit"] = combine_hooks(settings.on_limit, Hook("on_limit", on_limit))
        return self.with_options(**hooks)

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
        if not isinstance(operation, Operation):
            raise create_not_an_operation_error(operation)
        return (await Call(self._shared, self._options, operation).run())[0]  # type: ignore[no-any-return]

    async def answer(self, operation: Operation[T]) -> Answer[T]:
        """Carry out an operation, and give status, headers, request id, attempts and elapsed time with the result."""
        from .messages.answer import Answer  # here, like others below, as not every program needs it

        call = self._create_call(operation)
        result, status, raw_headers = await call.run()
        headers = lowercase_header_names(raw_headers)
        elapsed = self._shared.clock.monotonic() - call.started
        return Answer(result, status, headers, find_request_id(headers), call.attempts, elapsed)

    @overload
    async def request(
        self,
        method: str,
        path: str,
        arguments: Mapping[str, str | int] | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        result: type[T],
        idempotent: bool | None = None,
    ) -> T: ...
    @overload
    async def request(
        self,
        method: str,
        path: str,
        arguments: Mapping[str, str | int] | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        result: Any = ANYTHING,
        idempotent: bool | None = None,
    ) -> Any: ...
    async def request(
        self, method: str, path: str, arguments: Mapping[str, str | int] | None = None, **details: Any
    ) -> Any:
        """Send a request that no operation covers, with the retries, effects, limits and credential of all others.

            devices = await alloy.request("GET", "/users/{id}/devices", {"id": "ada"}, query={"limit": 5})

        Args:
            method: as "GET".
            path: below the client's base URL, beginning with a slash; without query. It stands in logs and errors as it
                is given, so put what varies into `arguments`.
            arguments: for the {placeholders} of the path, each of which becomes one encoded segment.
            query: parameters; a list is repeated.
            json: the body: JSON data or models; NULL sends null.
            result: the type to read the answer as: a model, `list[Model]`, `bytes`, None for nothing; default any JSON data.
            idempotent: whether sending it twice has the effect of sending it once; default: as its method has it.

        Returns:
            The answer as a `result`.

        Raises:
            InvalidRequest: an argument was refused; nothing was sent.
            DecodeError: the answer is not a `result`.
            AlloyAsyncError: as for send().
        """
        from .messages.custom_request import CustomRequest

        operation = CustomRequest(method, path, arguments, **details)
        del arguments, details  # they may be secrets, and this frame stands in tracebacks
        return await self.send(operation)

    async def check(self, **place: str) -> str:
        """Ask the service by its cheapest call whether this client is let in, for health checks.

        Args:
            **place: what a directory of the service is told besides the client: `app_id` for Smooch, `org_id` for Agilicus.

        Returns:
            Words for whom the service takes the client for, as "ada@example.com"; "" where it does not say.

        Raises:
            Unauthorized, Forbidden: it is not let in.
            ConfigurationError: something is missing or not known, or the service has no such call.
            AlloyAsyncError: as for send().
        """
        if self.system.probe is None:
            raise ConfigurationError(f"{self.system.name} has no call that tells who it is talking to")
        return await self.system.probe.run(self.send, place)

    def iterate(self, operation: Listing[Any, Item], *, token: str | None = None) -> Pages[Item]:
        """Iterate over the items of a listing, page after page: `async for item in client.iterate(operation)`.

        Args:
            operation: the listing; its own page argument, if given, is where the walk begins.
            token: the `token` of an earlier walk, to go on where that one stood.
        """
        from .operation.pages import Pages

        return Pages(self.send, operation, token)

    def map(
        self, operations: Iterable[Operation[T]] | AsyncIterable[Operation[T]], *, concurrency: int = 16
    ) -> AsyncIterator[tuple[Operation[T], T | Exception]]:
        """Carry out many operations, `concurrency` at a time, and yield each with its result or error as it is finished.

        Operations are taken from the iterable only as fast as results are taken from here, so memory does not grow with
        their number. An error of one is yielded with it and does not stop the others.
        """
        from .calls.map_unordered import check_map_arguments, map_concurrently

        check_map_arguments(operations, concurrency, (Iterable, AsyncIterable))
        return map_concurrently(self.send, operations, concurrency)

    def stream(self, operation: Operation[Any]) -> Stream:
        """Read a long answer as it comes: `async with client.stream(operation) as stream: async for chunk in stream: ...`

        The deadline holds until the answer begins; from then on `timeout.read` bounds each wait. A failure before it begins
        is retried as in send().
        """
        from .messages.stream import Stream

        call = self._create_call(operation, streamed=True)

        async def open_stream() -> tuple[OpenResponse, Mapping[str, str]]:
            response, _, headers = await call.run()
            return response, lowercase_header_names(headers)

        return Stream(call.operation.name, open_stream)

    async def aclose(self) -> None:
        """Close the connections, on all event loops; a copy made by with_options leaves them open."""
        if self._owns_connections:
            await self._shared.transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _create_call(self, operation: Operation[Any], *, streamed: bool = False) -> Call:
        if not isinstance(operation, Operation):
            raise create_not_an_operation_error(operation)
        return Call(self._shared, self._options, operation, streamed)
