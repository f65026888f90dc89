"""One call under way: credential, turn, attempt, interpretation; and again, where that cannot do a thing twice."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Mapping
from typing import Any
from urllib.parse import quote

import attrs
from multidict import CIMultiDict
from yarl import URL

from ..version import __version__
from .auth import Auth
from .codec.conversion import Mismatch
from .errors import AlloyAsyncError, DeadlineExceeded, Effect, Unauthorized
from .events import RequestEvent, ResponseEvent, RetryEvent
from .http.transport import RawResponse, Transport
from .messages.multipart import Multipart
from .messages.request import CompiledOperation, compile_operation
from .messages.response import decode_error, error_from_response, find_request_id, lowercase_names
from .operation.operation import Operation
from .options import Settings, System
from .ratelimit.limiter import Limiter, Permit
from .retry import Budget, Clock, attempt_again, may_repeat

log = logging.getLogger("alloy_async")

NEGLIGIBLE = 0.001
"""Seconds already gone of a call's deadline that are not worth making a timeout anew for."""


@attrs.frozen(eq=False, repr=False)
class Link:
    """What a client and its copies share."""

    system: System
    base: str
    auth: Auth
    clock: Clock
    budget: Budget
    limiter: Limiter
    transport: Transport


class Manner:
    """The options of a client's calls, made ready."""

    def __init__(self, settings: Settings, link: Link) -> None:
        self.settings = settings
        self.timeout = settings.timeout.to_aiohttp(settings.deadline)
        self.watched = settings.on_request is not None or settings.on_response is not None
        self._common = CIMultiDict({"User-Agent": f"alloy_async/{__version__}"})
        self._common.update(settings.headers)
        self._credential_header = link.system.header if link.system.query_key is None else None
        self._headers: dict[CompiledOperation, tuple[str | None, CIMultiDict[str]]] = {}

    def headers(self, plan: CompiledOperation, credential: str | None) -> CIMultiDict[str]:
        """All headers of an operation's requests; made anew only when the credential changes."""
        known = self._headers.get(plan)
        if known is not None and known[0] == credential:
            return known[1]
        headers = CIMultiDict({**plan.headers})
        headers.update(self._common)
        if credential is not None and self._credential_header is not None:
            headers[self._credential_header] = credential
        self._headers[plan] = credential, headers
        return headers


class Call:
    """One call of a client."""

    __slots__ = (
        "attempts",
        "effect",
        "link",
        "manner",
        "operation",
        "plan",
        "renewed",
        "request",
        "started",
        "streamed",
    )

    def __init__(self, link: Link, manner: Manner, operation: Operation[Any], streamed: bool = False) -> None:
        self.link = link
        self.manner = manner
        self.operation = operation
        self.plan = compile_operation(operation)
        self.request = self.plan.build(operation)
        self.started = link.clock.monotonic()
        self.streamed = streamed
        self.attempts = 0
        self.effect: Effect = "none"
        self.renewed = False

    async def carry_out(self) -> tuple[Any, int, Mapping[str, str]]:
        """Result, status and headers; tenacity is entered only once an attempt has failed."""
        body = self.request.body
        if isinstance(body, Multipart) and not body.is_open:
            async with body:
                return await self.carry_out()
        try:
            answer = await self._attempt()
        except AlloyAsyncError as failure:
            if not self._may_repeat(failure):
                raise
            first = failure
        else:
            if not self.link.budget.full:
                self.link.budget.refund()
            return answer
        answer = await attempt_again(
            self._attempt,
            first,
            policy=self.manner.settings.retry,
            repeatable=self._may_repeat,
            budget=self.link.budget,
            clock=self.link.clock,
            deadline=self.started + self.manner.settings.deadline,
            on_wait=self._tell_retry,
        )
        self.link.budget.refund()
        return answer

    def _may_repeat(self, failure: BaseException) -> bool:
        return may_repeat(failure, self.operation.idempotent) and self.request.repeatable

    async def _attempt(self) -> tuple[Any, int, Mapping[str, str]]:
        """One attempt; and a second one, freshly authorized, after a 401."""
        link, credential = self.link, None
        try:
            if self.operation.authenticated:
                credential = link.auth.ready or await self._fetched_credential()
            permit = link.limiter.acquire()
            try:
                if permit.wait:
                    await self._wait_for(permit)
                self.attempts += 1
                told = self.manner.watched or log.isEnabledFor(logging.DEBUG)
                wire = await (self._watched(credential) if told else self._transmit(credential))
                permit.settle(wire.status, wire.headers)
            finally:
                permit.release()
            return self._interpreted(wire, credential)
        except AlloyAsyncError as failure:
            failure.operation = self.operation.name
            failure.add_earlier_attempts(self.effect, self.attempts)
            self.effect = failure.effect
            renewable = isinstance(failure, Unauthorized) and not self.renewed
            if credential is None or not renewable or not link.auth.reject(credential):
                raise
            if not self.request.repeatable:
                raise
        self.renewed = True
        return await self._attempt()

    async def _fetched_credential(self) -> str:
        left = self._left()
        try:
            async with asyncio.timeout(left):
                return await self.link.auth.value()
        except TimeoutError:
            pass
        raise DeadlineExceeded(f"no credential within {left:.1f} s; nothing was sent", effect="none")

    async def _wait_for(self, permit: Permit) -> None:
        """Wait until the rate limit lets the call go."""
        while permit.wait:
            left = self._left()
            if permit.wait >= left:
                hold = f"the rate limit would hold it for {permit.wait:.1f} s"
                raise DeadlineExceeded(f"{hold}, the deadline leaves {max(left, 0):.1f} s; it was not sent")
            await self.link.clock.sleep(permit.wait)
            permit.renew()

    def _transmit(self, credential: str | None) -> Awaitable[RawResponse]:
        link, manner, request = self.link, self.manner, self.request
        timeout, seconds = manner.timeout, manner.settings.deadline
        gone = link.clock.monotonic() - self.started
        if gone > NEGLIGIBLE:
            seconds -= gone
            if seconds <= 0:
                raise DeadlineExceeded("the deadline passed before it was sent", effect="none")
            timeout = manner.settings.timeout.to_aiohttp(seconds)
        return link.transport.attempt(
            request.verb,
            URL(link.base + self._target(credential), encoded=True),
            manner.headers(self.plan, credential),
            request.body,
            timeout,
            seconds,
            self.streamed,
        )

    def _target(self, credential: str | None) -> str:
        key, target = self.link.system.query_key, self.request.target
        if key is None or credential is None:
            return target
        return f"{target}{'&' if '?' in target else '?'}{key}={quote(credential, safe='')}"

    async def _watched(self, credential: str | None) -> RawResponse:
        """Transmit, and tell the hooks and the log of it."""
        settings, operation, monotonic = self.manner.settings, self.operation, self.link.clock.monotonic
        began = monotonic()
        if settings.on_request is not None:
            settings.on_request(RequestEvent(operation.name, operation.verb, operation.route, self.attempts))
        status, request_id, error = None, None, None
        try:
            wire = await self._transmit(credential)
            status, request_id = wire.status, find_request_id(lowercase_names(wire.headers))
            return wire
        except AlloyAsyncError as failure:
            error = failure
            raise
        finally:
            elapsed = monotonic() - began
            outcome = status if error is None else type(error).__name__
            log.debug("%s %s in %.1f ms, attempt %d", operation.name, outcome, elapsed * 1000, self.attempts)
            if settings.on_response is not None:
                settings.on_response(
                    ResponseEvent(operation.name, self.attempts, elapsed, status, request_id, error)
                )

    def _interpreted(self, wire: RawResponse, credential: str | None) -> tuple[Any, int, Mapping[str, str]]:
        status, headers, body = wire.status, wire.headers, wire.body
        if not 200 <= status < 300:
            assert isinstance(body, bytes)
            raise error_from_response(
                self.operation, status, lowercase_names(headers), body, _secrets_in(credential), time.time()
            )
        if not isinstance(body, bytes):
            return body, status, headers
        try:
            return self.plan.decode(body), status, headers
        except Mismatch as mismatch:
            reason = mismatch
        raise decode_error(
            self.operation, reason, status, lowercase_names(headers), body, _secrets_in(credential)
        )

    def _left(self) -> float:
        """Seconds until the deadline."""
        return self.started + self.manner.settings.deadline - self.link.clock.monotonic()

    def _tell_retry(self, error: AlloyAsyncError, wait: float) -> None:
        log.debug("%s again in %.2f s after %s", self.operation.name, wait, type(error).__name__)
        if self.manner.settings.on_retry is not None:
            self.manner.settings.on_retry(RetryEvent(self.operation.name, self.attempts, wait, error))


def _secrets_in(credential: str | None) -> list[str]:
    """The header's value, and the key in it without its scheme."""
    return [credential, *credential.split()[1:]] if credential is not None else []
