"""The conversion hooks: cattrs dispatches on the type, these say how each kind of type is read and written.

A hook that meets a wrong value raises Mismatch at once, without a path; only then `locate` walks the value again to find
where it is. So the common case pays nothing for good messages. The hooks of models are in `model_hooks`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import cattrs

from .model import NULL, Model, Null

Hook = Callable[[Any, Any], Any]
Writer = Callable[[Any], Any]


class Mismatch(Exception):
    """A value is not what its type says. str() tells what was expected and what kind of thing was found, never the value."""


def wrong(expected: str, value: Any) -> Mismatch:
    found = {NoneType: "null", dict: "an object", list: "an array"}.get(type(value)) or type(value).__name__
    return Mismatch(f"expected {expected}, got {found}")


converter = cattrs.Converter(detailed_validation=False)


def decoder(of: Any) -> Hook:
    """The hook that makes a `of` from JSON data."""
    return converter.get_structure_hook(of)


def encoder(of: Any) -> Writer:
    """The hook that makes JSON data from a `of`."""
    return converter.get_unstructure_hook(of)


# Leaves


def _leaf(cls: type, expected: str) -> tuple[Hook, Writer]:
    def read(value: Any, _: Any = None) -> Any:
        if value.__class__ is cls:
            return value
        raise wrong(expected, value)

    def write(value: Any) -> Any:
        if value.__class__ is cls:
            return value
        if isinstance(value, cls) and not isinstance(value, bool):
            return value.value if isinstance(value, Enum) else cls(value)
        raise wrong(expected, value)

    return read, write


def _read_float(value: Any, _: Any = None) -> float | int:
    if value.__class__ is float or value.__class__ is int:
        return value
    raise wrong("a number", value)


def _write_float(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong("a number", value)
    if not math.isfinite(value):
        raise Mismatch("expected a finite number: JSON has no NaN or infinity")
    return value


def _read_datetime(value: Any, _: Any = None) -> datetime:
    """An ISO 8601 date and time; one without a zone is taken as UTC, so that all compare."""
    if type(value) is str and len(value) > len("2026-01-01"):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise Mismatch("expected a date and time (ISO 8601), got other text") from None
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    raise wrong("a date and time (ISO 8601)", value)


def _write_datetime(value: Any) -> str:
    if not isinstance(value, datetime):
        raise wrong("a datetime", value)
    if value.tzinfo is None:
        raise Mismatch(
            "expected a datetime with a time zone, got a naive one: add tzinfo, for example datetime.UTC"
        )
    return value.isoformat().replace("+00:00", "Z")


def _read_date(value: Any, _: Any = None) -> date:
    try:
        if value.__class__ is str:
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise wrong("a date (ISO 8601)", value)


def _write_date(value: Any) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    raise wrong("a date", value)


def _read_none(value: Any, _: Any = None) -> None:
    if value is not None:
        raise wrong("null", value)


def _read_any(value: Any, _: Any = None) -> Any:
    return value


def _write_any(value: Any) -> Any:
    """JSON data of any value that has a JSON form."""
    cls = value.__class__
    if value is None or cls is str or cls is int or cls is bool:
        return value
    if cls is dict or isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise wrong("text as the name of a member", key)
        return {key: _write_any(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_write_any(item) for item in value]
    if value is NULL:
        return None
    if isinstance(value, Enum):
        return _write_any(value.value)
    for kind in (Model, datetime, date, float, str, int):
        if isinstance(value, kind):
            return encoder(cls if kind is Model else kind)(value)
    raise wrong("a value that JSON has a form for", value)


# Containers and unions


def is_list(of: Any) -> bool:
    return get_origin(of) in (list, Sequence) or of is list


def _list_reader(of: Any) -> Hook:
    item = (get_args(of) or (Any,))[0]
    read = decoder(item)

    def read_list(value: Any, _: Any = None) -> list[Any]:
        if value.__class__ is not list:
            raise wrong("an array", value)
        return [read(entry, item) for entry in value]

    return read_list


def _list_writer(of: Any) -> Writer:
    write = encoder((get_args(of) or (Any,))[0])

    def write_list(value: Any) -> list[Any]:
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise wrong("a list", value)
        return [write(entry) for entry in value]

    return write_list


def is_mapping(of: Any) -> bool:
    return get_origin(of) in (dict, Mapping) or (isinstance(of, type) and issubclass(of, dict))


def values_of(of: Any) -> Any:
    """The type of a mapping's values; a subclass of dict[str, V] has those of its base."""
    bases = getattr(of, "__orig_bases__", ())
    return (get_args(of) or get_args(bases[0] if bases else dict[str, Any]))[1]


def _mapping_reader(of: Any) -> Hook:
    item = values_of(of)
    read = decoder(item)
    make = of if isinstance(of, type) and of is not dict else None

    def read_mapping(value: Any, _: Any = None) -> dict[str, Any]:
        if value.__class__ is not dict:
            raise wrong("an object", value)
        entries = {name: read(entry, item) for name, entry in value.items()}
        return entries if make is None else make(entries)

    return read_mapping


def _mapping_writer(of: Any) -> Writer:
    write = encoder(values_of(of))

    def write_mapping(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise wrong("a mapping", value)
        for name in value:
            if not isinstance(name, str):
                raise wrong("text as the name of a member", name)
        return {name: write(entry) for name, entry in value.items()}

    return write_mapping


def _literal_reader(of: Any) -> Hook:
    """Reading takes values that a newer server may send, as long as they are of the same kind."""
    kinds = {type(known) for known in get_args(of)}

    def read_literal(value: Any, _: Any = None) -> Any:
        if value.__class__ in kinds:
            return value
        raise wrong(f"one of {_options(of)}", value)

    return read_literal


def _literal_writer(of: Any) -> Writer:
    known = frozenset(get_args(of))

    def write_literal(value: Any) -> Any:
        plain = value.value if isinstance(value, Enum) else value
        if isinstance(plain, str | int) and plain in known:
            return plain
        if isinstance(plain, str):
            raise Mismatch(f"expected one of {_options(of)}, got {plain[:40]!r}")
        raise wrong(f"one of {_options(of)}", value)

    return write_literal


def _options(of: Any) -> str:
    return ", ".join(repr(option) for option in get_args(of))


def is_union(of: Any) -> bool:
    return get_origin(of) in (Union, UnionType)


def members_of(of: Any) -> list[Any]:
    """The members of a union but None, the widest text type last, so that a timestamp is tried before plain text."""
    members = [member for member in get_args(of) if member not in (NoneType, Null)]
    return sorted(members, key=lambda member: member in (str, Any))


def _first_that_fits(attempts: Sequence[Callable[[Any], Any]], value: Any) -> Any:
    """The first conversion that takes the value."""
    for attempt in attempts[:-1]:
        try:
            return attempt(value)
        except Mismatch:
            continue
    return attempts[-1](value)


def _union_reader(of: Any) -> Hook:
    optional = NoneType in get_args(of)
    members = members_of(of)
    reads = [_reading(member) for member in members]
    single = decoder(members[0]) if len(members) == 1 else None

    def read_union(value: Any, _: Any = None) -> Any:
        if value is None and optional:
            return None
        if single is not None:
            return single(value, members[0])
        return _first_that_fits(reads, value)

    return read_union


def _reading(member: Any) -> Callable[[Any], Any]:
    read = decoder(member)
    return lambda value: read(value, member)


def _union_writer(of: Any) -> Writer:
    optional = NoneType in get_args(of)
    writes = [encoder(member) for member in members_of(of)]

    def write_union(value: Any) -> Any:
        if optional and (value is None or value is NULL):
            return None
        return _first_that_fits(writes, value)

    return write_union


def is_annotated(of: Any) -> bool:
    return get_origin(of) is Annotated


def _is_literal(of: Any) -> bool:
    origin: Any = get_origin(of)
    return origin is Literal


def _leaves() -> Iterator[tuple[Any, Hook, Writer]]:
    yield str, *_leaf(str, "text")
    yield int, *_leaf(int, "a whole number")
    yield bool, *_leaf(bool, "true or false")
    yield float, _read_float, _write_float
    yield datetime, _read_datetime, _write_datetime
    yield date, _read_date, _write_date


def _register() -> None:
    for cls, read, write in _leaves():
        converter.register_structure_hook(cls, read)
        converter.register_unstructure_hook(cls, write)
    converter.register_structure_hook_func(lambda of: of in (Any, object), _read_any)
    converter.register_unstructure_hook_func(lambda of: of in (Any, object), _write_any)
    converter.register_structure_hook_func(lambda of: of in (None, NoneType), _read_none)
    for applies, reader, writer in (
        (is_list, _list_reader, _list_writer),
        (is_mapping, _mapping_reader, _mapping_writer),
        (_is_literal, _literal_reader, _literal_writer),
        (is_annotated, lambda of: decoder(get_args(of)[0]), lambda of: encoder(get_args(of)[0])),
        (is_union, _union_reader, _union_writer),
    ):
        converter.register_structure_hook_factory(applies, reader)
        converter.register_unstructure_hook_factory(applies, writer)


_register()
