"""Which texts of a call are secret, and how they are kept out of what an error says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args
from urllib.parse import quote

import attrs
import orjson

from .fields import JsonObject, get_fields

SHORTEST_SECRET = 4
"""Characters; a shorter secret is not looked for in what the server sends."""


def may_hold_secret(of: Any, within: frozenset[Any] = frozenset()) -> bool:
    """Tell whether a value of this type may hold a field that is marked as secret."""
    if of in within:
        return False
    if isinstance(of, type) and issubclass(of, JsonObject):
        fields = get_fields(of)
        return any(field.marker.secret or may_hold_secret(field.type, within | {of}) for field in fields)
    return any(may_hold_secret(part, within) for part in get_args(of))


def find_secrets(value: Any) -> list[str]:
    """Collect the texts in the fields that an operation, or a model in it, marks as secret."""
    found: list[str] = []
    for field in get_fields(value.__class__):
        content = getattr(value, field.name)
        if field.marker.secret:
            found += _collect_texts(content)
        else:
            for model in content if isinstance(content, list | tuple) else [content]:
                if attrs.has(model.__class__):
                    found += find_secrets(model)
    return found


def _collect_texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _collect_texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _collect_texts(item)]
    if attrs.has(value.__class__):
        return [
            text
            for field in get_fields(value.__class__)
            for text in _collect_texts(getattr(value, field.name))
        ]
    return []


def redact(raw: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> tuple[bytes, Mapping[str, str]]:
    """Return body and headers without the secrets; keep very short ones, which would also blot out innocent text."""
    blots = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _list_spellings(secret)}
    longest_first = sorted(blots, key=len, reverse=True)

    def clean(text: str) -> str:
        for blot in longest_first:
            text = text.replace(blot, "***")
        return text

    try:
        raw = orjson.dumps(
            _map_texts(orjson.loads(raw), clean)
        )  # in JSON a text has many forms, parsed it has one
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # no JSON, or too deep to be written
        raw = clean(raw.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    return raw, {name: clean(value) for name, value in headers.items()}


def _list_spellings(secret: str) -> set[str]:
    """List a text as it may stand in a message, a URL, or JSON."""
    escaped = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return {secret, quote(secret, safe="", errors="replace"), *escaped}


def _map_texts(data: Any, change: Callable[[str], str]) -> Any:
    """Change all texts of JSON data, in place; without recursion, since a server decides how deep it is."""
    whole: list[Any] = [data]
    todo: list[Any] = [whole]
    while todo:
        container = todo.pop()
        for key, value in list(container.items() if isinstance(container, dict) else enumerate(container)):
            if isinstance(value, str):
                container[key] = change(value)
            elif isinstance(value, dict | list):
                todo.append(value)
    return whole[0]
