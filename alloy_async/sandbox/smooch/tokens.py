"""JSON Web Tokens as the emulated Smooch checks them; HS256 by the standard library alone."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from ..contract.schema import Misfit, parse_json_strictly
from ..emulated_service import Clock
from ..messages import ApiError

APP_ID = "65a1f0c2d4b8e90011a2b3c4"
KEY_ID = "app_65a1f0d7d4b8e90011a2b3c5"
SECRET = "sandbox-secret-that-is-known-to-all"  # noqa: S105 (it opens nothing but the sandbox)
"""The app that there is, and the key pair that opens it, unless other ones are given."""

SCOPES = ("app", "account", "appUser")


def verify_token(token: str, secrets: Mapping[str, str], clock: Clock) -> dict[str, Any]:
    """Verify what a token claims.

    Args:
        secrets: the secret of each key id.

    Raises:
        ApiError: 401, when it is not signed with one of the secrets, or has lapsed.
    """
    header, claims, signature = _split_token(token)
    if header.get("alg") != "HS256":
        raise ApiError(401, f"The token's alg is {header.get('alg')!r}, not 'HS256'.")
    secret = secrets.get(str(header.get("kid")))
    if secret is None:
        raise ApiError(401, f"The token's kid {header.get('kid')!r} is no key of this app.")
    signed = token.rpartition(".")[0].encode()
    if not hmac.compare_digest(hmac.digest(secret.encode(), signed, hashlib.sha256), signature):
        raise ApiError(401, "The token's signature is wrong.")
    expiry = claims.get("exp")
    if expiry is not None and (not isinstance(expiry, int | float) or expiry <= clock()):
        raise ApiError(401, "The token has lapsed: its exp is past.")
    if claims.get("scope") not in SCOPES:
        raise ApiError(401, f"The token's scope is {claims.get('scope')!r}, not one of {', '.join(SCOPES)}.")
    if claims["scope"] == "appUser" and not isinstance(claims.get("userId"), str):
        raise ApiError(401, "A token of scope 'appUser' needs the claim userId.")
    return claims


def read_unverified_claims(token: str) -> dict[str, Any]:
    """Read what a token claims, whoever signed it; none for what is not a token."""
    try:
        return _split_token(token)[1]
    except ApiError:
        return {}


def _split_token(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    parts = token.split(".")
    try:
        if len(parts) != 3 or not token.isascii():
            raise Misfit("it has not three parts")
        header, claims, signature = (
            base64.b64decode(part + "=" * (-len(part) % 4), b"-_", validate=True) for part in parts
        )
        opened = parse_json_strictly(header, "its header"), parse_json_strictly(claims, "its payload")
        if not all(isinstance(part, dict) for part in opened):
            raise Misfit("its header and payload are not both objects")
    except (Misfit, binascii.Error) as problem:
        raise ApiError(401, f"The token is no JSON Web Token: {problem}.") from None
    return *opened, signature
