"""The credential of a client: how a request carries it, and how a new one is fetched, once for all calls that wait for it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from hashlib import blake2b
from threading import Lock
from typing import TypeAlias, cast

import attrs

from .argument_errors import improve_argument_errors
from .codec.redaction import Secret
from .errors import ConfigurationError, CredentialError
from .ratelimit.registry import hash_credential


@improve_argument_errors
@attrs.frozen
class Token:
    """A credential that lapses.

    Args:
        value: the credential.
        expires_at: seconds since the epoch; a new one is fetched `MARGIN` seconds before.
    """

    value: str = attrs.field(repr=False)
    expires_at: float

    MARGIN = 30.0

    def is_expired(self, wall: Callable[[], float]) -> bool:
        return wall() >= self.expires_at - self.MARGIN


CLOCK = "this host's clock"
"""What an error says where that may be to blame."""

KeySource: TypeAlias = (
    str
    | Callable[[], str]
    | Callable[[], Token]
    | Callable[[], Awaitable[str]]
    | Callable[[], Awaitable[Token]]
)
"""A credential, or a callable that gives one, plain or async."""


class Auth:
    """The credential of one client and its copies, safe to share between threads and event loops.

    Args:
        source: where the credential comes from.
        present: makes the value that is sent of a credential.
    """

    def __init__(
        self,
        source: KeySource,
        present: Callable[[str], str],
        wall: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(source, str) and not callable(source):
            kind = type(source).__name__
            raise ConfigurationError(f"a credential is text, or a callable that gives it; got {kind}")
        self._present = present
        self._wall = wall
        self._fetch = None if isinstance(source, str) else source
        self._token: Token | None = None
        self._pending: concurrent.futures.Future[Secret | None] | None = None
        self._lock = Lock()
        self.fixed_value: Secret | None = (
            self._create_value_to_send(Secret(source)) if isinstance(source, str) else None
        )
        """The value to send where it is always the same, which saves each call a question."""
        self._value = self.fixed_value
        self.fingerprint: bytes = hash_credential(
            source if isinstance(source, str) else f"callable {id(source)}"
        )
        """Tells credentials apart without telling them."""

    def __repr__(self) -> str:
        return "Auth(***)"

    @property
    def current_value(self) -> Secret | None:
        """The value to send, or None while one must be fetched."""
        if self._token is not None and self._token.is_expired(self._wall):
            return None
        return self._value

    async def get_or_fetch_value(self) -> Secret:
        """Give the value to send; fetch the credential where needed, in one caller for all.

        Raises:
            CredentialError: the callable failed. Effect: none.
        """
        while True:
            current = self.current_value
            if current is not None:
                return current
            with self._lock:
                pending, mine = self._pending, self._pending is None
                if pending is None:
                    pending = self._pending = concurrent.futures.Future()
            if mine:
                return await self._fetch_into(pending)
            try:
                found = await asyncio.shield(asyncio.wrap_future(pending))
            except Exception as cause:
                raise _create_credential_error(cause) from cause
            if found is not None:
                return found
            # The caller that fetched was cancelled: now it is another one's turn.

    def reject(self, value: Secret) -> bool:
        """Drop a value that the server refused; True where another one can be had."""
        if self._fetch is None:
            return False
        with self._lock:
            if self._value == value:
                self._value = None
        return True

    def describe_clock_fault(self, headers: Mapping[str, str]) -> str:
        """Describe what may be to blame for a refusal beside the credential: the clock by which its token was made, and lapses.

        Args:
            headers: of the answer, names in lower case.

        Returns:
            Text behind the reason of the error; empty where the credential has no time, or the clocks agree.
        """
        if self._token is None:
            return ""
        from .ratelimit.signals.wait_formats import read_server_time  # here, as it is rarely needed

        ahead = self._wall() - read_server_time(headers, math.nan)
        if math.isnan(ahead):
            return f"; the credential is wrong, or {CLOCK} is, by which its token lapses"
        if abs(ahead) <= Token.MARGIN:
            return ""
        difference = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server's"
        return f"; {CLOCK} is {difference}, and its token lapses by it: set the clock right, or else the credential is wrong"

    async def compute_fingerprint(self, salt: bytes) -> str | None:
        """Hash the credential with a key; None for one that lapses, which is another one each time.

        Raises:
            CredentialError: the callable failed. Effect: none.
            ConfigurationError: the key is not 16 to 64 bytes.
        """
        if not isinstance(salt, bytes) or not 16 <= len(salt) <= 64:
            given = f"{len(salt)} bytes" if isinstance(salt, bytes) else type(salt).__name__
            raise ConfigurationError(f"salt is 16 to 64 bytes, got {given}")
        value = await self.get_or_fetch_value()
        return None if self._token is not None else hash_with_key(value.reveal(), salt)

    async def _fetch_into(self, pending: concurrent.futures.Future[Secret | None]) -> Secret:
        try:
            value = await self._fetch_value()
        except Exception as cause:
            self._store(None)
            pending.set_exception(cause)
            raise _create_credential_error(cause) from cause
        except BaseException:
            self._store(None)
            pending.set_result(None)
            raise
        self._store(value)
        pending.set_result(value)
        return value

    async def _fetch_value(self) -> Secret:
        assert self._fetch is not None
        if inspect.iscoroutinefunction(self._fetch):
            found = await self._fetch()
        else:
            found = await asyncio.to_thread(cast("Callable[[], object]", self._fetch))
            if inspect.isawaitable(found):
                found = await found
        self._token = found if isinstance(found, Token) else None
        secret = Secret(cast("str", found.value if isinstance(found, Token) else found))
        del found  # where it is refused, this frame is in the traceback
        return self._create_value_to_send(secret)  # what is not text is refused there

    def _store(self, value: Secret | None) -> None:
        with self._lock:
            self._value, self._pending = value, None

    def _create_value_to_send(self, credential: Secret) -> Secret:
        """Make the value that is sent of a credential."""
        reason = _find_credential_fault(credential)
        if reason is not None:
            raise ConfigurationError(reason)
        return Secret(self._present(credential.reveal().strip()))


def _find_credential_fault(credential: Secret) -> str | None:
    text: object = credential.reveal()
    if not isinstance(text, str):
        return f"a credential is text, got {type(text).__name__}"
    text = text.strip()
    if not text:
        return "the credential is empty"
    if not text.isascii() or not text.isprintable():
        return "the credential holds characters that a header cannot carry; was it read from the wrong file?"
    return None


def hash_with_key(text: str, key: bytes) -> str:
    """Hash a text so that it can be recognised, and not guessed from the hash without the key (16 to 64 bytes)."""
    return blake2b(text.encode(), key=key, digest_size=16).hexdigest()


def _create_credential_error(cause: Exception) -> CredentialError:
    """Create an error for each caller: each adds what it knows of its own call."""
    reason = cause if isinstance(cause, ConfigurationError) else type(cause).__name__
    return CredentialError(f"the credential could not be fetched: {reason}; nothing was sent")


def create_scheme_presenter(scheme: str) -> Callable[[str], str]:
    """Create a function that presents a bare key as `scheme KEY`, and one that names its scheme as it is."""

    def present(key: str) -> str:
        return key if " " in key else f"{scheme} {key}"

    return present
