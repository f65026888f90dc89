"""A request to an endpoint that no operation covers, sent with the same retries, effects and limits as an operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import quote

import attrs

from ..argument_errors import improve_argument_errors
from ..codec.fields import get_fields
from ..operation.markers import Body, ExtraQuery
from ..operation.operation import IDEMPOTENT_VERBS, Operation
from .arguments import create_argument, create_argument_refusal, encode_segment
from .request import CompiledOperation
from .result_decoder import ANYTHING, create_result_decoder

_PLACEHOLDER = r"\{(\w+)\}"


@improve_argument_errors
@attrs.frozen(eq=False, repr=False)
class CustomRequest(Operation[Any]):
    """One request of your own making: `client.send(CustomRequest("GET", "/users/{id}/devices", {"id": "ada"}))`.

    Args:
        method: as "GET".
        path: below the base URL, beginning with a slash; without query. It stands in logs and errors as it is given, so
            put what varies into `arguments`.
        arguments: for the {placeholders} of the path, each of which becomes one encoded segment.
        query: parameters; a list is repeated.
        json: the body: JSON data or models; NULL sends null.
        result: the type to read the answer as: a model, `list[Model]`, `bytes`, None for nothing; default any JSON data.
        idempotent: whether sending it twice has the effect of sending it once; default: as its method has it.
    """

    method: str
    path: str
    arguments: Mapping[str, str | int] | None = None
    query: Annotated[Mapping[str, Any] | None, ExtraQuery(secret=True)] = None
    json: Annotated[Any, Body(secret=True)] = None
    result: Any = ANYTHING
    _idempotent: bool | None = attrs.field(default=None, alias="idempotent")

    @property
    def verb(self) -> str:  # type: ignore[override]
        """The HTTP method."""
        return self.method.upper()

    @property
    def route(self) -> str:  # type: ignore[override]
        """The path with its placeholders."""
        return self.path

    @property
    def idempotent(self) -> bool:  # type: ignore[override]
        """Whether it may be sent again though its effect is unknown."""
        return self.verb in IDEMPOTENT_VERBS if self._idempotent is None else self._idempotent

    def compile(self) -> CompiledOperation:
        """Find the compiled form for requests of this method and result.

        Raises:
            InvalidRequest: the method is not text, or nothing can be read as the result.
        """
        if not isinstance(self.method, str):
            raise create_argument_refusal(self, "method is a word, as 'GET'")
        if not isinstance(self._idempotent, bool | None):
            raise create_argument_refusal(self, "idempotent is True, False or None")
        return _get_compiled_form_of_request(self.verb, self.result, self.json is not None)


CustomRequest.name = "request"


class _CompiledRequest(CompiledOperation):
    """The requests of one method and result, whatever their path."""

    def __init__(
        self, verb: str, result: Any, has_body: bool
    ) -> None:  # not super's: what is fixed there varies here
        arguments = {field.name: field for field in get_fields(CustomRequest)}
        accept = "*/*" if result is bytes else "application/json"
        self.verb = verb
        self.name = CustomRequest.name
        self.result = result
        self.decode = create_result_decoder(result, "application/json")  # of bytes, any are welcome
        self.headers = (
            {"Accept": accept, "Content-Type": "application/json"} if has_body else {"Accept": accept}
        )
        self.has_body, self.is_multipart = has_body, False
        self._query, self._extra_query = [], [create_argument(arguments["query"])]
        self._whole, self._members = create_argument(arguments["json"]), []
        self._parts, self._files = [], []
        self._check = None

    def _build_path(self, operation: Operation[Any]) -> str:
        assert isinstance(operation, CustomRequest)
        if not re.fullmatch("[A-Z]+", self.verb):
            raise create_argument_refusal(operation, "method is a word, as 'GET'")
        if not isinstance(operation.arguments, Mapping | None):
            raise create_argument_refusal(operation, "arguments is a dictionary, as {'id': 'ada'}")
        path, arguments = operation.path, dict(operation.arguments or {})
        if not isinstance(path, str) or path[:1] != "/" or path[:2] == "//" or {"?", "#", "\\"} & set(path):
            raise create_argument_refusal(
                operation, "path begins with one slash and has no query: give that as query="
            )
        if {".", ".."} & set(path.split("/")):
            raise create_argument_refusal(
                operation, "path has a segment that a URL reads as a step to another path"
            )
        named = set(re.findall(_PLACEHOLDER, path))
        if named != arguments.keys():
            differing = ", ".join(sorted(named ^ arguments.keys()))
            raise create_argument_refusal(
                operation, f"arguments and the placeholders of path differ: {differing}"
            )
        for name, value in arguments.items():
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise create_argument_refusal(
                    operation, f"arguments[{name!r}]: expected text or a whole number"
                )
        segments = {name: encode_segment(operation, name, str(value)) for name, value in arguments.items()}
        literals = re.split(_PLACEHOLDER, path)
        return "".join(
            segments[text] if number % 2 else quote(text, safe="/%:@!$&'()*+,;=~-._")
            for number, text in enumerate(literals)
        )


@lru_cache(maxsize=256)
def _get_compiled_form_of_request(verb: str, result: Any, has_body: bool) -> CompiledOperation:
    return _CompiledRequest(verb, result, has_body)
