"""The arguments of an operation as options of a command, made from the operation's class."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import attrs
import click

from ...core.codec.containers import is_list, is_union, list_union_members
from ...core.codec.fields import Field, get_fields
from ...core.messages.upload import FileSource
from ...core.operation.markers import Body, Json
from ..catalog import format_with_dashes
from ..help import Argument, Option
from .json_input import STANDARD_INPUT, convert_json, format_member_suggestion, load_json

if TYPE_CHECKING:
    from ..catalog import OperationClass

BODY = "The body as JSON, instead of the options above that make it; @FILE reads it from there, - from standard input."
_WHOLE_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)")
_METAVARS = {int: "INTEGER", bool: "true|false", str: "TEXT"}


# Not click.ParamType itself, which is generic from click 8.4 on and is not before: no annotation passes with both.
class ArgumentType(click.types.StringParamType):
    """The type of one argument: turns the words of the command line into the value that the operation takes."""

    def __init__(self, of: Any) -> None:
        self.of = of
        self.members: list[Any] = list_union_members(of) if is_union(of) else [of]
        self.choices: list[str] = [str(choice) for member in self.members for choice in _list_choices(member)]
        self.is_open: bool = str in self.members
        self.name: str = self._create_metavar()

    def _create_metavar(self) -> str:
        if self.choices:
            return "|".join(self.choices)
        if _is_file_type(self.of):
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
            return open_upload(value, ctx) if _is_file_type(self.of) else self._parse_text(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def _parse_text(self, text: str) -> Any:
        if self.choices and text not in self.choices and not self.is_open:
            raise ValueError(f"{text!r} is not one of {', '.join(self.choices)}")
        if bool in self.members:
            return _parse_bool(text)
        if int in self.members and (_WHOLE_NUMBER.fullmatch(text) or str not in self.members):
            return _parse_whole_number(text)
        if str in self.members or self.choices:
            return text
        if _is_timestamp(self.members):
            return convert_json(self.of, text)
        return convert_json(self.of, load_json(text))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        if _is_file_type(self.of):
            return [CompletionItem(incomplete, type="file")]
        words = self.choices or (["true", "false"] if bool in self.members else [])
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def create_options(operation: OperationClass, texts: Mapping[str, str]) -> list[click.Parameter]:
    """Create an option for each argument of an operation, and a positional one for its JSON body where it has one.

    Args:
        operation: its class.
        texts: the text on each argument.
    """
    fields = get_fields(operation)
    options: list[click.Parameter] = [
        _create_argument_option(field, texts.get(field.name, "")) for field in fields
    ]
    if any(isinstance(field.marker, Body | Json) for field in fields):
        options.append(Argument(["input"], required=False, metavar="[JSON|@FILE]", about=BODY))
    return options


def _create_argument_option(field: Field, text: str) -> Option:

    of, repeated = field.type, False
    lists = [member for member in (of, *get_args(of)) if is_list(member)]
    if lists and _is_text_or_literal(item := get_args(lists[0])[0]):
        of, repeated = item, True
    if _is_file_type(field.type):
        text = f"{text.partition(':')[0]}: a file; - is standard input."
    help_text = text[:1].upper() + text[1:]
    if repeated:
        help_text += " Repeatable."
    if (members := _describe_model_fields(field.type)) and not _is_file_type(field.type):
        help_text += f" Members: {members}."
    return Option(
        [f"--{format_with_dashes(field.name)}", field.name],
        type=ArgumentType(of),
        multiple=repeated,
        default=() if repeated else None,
        help=f"{help_text.strip()}{'  [required]' if field.required else ''}",
        group="Arguments",
    )


def _describe_model_fields(of: Any) -> str:

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
                raise click.UsageError(
                    f"--{format_with_dashes(name)} is given twice: as an option and in the body"
                )
            values[name] = value
    required = [field.name for field in get_fields(operation) if field.required]
    values.update({name: place[name] for name in required if name not in values and name in place})
    if missing := [f"--{format_with_dashes(name)}" for name in required if name not in values]:
        raise click.UsageError(f"Missing option {', '.join(missing)}.")
    return operation(**values)


def _parse_body(operation: OperationClass, text: str) -> Mapping[str, Any]:

    fields = get_fields(operation)
    try:
        for field in fields:
            if isinstance(field.marker, Body):
                return {field.name: convert_json(field.type, load_json(text))}
        members = {field.wire: field for field in fields if isinstance(field.marker, Json)}
        data = load_json(text)
        if not isinstance(data, dict):
            raise ValueError(f"expected a JSON object with {', '.join(members)}")
        for name in data:
            if name not in members:
                raise ValueError(f"there is no member {name!r}{format_member_suggestion(name, members)}")
        return {
            members[name].name: convert_json(members[name].type, value, name) for name, value in data.items()
        }
    except ValueError as error:
        raise click.UsageError(f"The body of {format_with_dashes(operation.name)}: {error}") from None


def open_upload(text: str, context: click.Context | None) -> Any:
    """Open what is to be uploaded: a path stays one, so that it can be sent again; a pipe is opened, - is standard input.

    Args:
        text: as it stands on the command line.
        context: a pipe is closed with it.

    Raises:
        ValueError: it cannot be read.
    """
    if text == STANDARD_INPUT:
        return sys.stdin.buffer
    path = Path(text)
    if text.startswith("@") and not path.exists():  # as arguments that are JSON name a file
        path = Path(text[1:])
    try:
        file = path.open("rb")
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    if not path.is_file() and context is not None:
        context.call_on_close(file.close)
        return file
    file.close()
    return str(path)


def _parse_whole_number(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def _parse_bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def _list_choices(of: Any) -> tuple[Any, ...]:
    return get_args(of) if get_origin(of) is Literal else ()


def _iterate_nested_types(of: Any) -> Iterator[Any]:
    yield of
    for member in get_args(of):
        yield from _iterate_nested_types(member)


def _is_text_or_literal(of: Any) -> bool:
    return all(
        member is str or get_origin(member) is Literal for member in (get_args(of) if is_union(of) else [of])
    )


def _is_file_type(of: Any) -> bool:

    return bool(of == FileSource)


def _is_timestamp(members: list[Any]) -> bool:
    return members == [datetime]
