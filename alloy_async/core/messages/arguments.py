"""The arguments of an operation, as they are written: as JSON data, as one segment of a path, as text in a query."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

from ..codec.conversion import Encoder, Mismatch, get_encoder
from ..codec.error_path import describe_mismatch_in_argument
from ..codec.fields import Field
from ..errors import InvalidRequest
from ..operation.markers import Json
from ..operation.operation import Operation


class Argument(NamedTuple):
    """One argument, ready to be written."""

    field: Field
    write: Encoder
    wire: str

    def encode(self, operation: Operation[Any]) -> Any:
        """Make JSON data of its value in an operation."""
        try:
            return self.write(getattr(operation, self.field.name))
        except (Mismatch, RecursionError) as mismatch:
            reason = self._describe_error(operation, mismatch)
        raise create_argument_refusal(operation, reason)

    def _describe_error(self, operation: Operation[Any], error: Exception) -> str:
        if isinstance(error, RecursionError):
            return f"{self.field.name}: nested too deeply, or holds itself"
        return describe_mismatch_in_argument(
            self.field.type, getattr(operation, self.field.name), self.field.name, error
        )


def create_argument(field: Field) -> Argument:
    """Create what writes the argument of a field."""
    wire = field.wire if isinstance(field.marker, Json) else quote(field.wire, safe="")
    return Argument(field, get_encoder(field.type), wire)


def create_argument_refusal(operation: Operation[Any], reason: str) -> InvalidRequest:
    """Create the error for an argument that cannot be sent."""
    return InvalidRequest(f"{reason}; nothing was sent", operation=operation.name)


def parse_route(route: str, arguments: list[Argument]) -> tuple[str, list[tuple[str, Argument, str]]]:
    """Split a route: the text before its first placeholder; for each one, the argument's name, itself, the text after it."""
    by_name = {argument.field.wire: argument for argument in arguments}
    start, *rest = route.split("{")
    path = []
    for piece in rest:
        name, _, literal = piece.partition("}")
        argument = by_name.pop(name)
        path.append((argument.field.name, argument, literal))
    if by_name:
        raise TypeError(f"route {route!r} has no place for {', '.join(by_name)}")
    return start, path


def encode_path_argument(operation: Operation[Any], argument: Argument) -> str:
    """Encode a path argument as exactly one segment, whatever it holds."""
    text = getattr(operation, argument.field.name)
    if type(text) is not str:
        text = format_text(argument.encode(operation))
    return encode_segment(operation, argument.field.name, text)


def encode_segment(operation: Operation[Any], name: str, text: str) -> str:
    """Encode a text as exactly one segment of a path.

    Args:
        name: of the argument, for the error.
    """
    if text in ("", ".", ".."):
        shown = "is empty" if not text else f"is {text!r}, which a URL reads as a step to another path"
        raise create_argument_refusal(operation, f"{name} {shown}")
    return quote_text(operation, name, text)


def quote_text(operation: Operation[Any], name: str, text: str) -> str:
    """Percent-encode a text, so that nothing in it means anything in a URL; arguments as for `encode_segment`."""
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise create_argument_refusal(
            operation, f"{name} holds a lone surrogate, which is not text"
        ) from None


def format_text(value: Any, booleans: tuple[str, str] = ("false", "true")) -> str:
    """Format a value as text in a URL; null has no text of its own there."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return booleans[value]
    return "" if value is None else str(value)
