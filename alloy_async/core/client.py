"""AsyncClient: one call, from the operation to its typed answer, with deadline, rate limit, credential and retries."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar, Unpack
from urllib.parse import quote

import aiohttp
import attrs
from multidict import CIMultiDict
from yarl import URL

from ..version import __version__
from .auth import Auth, KeySource
from .bulk import completed
from .errors import (
    AlloyAsyncError,
    ConfigurationError,
    DeadlineExceeded,
    Effect,
    InvalidRequest,
    Unauthorized,
)
from .events import RequestEvent, ResponseEvent, RetryEvent
from .exchange import Answer, Plan, Request, failed, plan_of, request_id_in, undecodable
from .hooks import Mismatch
from .limiter import Slot
from .limiters import limiter_for
from .multipart import Multipart
from .operation import Listing, Operation
from .pages import Pages
from .retry import Budget, attempt_again, may_repeat
from .settings import SYSTEM_CLOCK, CallOptions, Options, Settings, System, base_url_of
from .stream import Stream
from .transport import Transport, Wire

T = TypeVar("T")
Item = TypeVar("Item")

log = logging.getLogger("alloy_async")


NEGLIGIBLE = 0.001
"""Seconds already gone of a call's deadline that are not worth making a timeout anew for."""


class _Call:
    """One call under way."""

    __slots__ = ("attempts", "effect", "operation", "plan", "renewed", "request", "started", "streamed")

    def __init__(
        self, operation: Operation[Any], plan: Plan, request: Request, started: float, streamed: bool
    ) -> None:
        self.operation = operation
        self.plan = plan
        self.request = request
        self.started = started
        self.streamed = streamed
        self.attempts = 0
        self.effect: Effect = "none"
        self.renewed = False

    def may_repeat(self, failure: AlloyAsyncError) -> bool:
        return self.request.repeatable and may_repeat(failure, self.operation.idempotent)


class AsyncClient:
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
        proxy: URL of an HTTP proxy; default the environment's HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
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
    system: System

    def __init__(
        self, api_key: KeySource | None = None, *, system: System | None = None, **options: Unpack[Options]
    ) -> None:
        if system is not None:
            self.system = system
        settings, connection = _sorted_out(type(self).__name__, options)
        self._base = base_url_of(self.system, connection.get("base_url"))
        source = api_key if api_key is not None else self.system.from_environment(self.system.credential)
        self._auth = self._authorized(source)
        self._clock = connection.get("clock", SYSTEM_CLOCK)
        self._budget = Budget(settings.retry.budget)
        host = URL(self._base)
        self._limiter = limiter_for(
            host.authority,
            self._auth.fingerprint,
            connection.get("rate_limit"),
            clock=self._clock.monotonic,
            random=self._clock.random,
        )
        self._transport = Transport(
            host,
            max_connections=connection.get("max_connections", 100),
            proxy=connection.get("proxy"),
            tls=connection.get("ssl"),
            session=connection.get("session"),
        )
        self._shares = False
        self._apply(settings)

    def _authorized(self, source: KeySource | None) -> Auth:
        system = self.system

        def lacking() -> str:
            name, variable = system.credential, system.variable(system.credential)
            raise ConfigurationError(
                f"no credential: give {name}= or set the environment variable {variable}"
            )

        if source is None and system.credential_needed:
            lacking()
        return Auth(lacking if source is None else source, system.present)

    def _apply(self, settings: Settings) -> None:
        self._settings = settings
        self._timeout = settings.timeout.within(settings.deadline)
        self._headers = CIMultiDict({"User-Agent": f"alloy_async/{__version__}", **settings.headers})
        self._prepared: dict[Plan, tuple[str | None, CIMultiDict[str]]] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._base!r})"

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """A copy with other options, on the same connections, credential, rate limit and retry budget.

        Args:
            **options: timeout, deadline, retry, headers, on_request, on_response, on_retry, as in the constructor.
        """
        _, connection = _sorted_out("with_options()", options)
        if connection:
            raise TypeError(
                f"with_options() cannot change {', '.join(sorted(connection))}: make a new client"
            )
        other = copy.copy(self)
        other._shares = True
        other._apply(attrs.evolve(self._settings, **options))
        return other

    @property
    def base_url(self) -> str:
        """Where the service is, without a slash at the end."""
        return self._base

    def watched(self, on_retry: Callable[[RetryEvent], None]) -> Self:
        """A copy that tells `on_retry` too of every attempt that is made again, after the hook that there is."""
        own = self._settings.on_retry

        def both(event: RetryEvent) -> None:
            if own is not None:
                own(event)
            on_retry(event)

        return self.with_options(on_retry=both)

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
        call = self._begin(operation)
        return (await self._carry_out(call))[0]  # type: ignore[no-any-return]

    async def answer(self, operation: Operation[T]) -> Answer[T]:
        """Carry out an operation, and give status, headers, request id, attempts and elapsed time with the result."""
        call = self._begin(operation)
        result, status, raw_headers = await self._carry_out(call)
        headers = _lowered(raw_headers)
        elapsed = self._clock.monotonic() - call.started
        return Answer(result, status, headers, request_id_in(headers), call.attempts, elapsed)

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
        if concurrency < 1:
            raise ValueError(f"concurrency must be 1 or more, got {concurrency}")
        return completed(self.send, operations, concurrency)

    def stream(self, operation: Operation[Any]) -> Stream:
        """Read a long answer as it comes: `async with client.stream(operation) as stream: async for chunk in stream: ...`

        The deadline holds until the answer begins; from then on `timeout.read` bounds each wait. A failure before it begins
        is retried as in send().
        """
        call = self._begin(operation, streamed=True)

        async def opened() -> tuple[aiohttp.ClientResponse, Mapping[str, str]]:
            response, _, headers = await self._carry_out(call)
            return response, _lowered(headers)

        return Stream(call.operation.name, opened)

    async def aclose(self) -> None:
        """Close the connections, on all event loops; a copy made by with_options leaves them open."""
        if not self._shares:
            await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    # One call

    def _begin(self, operation: Operation[Any], *, streamed: bool = False) -> _Call:
        if not isinstance(operation, Operation):
            raise InvalidRequest(f"expected an operation, as GetAUser('ada'), got {type(operation).__name__}")
        plan = plan_of(operation)
        return _Call(operation, plan, plan.build(operation), self._clock.monotonic(), streamed)

    async def _carry_out(self, call: _Call) -> tuple[Any, int, Mapping[str, str]]:
        """Result, status and headers; tenacity is entered only once an attempt has failed."""
        body = call.request.body
        if isinstance(body, Multipart) and not body.is_open:
            async with body:
                return await self._carry_out(call)
        try:
            answer = await self._attempt(call)
        except AlloyAsyncError as failure:
            if not call.may_repeat(failure):
                raise
            first = failure
        else:
            if not self._budget.full:
                self._budget.refund()
            return answer
        return await attempt_again(
            lambda: self._attempt(call),
            first,
            policy=self._settings.retry,
            repeatable=call.may_repeat,
            budget=self._budget,
            clock=self._clock,
            deadline=call.started + self._settings.deadline,
            on_wait=lambda error, wait: self._tell_retry(call, error, wait),
        )

    async def _attempt(self, call: _Call) -> tuple[Any, int, Mapping[str, str]]:
        """One attempt: credential, turn, exchange, interpretation; and a second one, freshly authorized, after a 401."""
        credential = None
        try:
            if call.operation.authenticated:
                credential = self._auth.ready or await self._fetched_credential(call)
            slot = self._limiter.reserve()
            try:
                if slot.wait:
                    await self._turn(slot, call)
                call.attempts += 1
                wire = await (
                    self._watched(call, credential) if self._seen else self._transmit(call, credential)
                )
                slot.answered(wire[0], wire[1])
            finally:
                slot.release()
            return self._interpreted(call, wire, credential)
        except AlloyAsyncError as failure:
            failure.operation = call.operation.name
            failure.after(call.effect, call.attempts)
            call.effect = failure.effect
            renewable = isinstance(failure, Unauthorized) and not call.renewed
            if credential is None or not renewable or not self._auth.reject(credential):
                raise
            if not call.request.repeatable:
                raise
        call.renewed = True
        return await self._attempt(call)

    async def _fetched_credential(self, call: _Call) -> str:
        left = self._left(call)
        try:
            async with asyncio.timeout(left):
                return await self._auth.value()
        except TimeoutError:
            pass
        raise DeadlineExceeded(f"no credential within {left:.1f} s; nothing was sent", effect="none")

    async def _turn(self, slot: Slot, call: _Call) -> None:
        """Wait until the rate limit lets the call go."""
        while slot.wait:
            left = self._left(call)
            if slot.wait >= left:
                hold = f"the rate limit would hold it for {slot.wait:.1f} s"
                raise DeadlineExceeded(f"{hold}, the deadline leaves {max(left, 0):.1f} s; it was not sent")
            await self._clock.sleep(slot.wait)
            slot.renew()

    def _transmit(self, call: _Call, credential: str | None) -> Awaitable[Wire]:
        request, monotonic = call.request, self._clock.monotonic
        began = monotonic()
        timeout = self._timeout
        if began - call.started > NEGLIGIBLE:
            left = self._left(call)
            if left <= 0:
                raise DeadlineExceeded("the deadline passed before it was sent", effect="none")
            timeout = self._settings.timeout.within(left)
        if call.streamed:
            timeout = attrs.evolve(timeout, total=None)
        target = request.target
        if self.system.query_key is not None and credential is not None:
            target += f"{'&' if '?' in target else '?'}{self.system.query_key}={quote(credential, safe='')}"
        sent = self._transport.attempt(
            request.verb,
            URL(self._base + target, encoded=True),
            self._headers_for(call.plan, credential),
            request.body,
            timeout,
            lambda: monotonic() - began,
            call.streamed,
        )
        return _opened(sent, self._left(call)) if call.streamed else sent

    @property
    def _seen(self) -> bool:
        """Whether hooks or the log are to be told of each attempt."""
        return self._settings.watched or log.isEnabledFor(logging.DEBUG)

    async def _watched(self, call: _Call, credential: str | None) -> Wire:
        settings, operation, began = self._settings, call.operation, self._clock.monotonic()
        if settings.on_request is not None:
            settings.on_request(RequestEvent(operation.name, operation.verb, operation.route, call.attempts))
        status, request_id, error = None, None, None
        try:
            wire = await self._transmit(call, credential)
            status, request_id = wire[0], request_id_in(_lowered(wire[1]))
            return wire
        except AlloyAsyncError as failure:
            error = failure
            raise
        finally:
            elapsed = self._clock.monotonic() - began
            outcome = status if error is None else type(error).__name__
            log.debug("%s %s in %.1f ms, attempt %d", operation.name, outcome, elapsed * 1000, call.attempts)
            if settings.on_response is not None:
                settings.on_response(
                    ResponseEvent(operation.name, call.attempts, elapsed, status, request_id, error)
                )

    def _interpreted(
        self, call: _Call, wire: Wire, credential: str | None
    ) -> tuple[Any, int, Mapping[str, str]]:
        status, headers, body = wire
        if not 200 <= status < 300:
            assert isinstance(body, bytes)
            raise failed(call.operation, status, _lowered(headers), body, _secrets_in(credential))
        if not isinstance(body, bytes):
            return body, status, headers
        try:
            return call.plan.decode(body), status, headers
        except Mismatch as mismatch:
            reason = mismatch
        secrets = _secrets_in(credential)
        raise undecodable(call.operation, reason, status, _lowered(headers), body, secrets)

    def _headers_for(self, plan: Plan, credential: str | None) -> CIMultiDict[str]:
        prepared = self._prepared.get(plan)
        if prepared is not None and prepared[0] == credential:
            return prepared[1]
        headers = CIMultiDict({**plan.headers})
        headers.update(self._headers)
        if credential is not None and self.system.query_key is None:
            headers[self.system.header] = credential
        self._prepared[plan] = credential, headers
        return headers

    def _left(self, call: _Call) -> float:
        left: float = call.started + self._settings.deadline - self._clock.monotonic()
        return left

    def _tell_retry(self, call: _Call, error: AlloyAsyncError, wait: float) -> None:
        log.debug("%s again in %.2f s after %s", call.operation.name, wait, type(error).__name__)
        if self._settings.on_retry is not None:
            self._settings.on_retry(RetryEvent(call.operation.name, call.attempts, wait, error))


def _sorted_out(where: str, options: Mapping[str, Any]) -> tuple[Settings, dict[str, Any]]:
    """The options of calls, and those of the connection."""
    unknown = options.keys() - Options.__annotations__.keys()
    if unknown:
        raise TypeError(f"{where} has no option {', '.join(sorted(unknown))}")
    of_calls = {name: value for name, value in options.items() if name in CallOptions.__annotations__}
    return Settings(**of_calls), {name: value for name, value in options.items() if name not in of_calls}


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _secrets_in(credential: str | None) -> list[str]:
    """The header's value, and the key in it without its scheme."""
    return [credential, *credential.split()[1:]] if credential is not None else []


async def _opened(sent: Awaitable[Wire], seconds: float) -> Wire:
    """The answer to be streamed, which must begin within the deadline; how long its body takes is not bounded."""
    try:
        async with asyncio.timeout(seconds) as deadline:
            return await sent
    except TimeoutError:
        if not deadline.expired():
            raise
    raise DeadlineExceeded(f"no answer began within {seconds:.1f} s", effect="unknown")
