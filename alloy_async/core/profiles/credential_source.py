"""Where a credential is kept: the environment, a file, a command that prints it, or the system's keyring."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from ..errors import ConfigurationError

COMMAND_SECONDS = 60.0
"""How long a command may take: it may ask its user for a finger or a code."""


@attrs.frozen
class CredentialSource:
    """Say where a credential is kept; the credential itself is read when it is needed, and never stored.

    Args:
        kind: "env", "file", "command" or "keyring".
        place: the variable, the path, the words of the command, or service and user name.
    """

    kind: str
    place: tuple[str, ...]

    def __str__(self) -> str:
        shown = self.place[:1] if self.kind == "command" else self.place
        return f"{self.kind} {'/'.join(shown)}"

    def read(self) -> str:
        """Read the credential.

        Raises:
            ConfigurationError: it is not there; the message names the place, never the credential.
        """
        text = _READERS[self.kind](self.place).strip()
        if not text:
            raise ConfigurationError(f"{self}: there is no credential in it")
        return text


def _read_required_variable(place: tuple[str, ...]) -> str:
    value = os.environ.get(place[0])
    if value is None:
        raise ConfigurationError(
            f"the environment variable {place[0]} is not set; it must hold the credential"
        )
    return value


def _read_file(place: tuple[str, ...]) -> str:
    path = Path(place[0]).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: the credential cannot be read: {error.strerror}") from None
    except UnicodeError:
        raise ConfigurationError(f"{path}: the credential cannot be read: this is not text") from None


def _run_command(place: tuple[str, ...]) -> str:
    # What it prints on standard error goes to the user's terminal: password managers ask there.
    try:
        done = subprocess.run(place, stdout=subprocess.PIPE, timeout=COMMAND_SECONDS, check=False)  # noqa: S603
    except OSError as error:
        raise ConfigurationError(f"{place[0]}: cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"{place[0]}: gave no credential within {COMMAND_SECONDS:.0f} s") from None
    if done.returncode:
        raise ConfigurationError(f"{place[0]}: ended with exit code {done.returncode}, without a credential")
    try:
        return done.stdout.decode()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{place[0]}: what it printed is not text") from None


def _read_keyring(place: tuple[str, ...]) -> str:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise ConfigurationError(
            "a credential in the keyring needs keyring: pip install 'alloy-async[keyring]'"
        ) from None
    service, user = place
    try:
        found = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(f"the keyring cannot be read: {type(error).__name__}") from None
    if found is None:
        raise ConfigurationError(
            f"the keyring has no credential of {user!r} for {service!r}; add it:  keyring set {service} {user}"
        )
    return found


_READERS: Mapping[str, Callable[[tuple[str, ...]], str]] = {
    "env": _read_required_variable,
    "file": _read_file,
    "command": _run_command,
    "keyring": _read_keyring,
}
KINDS = tuple(_READERS)


def parse_credential_source(given: object, folder: Path | None = None) -> CredentialSource:
    """Parse what a profile says of its credential, as `{ env = "ACME_KEY" }`.

    Args:
        given: what it says.
        folder: where the path of a file begins; None is the current one.

    Raises:
        ValueError: it is not one place; the message does not repeat what was given, which may be a secret.
    """
    ways = '{ env = "NAME" }, { file = "PATH" }, { command = "WORDS" } or { keyring = "SERVICE/USER" }'
    if not isinstance(given, Mapping) or len(given) != 1 or not given.keys() <= _READERS.keys():
        raise ValueError(f"credential must say where the credential is kept, not what it is: {ways}")
    ((kind, value),) = given.items()
    if kind == "command":
        try:
            words = shlex.split(value) if isinstance(value, str) else value
        except ValueError:  # a quotation that is not closed
            words = None
        if not words or not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError('credential.command is a command line, as "pass show acme", or a list of words')
        return CredentialSource(kind, tuple(words))
    if not isinstance(value, str) or not value:
        raise ValueError(f"credential.{kind} must be text, and not empty")
    if kind == "keyring":
        service, slash, user = value.rpartition("/")
        if not slash or not service or not user:
            raise ValueError('credential.keyring names service and user, as "alloy-async/acme"')
        return CredentialSource(kind, (service, user))
    if kind == "file" and folder is not None:
        value = str(folder / Path(value).expanduser())
    return CredentialSource(kind, (value,))
