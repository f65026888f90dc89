"""A profile: how to reach one customer's account at one of the systems."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import attrs

from ..errors import ConfigurationError
from .credential_source import CredentialSource, parse_credential_source

PROFILE_VARIABLE = "ALLOY_ASYNC_PROFILE"
"""The environment variable with the name of the profile to take where none is named."""

_KEYS = ("system", "base_url", "credential", "key_id", "scope", "place")
_OF_KEY_PAIRS = ("key_id", "scope")


@attrs.frozen
class Profile:
    """Say how to reach one account.

    Args:
        name: as its user calls it.
        system: one of the five, as "alloy".
        base_url: where the system is; None for the vendor's own address, or the environment's.
        credential: where the credential is kept; None for the environment's, as ALLOY_API_KEY.
        key_pair: for Smooch, `key_id` and `scope` of a key pair, whose secret is the credential.
        place: what a directory must know besides, as the organisation: `org_id`, `app_id` or `identity_provider`.
    """

    name: str
    system: str
    base_url: str | None = None
    credential: CredentialSource | None = None
    key_pair: Mapping[str, str] = attrs.field(factory=dict)
    place: Mapping[str, str] = attrs.field(factory=dict)

    def get_client_options(self, credential_name: str) -> dict[str, Any]:
        """Get the arguments of a client that reaches the account.

        Args:
            credential_name: what the client calls its credential, as "api_key".

        Returns:
            The arguments. The credential is a callable that reads it anew whenever a client asks, so that one that was
            changed at its place is found; the secret of a key pair is read at once.

        Raises:
            ConfigurationError: the secret of a key pair cannot be read.
        """
        options: dict[str, Any] = {} if self.base_url is None else {"base_url": self.base_url}
        if self.key_pair and self.credential is not None:
            return {**options, **self.key_pair, "secret": self.credential.read()}
        if self.credential is not None:
            options[credential_name] = self.credential.read
        return options

    def check_system(self, system: str) -> None:
        """Refuse to be used for another system.

        Raises:
            ConfigurationError: the profile is for another one.
        """
        if self.system != system:
            raise ConfigurationError(f"profile {self.name!r} is for {self.system}, not for {system}")


def parse_profile(name: str, table: object, folder: Path | None = None) -> Profile:
    """Parse the table of one profile.

    Args:
        name: of the profile.
        table: what stands below the name.
        folder: where the path of a credential's file begins; None is the current one.

    Raises:
        ValueError: a key is missing, unknown, or of the wrong type.
    """
    if not isinstance(table, Mapping):
        above = "the name of a profile, as [acme]," if name in _KEYS else f"[{name}]"
        raise ValueError(f"is not a table; write {above} above its keys")
    for key, value in table.items():
        if key not in _KEYS and isinstance(value, Mapping):
            raise ValueError(f"there is no table {key!r} in it; write [{key}] above the keys of a profile")
        if key not in _KEYS:
            raise ValueError(f"there is no key {key!r}{_format_suggestion(key, _KEYS)}")
    system = table.get("system")
    if not isinstance(system, str) or not system:
        raise ValueError('system is missing; write system = "alloy", say')
    for key in ("base_url", *_OF_KEY_PAIRS):
        if not isinstance(table.get(key, ""), str):
            raise ValueError(f"{key} must be text")
    place = table.get("place", {})
    if not isinstance(place, Mapping) or not all(isinstance(value, str) for value in place.values()):
        raise ValueError('place is a table of text, as { org_id = "..." }')
    credential = parse_credential_source(table["credential"], folder) if "credential" in table else None
    key_pair = {key: table[key] for key in _OF_KEY_PAIRS if key in table}
    if key_pair and (system != "smooch" or "key_id" not in key_pair or credential is None):
        raise ValueError("key_id and scope are for smooch, and need the secret as credential")
    return Profile(name, system, table.get("base_url"), credential, key_pair, dict(place))


def _format_suggestion(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"
