"""Where in a value a Mismatch is, looked for only once there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from .containers import get_members, get_value_type, is_annotated, is_list, is_mapping, is_union
from .conversion import Mismatch, converter, get_decoder, get_encoder
from .fields import JsonObject, get_fields
from .generated_code import is_model, missing_value


def locate(of: Any, value: Any, convert: Callable[[Any, Any], Any], writing: bool, path: str) -> str | None:
    """Return `path: what is wrong there` for the innermost wrong value, or None where `value` fits `of`."""
    try:
        convert(of, value)
    except Mismatch as mismatch:
        for child_type, child, step in _iterate_children(of, value, writing):
            inner = locate(child_type, child, convert, writing, path + step)
            if inner is not None:
                return inner
        return f"{path}: {mismatch}"
    return None


def _iterate_children(of: Any, value: Any, writing: bool) -> Iterator[tuple[Any, Any, str]]:
    if is_annotated(of):
        of = get_args(of)[0]
    if is_union(of):
        members = [member for member in get_members(of) if member is not str]
        if len(members) == 1 and value is not None:
            yield from _iterate_children(members[0], value, writing)
    elif isinstance(value, JsonObject) and writing and (of is Any or is_model(of)):
        for field in get_fields(type(value)):
            child = getattr(value, field.name)
            if child is not None:
                yield field.type, child, f".{field.name}"
            elif field.required and not field.nullable:
                yield _Required, child, f".{field.name}"
    elif is_model(of) and isinstance(value, dict):
        for field in get_fields(of._find_variant(value)):
            if value.get(field.wire) is not None:
                yield field.type, value[field.wire], f".{field.wire}"
    elif (is_list(of) or of is Any) and isinstance(value, list | tuple):
        item = (get_args(of) or (Any,))[0]
        yield from ((item, entry, f"[{index}]") for index, entry in enumerate(value))
    elif (is_mapping(of) or of is Any) and isinstance(value, Mapping):
        item = Any if of is Any else get_value_type(of)
        yield from ((item, entry, f".{name}") for name, entry in value.items())


class _Required:
    """The type of a required field that was left None: no value fits it."""


def _write_required(value: Any) -> Any:
    raise missing_value()


def locate_in_answer(of: Any, value: Any) -> str:
    """Say where and why JSON data is not an `of`, as `$.data[3].userId: expected ...`."""
    return locate(of, value, lambda kind, data: get_decoder(kind)(data, kind), False, "$") or "$: unreadable"


def locate_in_argument(of: Any, value: Any, path: str) -> str:
    """Say where and why a Python value cannot be sent as `of`, below `path`."""
    return (
        locate(of, value, lambda kind, data: get_encoder(kind)(data), True, path) or f"{path}: cannot be sent"
    )


converter.register_unstructure_hook(_Required, _write_required)
