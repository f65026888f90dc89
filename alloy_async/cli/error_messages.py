"""Errors of the library in the words of the command line: an argument's name becomes the option that sets it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Mapping
from typing import Any

import click

OPTIONS: Mapping[str, str] = {
    "adopted": "--adopted",
    "allow_delete": "--allow-delete",
    "allow_empty": "--allow-empty",
    "allow_inactive": "--allow-inactive",
    "api_key": "--api-key-file",
    "base_url": "--base-url",
    "burst": "--burst",
    "columns": "--map",
    "concurrency": "--concurrency",
    "constants": "--set",
    "deadline": "--deadline",
    "delimiter": "--delimiter",
    "encoding": "--encoding",
    "format": "--format",
    "identity_provider": "--identity-provider",
    "job": "--job",
    "mapping": "--mapping",
    "mode": "--mode",
    "new_key": "--new-key",
    "on": "--on",
    "org_id": "--org-id",
    "app_id": "--app-id",
    "portal": "--base-url",
    "rate_limit": "--rate",
    "send_hidden": "--send-hidden",
    "sends_again": "--send-again",
    "shard_rows": "--shard-rows",
    "sheet": "--sheet",
    "skip_rows": "--skip-rows",
    "source": "FILE",
    "token": "--api-key-file",
}
"""Arguments of the library, and the options that set them."""


def format_option_name(name: str, value: Any = None) -> str:
    """Name an argument of the library as the option that sets it: `--allow-inactive`, `--encoding cp1252`.

    Args:
        name, value: see `format_argument_name`.
    """
    if isinstance(value, Mapping):
        return " ".join(f"--map {shlex.quote(f'{column}={field}')}" for column, field in value.items())
    if name not in OPTIONS:
        return f"{name}={'' if value is None else value}"
    return OPTIONS[name] if value is None or value is True else f"{OPTIONS[name]} {shlex.quote(str(value))}"


_PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_ARGUMENT = re.compile(rf"\b({'|'.join(OPTIONS)})=(\w[^\s,;)]*)?")
_SUBJECT = re.compile(r"^((?:\w+: )?)(\w+)(?=[ \[.:])")


def translate_to_options(message: str, arguments: Collection[str] = ()) -> str:
    """Rewrite a message of the library: `allow_delete=0.05` becomes `--allow-delete 0.05`, `on=local:4` becomes `--on local:4`.

    Args:
        message: as the library says it.
        arguments: names of arguments that are options of their own; where the message begins with one, as
            `user_id is empty`, it becomes `--user-id is empty`.
    """

    def spell_option(found: re.Match[str]) -> str:
        return f"{OPTIONS[found[1]]} {found[2] or ''}".rstrip()

    def spell_subject(found: re.Match[str]) -> str:
        option = f"--{found[2].replace('_', '-')}" if found[2] in arguments else OPTIONS.get(found[2], "")
        return found[1] + (option if option and ("_" in found[2] or found[2] in arguments) else found[2])

    return _SUBJECT.sub(spell_subject, _ARGUMENT.sub(spell_option, message))


def describe_error(error: Exception, arguments: Collection[str] = ()) -> str:
    """Describe an error to the user of the command line: what happened, and what to do next.

    Args:
        error: of the library or the operating system.
        arguments: as for `translate_to_options`.
    """
    from ..core.errors import AlloyAsyncError

    if isinstance(error, OSError) and error.strerror and not isinstance(error, AlloyAsyncError):
        place = error.filename or "the output cannot be written"
        return f"Error: {place}: {error.strerror}"
    return f"Error: {translate_to_options(str(error), arguments)}{_suggest_remedy(error, arguments)}"


def error_to_json(error: Exception, arguments: Collection[str] = ()) -> dict[str, Any]:
    """Convert an error to JSON data; of one that is no error of the library, nothing was sent.

    Args:
        error: of the library, of the operating system, or of the words of the command.
        arguments: as for `translate_to_options`.
    """
    from ..core.errors import AlloyAsyncError

    if isinstance(error, AlloyAsyncError):
        message, facts = translate_to_options(error.message, arguments), error
    elif isinstance(error, click.ClickException):
        message, facts = error.format_message(), AlloyAsyncError("", effect="none")
    else:
        message, facts = describe_error(error).removeprefix("Error: "), AlloyAsyncError("", effect="none")
    return {
        "error": type(error).__name__,
        "message": message,
        "operation": facts.operation,
        "status": facts.status,
        "request_id": facts.request_id,
        "effect": facts.effect,
        "attempts": facts.attempts,
        "retry_after": facts.retry_after,
        "body": _body_to_json(facts.body),
    }


def _body_to_json(body: Any) -> Any:
    from ..core.codec.typed_json import to_wire
    from ..core.errors import InvalidRequest

    try:
        return to_wire(body)
    except InvalidRequest:
        return str(body)


def _suggest_remedy(error: Exception, arguments: Collection[str]) -> str:
    from ..core.auth import CLOCK
    from ..core.errors import AlloyAsyncError, ConnectError, Forbidden, NotFound, Unauthorized
    from ..provisioning.errors import ForeignRowsError

    if isinstance(error, ForeignRowsError):
        from .output.failed_file import suggest_right_file

        return suggest_right_file(error)
    nothing = " Nothing was changed." if isinstance(error, AlloyAsyncError) and error.effect == "none" else ""
    if isinstance(error, Unauthorized | Forbidden):
        places = "its environment variable, --api-key-file or its place in the profile"
        first = "set this host's clock right, or " if CLOCK in error.message else ""
        return f"\nThe API key was refused: {first}check {places}.{nothing}"
    if isinstance(error, ConnectError):
        proxies = [name for name in os.environ if name.upper() in _PROXY_VARIABLES]
        return f"\nCheck {', '.join(['--base-url', *proxies])} and your network.{nothing}"
    if isinstance(error, NotFound):
        options = [f"--{name.replace('_', '-')}" for name in arguments]
        return f"\nCheck {' and '.join(options) or '--base-url'}.{nothing}"
    return ""
