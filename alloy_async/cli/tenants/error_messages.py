"""Errors of the library in the words of a table of tenants: an argument or an option becomes the key that sets it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..error_messages import format_option_name, translate_to_options
from ..options.target import PLACE_NAMES
from .table.keys import KEYS

_OPTION = re.compile(r"--(?:(encoding|allow-delete|skip-rows|format|sheet) (\w[^\s,;)]*)|([a-z][a-z-]*))")
"""An option; those that are suggested with a value, with that."""


def describe_tenant_error(error: Exception) -> str:
    """Describe what kept a tenant from its report, in one line."""
    from ...core.errors import Forbidden, Unauthorized

    text = translate_to_keys(translate_to_options(str(error)))
    if not text or not _is_known(error):
        text = f"{type(error).__name__}: {text}".rstrip(": ")
    if isinstance(error, Unauthorized | Forbidden):
        text += "; the credential was refused: look at where the table, or the profile, says that it is kept"
    return " ".join(text.split("\n"))


def format_argument_as_key(name: str, value: Any = None) -> str:
    """Name an argument of the library as the key that sets it: `allow_inactive = true`, `encoding = "cp1252"`.

    Args:
        name, value: see `format_argument_name`.
    """
    if isinstance(value, Mapping):
        columns = ", ".join(f"{_format_key(column)} = {json.dumps(field)}" for column, field in value.items())
        return f"map = {{ {columns} }}"
    key = {"columns": "map", "constants": "set", "source": "file"}.get(name, name)
    if name in PLACE_NAMES:
        return f'place = {{ {name} = "{"..." if value is None else value}" }}'
    if key not in KEYS:
        return format_option_name(name, value)
    return key if value is None else f"{key} = {json.dumps(value, ensure_ascii=False)}"


def _format_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def translate_to_keys(message: str) -> str:
    """Rewrite a message: `--encoding cp1252` becomes `encoding = "cp1252"`, `--skip-rows 2` becomes `skip_rows = 2`."""

    def name_key(found: re.Match[str]) -> str:
        key, value = (found[1] or found[3]).replace("-", "_"), found[2]
        if key not in KEYS:
            return found[0]
        if value is None:
            return key
        is_bare = re.fullmatch(r"[\d.]+|true|false", value) is not None
        return f"{key} = {value}" if is_bare else f'{key} = "{value}"'

    return _OPTION.sub(name_key, message)


def _is_known(error: Exception) -> bool:
    from ...core.errors import AlloyAsyncError

    return isinstance(error, AlloyAsyncError | OSError)
