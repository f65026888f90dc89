"""Any operation of any system, filled: each argument and member has a value, and each secret one a canary."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from alloy_async import Operation, to_wire
from alloy_async.core.codec.containers import (
    get_value_type,
    is_list,
    is_mapping,
    is_union,
    list_union_members,
)
from alloy_async.core.codec.fields import ModelBase, get_fields
from alloy_async.core.messages.upload import FileSource

DEEPEST = 8
"""Levels of models within models that are filled."""
BY_NAME = {"delimiter": ";", "phone_number": "+15550100"}
"""Fields whose text must have a form."""


def iterate_operations(system: str) -> Iterator[type[Operation[Any]]]:
    """Yield the operation classes of a system that are methods of its clients."""
    client = getattr(import_module(f"alloy_async.{system}.client"), f"Async{system.capitalize()}")
    found: dict[type[Operation[Any]], None] = {}
    for name in dir(client):
        operation = getattr(getattr(client, name), "operation", None)
        if isinstance(operation, type) and issubclass(operation, Operation):
            found[operation] = None
    yield from found


def create_filled(operation: type[Operation[Any]], text: str, secret: str) -> Operation[Any]:
    """Create an operation with a value for each argument.

    Args:
        text: for every text that is not a secret.
        secret: for every text that is one, or is within one.
    """
    return operation(**_fill_fields(operation, text, secret, False, 0))


def fill_result(of: Any) -> Any:
    """Create JSON data that fits the type of an operation's result."""
    if of in (None, NoneType, bytes, Any):
        return {}
    return to_wire(_fill(of, "ada", "secret of the server", False, 0))


def _fill_fields(cls: type, text: str, secret: str, is_secret: bool, depth: int) -> dict[str, Any]:
    return {
        field.name: _fill(
            field.type, BY_NAME.get(field.name, text), secret, is_secret or field.marker.secret, depth
        )
        for field in get_fields(cls)
    }


def _fill(of: Any, text: str, secret: str, is_secret: bool, depth: int) -> Any:
    if of == FileSource:
        return (secret if is_secret else text).encode()
    if get_origin(of) is Annotated:
        return _fill(get_args(of)[0], text, secret, is_secret, depth)
    if is_union(of):
        members = [member for member in list_union_members(of) if member is not NoneType]
        return _fill(members[0], text, secret, is_secret, depth)
    if get_origin(of) is Literal:
        return get_args(of)[0]
    if isinstance(of, type) and issubclass(of, ModelBase):
        if depth >= DEEPEST:
            return None
        return of(**_fill_fields(of, text, secret, is_secret, depth + 1))
    if is_list(of):
        item = _fill((get_args(of) or (Any,))[0], text, secret, is_secret, depth + 1)
        return [] if item is None else [item]
    if is_mapping(of):
        item = _fill(get_value_type(of), text, secret, is_secret, depth + 1)
        return {} if item is None else {"member": item}
    simple = {
        int: 7,
        float: 1.5,
        bool: True,
        datetime: datetime(2026, 11, 1, tzinfo=UTC),
        date: date(2026, 11, 1),
    }
    return simple.get(of, secret if is_secret else text)
