"""One call under way: credential, permit, attempt, interpretation; repeated only where nothing can happen twice by it."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from ..codec.conversion import Mismatch
from ..codec.redaction import Secret
from ..errors import AlloyAsyncError, ConfigurationError, DeadlineExceeded, Effect, RateLimited, Unauthorized
from ..http.open_response import RawResponse
from ..http.outgoing_request import OutgoingRequest
from ..messages.request import CompiledOperation, Request, compile_operation
from ..messages.unexpected_answers import (
    PARTIAL,
    decode_answer_leniently,
    error_from_part,
    error_from_response,
    lowercase_header_names,
)
from ..operation.operation import Operation
from ..ratelimit.permit import Permit
from ..retry import may_repeat, retry_after_first_failure
from .client_state import PreparedOptions, SharedState
from .scope import AttemptWatch, Scope, current_scope
from .timing import Part, Timing

T = TypeVar("T")

log: logging.Logger = logging.getLogger("alloy_async")

NEGLIGIBLE = 0.001
"""Seconds already gone of a call's deadline that are not worth making a timeout anew for."""


class Call:
    """One call of a client."""

    __slots__ = (
        "attempts",
        "check",
        "deadline",
        "effect",
        "id",
        "operation",
        "options",
        "outrun",
        "permit",
        "plan",
        "renewed",
        "request",
        "shared",
        "started",
        "streamed",
        "timing",
        "watch",
    )

    def __init__(
        self, shared: SharedState, options: PreparedOptions, operation: Operation[Any], streamed: bool = False
    ) -> None:
        self.shared: SharedState = shared
        self.options: PreparedOptions = options
        self.operation: Operation[Any] = operation
        self.plan: CompiledOperation = compile_operation(operation)
        self.request: Request = self.plan.build_request(operation)
        self.started: float = shared.clock.monotonic()
        self.streamed: bool = streamed
        self.attempts: int = 0
        self.outrun: int = 0
        self.permit: Permit | None = None  # of the last attempt
        self.effect: Effect = "none"
        self.renewed: bool = False
        self.deadline: float = options.settings.deadline
        self.timing: Timing | None = None
        self.id: str
        """Given with the first event that tells of the call."""
        self.check: Callable[[], None] | None = None
        self.watch: AttemptWatch | None = None
        scope = current_scope.get()
        if scope is not None or options.settings.telemetry is not None:
            self._apply_scope(scope)

    def _apply_scope(self, scope: Scope | None) -> None:
        """Take in what holds for the block of code around the call."""
        if scope is not None:
            if scope.ends != math.inf:
                self.deadline = min(self.deadline, scope.count_seconds_left())
            self.check, self.watch = scope.check, scope.watch
        if self.options.settings.telemetry is not None or (
            scope is not None and scope.explanation is not None
        ):
            self.timing = Timing(self.shared.clock.monotonic)

    async def run(self) -> tuple[Any, int, Mapping[str, str]]:
        """Make the call and give result, status and headers.

        Raises:
            AlloyAsyncError: the last attempt's error, with the effect of all of them.
        """
        if self.timing is not None and not self.timing.running:
            from .observation import observe_call

            with observe_call(self, self.timing):
                return await self.run()
        # Around all attempts: the files of a multipart body stay open, so that a retry can rewind them.
        if self.plan.is_multipart and not self.request.body.is_open:  # type: ignore[union-attr]
            async with self.request.body:  # type: ignore[union-attr]
                return await self.run()
        # The usual call succeeds at once: tenacity's loop, which costs as much as a request, is entered after a failure only.
        try:
            answer = await self._attempt()
        except AlloyAsyncError as failure:
            if not self._may_repeat(failure):
                raise
            first = failure
        else:
            budget = self.shared.budget
            if budget.left < budget.capacity:
                budget.refund()
            return answer
        answer = await retry_after_first_failure(
            self._attempt,
            first,
            policy=self.options.settings.retry,
            repeatable=self._may_repeat,
            budget=self.shared.budget,
            clock=self.shared.clock,
            deadline=self.started + self.deadline,
            on_wait=self._report_retry,
            count_outrun=lambda: self.outrun,
        )
        self.shared.budget.refund()
        return answer

    def _may_repeat(self, failure: BaseException) -> bool:
        return may_repeat(failure, self.operation.idempotent) and self.request.repeatable

    async def _attempt(self) -> tuple[Any, int, Mapping[str, str]]:
        """Make one attempt; and a second one, freshly authorized, after a 401."""
        shared, credential, sent = self.shared, None, self.attempts
        try:
            if self.operation.authenticated:
                auth = shared.auth
                credential = auth.fixed_value or auth.current_value
                if credential is None:
                    credential = await self._await_and_measure("credential", self._fetch_credential())
            # The credential comes first: a permit taken before would run out while it is fetched.
            permit = self.permit = shared.limiter.acquire(self.operation.name, self.attempts, self.permit)
            try:
                if permit.wait:
                    from ..ratelimit.caller_wait import wait_for_permit  # here, as few calls wait

                    waiting = wait_for_permit(
                        permit, self._count_seconds_left, shared.clock.sleep, self.check
                    )
                    await self._await_and_measure("limiter", waiting)
                if self.check is not None:
                    self.check()
                self.attempts += 1  # before anything is written: from here on the server may have acted
                observed = self.options.observed or self.timing is not None or log.isEnabledFor(logging.DEBUG)
                if observed:
                    # here, as few calls have anybody who listens
                    from .attempt_notifications import transmit_and_notify

                    wire = await transmit_and_notify(self, credential)
                else:
                    wire = await self.transmit_once(credential)
                permit.note_answer(wire.status, wire.headers, wire.body)
                if permit.was_outrun:
                    self.outrun += 1
            except BaseException:
                permit.release()  # whatever happened: a permit that is kept would hold everybody else
                raise
            return self._interpret_answer(wire, credential)
        except AlloyAsyncError as failure:
            self._note_failure(failure, sent)
            renewable = isinstance(failure, Unauthorized) and not self.renewed
            if credential is None or not renewable or not shared.auth.reject(credential):
                raise
            if not self.request.repeatable:
                raise
        # Outside of the handler: the 401 is dealt with, and would else be the context of every later error. Once only, since a
        # server that refuses a fresh credential too will go on refusing.
        self.renewed = True
        return await self._attempt()

    def _note_failure(self, failure: AlloyAsyncError, sent: int) -> None:
        """Take note that an attempt failed, before which so many were sent; the error gets what holds for all of them."""
        if failure.retry_after is not None or isinstance(failure, RateLimited):
            from .attempt_notifications import report_refusal

            report_refusal(self, failure)
        if isinstance(failure, ConfigurationError):
            self.attempts = sent  # the client was closed, say: nothing was sent this time
        if isinstance(failure, Unauthorized):
            failure.message += self.shared.auth.describe_clock_fault(failure.headers)
        failure.operation = self.operation.name
        failure.merge_effect_of_earlier_attempts(self.effect, self.attempts)
        self.effect = failure.effect
        if self.watch is not None:
            self.watch.note_failure(self.operation, failure)

    async def _fetch_credential(self) -> Secret:
        left = self._count_seconds_left()
        try:
            async with asyncio.timeout(left):
                return await self.shared.auth.get_or_fetch_value()
        except TimeoutError:
            pass  # raised below, outside of the handler: asyncio's error would only lengthen the traceback
        raise DeadlineExceeded(f"no credential within {left:.1f} s; nothing was sent", effect="none")

    def transmit_once(self, credential: Secret | None) -> Awaitable[RawResponse]:
        """Send the request once, within what is left of the deadline."""
        shared, options, request = self.shared, self.options, self.request
        timeout, seconds = options.timeout, self.deadline
        gone = shared.clock.monotonic() - self.started
        if gone > NEGLIGIBLE or seconds != options.settings.deadline:
            seconds -= gone
            if seconds <= 0:
                self.attempts -= 1  # this one was none
                raise DeadlineExceeded("the deadline passed before it was sent", effect="none")
            timeout = options.settings.timeout.to_aiohttp(seconds)
        head = options.get_or_create_head(self.plan, credential)
        # Here and elsewhere on the way of a call: no function where the usual case is one test.
        target = request.target if options.query_key is None else self._add_key_to_target(credential)
        outgoing = OutgoingRequest(head, target, request.body)
        if self.watch is not None:
            self.watch.follow(self.operation, outgoing)
        return shared.transport.attempt(outgoing, timeout, seconds, self.streamed)

    def _add_key_to_target(self, credential: Secret | None) -> str:
        key, target = self.options.query_key, self.request.target
        if key is None or credential is None:
            return target
        return f"{target}{'&' if '?' in target else '?'}{key}={quote(credential.reveal(), safe='')}"

    def _interpret_answer(
        self, wire: RawResponse, credential: Secret | None
    ) -> tuple[Any, int, Mapping[str, str]]:
        # No local variable here may hold a part of the answer: where this raises, a traceback may print them.
        if not 200 <= wire.status < 300:
            assert isinstance(wire.body, bytes)
            raise error_from_response(
                self.operation,
                wire.status,
                lowercase_header_names(wire.headers),
                wire.body,
                credential,
                time.time(),
            )
        if wire.status == PARTIAL and (error := error_from_part(self.operation, wire.headers, credential)):
            if not isinstance(wire.body, bytes):
                wire.body.close()
            raise error
        if not isinstance(wire.body, bytes):
            return wire.body, wire.status, wire.headers
        try:
            outcome = self.plan.decode(wire.body, wire.headers)
        except Mismatch as mismatch:
            outcome = decode_answer_leniently(
                self.operation,
                wire.status,
                lowercase_header_names(wire.headers),
                wire.body,
                mismatch,
                credential,
            )
        if isinstance(outcome, AlloyAsyncError):
            raise outcome
        if self.options.on_result is not None:
            self.options.on_result(self.operation, outcome)
        return outcome, wire.status, wire.headers

    def _count_seconds_left(self) -> float:
        """Count the seconds until the deadline."""
        return self.started + self.deadline - self.shared.clock.monotonic()

    async def _await_and_measure(self, part: Part, waiting: Awaitable[T]) -> T:
        """Wait, and count the time where somebody asks for it."""
        if self.timing is None:
            return await waiting
        before = self.timing.enter(part)
        try:
            return await waiting
        finally:
            self.timing.enter(before)

    def _report_retry(self, error: AlloyAsyncError, wait: float) -> None:
        from .attempt_notifications import report_retry

        if self.timing is not None:
            self.timing.enter("backoff")
        report_retry(self, error, wait)
