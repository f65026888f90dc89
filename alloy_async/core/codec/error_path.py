"""Finding where in a value a Mismatch is, once there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from .conversion import (
    Mismatch,
    converter,
    decoder,
    encoder,
    is_annotated,
    is_list,
    is_mapping,
    is_union,
    members_of,
    values_of,
)
from .generated_code import is_model, missing
from .model import Model, fields_of


def locate(of: Any, value: Any, convert: Callable[[Any, Any], Any], writing: bool, path: str) -> str | None:
    """`path: what is wrong there` of the innermost wrong value, or None where `value` is a good `of`."""
    try:
        convert(of, value)
    except Mismatch as mismatch:
        for child_type, child, step in _children(of, value, writing):
            inner = locate(child_type, child, convert, writing, path + step)
            if inner is not None:
                return inner
        return f"{path}: {mismatch}"
    return None


def _children(of: Any, value: Any, writing: bool) -> Iterator[tuple[Any, Any, str]]:
    if is_annotated(of):
        of = get_args(of)[0]
    if is_union(of):
        members = [member for member in members_of(of) if member is not str]
        if len(members) == 1 and value is not None:
            yield from _children(members[0], value, writing)
    elif isinstance(value, Model) and writing and (of is Any or is_model(of)):
        for field in fields_of(type(value)):
            child = getattr(value, field.name)
            if child is not None:
                yield field.type, child, f".{field.name}"
            elif field.required and not field.nullable:
                yield _Required, child, f".{field.name}"
    elif is_model(of) and isinstance(value, dict):
        for field in fields_of(of.variant(value)):
            if value.get(field.wire) is not None:
                yield field.type, value[field.wire], f".{field.wire}"
    elif (is_list(of) or of is Any) and isinstance(value, list | tuple):
        item = (get_args(of) or (Any,))[0]
        yield from ((item, entry, f"[{index}]") for index, entry in enumerate(value))
    elif (is_mapping(of) or of is Any) and isinstance(value, Mapping):
        item = Any if of is Any else values_of(of)
        yield from ((item, entry, f".{name}") for name, entry in value.items())


class _Required:
    """Stands for the type of a required field that was left None: nothing is a good value of it."""


def _write_required(value: Any) -> Any:
    raise missing()


def locate_read(of: Any, value: Any) -> str:
    """Where and why JSON data is no `of`, as `$.data[3].userId: expected ...`."""
    return locate(of, value, lambda kind, data: decoder(kind)(data, kind), False, "$") or "$: unreadable"


def locate_write(of: Any, value: Any, path: str) -> str:
    """Where and why a Python value cannot be sent as `of`, below `path`."""
    return locate(of, value, lambda kind, data: encoder(kind)(data), True, path) or f"{path}: cannot be sent"


converter.register_unstructure_hook(_Required, _write_required)
