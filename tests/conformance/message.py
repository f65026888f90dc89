"""A request as far as two clients must agree on it, read from what arrived at the sandbox."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import attrs

from alloy_async.sandbox import ReceivedRequest
from alloy_async.sandbox.contract.multipart_form import FilePart, parse_form

CREDENTIAL_HEADERS = ("Authorization", "x-api-key")


@attrs.frozen
class Part:
    """One part of a multipart body."""

    filename: str | None
    content_type: str | None
    content: str
    """Text, or the hash of a file."""


@attrs.frozen
class Sent:
    """One request: what counts is what it means, so escapes are decoded and the order of a query is none."""

    method: str
    path: tuple[str, ...]
    query: list[tuple[str, str]]
    body: Any
    """JSON as data, the parts of a form by name, or None."""
    credential: tuple[str, str] | None
    """The header and its value; of `bearer KEY`, the scheme counts in either case."""

    @classmethod
    def of(cls, request: ReceivedRequest) -> Sent:
        return cls(
            method=request.method,
            path=tuple(unquote(segment, errors="strict") for segment in request.raw_path.split("/")[1:]),
            query=sorted(request.query),
            body=_body(request),
            credential=_credential(request),
        )

    def differing(self, other: Sent) -> list[str]:
        """The names of the parts in which two requests differ."""
        return [name for name in attrs.fields_dict(Sent) if getattr(self, name) != getattr(other, name)]


def _body(request: ReceivedRequest) -> Any:
    if not request.body:
        return None
    content_type = request.headers.get("Content-Type", "")
    if content_type.startswith("multipart/"):
        form = parse_form(request.body, content_type)
        return {name: _part(value) for name, value in form.items()}
    return json.loads(request.body)


def _part(value: str | FilePart) -> Part:
    if isinstance(value, FilePart):
        return Part(value.filename, value.content_type, str(value))
    return Part(None, None, value)


def _credential(request: ReceivedRequest) -> tuple[str, str] | None:
    for header in CREDENTIAL_HEADERS:
        value = request.headers.get(header)
        if value is not None:
            scheme, space, key = value.rpartition(" ")
            return header, f"{scheme.lower()}{space}{key}"
    return None


def meaning(value: Any) -> Any:
    """JSON data in one spelling: without null members, with instants for timestamps."""
    if isinstance(value, dict):
        return {name: meaning(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [meaning(entry) for entry in value]
    if isinstance(value, str) and value[10:11] == "T":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value
