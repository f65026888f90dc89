"""JSON on the command line: as text, from @FILE, or from standard input; read strictly, since what is read is sent."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import attrs

from ...core.codec.fields import NULL, get_fields
from ...core.codec.model import Model
from ...core.codec.typed_json import collect_unique_members, from_wire
from ...core.errors import DecodeError

STANDARD_INPUT = "-"
_FOUND = re.compile(r", got (int|float|str|bool)$")
_KINDS = {"int": "a number", "float": "a number", "str": "text", "bool": "true or false"}


def load_json(text: str) -> Any:
    """Load JSON from text, from @FILE, or from standard input where the text is - or @-.

    Raises:
        ValueError: it is not JSON, has a member twice, or cannot be read.
    """
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
    source = "standard input" if source == STANDARD_INPUT else source
    try:
        return json.loads(text, object_pairs_hook=collect_unique_members)
    except json.JSONDecodeError as error:
        hint = "" if source != "it" else '; write JSON as \'{"name": "value"}\', or @FILE'
        raise ValueError(
            f"{source} is not JSON: {error.msg} at line {error.lineno} column {error.colno}{hint}"
        ) from None
    except RecursionError:
        raise ValueError(f"{source} is nested too deeply") from None


def convert_json(of: Any, data: Any, member: str = "") -> Any:
    """Convert JSON data to a type; what is null is sent as null.

    Args:
        of: the type.
        data: what `load_json` gave.
        member: of which member of the body it is the value; empty for the whole.

    Raises:
        ValueError: it is not of the type; the message gives the path of what is wrong.
    """
    if data is None:
        return NULL
    try:
        value = from_wire(of, data)
    except DecodeError as error:
        path, _, misfit = error.message.partition(": ")
        path = f"{member}{path.removeprefix('$')}".lstrip(".")
        misfit = _FOUND.sub(lambda found: f", got {_KINDS[found[1]]}", misfit)
        raise ValueError(f"{path}: {misfit}" if path else misfit) from None
    _mark_explicit_nulls(value, data)
    return value


def _mark_explicit_nulls(value: Any, data: Any) -> None:
    """Set NULL where the data says null: reading takes null for absent, and what a user writes must be sent."""
    if isinstance(data, list) and isinstance(value, list):
        for item, item_data in zip(value, data, strict=True):
            _mark_explicit_nulls(item, item_data)
    elif isinstance(data, dict) and isinstance(value, dict):
        for name in data:
            _mark_explicit_nulls(value[name], data[name])
    elif isinstance(data, dict) and attrs.has(type(value)):
        for field in get_fields(type(value)):
            if field.wire in data and data[field.wire] is None:
                setattr(value, field.name, NULL)
            elif field.wire in data:
                _mark_explicit_nulls(getattr(value, field.name), data[field.wire])


def find_unknown_members(value: Any, path: str = "") -> Iterator[str]:
    """Find the members of models that no document knows: they are sent, and may be typing errors."""
    if isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from find_unknown_members(item, f"{path}[{number}]")
    elif isinstance(value, Model):
        known = {field.wire: field for field in get_fields(type(value))}
        for name in value.extra:
            yield f"{path}.{name}{format_member_suggestion(name, known)}".lstrip(".")
        for wire, field in known.items():
            yield from find_unknown_members(getattr(value, field.name), f"{path}.{wire}".lstrip("."))


def format_member_suggestion(name: str, known: Mapping[str, Any]) -> str:
    """Suggest the member that may have been meant; empty where none is near."""
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
