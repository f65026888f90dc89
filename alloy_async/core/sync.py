"""Client: the async client's methods without await, on one event loop in a background thread of the process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, Unpack, overload

from .auth import KeySource
from .background_loop import BackgroundCall, get_background_loop
from .client import AsyncClient
from .client_base import ClientBase, hide_arguments
from .messages.result_decoder import ANYTHING
from .operation.operation import Operation
from .options import CallOptions, Options, Service

if TYPE_CHECKING:  # not every program needs these
    from .hook_events import RateLimitedEvent, RetryEvent
    from .messages.answer import Answer
    from .operation.paging import Listing
    from .sync_readers import SyncPages, SyncStream

T = TypeVar("T")
Item = TypeVar("Item")


class Client(ClientBase):
    """The sync client of one system; `Alloy` and the others of its kind add the methods.

    It takes the same arguments as the async client, and works in scripts, threads, notebooks and under a running event loop.
    `with` closes it; without, its connections close at exit or when it is dropped.
    """

    is_async: ClassVar[bool] = False

    @hide_arguments
    def __init__(
        self, api_key: KeySource | None = None, *, system: Service | None = None, **options: Unpack[Options]
    ) -> None:
        self._set_up(api_key, options, system)

    def _set_up(
        self, credential: KeySource | None, options: Mapping[str, Any], system: Service | None = None
    ) -> None:
        self._client = _create_async_client_behind(type(self), credential, options, system)
        self.system: Service = self._client.system

    def __repr__(self) -> str:
        return repr(self._client).replace("AsyncClient", type(self).__name__, 1)

    @hide_arguments
    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Make a copy with other options on the same connections; see AsyncClient.with_options."""
        return self._copy_with_client(self._client.with_options(**options))

    @property
    def base_url(self) -> str:
        """Where the service is, without a slash at the end."""
        return self._client.base_url

    def fingerprint_credential(self, salt: bytes) -> str | None:
        """Hash the credential with a key of yours, to recognise it later; see AsyncClient.fingerprint_credential."""
        return get_background_loop().run(self._client.fingerprint_credential, salt)

    def with_retry_hook(
        self,
        on_retry: Callable[[RetryEvent], None],
        on_limit: Callable[[RateLimitedEvent], None] | None = None,
    ) -> Self:
        """Make a copy that tells `on_retry` too of every attempt that is made again; see AsyncClient.with_retry_hook."""
        return self._copy_with_client(self._client.with_retry_hook(on_retry, on_limit))

    watched = with_retry_hook
    """The earlier name of with_retry_hook."""

    def _copy_with_client(self, client: AsyncClient) -> Self:
        other = self._copy_shallowly()
        other._client = client
        return other

    def send(self, operation: Operation[T]) -> T:
        """Carry out an operation; see AsyncClient.send."""
        return get_background_loop().run(self._client.send, operation)

    def answer(self, operation: Operation[T]) -> Answer[T]:
        """Carry out an operation, and give what came along with its result; see AsyncClient.answer."""
        return get_background_loop().run(self._client.answer, operation)

    @overload
    def request(
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
    def request(
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
    def request(
        self, method: str, path: str, arguments: Mapping[str, str | int] | None = None, **details: Any
    ) -> Any:
        """Send a request that no operation covers; see AsyncClient.request."""
        # Here, like others below, as not every program needs it.
        from .messages.custom_request import CustomRequest

        operation = CustomRequest(method, path, arguments, **details)
        del arguments, details  # they may be secrets, and this frame stands in tracebacks
        return self.send(operation)

    def check(self, **place: str) -> str:
        """Ask the service by its cheapest call whether this client is let in; see AsyncClient.check."""
        return get_background_loop().run(partial(self._client.check, **place))

    def iterate(self, operation: Listing[Any, Item], *, token: str | None = None) -> SyncPages[Item]:
        """Iterate over the items of a listing, page after page: `for item in client.iterate(operation)`."""
        from .sync_readers import SyncPages

        return SyncPages(self._client.send, operation, token)

    def map(
        self, operations: Iterable[Operation[T]], *, concurrency: int = 16
    ) -> Iterator[tuple[Operation[T], T | Exception]]:
        """Carry out many operations, `concurrency` at a time; see AsyncClient.map.

        The iterable is read in the calling thread, so it may itself use this client.
        """
        from .calls.map_unordered import check_map_arguments

        check_map_arguments(operations, concurrency, (Iterable,))
        return self._send_all(iter(operations), concurrency)

    def _send_all(
        self, operations: Iterator[Operation[T]], concurrency: int
    ) -> Iterator[tuple[Operation[T], T | Exception]]:
        finished: SimpleQueue[tuple[Operation[T], BackgroundCall[T]]] = SimpleQueue()
        running: set[BackgroundCall[T]] = set()
        here, client, failure = get_background_loop(), self._client, None
        try:
            while True:
                try:
                    room = failure is None and len(running) < concurrency
                    operation = next(operations, None) if room else None
                except Exception as error:
                    failure, operation = error, None
                if operation is not None:
                    running.add(
                        here.spawn(partial(client.send, operation), _create_enqueuer(finished, operation))
                    )
                    if finished.empty():
                        continue
                if not running:
                    break
                operation, call = finished.get()
                running.discard(call)
                yield operation, _get_result_or_error(call)
        finally:
            here.cancel(list(running))
        if failure is not None:
            raise failure

    def stream(self, operation: Operation[Any]) -> SyncStream:
        """Read a long answer as it comes: `with client.stream(operation) as stream: for chunk in stream: ...`"""
        from .sync_readers import SyncStream

        return SyncStream(self._client.stream(operation))

    def close(self) -> None:
        """Close the connections; a copy made by with_options leaves them open."""
        get_background_loop().run(self._client.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _create_async_client_behind(
    owner: type[ClientBase], credential: KeySource | None, options: Mapping[str, Any], system: Service | None
) -> AsyncClient:
    """Create the client that stands behind one of another class, as behind a sync one."""
    client = object.__new__(AsyncClient)
    client._set_up(credential, options, system, owner)
    return client


def _create_enqueuer(
    queue: SimpleQueue[tuple[Operation[T], BackgroundCall[T]]], operation: Operation[T]
) -> Callable[[BackgroundCall[T]], None]:
    return lambda call: queue.put((operation, call))


def _get_result_or_error(call: BackgroundCall[Any]) -> Any:
    error = call.error
    if error is None:
        return call.result
    if not isinstance(error, Exception):
        raise error  # as SystemExit of a hook: it is the caller's, and ends the walk
    return error
