"""The first pure half of a call: operation -> Request.

What an operation class declares is compiled once, on first use, into a Plan; building a request is then a walk over the
arguments that are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from types import NoneType
from typing import Any, get_args
from urllib.parse import quote

import attrs

from ..codec.conversion import Mismatch, Writer, encoder
from ..codec.error_path import locate_write
from ..codec.json_codec import dumps, reader
from ..codec.model import Field, fields_of
from ..codec.redaction import declares_secret
from ..errors import InvalidRequest
from ..operation.markers import Body, ExtraQuery, Json, Part, Path, Query
from ..operation.operation import Operation, result_type
from .multipart import Multipart
from .upload import FileSource, as_upload


class Request:
    """One HTTP request, without the client's own headers."""

    __slots__ = ("body", "headers", "target", "verb")

    def __init__(
        self, verb: str, target: str, headers: Mapping[str, str], body: bytes | Multipart | None
    ) -> None:
        self.verb = verb
        self.target = target
        """Path and query, percent-encoded, below the base URL."""
        self.headers = headers
        self.body = body

    @property
    def repeatable(self) -> bool:
        """Whether it can be put on the wire (again)."""
        return not isinstance(self.body, Multipart) or self.body.repeatable


@attrs.frozen
class _Argument:
    """One argument, ready to be written."""

    field: Field
    write: Writer
    wire: str

    def written(self, operation: Operation[Any]) -> Any:
        value = getattr(operation, self.field.name)
        try:
            return self.write(value)
        except Mismatch:
            raise refused(operation, locate_write(self.field.type, value, self.field.name)) from None


def refused(operation: Operation[Any], reason: str) -> InvalidRequest:
    return InvalidRequest(f"{reason}; nothing was sent", operation=operation.name)


class Plan:
    """How the requests of one operation class are built and its answers read."""

    def __init__(self, cls: type[Operation[Any]]) -> None:
        self.verb = cls.verb
        self.name = cls.name
        self.result = result_type(cls)
        self.decode = _decoder_for(self.result)
        """Makes the result of a 2xx body; raises Mismatch."""
        fields = fields_of(cls)
        of = {
            kind: [field for field in fields if isinstance(field.marker, kind)]
            for kind in (Path, Query, Json, Body, Part, ExtraQuery)
        }
        if sum(map(len, of.values())) != len(fields):
            raise TypeError(f"{cls.__name__}: every argument needs a marker that its verb and route know")
        self._start, self._path = _route(cls.route, [_argument(field) for field in of[Path]])
        self._query = [_argument(field) for field in of[Query]]
        self._extra_query = [_argument(field) for field in of[ExtraQuery]]
        self._members = [_argument(field) for field in of[Json]]
        self._whole = _argument(of[Body][0]) if of[Body] else None
        self._parts = [_argument(field) for field in of[Part] if field.type != FileSource]
        self._files = [field for field in of[Part] if field.type == FileSource]
        self._check = cls.check if cls.check is not Operation.check else None
        self.headers: dict[str, str] = {"Accept": cls.accept}
        is_json = bool(self._members or self._whole)
        self.has_body = is_json or bool(self._parts or self._files)
        if is_json:
            self.headers["Content-Type"] = "application/json"

    def build(self, operation: Operation[Any]) -> Request:
        """The request of an operation.

        Raises:
            InvalidRequest: an argument has the wrong type, or cannot be sent; it names operation and argument.
        """
        target = self._start
        for argument, literal in self._path:
            target += _segment(operation, argument) + literal
        if self._query or self._extra_query:
            query = "&".join(self._query_pairs(operation))
            if query:
                target = f"{target}?{query}"
        body = self._body(operation) if self.has_body else None
        if self._check is not None:  # last, so that it may trust the types
            try:
                self._check(operation)
            except ValueError as error:
                raise refused(operation, str(error)) from None
        return Request(self.verb, target, self.headers, body)

    def _query_pairs(self, operation: Operation[Any]) -> Iterable[str]:
        for argument in self._query:
            if getattr(operation, argument.field.name) is None and not argument.field.required:
                continue
            value, marker = argument.written(operation), argument.field.marker
            assert isinstance(marker, Query)
            texts = [_text(one, marker.booleans) for one in (value if isinstance(value, list) else [value])]
            for text in [",".join(texts)] if marker.style == "csv" else texts:
                yield f"{argument.wire}={_quoted(operation, argument, text)}"
        for argument in self._extra_query:
            known = {query.field.wire for query in self._query}
            for name, value in (argument.written(operation) or {}).items():
                if name in known:
                    raise refused(operation, f"{argument.field.name}: {name!r} is an argument of its own")
                for one in value if isinstance(value, list) else [value]:
                    yield f"{_quoted(operation, argument, name)}={_quoted(operation, argument, _text(one))}"

    def _body(self, operation: Operation[Any]) -> bytes | Multipart | None:
        return self._multipart(operation) if self._parts or self._files else self._json(operation)

    def _multipart(self, operation: Operation[Any]) -> Multipart:
        texts = []
        for argument in self._parts:
            if getattr(operation, argument.field.name) is not None or argument.field.required:
                texts.append((argument.field.wire, _text(argument.written(operation))))
        files = []
        for field in self._files:
            try:
                files.append((field.name, field.wire, as_upload(getattr(operation, field.name))))
            except Mismatch as mismatch:
                raise refused(operation, f"{field.name}: {mismatch}") from None
        return Multipart(operation.name, texts, files)

    def _json(self, operation: Operation[Any]) -> bytes | None:
        if self._whole is not None:
            if getattr(operation, self._whole.field.name) is None and not self._whole.field.required:
                return None
            data = self._whole.written(operation)
        else:
            data = {}
            for argument in self._members:
                if getattr(operation, argument.field.name) is not None or argument.field.required:
                    data[argument.wire] = argument.written(operation)
        try:
            return dumps(data)
        except Mismatch as mismatch:
            raise refused(
                operation, f"{self._unprintable(operation)}cannot be sent as JSON: {mismatch}"
            ) from None

    def _unprintable(self, operation: Operation[Any]) -> str:
        for argument in [self._whole] if self._whole else self._members:
            try:
                dumps(argument.written(operation))
            except Mismatch:
                return f"{argument.field.name} "
        return ""

    @cached_property
    def answers_secret(self) -> bool:
        """Whether its answer is declared to hold a secret."""
        return declares_secret(self.result)


def _argument(field: Field) -> _Argument:
    wire = field.wire if isinstance(field.marker, Json) else quote(field.wire, safe="")
    return _Argument(field, encoder(field.type), wire)


def _route(route: str, arguments: list[_Argument]) -> tuple[str, list[tuple[_Argument, str]]]:
    """The literal text before the first placeholder, and each placeholder's argument with the text after it."""
    by_name = {argument.field.wire: argument for argument in arguments}
    start, *rest = route.split("{")
    path = []
    for piece in rest:
        name, _, literal = piece.partition("}")
        path.append((by_name.pop(name), literal))
    if by_name:
        raise TypeError(f"route {route!r} has no place for {', '.join(by_name)}")
    return start, path


def _segment(operation: Operation[Any], argument: _Argument) -> str:
    """A path argument as exactly one segment, whatever it holds."""
    text = getattr(operation, argument.field.name)
    if type(text) is not str:
        text = _text(argument.written(operation))
    if text.isalnum() and text.isascii():
        return text
    if text in ("", ".", ".."):
        shown = "is empty" if not text else f"is {text!r}, which a URL reads as a step to another path"
        raise refused(operation, f"{argument.field.name} {shown}")
    return _quoted(operation, argument, text)


def _quoted(operation: Operation[Any], argument: _Argument, text: str) -> str:
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise refused(operation, f"{argument.field.name} holds a lone surrogate, which is no text") from None


def _text(value: Any, booleans: tuple[str, str] = ("false", "true")) -> str:
    """A value in a URL; null has no text of its own there."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return booleans[value]
    return "" if value is None else str(value)


def _decoder_for(result: Any) -> Callable[[bytes], Any]:
    if result is None or result is type(None):
        return lambda raw: None
    if result is bytes:
        return lambda raw: raw
    if NoneType in get_args(result):
        read = reader(result)
        return lambda raw: read(raw or b"null")
    return reader(result)


_plans: dict[type[Operation[Any]], Plan] = {}


def plan_of(operation: Operation[Any]) -> Plan:
    """The plan of an operation's class, made on first use."""
    cls = operation.__class__
    plan = _plans.get(cls)
    if plan is None:
        plan = _plans[cls] = Plan(cls)
    return plan
