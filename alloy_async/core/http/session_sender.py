"""Send a request by `ClientSession.request`: where the user gave a session, and where aiohttp's internals have changed.

Middlewares, traces, cookies and default headers of the session are honoured. What aiohttp would do behind our back is not done:
redirects, decompression (see content_encoding) and its own second request where a kept connection breaks.
"""

from __future__ import annotations

import asyncio
import io
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from ..errors import ConfigurationError
from .aiohttp_internals.custom_connection import belongs_to_loop, get_middlewares, watch_for_reset
from .aiohttp_internals.uses import is_available
from .failures import BytesOnNewConnection, ConnectionBroken, describe_cause
from .open_response import OpenResponse
from .outgoing_request import Body, OutgoingRequest
from .proxies import Proxy
from .timeouts import DeadlineScope, TimeoutScheduler
from .unread_bytes import create_unread_check

WRITTEN_WHOLE = 1 << 20
"""Bytes of a body above which aiohttp wants a file to read it from, in pieces."""


class UnaskedBytesError(aiohttp.ClientError):
    """A kept connection holds what nobody asked for; nothing was written on it."""


def check_session_type(session: object) -> None:
    """Refuse a user's session that nothing can be sent through.

    Raises:
        ConfigurationError: it is none, or not as this version of aiohttp has them.
    """
    if not isinstance(session, aiohttp.ClientSession):
        raise ConfigurationError(f"session takes an aiohttp.ClientSession, got {type(session).__name__}")
    if not is_available("middlewares", session):
        raise ConfigurationError(
            f"session: a session of aiohttp {aiohttp.__version__} cannot be used without sending requests twice or leaving out"
            " its middlewares; leave session= out, or use an aiohttp that this version of alloy_async knows"
        )


def check_session_loop(session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop) -> None:
    """Refuse a user's session that cannot be used on the running event loop.

    Raises:
        ConfigurationError: it belongs to another loop.
    """
    if is_available("session loop", session) and not belongs_to_loop(session, loop):
        raise ConfigurationError(
            "the session that was given as session= belongs to another event loop; leave session= out for a sync client,"
            " which has a loop of its own, and for a client that is used on several loops"
        )


class SessionSender:
    """Send through a session.

    Args:
        session: the session; it is never closed here.
        base: the service's address.
        scheduler: of the deadlines; the session has its own read timeouts.
        proxy: for all requests; None leaves that to the session.
    """

    def __init__(
        self, session: aiohttp.ClientSession, base: str, scheduler: TimeoutScheduler, proxy: Proxy | None
    ) -> None:
        self._session = session
        self._scheduler = scheduler
        self._base = base
        self._proxy = proxy
        self._looks: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
        """For each connection that was used here, what tells whether something is unread on it."""
        self._guards = is_available("send")

    async def send(
        self, request: OutgoingRequest, timeout: aiohttp.ClientTimeout, deadline: float
    ) -> OpenResponse:
        with DeadlineScope(self._scheduler, deadline):
            return SessionResponse(await self._send_request(request, timeout), self._scheduler, deadline)

    async def _send_request(
        self, request: OutgoingRequest, timeout: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        if self._session.closed:
            raise ConfigurationError("the session that was given as session= is closed; make a new client")
        if not self._guards or not is_available("unpatched"):
            request.written = True  # nobody will tell when it is, so from here on it may have been
        try:
            # Nothing of the request is in a local variable here: this frame is in the traceback of a cancelled call.
            return await self._session.request(
                request.head.verb,
                URL(self._base + request.target, encoded=True),
                headers=_create_headers(request),
                # aiohttp would make one up for a body that is not there.
                skip_auto_headers=("Content-Type",),
                data=_create_body_data(request.body),
                timeout=timeout,
                allow_redirects=False,
                raise_for_status=False,
                auto_decompress=False,
                proxy=None if self._proxy is None else self._proxy.url,
                middlewares=(
                    prevent_hidden_retry,
                    *get_middlewares(self._session),
                    self._create_connection_check(request),
                ),
            )
        except BaseException as error:
            # Without aiohttp's frames: their local variables hold the headers.
            raise error.with_traceback(None) from error.__cause__

    def _create_connection_check(self, request: OutgoingRequest) -> aiohttp.ClientMiddlewareType:
        """Create the innermost middleware, which looks at the connection right before the request is written."""

        async def guard(of_aiohttp: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
            if not self._guards:
                return await handler(of_aiohttp)  # type: ignore[no-any-return]
            send = of_aiohttp.send

            async def send_on_clean(connection: Any) -> Any:
                self._check_connection(connection.protocol)
                request.written = True
                return await send(connection)

            of_aiohttp.send = send_on_clean  # type: ignore[method-assign, assignment]
            try:
                while True:
                    try:
                        return await handler(of_aiohttp)  # type: ignore[no-any-return]
                    except UnaskedBytesError:
                        continue  # aiohttp has closed it; the pool has another one, or makes it
            finally:
                of_aiohttp.send = send  # type: ignore[method-assign]

        return guard

    def _check_connection(self, protocol: Any) -> None:
        look = self._looks.get(protocol)
        if look is None:
            if protocol.should_close:
                raise BytesOnNewConnection("the server sent something before it was asked")
            self._looks[protocol] = create_unread_check(protocol.transport)
            if is_available("connection"):
                watch_for_reset(protocol)
        elif protocol.should_close or look():
            raise UnaskedBytesError


def _create_headers(request: OutgoingRequest) -> CIMultiDict[str]:
    if request.body is None or isinstance(request.body, bytes):
        return request.head.headers
    headers = request.head.headers.copy()
    headers["Content-Type"] = request.body.content_type
    return headers


def _create_body_data(body: Body) -> Any:
    if body is not None and not isinstance(body, bytes):
        return _Upload(body.read_pieces(), body.size)
    if body is not None and len(body) > WRITTEN_WHOLE:
        return io.BytesIO(body)
    return body


async def prevent_hidden_retry(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
    """aiohttp sends an idempotent request again where a kept connection breaks; our attempts are counted, so it must not."""
    try:
        return await handler(request)  # type: ignore[no-any-return]
    except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError, aiohttp.ServerFingerprintMismatch):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionBroken(describe_cause(error)) from None


class SessionResponse(OpenResponse):
    """An answer that the session holds."""

    __slots__ = ("_deadline", "_response", "_scheduler")

    def __init__(
        self, response: aiohttp.ClientResponse, scheduler: TimeoutScheduler, deadline: float
    ) -> None:
        super().__init__(response.status, response.headers, response.content)
        self._response = response
        self._scheduler, self._deadline = scheduler, deadline

    async def read(self, limit: int) -> bytes:
        with DeadlineScope(self._scheduler, self._deadline):
            return await super().read(limit)

    def lift_deadline(self) -> None:
        """Do nothing: it holds while `read` runs."""

    def release(self) -> None:
        self._response.release()

    def close(self) -> None:
        self._response.close()


class _Upload(aiohttp.AsyncIterablePayload):
    """A body that is sent in pieces, with its length where that is known."""

    def __init__(self, pieces: Any, size: int | None) -> None:
        super().__init__(pieces)
        self._whole = size

    @property
    def size(self) -> int | None:
        return self._whole
