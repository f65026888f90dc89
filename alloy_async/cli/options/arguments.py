"""The arguments of an operation as options of a command, made from the operation's class."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import attrs
import click

from ...core.codec.containers import is_list, is_union, list_union_members
from ...core.codec.fields import NULL, Field, get_fields
from ...core.codec.model import Model
from ...core.codec.typed_json import from_wire
from ...core.errors import DecodeError
from ...core.messages.upload import FileSource
from ...core.operation.markers import Body, Json
from ..catalog import describe_operation, format_name
from ..help import Option

if TYPE_CHECKING:
    from ..catalog import OperationClass

STANDARD_INPUT = "-"
_METAVARS = {int: "INTEGER", bool: "true|false", str: "TEXT"}


# Not click.ParamType itself, which is generic from click 8.4 on and is not before: no annotation passes with both.
class ArgumentType(click.types.StringParamType):
    """The type of one argument: turns the words of the command line into the value that the operation takes."""

    def __init__(self, of: Any) -> None:
        self.of = of
        self.members: list[Any] = list_union_members(of) if is_union(of) else [of]
        self.choices: list[str] = [str(choice) for member in self.members for choice in _list_choices(member)]
        self.is_open: bool = str in self.members
        self.name: str = self._describe()

    def _describe(self) -> str:
        if self.choices:
            return "|".join(self.choices)
        if _is_file(self.of):
            return "PATH"
        kinds = [_METAVARS[member] for member in self.members if member in _METAVARS]
        if kinds:
            return "|".join(kinds)
        return "TIME" if _is_timestamp(self.members) else "JSON|@FILE"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:

        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except (ValueError, DecodeError) as error:
            self.fail(str(error), param, ctx)

    def _read(self, text: str) -> Any:
        if _is_file(self.of):
            return sys.stdin.buffer if text == STANDARD_INPUT else text
        if self.choices and text not in self.choices and not self.is_open:
            raise ValueError(f"{text!r} is not one of {', '.join(self.choices)}")
        if bool in self.members:
            return click.BOOL.convert(text, None, None)
        if int in self.members and (text.lstrip("-").isdigit() or str not in self.members):
            return int(text)
        if str in self.members or self.choices:
            return text
        if _is_timestamp(self.members):
            return from_wire(self.of, text)
        return read_typed_json(self.of, text)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        if _is_file(self.of):
            return [CompletionItem(incomplete, type="file")]
        words = self.choices or (["true", "false"] if bool in self.members else [])
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def create_options(operation: OperationClass) -> list[click.Parameter]:
    """Create an option for each argument of an operation, and a positional one for its JSON body where it has one."""

    texts = describe_operation(operation).arguments
    fields = get_fields(operation)
    options: list[click.Parameter] = [
        _create_argument_option(field, texts.get(field.name, "")) for field in fields
    ]
    if any(isinstance(field.marker, Body | Json) for field in fields):
        options.append(click.Argument(["input"], required=False, metavar="[JSON|@FILE]"))
    return options


def _create_argument_option(field: Field, text: str) -> Option:

    of, repeated = field.type, False
    lists = [member for member in (of, *get_args(of)) if is_list(member)]
    if lists and _is_scalar(item := get_args(lists[0])[0]):
        of, repeated = item, True
    help_text = text[:1].upper() + text[1:]
    if repeated:
        help_text += " Repeatable."
    if members := _describe_members(field.type):
        help_text += f" Members: {members}."
    return Option(
        [f"--{format_name(field.name)}", field.name],
        type=ArgumentType(of),
        multiple=repeated,
        default=() if repeated else None,
        help=f"{help_text.strip()}{'  [required]' if field.required else ''}",
        group="Arguments",
    )


def _describe_members(of: Any) -> str:

    models = [member for member in _iterate_nested_types(of) if attrs.has(member)]
    if not models:
        return ""
    return ", ".join(
        f"{field.wire}{' (required)' if field.required else ''}" for field in get_fields(models[0])
    )


def build_operation(
    operation: OperationClass, given: Mapping[str, Any], body: str | None, place: Mapping[str, str]
) -> Any:
    """Build an operation from the words of the command line.

    Args:
        operation: its class.
        given: the values of the options, by argument.
        body: the JSON body, or @FILE, or - for standard input.
        place: what stands in for arguments that are needed and not given, as the organisation of a profile.

    Raises:
        UsageError: an argument is missing, or the body does not fit.
    """

    values = {name: value for name, value in given.items() if value not in (None, ())}
    if body is not None:
        for name, value in _parse_body(operation, body).items():
            if name in values:
                raise click.UsageError(f"--{format_name(name)} is given twice: as an option and in the body")
            values[name] = value
    required = [field.name for field in get_fields(operation) if field.required]
    values.update({name: place[name] for name in required if name not in values and name in place})
    if missing := [f"--{format_name(name)}" for name in required if name not in values]:
        raise click.UsageError(f"Missing option {', '.join(missing)}.")
    return operation(**values)


def _parse_body(operation: OperationClass, text: str) -> Mapping[str, Any]:

    fields = get_fields(operation)
    try:
        for field in fields:
            if isinstance(field.marker, Body):
                return {field.name: read_typed_json(field.type, text)}
        members = {field.wire: field for field in fields if isinstance(field.marker, Json)}
        data = load_json(text)
        if not isinstance(data, dict):
            raise ValueError(f"expected a JSON object with {', '.join(members)}")
        for name in data:
            if name not in members:
                raise ValueError(f"there is no member {name!r}{_suggest(name, members)}")
        return {members[name].name: _convert_data(members[name].type, value) for name, value in data.items()}
    except (ValueError, DecodeError) as error:
        raise click.UsageError(f"The body of {format_name(operation.name)}: {error}") from None


def read_typed_json(of: Any, text: str) -> Any:
    """Read a value from JSON text, from @FILE, or from standard input where the text is -.

    Raises:
        ValueError: it is not JSON, or the file cannot be read.
        DecodeError: it is not of the type; the message gives the path of the member.
    """
    return _convert_data(of, load_json(text))


def load_json(text: str) -> Any:
    """Load JSON from text, from @FILE, or from standard input where the text is - or @-."""
    source = "it"
    if text.startswith("@") or text == STANDARD_INPUT:
        source = text.removeprefix("@")
        try:
            raw = sys.stdin.buffer.read() if source == STANDARD_INPUT else Path(source).read_bytes()
            text = raw.decode("utf-8-sig")
        except OSError as error:
            raise ValueError(f"{source}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ValueError(f"{source}: is not UTF-8 text") from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        hint = "" if source != "it" else '; write JSON as \'{"name": "value"}\', or @FILE'
        raise ValueError(
            f"{source} is not JSON: {error.msg} at line {error.lineno} column {error.colno}{hint}"
        ) from None


def _convert_data(of: Any, data: Any) -> Any:

    if data is None:
        return NULL
    value = from_wire(of, data)
    _restore_nulls(value, data)
    return value


def _restore_nulls(value: Any, data: Any) -> None:
    """Set NULL where the data says null: reading takes null for absent, and what a user writes must be sent."""

    if isinstance(data, list) and isinstance(value, list):
        for item, item_data in zip(value, data, strict=True):
            _restore_nulls(item, item_data)
    elif isinstance(data, dict) and isinstance(value, dict):
        for name in data:
            _restore_nulls(value[name], data[name])
    elif isinstance(data, dict) and attrs.has(type(value)):
        for field in get_fields(type(value)):
            if field.wire in data and data[field.wire] is None:
                setattr(value, field.name, NULL)
            elif field.wire in data:
                _restore_nulls(getattr(value, field.name), data[field.wire])


def find_unknown_members(value: Any, path: str = "") -> Iterator[str]:
    """Find the members of models that no document knows: they are sent, and may be typing errors."""

    if isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from find_unknown_members(item, f"{path}[{number}]")
    elif isinstance(value, Model):
        known = {field.wire: field for field in get_fields(type(value))}
        for name in value.extra:
            yield f"{path}.{name}{_suggest(name, known)}".lstrip(".")
        for wire, field in known.items():
            yield from find_unknown_members(getattr(value, field.name), f"{path}.{wire}".lstrip("."))


def _suggest(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _list_choices(of: Any) -> tuple[Any, ...]:
    return get_args(of) if get_origin(of) is Literal else ()


def _iterate_nested_types(of: Any) -> Iterator[Any]:
    yield of
    for member in get_args(of):
        yield from _iterate_nested_types(member)


def _is_scalar(of: Any) -> bool:
    return all(
        member is str or get_origin(member) is Literal for member in (get_args(of) if is_union(of) else [of])
    )


def _is_file(of: Any) -> bool:

    return bool(of == FileSource)


def _is_timestamp(members: list[Any]) -> bool:
    return members == [datetime]
