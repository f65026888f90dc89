"""Smooch's credential: a JSON Web Token, ready-made or signed here with a key pair of the app or the account."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Literal, get_args

import attrs

from ..core.auth import KeySource, Token
from ..core.errors import ConfigurationError
from ..core.options import Service

Scope = Literal["app", "account", "appUser"]

LIFETIME = 3600.0
"""Seconds that a token signed here is good for; a leaked one is not good for ever."""


def _create_signer() -> Callable[..., str]:
    try:
        from jwt import PyJWS
        from jwt.algorithms import HMACAlgorithm
    except ImportError:
        raise ConfigurationError(
            "key_id= and secret= need PyJWT to sign tokens: pip install 'alloy-async[smooch]' (or give a ready token=)"
        ) from None

    class ServiceKey(HMACAlgorithm):
        """HS256 without PyJWT's warning about the key's length, which is Smooch's choice and not the user's."""

        def check_key_length(self, key: bytes) -> None:
            return None

    jws = PyJWS()
    jws.unregister_algorithm("HS256")
    jws.register_algorithm("HS256", ServiceKey(HMACAlgorithm.SHA256))
    return jws.encode


@attrs.frozen
class SignedTokens:
    """Signs tokens with a key pair; give it as `token=`, or have the client make it of `key_id=` and `secret=`.

    Each call gives a new token (HS256), and the client calls again before the last one lapses.

    Args:
        key_id: the id of the key pair; goes into the token's header as `kid`.
        secret: the secret of the key pair.
        scope: "app" for all operations on the app's users, "account" for all apps of an account (needs a key of the
            account), "appUser" for one user.
        user_id: the user's own id; for scope "appUser", and only for that.
        lifetime: seconds that a token is good for. Default one hour.
        wall: seconds since the epoch.

    Raises:
        ConfigurationError: PyJWT is not installed, or the scope and user_id do not go together.
    """

    key_id: str
    secret: str = attrs.field(repr=False)
    scope: Scope = "app"
    user_id: str | None = None
    lifetime: float = attrs.field(default=LIFETIME, kw_only=True)
    wall: Callable[[], float] = attrs.field(default=time.time, kw_only=True, repr=False)
    _sign: Callable[..., str] = attrs.field(init=False, repr=False, factory=_create_signer)

    def __attrs_post_init__(self) -> None:
        if self.scope not in get_args(Scope):
            raise ConfigurationError(f"scope is one of {', '.join(get_args(Scope))}; got {self.scope!r}")
        if (self.scope == "appUser") is (self.user_id is None):
            raise ConfigurationError("scope 'appUser' needs user_id=, and no other scope takes it")

    def __call__(self) -> Token:
        """Create a new token."""
        expires_at = int(self.wall() + self.lifetime)
        claims: dict[str, Any] = {"scope": self.scope, "exp": expires_at}
        if self.user_id is not None:
            claims["userId"] = self.user_id
        headers = {"kid": self.key_id}
        payload = json.dumps(claims, separators=(",", ":")).encode()
        return Token(self._sign(payload, self.secret, "HS256", headers), expires_at)


def choose_credential(
    system: Service,
    token: KeySource | None,
    key_id: str | None,
    secret: str | None,
    scope: Scope | None,
    user_id: str | None,
) -> KeySource:
    """Choose the credential that a client's arguments mean, or else the environment's.

    Raises:
        ConfigurationError: there is none, only half of one, or two.
    """
    for name, value in {"key_id": key_id, "secret": secret, "scope": scope, "user_id": user_id}.items():
        if value is not None and not isinstance(value, str):
            raise ConfigurationError(f"{name} is text, got {type(value).__name__}")
    pair = key_id or secret or scope or user_id
    if token is not None and pair:
        raise ConfigurationError("give token=, or key_id= and secret= with scope= and user_id=; not both")
    if not pair:
        token = token if token is not None else system.read_environment_variable("token")
    if token is not None:
        return token
    given: dict[str, Any] = {
        "key_id": key_id or system.read_environment_variable("key_id"),
        "secret": secret or system.read_environment_variable("secret"),
    }
    missing = [name for name, value in given.items() if value is None]
    if missing:
        wanted = " and ".join(f"{name}= (or {system.get_variable_name(name)})" for name in missing)
        else_token = (
            "" if pair or len(missing) < 2 else f", or token= (or {system.get_variable_name('token')})"
        )
        raise ConfigurationError(f"no credential: give {wanted}{else_token}")
    wanted_scope: Any = scope or system.read_environment_variable("scope") or "app"
    return SignedTokens(**given, scope=wanted_scope, user_id=user_id)
