"""Which texts of a call are secret, and how they are kept out of what is shown of it."""

from __future__ import annotations

import base64
import html
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, get_args
from urllib.parse import quote, quote_plus, unquote_plus

import attrs

from .fields import ModelBase, get_fields

SHORTEST_SECRET = 4
"""Characters; a shorter secret is not looked for in what the server sends: it would also blot out innocent text."""
SHORTEST_BASE64 = 6
"""Characters; a shorter piece of base64 is not looked for, for the same reason."""
_MOST_UNESCAPED = 40
"""Texts that are tried with escapes undone: all orders of three, which is more than a server writes."""
MARK: Final = "***"
"""What stands where a secret stood."""


class Secret:
    """A secret text that shows in no repr, and so in no traceback that prints local variables."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text; hold it in no local variable while anything may fail."""
        return self._text

    def __repr__(self) -> str:
        return MARK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def has_secret_fields(of: Any, within: frozenset[Any] = frozenset()) -> bool:
    """Tell whether a value of this type may hold a field that is marked as secret."""
    if of in within:
        return False
    if isinstance(of, type) and issubclass(of, ModelBase):
        fields = get_fields(of)
        return any(field.marker.secret or has_secret_fields(field.type, within | {of}) for field in fields)
    return any(has_secret_fields(part, within) for part in get_args(of))


def collect_secrets(value: Any) -> list[str]:
    """Collect the texts in the fields that an operation, or a model in it, marks as secret."""
    found: list[str] = []
    for field in get_fields(value.__class__):
        content = getattr(value, field.name)
        if field.marker.secret:
            found += _collect_texts(content)
        else:
            for model in content if isinstance(content, list | tuple) else [content]:
                if attrs.has(model.__class__):
                    found += collect_secrets(model)
    return found


def _collect_texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [str(value)]
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


class Redactor:
    """Takes secrets out of what a server sent, in whatever spelling they come back.

    Args:
        secrets: the secret texts; short ones are left out, see SHORTEST_SECRET.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = frozenset(text for text in secrets if len(text) >= SHORTEST_SECRET)
        spellings = {spelling for secret in self._secrets for spelling in _iterate_spellings(secret)}
        self._spellings = sorted(spellings, key=len, reverse=True)  # the longest first: one may hold another
        self._numbers = frozenset(
            number for secret in self._secrets if (number := _parse_float_or_none(secret)) is not None
        )
        pieces = {piece for secret in self._secrets for piece in _iterate_base64(secret)}
        self._base64 = {
            piece: re.compile(rf"[\w+/=-]*{re.escape(piece)}[\w+/=-]*", re.ASCII) for piece in pieces
        }
        self.longest: int = len(self._spellings[0]) if self._spellings else 0
        """Characters of the longest spelling."""

    def redact_text(self, text: str) -> str:
        """Return the text with a mark for each secret; where a secret is in it under a further escape, the mark alone."""
        for spelling in self._spellings:
            if spelling in text:
                text = text.replace(spelling, MARK)
        for piece, run in self._base64.items():
            if piece in text:
                text = run.sub(MARK, text)
        return MARK if self._is_secret_under_escapes(text) else text

    def _is_secret_under_escapes(self, text: str) -> bool:
        """Tell whether a secret comes out when escapes are undone, of a URL in JSON in a log line, say.

        They are undone in every order: what undoes one may take away a letter that stood under another.
        """
        texts = [text]
        for escaped in texts:  # grows
            for sign, unescape in _UNESCAPES:
                if sign in escaped and (plain := unescape(escaped)) not in texts:
                    if any(secret in plain for secret in self._secrets):
                        return True
                    if len(texts) < _MOST_UNESCAPED:
                        texts.append(plain)
        return False

    def redact_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers with a mark for each secret in their names and values."""
        return {self.redact_text(name): self.redact_text(value) for name, value in headers.items()}

    def redact_data(self, data: Any) -> Any:
        """Redact JSON data in place, names of members and numbers included.

        It goes without recursion, since it is the server who decides how deep the data is.
        """
        whole: list[Any] = [data]
        todo: list[Any] = [whole]
        while todo:
            container = todo.pop()
            if isinstance(container, dict):
                self._redact_member_names(container)
            for key, value in list(
                container.items() if isinstance(container, dict) else enumerate(container)
            ):
                if isinstance(value, str):
                    container[key] = self.redact_text(value)
                elif isinstance(value, dict | list):
                    todo.append(value)
                elif self._numbers and value.__class__ in (int, float) and float(value) in self._numbers:
                    container[key] = MARK
        return whole[0]

    def _redact_member_names(self, members: dict[str, Any]) -> None:
        names = {name: self.redact_text(name) for name in members}
        if any(name != shown for name, shown in names.items()):
            changed = {names[name]: value for name, value in members.items()}
            members.clear()
            members.update(changed)


def _iterate_spellings(secret: str) -> Iterator[str]:
    """Yield a text as it may stand in a message, a URL, JSON, HTML, hexadecimal, or bytes read with a wrong encoding."""
    yield secret
    yield from (json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))
    yield json.dumps(json.dumps(secret)[1:-1])[1:-1]  # JSON in JSON, as in a log line
    yield secret.replace("/", r"\/")
    yield from (
        html.escape(secret),
        html.escape(secret, quote=False),
        html.escape(secret).replace("&#x27;", "&#39;"),
    )
    for percent in (
        quote(secret, safe="", errors="replace"),
        quote(secret, safe="/", errors="replace"),
        quote_plus(secret, errors="replace"),
    ):
        yield percent
        yield re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), percent)
    raw = secret.encode(errors="replace")
    yield from (raw.hex(), raw.hex().upper(), raw.decode("latin-1"), raw.decode("cp1252", "replace"))
    for encoding in ("utf-16-le", "utf-16-be"):
        # Without the zero byte at an end, which may belong to a neighbour.
        yield secret.encode(encoding, "replace").decode("latin-1").strip("\0")


def _iterate_base64(secret: str) -> Iterator[str]:
    """Yield the base64 of a text wherever it may begin within three bytes, without the characters it shares with others."""
    raw = secret.encode(errors="replace")
    for before in range(3):
        bits = 8 * before
        encoded = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        piece = encoded[-(-bits // 6) : (bits + 8 * len(raw)) // 6]
        if len(piece) >= SHORTEST_BASE64:
            yield from {piece, piece.replace("+", "-").replace("/", "_")}


def _parse_float_or_none(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _unescape_backslashes(text: str) -> str:
    """Undo the escapes of JSON and of Python's repr, wherever they stand."""
    plain = re.sub(_ESCAPE, _unescape_one, text)
    # A letter beyond 16 bits is escaped in two halves.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_ESCAPE = r"(?s)\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U(00[01][0-9a-fA-F]{5})|(.))"
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def _unescape_one(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code is None:
        return _LETTERS.get(escape[4], escape[4])
    return chr(int(code, 16)) if int(code, 16) <= sys.maxunicode else escape[0]


_UNESCAPES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("%", unquote_plus),
    ("&", html.unescape),
    ("\\", _unescape_backslashes),
)
