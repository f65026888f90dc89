"""Random answers to any operation: what fits, what nearly does, echoes of the request, pages, other encodings, garbage."""

from __future__ import annotations

import base64
import json
from random import Random
from typing import Any, TypeAlias
from urllib.parse import quote

import attrs
import orjson

from alloy_async import Operation
from alloy_async.core.operation.operation import find_result_type

from .call_judge import LOST, Outcome, judge_status
from .filled_operations import fill_result

Head: TypeAlias = tuple[str, str, dict[str, str]]
"""Verb, target and headers of a request."""

STATUSES = (
    *[200] * 20,
    201,
    202,
    204,
    301,
    304,
    400,
    401,
    403,
    404,
    405,
    408,
    409,
    413,
    422,
    425,
    429,
    429,
    499,
)
STATUSES += (500, 501, 502, 503, 503, 504, 599, 101, 99, 700)
LONG_WAIT = 3600
"""Seconds; past every deadline."""
ENCODINGS = ("utf-8-sig", "latin-1", "utf-16", "utf-16-le", "cp1252", "shift_jis")
UNASKED = b"HTTP/1.1 200 OK\r\nX-Mark: unasked\r\nContent-Length: 2\r\n\r\n{}"
BIG = 8_000_000
"""Bytes of the largest bodies."""


@attrs.frozen
class Plan:
    """What happens to a request.

    Args:
        raw: what is sent, as far as it is.
        kind: "whole", "cut" (the connection ends within it), "reset" (nothing is sent), "hang" (nothing, for ever), or
            "unasked" (another answer follows, which nobody asked for).
        outcomes: what may come of it.
    """

    raw: bytes
    kind: str
    outcomes: frozenset[Outcome]


def plan_answer(random: Random, operation: type[Operation[Any]], head: Head, body: bytes) -> Plan:
    """Choose what happens to a request."""
    _, target, headers = head
    status = random.choice(STATUSES)
    media, content = _create_content(random, operation, headers, body, target)
    if random.random() < 0.0004:
        content = (content or b"x") * (BIG // max(1, len(content)))
    if status in (204, 304) or status < 200:
        content = b""
    lines = [f"HTTP/1.1 {status:03} X", f"X-Mark: {headers['x-mark']}", f"Content-Type: {media}"]
    if status not in (204, 304) and status >= 200:
        lines.append(f"Content-Length: {len(content)}")
    wait = random.choice((0, 0, 0, LONG_WAIT)) if random.random() < 0.3 else None
    if wait is not None:
        lines.append(f"Retry-After: {wait}")
    if random.random() < 0.2:
        lines.append(f"X-Echo: {_find_key(headers, target)}")
    raw = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
    return _choose_fate(random, raw, content, judge_status(status, wait, _may_say_error(content)))


def _may_say_error(content: bytes) -> bool:
    """Tell whether a body may be an error, in whatever encoding."""
    return b'"error' in content.replace(b"\0", b"")


def _choose_fate(random: Random, head: bytes, content: bytes, whole: frozenset[Outcome]) -> Plan:
    chance = random.random()
    if chance < 0.02:
        return Plan(b"", "reset", frozenset({LOST}))
    if chance < 0.024:
        return Plan(b"", "hang", frozenset({("unknown", "never")}))
    if chance < 0.06 and content:
        cut = head + content[: random.randrange(len(content))]
        return Plan(cut, "cut", whole - {("result", "never")})
    if chance < 0.09:
        # Read together with the answer it may spoil it; in any case it spoils the connection.
        return Plan(head + content + UNASKED, "unasked", whole | {LOST, ("applied", "never")})
    return Plan(head + content, "whole", whole)


def _find_key(headers: dict[str, str], target: str) -> str:
    return headers.get("authorization") or headers.get("x-api-key") or target


def _create_content(
    random: Random, operation: type[Operation[Any]], headers: dict[str, str], sent: bytes, target: str
) -> tuple[str, bytes]:
    """Create a media type and a body."""
    key = _find_key(headers, target)
    kind = random.randrange(12)
    if kind < 5:
        return "application/json", _create_json(random, operation)
    if kind == 5:
        return "application/json", json.dumps(_create_echo(random, key, sent)).encode()
    if kind == 6:
        page = f"<!DOCTYPE html><html><body>{key} {target} {sent.decode('latin-1')}</body></html>"
        return random.choice(("text/html", "application/json", "text/csv")), page.encode()
    if kind == 7:
        encoding = random.choice(ENCODINGS)
        text = json.dumps(_create_echo(random, key, sent), ensure_ascii=False)
        declared = random.choice((f"; charset={encoding}", "", "; charset=no-such"))
        return f"application/json{declared}", text.encode(encoding, "replace")
    if kind == 8:
        deep = random.choice((3, 50, 300, 2000))
        return "application/json", b'{"message":' * deep + json.dumps(key).encode() + b"}" * deep
    if kind == 9:
        return random.choice(("text/plain", "")), random.randbytes(random.choice((0, 1, 20, 400)))
    if kind == 10:
        rows = f'username,email\r{key},"{key}"\nx"y,z\r\n"{"q" * random.choice((3, 200_000))}'
        return "text/csv", rows.encode()
    raw = _create_json(random, operation)
    return "application/json", raw[: random.randrange(len(raw) + 1)]


def _create_echo(random: Random, key: str, sent: bytes) -> Any:
    """Create an error's body that repeats the request, in one of many spellings."""
    text = f"{key} | {sent.decode('latin-1')}"
    spelt = random.choice(
        (
            text,
            quote(text, safe=""),
            quote(text).lower() if random.random() < 0.1 else quote(text),
            json.dumps(text),
            base64.b64encode(text.encode()).decode(),
            text.encode().hex(),
            text.encode().decode("latin-1"),
        )
    )
    places = (
        {"message": spelt},
        {spelt: 1},
        [spelt],
        {"errors": [{"message": spelt}]},
        spelt,
        {"a": {spelt: [spelt]}},
    )
    return random.choice(places)


def _create_json(random: Random, operation: type[Operation[Any]]) -> bytes:
    """Create a body that fits the operation's result, or nearly."""
    data = [fill_result(find_result_type(operation))]
    for _ in range(random.choice((0, 0, 1, 1, 2, 5))):
        _spoil(random, data)
    return orjson.dumps(data[0] if data else None)


def _spoil(random: Random, data: Any) -> None:
    """Change one part of JSON data, in place."""
    container = data
    while True:
        keys = list(container) if isinstance(container, dict) else list(range(len(container)))
        if not keys:
            return
        key = random.choice(keys)
        if not isinstance(container[key], dict | list) or random.random() < 0.3:
            break
        container = container[key]
    spoilt: tuple[Any, ...] = (
        None,
        "",
        "x\x1b[31m\n",
        5.0,
        -1,
        10**18,
        1e300,
        True,
        [],
        {},
        [[]],
        {"a": 1},
        ["x"],
        "2026-13-45T99:00:00Z",
    )
    change = random.randrange(4)
    if change == 0 and isinstance(container, dict):
        del container[key]
    elif change == 1 and isinstance(container, dict):
        container["new member"] = random.choice(spoilt)
    else:
        container[key] = random.choice(spoilt)
