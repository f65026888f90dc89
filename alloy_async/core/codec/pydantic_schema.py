"""The schemas by which pydantic, and so FastAPI, validates, serializes and describes a model; pydantic is not imported."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from ..errors import DecodeError
from .containers import get_value_type, is_list, is_mapping, is_union, list_union_members
from .fields import ModelBase, Null, get_fields
from .typed_json import from_wire, to_wire

SCALARS: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    bytes: {"type": "string", "format": "binary"},
    NoneType: {"type": "null"},
}


def create_core_schema(cls: type[ModelBase]) -> dict[str, Any]:
    """Create pydantic's core schema of a model, which is plain data: JSON objects and instances are taken, objects given."""
    return {
        "type": "function-plain",
        "function": {"type": "no-info", "function": _create_validator(cls)},
        "serialization": {"type": "function-plain", "function": to_wire},
        "ref": f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",  # pydantic's form; OpenAPI then names it once
    }


def _create_validator(cls: type[ModelBase]) -> Callable[[Any], Any]:
    def validate(value: Any) -> Any:
        if isinstance(value, cls):
            return value
        try:
            return from_wire(cls, dict(value) if isinstance(value, Mapping) else value)
        except DecodeError as error:
            reason = error.message
        raise ValueError(reason)  # which pydantic makes a ValidationError of

    return validate


def create_json_schema(of: Any, within: tuple[Any, ...] = ()) -> dict[str, Any]:
    """Create the JSON schema of a type; a model within itself is described by its name alone.

    Members that the model does not declare are allowed, and so are values of an enumeration that only a newer service knows.
    """
    if get_origin(of) is Annotated:
        return create_json_schema(get_args(of)[0], within)
    if of in SCALARS:
        return dict(SCALARS[of])
    if isinstance(of, type) and issubclass(of, ModelBase):
        return _create_json_schema_of_model(of, within)
    if is_union(of):
        members = [*list_union_members(of), *([NoneType] if NoneType in get_args(of) else [])]
        return {"anyOf": [create_json_schema(member, within) for member in members if member is not Null]}
    if get_origin(of) is Literal:
        return {"enum": list(get_args(of))}
    if isinstance(of, type) and issubclass(of, Enum):
        return {"enum": [member.value for member in of]}
    if is_list(of):
        return {"type": "array", "items": create_json_schema((get_args(of) or (Any,))[0], within)}
    if is_mapping(of):
        return {"type": "object", "additionalProperties": create_json_schema(get_value_type(of), within)}
    return {}


def _create_json_schema_of_model(cls: type[ModelBase], within: tuple[Any, ...]) -> dict[str, Any]:
    if cls in within:
        return {"type": "object", "title": cls.__name__}
    properties, required = {}, []
    for field in get_fields(cls):
        described = create_json_schema(field.type, (*within, cls))
        properties[field.wire] = {**described, "format": "password"} if field.marker.secret else described
        if field.required:
            required.append(field.wire)
    schema = {
        "type": "object",
        "title": cls.__name__,
        "description": inspect.cleandoc(cls.__doc__ or ""),
        "properties": properties,
    }
    return {**schema, "required": required} if required else schema
