"""The keys of a table of tenants: those of a profile, and the options of `provision`, and what each can hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ...options.job_options import MODES
from ...options.source import FORMATS

Check: TypeAlias = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_positive_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_text_or_texts(value: Any) -> bool:
    return _is_text(value) or (isinstance(value, list) and bool(value) and all(map(_is_text, value)))


def _is_column_map(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_is_text_or_texts, value.values()))


def _is_table_of_constants(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(one, str | Mapping) or one is True or one is False for one in value.values()
    )


_TEXT: tuple[Check, str] = (_is_text, "is text")
_FLAG: tuple[Check, str] = (lambda value: isinstance(value, bool), "is true or false")

ACCOUNT_KEYS: Mapping[str, tuple[Check, str]] = {
    "system": _TEXT,
    "base_url": _TEXT,
    "credential": (
        lambda value: isinstance(value, Mapping),
        'says where the credential is kept, not what it is, as { env = "NAME" } or { file = "PATH" }',
    ),
    "key_id": _TEXT,
    "scope": _TEXT,
    "place": (lambda value: isinstance(value, Mapping), 'is a table, as { org_id = "..." }'),
}
"""Whose account it is, where no profile says so; as in a file of profiles."""

KEYS: Mapping[str, tuple[Check, str]] = {
    "profile": _TEXT,
    **ACCOUNT_KEYS,
    "file": _TEXT,
    "format": (lambda value: value in FORMATS, f"is one of {', '.join(FORMATS)}"),
    "map": (_is_column_map, 'is a table of columns and fields, as { Mail = "email" }'),
    "set": (_is_table_of_constants, 'is a table of fields and values, as { department = "Sales" }'),
    "mapping": _TEXT,
    "delimiter": (
        lambda value: _is_text(value) and len(value) == 1 and value not in '"\r\n',
        'is one character, as ";" or "\\t"',
    ),
    "encoding": _TEXT,
    "sheet": _TEXT,
    "skip_rows": (
        lambda value: _is_positive_integer(value) or (value == 0 and not isinstance(value, bool)),
        "is a number of lines, 0 or more",
    ),
    "allow_empty": _FLAG,
    "job": _TEXT,
    "mode": (lambda value: value in MODES, f"is one of {', '.join(MODES)}"),
    "allow_delete": (
        lambda value: _is_number(value) and 0 <= value <= 1,
        "is the share that may be removed, between 0 and 1, as 0.05",
    ),
    "allow_inactive": _FLAG,
    "send_hidden": _FLAG,
    "rate": (lambda value: _is_number(value) and value > 0, "is requests a second, above 0"),
    "burst": (_is_positive_integer, "is a number of requests, 1 or more"),
    "concurrency": (
        lambda value: _is_positive_integer(value) and value <= 64,
        "is a number of calls in flight, between 1 and 64",
    ),
}
"""All keys: the check of a value, and what the value is, for people."""


def find_value_fault(key: str, value: Any) -> str | None:
    """Check a value; what is wrong with it, without repeating it, as it may be a secret in the wrong place."""
    check, description = KEYS[key]
    return None if check(value) else f"{key} {description}"
