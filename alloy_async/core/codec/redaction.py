"""Which texts of a call are secret, and how they are kept out of what an error tells."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args
from urllib.parse import quote

import attrs
import orjson

from .model import Model, fields_of

SHORTEST_SECRET = 4
"""Characters; a shorter secret is not looked for in what the server sends."""


def declares_secret(of: Any, within: frozenset[Any] = frozenset()) -> bool:
    """Whether a value of this type may hold a field that is marked as secret."""
    if of in within:
        return False
    if isinstance(of, type) and issubclass(of, Model):
        fields = fields_of(of)
        return any(field.marker.secret or declares_secret(field.type, within | {of}) for field in fields)
    return any(declares_secret(part, within) for part in get_args(of))


def secret_texts(value: Any) -> list[str]:
    """The texts in the fields that an operation, or a model in it, marks as secret."""
    found: list[str] = []
    for field in fields_of(value.__class__):
        content = getattr(value, field.name)
        if field.marker.secret:
            found += _texts(content)
        else:
            for model in content if isinstance(content, list | tuple) else [content]:
                if attrs.has(model.__class__):
                    found += secret_texts(model)
    return found


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    if attrs.has(value.__class__):
        return [text for field in fields_of(value.__class__) for text in _texts(getattr(value, field.name))]
    return []


def scrubbed(
    raw: bytes, headers: Mapping[str, str], secrets: Iterable[str]
) -> tuple[bytes, Mapping[str, str]]:
    """The answer without secrets; very short ones are left, since they would also blot out innocent text."""
    blots = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
    longest_first = sorted(blots, key=len, reverse=True)

    def clean(text: str) -> str:
        for blot in longest_first:
            text = text.replace(blot, "***")
        return text

    try:
        raw = orjson.dumps(
            _with_texts(orjson.loads(raw), clean)
        )  # in JSON a text has many forms, parsed it has one
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # no JSON, or too deep to be written
        raw = clean(raw.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    return raw, {name: clean(value) for name, value in headers.items()}


def _forms(secret: str) -> set[str]:
    """A text as it may stand in a message, a URL, or JSON."""
    escaped = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return {secret, quote(secret, safe="", errors="replace"), *escaped}


def _with_texts(data: Any, change: Callable[[str], str]) -> Any:
    """JSON data with all its texts changed, in place; without recursion, since a server decides how deep it is."""
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
