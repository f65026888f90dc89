"""What a recording must not hold: passwords, keys and tokens, by the names of their members and by their own text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import orjson

MASK = "***"
SECRET_NAME = re.compile(
    r"password|passwd|secret|apikey|jwt|authorization|(auth|access|refresh|bearer|id)token$|^token$"
)
"""Of a member or a query parameter, in lower case and without anything but letters."""


def filter_exchange(exchange: dict[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """Return the exchange with every secret replaced."""
    filtered = {part: dict(facts) for part, facts in exchange.items()}
    for facts in filtered.values():
        facts["body"] = _filter_body(facts["body"])
        if "query" in facts:
            facts["query"] = "&".join(map(_filter_parameter, facts["query"].split("&")))
        for text in secrets:
            for name in ("path", "query", "body"):
                if name in facts and text:
                    facts[name] = facts[name].replace(text, MASK).replace(quote(text, safe=""), MASK)
    return filtered


def is_secret_name(name: str) -> bool:
    return SECRET_NAME.search(re.sub("[^a-z]", "", name.lower())) is not None


def _filter_parameter(pair: str) -> str:
    name, separator, _ = pair.partition("=")
    return f"{name}={MASK}" if separator and is_secret_name(name) else pair


def _filter_body(body: str) -> str:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    return orjson.dumps(_filter_value(value)).decode()


def _filter_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_filter_value(item) for item in value]
    if not isinstance(value, dict):
        return value
    filtered = {
        name: MASK if is_secret_name(name) and item is not None else _filter_value(item)
        for name, item in value.items()
    }
    if isinstance(credential := filtered.get("credential"), dict) and "data" in credential:
        credential["data"] = MASK  # what an app of Alloy asks for may have any name
    return filtered
