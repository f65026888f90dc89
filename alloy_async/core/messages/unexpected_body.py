"""Read the body of an answer that is not the expected one: its text, its JSON data, its message for a person.

Everything here is bounded: a server may send anything, and an error keeps and shows but a part of it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from ..codec.redaction import Redactor

MAX_BODY = 256 * 1024
"""Bytes of an error's body that are parsed and kept; of a longer one the beginning is kept as text."""
MAX_MESSAGE = 300
"""Characters of the server's own words that go into an error's message."""
MAX_DEPTH = 4
"""Levels of an error's body that are searched for words."""

WORDS = (
    "message",
    "error_message",
    "error_description",
    "detail",
    "error",
    "errors",
    "fault",
    "faultstring",
    "description",
    "title",
    "reason",
    "msg",
)
"""Members of an error's body that hold words for a person, the best first."""

_CHARSET = r"(?i)charset\s*=\s*\"?([\w.:-]+)"
_TEXT_CODECS = r"utf-(8|16|32)|iso8859|cp\d|latin|ascii|shift|euc|gb|big5|koi8|mac|iso2022"
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def parse_body(raw: bytes, headers: Mapping[str, str], redactor: Redactor) -> Any:
    """Parse the body of an error: JSON data where it is JSON, else text; None where it is empty.

    Args:
        headers: of the answer; names in lower case.
        redactor: takes the secrets out.

    Returns:
        JSON data or text, without secrets. Data that is nested too deeply to be copied or sent on stays text.
    """
    if not raw:
        return None
    if len(raw) > MAX_BODY:
        text = redactor.redact_text(decode_text(raw[:MAX_BODY], headers, is_cut=True))
        # The cut may have gone through a secret, the rest of which no search finds.
        return f"{text[: max(0, len(text) - redactor.longest)]}... (the first of {len(raw)} bytes)"
    text = decode_text(raw, headers)
    try:
        data = orjson.loads(text)
        orjson.dumps(data)  # it goes 254 levels deep, and so do pickle and copy
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return redactor.redact_text(text)
    return redactor.redact_data(data)


def decode_text(raw: bytes, headers: Mapping[str, str], *, is_cut: bool = False) -> str:
    """Decode a body: by its byte order mark, else the declared charset, else as UTF-8; never fails.

    Args:
        headers: of the answer; names in lower case.
        is_cut: whether the last character may be cut in two.
    """
    for encoding in _iterate_encodings(raw, headers):
        try:
            return codecs.getincrementaldecoder(encoding)().decode(raw, not is_cut)
        except UnicodeError:  # not UnicodeDecodeError alone: UTF-16 without its mark is the former
            continue
    # Not with replacement characters: a secret with one in its middle would not be recognised.
    return raw.decode("latin-1")


def _iterate_encodings(raw: bytes, headers: Mapping[str, str]) -> Iterator[str]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            yield encoding
    charset = find_charset(headers)
    if charset is not None:
        yield charset
    zeros = raw[:1024].count(0)
    if zeros > len(raw[:1024]) / 4:
        yield "utf-16-le" if raw[:1024:2].count(0) < zeros / 2 else "utf-16-be"
    yield "utf-8"


def find_charset(headers: Mapping[str, str]) -> str | None:
    """Find the encoding that Content-Type declares, where it is one of text that is known."""
    declared = re.search(_CHARSET, headers.get("content-type", ""))
    if declared is None:
        return None
    try:
        name = codecs.lookup(declared[1]).name
    except LookupError:
        return None
    return name if re.match(_TEXT_CODECS, name) else None


def is_text_encoding(name: object) -> bool:
    """Tell whether there is an encoding of text by a name."""
    if not isinstance(name, str):
        return False
    try:
        return isinstance(b"x".decode(name), str)
    except UnicodeDecodeError:  # one letter may not be text in it
        return True
    except (LookupError, ValueError):
        return False


def describe_other_media(headers: Mapping[str, str], start: bytes) -> str | None:
    """Tell what was sent instead of a table or a file: a sign-in page, or a JSON error under a status that says success.

    Args:
        headers: of the answer; names in lower case.
        start: the first bytes of the body.

    Returns:
        "an HTML page", "a JSON document", or None where the body may be what it should.
    """
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    first = start[:512].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if media in ("text/html", "application/xhtml+xml") or first.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if media == "application/json" or media.endswith("+json") or re.match(rb'\{\s*"|\[\s*\{', first):
        return "a JSON document"
    return None


def find_message(body: Any, depth: int = 0) -> str | None:
    """Find the words for a person in an error's body, wherever the services put them, as one line that can be printed."""
    if isinstance(body, str):
        text = format_line(body)
        return text or None if not text.startswith("<") else None
    if depth > MAX_DEPTH:
        return None
    if isinstance(body, list):
        return next((words for item in body[:10] if (words := find_message(item, depth + 1))), None)
    if isinstance(body, dict):
        for name in WORDS:
            if body.get(name) and (words := find_message(body[name], depth + 1)):
                return words
        for name, value in list(body.items())[:10]:  # {"email": ["is taken"]}
            if isinstance(value, list) and value and isinstance(value[0], str):
                return format_line(f"{name}: {value[0]}")
    return None


def format_line(text: str, limit: int = MAX_MESSAGE) -> str:
    """Format a server's words as one line: no line breaks, no escapes that steer a terminal, not longer than `limit`."""
    words = " ".join(text[: 4 * limit].split())
    line = "".join(letter if letter.isprintable() else _escape_letter(letter) for letter in words)
    return line[:limit]


def _escape_letter(letter: str) -> str:
    code = ord(letter)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
