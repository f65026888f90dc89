"""The first pure half of a call: operation -> Request.

What an operation class declares is compiled once, on first use, into a CompiledOperation; to build a request is then a
walk over the arguments that were given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..codec.conversion import Mismatch
from ..codec.fields import Field, get_fields
from ..codec.redaction import has_secret_fields
from ..codec.typed_json import dump_plain_json, from_wire
from ..errors import DecodeError, InvalidRequest
from ..operation.markers import Body, ExtraQuery, Json, Part, Path, Query
from ..operation.operation import Operation, find_result_type
from .arguments import (
    create_argument,
    create_argument_refusal,
    encode_path_argument,
    format_text,
    parse_route,
    quote_text,
)
from .result_decoder import create_result_decoder

if TYPE_CHECKING:
    from .multipart import Multipart


class Request:
    """One HTTP request, without the client's own headers."""

    __slots__ = ("body", "headers", "target", "verb")

    def __init__(
        self, verb: str, target: str, headers: Mapping[str, str], body: bytes | Multipart | None
    ) -> None:
        self.verb: str = verb
        self.target: str = target
        """Path and query, percent-encoded, below the base URL."""
        self.headers: Mapping[str, str] = headers
        self.body: bytes | Multipart | None = body

    @property
    def repeatable(self) -> bool:
        """Whether it can be put on the wire (again)."""
        return self.body is None or isinstance(self.body, bytes) or self.body.repeatable


class CompiledOperation:
    """An operation class, ready to build its requests and to read their answers."""

    def __init__(self, cls: type[Operation[Any]]) -> None:
        self.verb: str = cls.verb
        self.name: str = cls.name
        self.result: Any = find_result_type(cls)
        self.decode: Callable[..., Any] = create_result_decoder(self.result, cls.accept)
        """Makes the result of a 2xx answer's body and headers; raises Mismatch."""
        fields = get_fields(cls)
        of = {
            kind: [field for field in fields if isinstance(field.marker, kind)]
            for kind in (Path, Query, Json, Body, Part, ExtraQuery)
        }
        if sum(map(len, of.values())) != len(fields):
            raise TypeError(f"{cls.__name__}: every argument needs a marker that its verb and route know")
        self._start, self._path = parse_route(cls.route, [create_argument(field) for field in of[Path]])
        self._query = [create_argument(field) for field in of[Query]]
        self._extra_query = [create_argument(field) for field in of[ExtraQuery]]
        self._members = [create_argument(field) for field in of[Json]]
        self._whole = create_argument(of[Body][0]) if of[Body] else None
        self._files = _select_file_fields(of[Part])
        self._parts = [create_argument(field) for field in of[Part] if field not in self._files]
        self._check = cls.check if cls.check is not Operation.check else None
        self.headers: dict[str, str] = {"Accept": cls.accept}
        is_json = bool(self._members or self._whole)
        self.is_multipart: bool = bool(self._parts or self._files)
        self.has_body: bool = is_json or self.is_multipart
        if is_json:
            self.headers["Content-Type"] = "application/json"

    def build_request(self, operation: Operation[Any]) -> Request:
        """Build the request of an operation.

        Raises:
            InvalidRequest: an argument has the wrong type, or cannot be sent; it names operation and argument.
        """
        try:
            target = self._build_path(operation)
            if self._query or self._extra_query:
                query = "&".join(self._encode_query(operation))
                if query:
                    target = f"{target}?{query}"
            body = self._build_body(operation) if self.has_body else None
            if self._check is not None:
                self._check_arguments(operation)  # last, so that it may trust the types
            return Request(self.verb, target, self.headers, body)
        except InvalidRequest as error:
            refusal = error
        # Without the frames below and the errors in them, whose local variables hold what was to be sent.
        refusal.__context__ = None
        raise refusal.with_traceback(None)

    def _check_arguments(self, operation: Operation[Any]) -> None:
        try:
            self._check(operation)  # type: ignore[misc]
        except ValueError as error:
            raise create_argument_refusal(operation, str(error)) from None

    def _build_path(self, operation: Operation[Any]) -> str:
        path = self._start
        for name, argument, literal in self._path:
            text = getattr(operation, name)
            if type(text) is not str or not text.isalnum() or not text.isascii():
                text = encode_path_argument(operation, argument)
            path += text + literal
        return path

    def _encode_query(self, operation: Operation[Any]) -> Iterable[str]:
        for argument in self._query:
            if getattr(operation, argument.field.name) is None and not argument.field.required:
                continue
            value, marker = argument.encode(operation), argument.field.marker
            assert isinstance(marker, Query)
            texts = [
                format_text(one, marker.booleans) for one in (value if isinstance(value, list) else [value])
            ]
            for text in [",".join(texts)] if marker.style == "csv" else texts:
                yield f"{argument.wire}={quote_text(operation, argument.field.name, text)}"
        for argument in self._extra_query:
            known, own = {query.field.wire for query in self._query}, argument.field.name
            for name, value in (argument.encode(operation) or {}).items():
                if name in known:
                    raise create_argument_refusal(operation, f"{own}: {name!r} is an argument of its own")
                for one in value if isinstance(value, list) else [value]:
                    yield f"{quote_text(operation, own, name)}={quote_text(operation, own, format_text(one))}"

    def _build_body(self, operation: Operation[Any]) -> bytes | Multipart | None:
        return self._build_multipart(operation) if self.is_multipart else self._build_json(operation)

    def _build_multipart(self, operation: Operation[Any]) -> Multipart:
        from .multipart import Multipart
        from .upload import parse_upload

        texts = []
        for argument in self._parts:
            if getattr(operation, argument.field.name) is not None or argument.field.required:
                texts.append((argument.field.wire, format_text(argument.encode(operation))))
        files = []
        for field in self._files:
            try:
                files.append((field.name, field.wire, parse_upload(getattr(operation, field.name))))
            except Mismatch as mismatch:
                raise create_argument_refusal(operation, f"{field.name}: {mismatch}") from None
        return Multipart(operation.name, texts, files)

    def _build_json(self, operation: Operation[Any]) -> bytes | None:
        if self._whole is not None:
            if getattr(operation, self._whole.field.name) is None and not self._whole.field.required:
                return None
            data = self._whole.encode(operation)
        else:
            data = {}
            for argument in self._members:
                if getattr(operation, argument.field.name) is not None or argument.field.required:
                    data[argument.wire] = argument.encode(operation)
        try:
            return dump_plain_json(data)
        except Mismatch as mismatch:
            raise create_argument_refusal(
                operation, f"{self._find_unencodable_argument(operation)}cannot be sent as JSON: {mismatch}"
            ) from None

    def _find_unencodable_argument(self, operation: Operation[Any]) -> str:
        for argument in [self._whole] if self._whole else self._members:
            try:
                dump_plain_json(argument.encode(operation))
            except Mismatch:
                return f"{argument.field.name} "
        return ""

    def create_empty_result(self) -> Any:
        """Create the result of an answer that tells nothing, where it should have told something."""
        try:
            return from_wire(self.result, {})
        except DecodeError:
            return None

    @cached_property
    def may_return_secret(self) -> bool:
        """Whether its answer is declared to hold a secret."""
        return has_secret_fields(self.result)


def _select_file_fields(parts: list[Field]) -> list[Field]:
    """Select the fields of a multipart body that are files."""
    if not parts:
        return []
    from .upload import FileSource  # here, as few programs upload anything

    return [field for field in parts if field.type == FileSource]


_compiled: dict[type[Operation[Any]], CompiledOperation] = {}


def compile_operation(operation: Operation[Any]) -> CompiledOperation:
    """Return the compiled form of an operation's class, made on first use."""
    cls = operation.__class__
    compiled = _compiled.get(cls)
    if compiled is None:
        if cls.compile is not Operation.compile:
            return operation.compile()  # type: ignore[no-any-return]
        compiled = _compiled[cls] = CompiledOperation(cls)
    return compiled
