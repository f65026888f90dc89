"""The errors, all of one tree, and what each says about the effect of the call.

AlloyAsyncError
├── ConfigurationError            a client cannot be made like this (also a ValueError)
├── InvalidRequest                an argument was refused; nothing was sent (also a ValueError)
├── CredentialError               the credential could not be fetched; nothing was sent
├── TransportError                no whole answer
│   ├── ConnectError              DNS, connect, TLS or proxy failed
│   ├── ConnectionLost            the connection broke after writing began
│   └── RequestTimeout            connect, pool or read took too long (also a TimeoutError)
├── DeadlineExceeded              the whole call took too long (also a TimeoutError)
├── DecodeError                   a 2xx answer that is not what it should be
└── StatusError                   the server answered, and not with 2xx
    ├── Redirected 3xx
    ├── BadRequest 400, Unauthorized 401, PaymentRequired 402, Forbidden 403, NotFound 404, Conflict 409,
    │   ContentTooLarge 413, UnprocessableContent 422, RateLimited 429
    └── ServerError 5xx
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Literal, TypeAlias

Effect: TypeAlias = Literal["none", "unknown", "applied"]
"""What the call did on the server: surely nothing, nobody can tell, or what was asked."""

_STRENGTH: dict[Effect, int] = {"none": 0, "unknown": 1, "applied": 2}


class AlloyAsyncError(Exception):
    """Base of every error of this library.

    `error.args` is the message and the facts as JSON data, so that an error made anew of its `args`, as task queues do that
    carry JSON, says the same. Where the facts were lost on the way, the effect is "unknown".

    Attributes:
        operation: the method's name, as `get_a_user`; None where no operation was involved.
        status: HTTP status of the answer, where there was one.
        request_id: the server's id of the request, where it sent one.
        headers: headers of the answer; names in lower case.
        body: body of the answer: the typed model where the operation documents one, else JSON data, else text.
        effect: "none", "unknown" or "applied", over all attempts of the call.
        attempts: how many requests were put on the wire.
        hopeless: whether another attempt would surely fail in the same way.
    """

    default_effect: Effect = "unknown"
    fact_names: ClassVar[tuple[str, ...]] = (
        "operation",
        "status",
        "request_id",
        "headers",
        "body",
        "effect",
        "attempts",
        "retry_after",
    )
    hopeless: bool = False

    def __init__(
        self,
        message: str = "",
        facts: Any = None,
        /,
        *,
        operation: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        effect: Effect | None = None,
        attempts: int = 0,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message: str = message
        self.operation = operation
        self.status = status
        self.request_id = request_id
        self.headers: Mapping[str, str] = headers or {}
        self.body = body
        self.effect: Effect = effect or self.default_effect
        self.attempts: int = attempts
        self.retry_after = retry_after
        """Seconds that the server asked to wait, where it did."""
        if facts is not None:
            self._restore_facts(facts)

    @property  # as BaseException's own is, in C, whatever its stub says
    def args(self) -> tuple[Any, ...]:
        """The message, and the facts as JSON data."""
        return self.message, {name: _fact_to_json(getattr(self, name)) for name in self.fact_names}

    @args.setter
    def args(self, values: tuple[Any, ...]) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self.message = values[0] if values else ""

    def _restore_facts(self, facts: Any) -> None:
        """Take over the second of another error's `args`, whatever became of it on the way."""
        known = facts if isinstance(facts, Mapping) else {}
        for name in self.fact_names:
            if name in known:
                setattr(self, name, known[name])
        if known.get("effect") not in _STRENGTH:
            self.effect = "unknown"

    def merge_effect_of_earlier_attempts(self, earlier: Effect, attempts: int) -> None:
        """Merge in the effect of the attempts before, of which an unknown one stays unknown, and set how many there were."""
        self.attempts = attempts
        if _STRENGTH[earlier] > _STRENGTH[self.effect]:
            self.effect = earlier

    def __str__(self) -> str:
        facts = []
        if self.attempts:
            facts.append(f"effect: {self.effect}")
        if self.attempts > 1:
            facts.append(f"after {self.attempts} attempts")
        if self.request_id:
            facts.append(f"request id {self.request_id}")
        where = f"{self.operation}: " if self.operation else ""
        return where + self.message + (f" ({', '.join(facts)})" if facts else "")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_error, (type(self), self.__dict__)


def _rebuild_error(cls: type[AlloyAsyncError], state: dict[str, Any]) -> AlloyAsyncError:
    error = cls.__new__(cls)
    error.__dict__.update(state)
    return error


def _fact_to_json(fact: Any) -> Any:
    """Make JSON data of a fact; a body that is a model becomes plain."""
    if isinstance(fact, Mapping):
        return dict(fact)
    return fact.to_dict() if hasattr(fact, "to_dict") else fact


class ConfigurationError(AlloyAsyncError, ValueError):  # pyright: ignore[reportIncompatibleVariableOverride]
    """The client cannot be made, or used, like this."""

    default_effect: Effect = "none"


class InvalidRequest(AlloyAsyncError, ValueError):  # pyright: ignore[reportIncompatibleVariableOverride]
    """An argument was refused before anything was sent."""

    default_effect: Effect = "none"


class CredentialError(AlloyAsyncError):
    """The callable that gives the credential failed (see `__cause__`); the request was not sent."""

    default_effect: Effect = "none"


class TransportError(AlloyAsyncError):
    """There was no whole answer."""


class ConnectError(TransportError):
    """No connection: DNS, TCP, TLS or proxy failed, and no byte of the request was written.

    `hopeless` where another attempt would surely fail too: a certificate that is not trusted, a proxy that asks for a
    password.
    """

    default_effect: Effect = "none"
    fact_names: ClassVar[tuple[str, ...]] = (*AlloyAsyncError.fact_names, "hopeless")

    def __init__(
        self, message: str = "", facts: Any = None, /, *, hopeless: bool = False, **known: Any
    ) -> None:
        self.hopeless = hopeless
        super().__init__(message, facts, **known)


class ConnectionLost(TransportError):
    """The connection broke after writing began; "applied" where a 2xx status had arrived."""


class RequestTimeout(TransportError, TimeoutError):  # pyright: ignore[reportIncompatibleVariableOverride]
    """One attempt took too long. `phase` tells where: "pool", "connect" or "read"."""

    fact_names: ClassVar[tuple[str, ...]] = (*AlloyAsyncError.fact_names, "phase")

    def __init__(self, message: str = "", facts: Any = None, /, *, phase: str = "read", **known: Any) -> None:
        self.phase = phase
        super().__init__(message, facts, **known)


class DeadlineExceeded(AlloyAsyncError, TimeoutError):  # pyright: ignore[reportIncompatibleVariableOverride]
    """The call as a whole, with waits and retries, took longer than its deadline."""


class DecodeError(AlloyAsyncError):
    """A 2xx answer is not what it should be; the message gives the JSON path."""

    default_effect: Effect = "applied"


class StatusError(AlloyAsyncError):
    """The server answered with a status other than 2xx."""

    default_effect: Effect = "none"


class Redirected(StatusError):
    """A redirect; never followed, so that a credential never leaves its host. Check `base_url`."""


class BadRequest(StatusError):
    """400."""


class Unauthorized(StatusError):
    """401: the credential is missing, wrong or lapsed."""


class PaymentRequired(StatusError):
    """402."""


class Forbidden(StatusError):
    """403."""


class NotFound(StatusError):
    """404."""


class Conflict(StatusError):
    """409: it exists already, or was changed at the same time."""


class ContentTooLarge(StatusError):
    """413."""


class UnprocessableContent(StatusError):
    """422."""


class RateLimited(StatusError):
    """429: too many requests; `retry_after` tells how long to wait, where the server said so.

    Also 400 and 403 where the answer says that a rate limit is the reason.
    """


class ServerError(StatusError):
    """5xx. Its effect is unknown, but for a 503 that asks to come again."""

    default_effect: Effect = "unknown"


STATUS_ERRORS: dict[int, type[StatusError]] = {
    400: BadRequest,
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: ContentTooLarge,
    422: UnprocessableContent,
    429: RateLimited,
}


def error_from_status(
    status: int, message: str | None, retry_after: float | None, *, limited: bool = False, **facts: Any
) -> StatusError:
    """Create the error for a status other than 2xx, with its effect; `limited` where it refuses for a rate limit."""
    cls = RateLimited if limited and status < 500 else STATUS_ERRORS.get(status)
    if cls is None:
        cls = Redirected if 300 <= status < 400 else ServerError if status >= 500 else StatusError
    asks_again = status == 503 and (limited or retry_after is not None)
    # A status below 200 ends no exchange: who sends one says nothing of what was done.
    effect: Effect = "none" if 300 <= status < 500 or asks_again else "unknown"
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    said = f"{phrase}: {message}" if message else phrase
    return cls(said, status=status, retry_after=retry_after, effect=effect, **facts)


class UploadSourceFailed(Exception):
    """What was to be uploaded could not be read to its end; it is the cause of the error that a user gets."""
