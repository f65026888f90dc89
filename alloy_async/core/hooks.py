"""The conversion hooks: cattrs dispatches on the type, these say how each kind of type is read and written.

A hook that meets a wrong value raises Mismatch at once, without a path; only then `locate` walks the value again to find
where it is. So the common case pays nothing for good messages. Hooks for models are generated as straight-line code.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import cattrs

from .model import NULL, Field, Model, Null, fields_of

Hook = Callable[[Any, Any], Any]
Writer = Callable[[Any], Any]


class Mismatch(Exception):
    """A value is not what its type says. str() tells what was expected and what kind of thing was found, never the value."""


def wrong(expected: str, value: Any) -> Mismatch:
    found = {NoneType: "null", dict: "an object", list: "an array"}.get(type(value)) or type(value).__name__
    return Mismatch(f"expected {expected}, got {found}")


converter = cattrs.Converter(detailed_validation=False)


def decoder(of: Any) -> Hook:
    """The hook that makes a `of` from JSON data; it may consume the dicts it is given."""
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
    if value.__class__ is str and len(value) > 10 and value[10] in "Tt ":
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


def _is_list(of: Any) -> bool:
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


def _is_mapping(of: Any) -> bool:
    return get_origin(of) in (dict, Mapping) or of is dict


def _mapping_reader(of: Any) -> Hook:
    item = (get_args(of) or (str, Any))[1]
    read = decoder(item)

    def read_mapping(value: Any, _: Any = None) -> dict[str, Any]:
        if value.__class__ is not dict:
            raise wrong("an object", value)
        return {name: read(entry, item) for name, entry in value.items()}

    return read_mapping


def _mapping_writer(of: Any) -> Writer:
    write = encoder((get_args(of) or (str, Any))[1])

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


def _is_union(of: Any) -> bool:
    return get_origin(of) in (Union, UnionType)


def members_of(of: Any) -> list[Any]:
    """The members of a union but None, the widest text type last, so that a timestamp is tried before plain text."""
    members = [member for member in get_args(of) if member not in (NoneType, Null)]
    return sorted(members, key=lambda member: member in (str, Any))


def _first_that_fits(attempts: Sequence[Callable[[Any], Any]], value: Any, spare: bool) -> Any:
    """The first conversion that takes the value; reading consumes dicts, so all but the last one get a copy."""
    for attempt in attempts[:-1]:
        try:
            return attempt(copy.deepcopy(value) if spare else value)
        except Mismatch:
            continue
    return attempts[-1](value)


def _union_reader(of: Any) -> Hook:
    optional = NoneType in get_args(of)
    members = members_of(of)
    reads = [(lambda value, read=decoder(member), member=member: read(value, member)) for member in members]
    single = decoder(members[0]) if len(members) == 1 else None

    def read_union(value: Any, _: Any = None) -> Any:
        if value is None and optional:
            return None
        if single is not None:
            return single(value, members[0])
        return _first_that_fits(reads, value, spare=value.__class__ in (dict, list))

    return read_union


def _union_writer(of: Any) -> Writer:
    optional = NoneType in get_args(of)
    writes = [encoder(member) for member in members_of(of)]

    def write_union(value: Any) -> Any:
        if optional and (value is None or value is NULL):
            return None
        return _first_that_fits(writes, value, spare=False)

    return write_union


# Models


def _is_model(of: Any) -> bool:
    return isinstance(of, type) and issubclass(of, Model)


INLINE = {str: "str", int: "int", bool: "bool"}
"""Types whose check is cheaper written out than called."""


def _inlined(field: Field) -> str | None:
    members = members_of(field.type) if _is_union(field.type) else [field.type]
    return INLINE.get(members[0]) if len(members) == 1 else None


def _compile(name: str, lines: list[str], names: dict[str, Any]) -> Any:
    exec("\n    ".join(lines), names)  # noqa: S102 (the source is made of field names of our own classes)
    return names[name]


def _model_reader(cls: type[Model]) -> Hook:
    """`read(data)`: take each known member out of the dict, check it, and what is left is `extra`."""
    names: dict[str, Any] = {"cls": cls, "wrong": wrong, "bare": cls.bare_list_as}
    lines = ["def read(data, _=None):", "if data.__class__ is not dict:"]
    lines += ["    if bare is None or data.__class__ is not list: raise wrong('an object', data)"]
    lines += ["    data = {bare: data}", "pop = data.pop"]
    for n, field in enumerate(fields_of(cls)):
        lines.append(f"v{n} = pop({field.wire!r}, None)")
        kind = _inlined(field)
        names[f"read{n}"], names[f"type{n}"] = _late(decoder, field.type), field.type
        test = f" and v{n}.__class__ is not {kind}" if kind else ""
        lines.append(f"if v{n} is not None{test}: v{n} = read{n}(v{n}, type{n})")
    values = "".join(f"v{n}, " for n in range(len(fields_of(cls))))
    lines.append(f"return cls({values}extra=data or {{}})")
    return _compile("read", lines, names)  # type: ignore[no-any-return]


def _late(hook_for: Callable[[Any], Any], of: Any) -> Callable[..., Any]:
    """The hook, looked up at its first call: a model may hold itself."""
    found: list[Callable[..., Any]] = []

    def hook(*args: Any) -> Any:
        if not found:
            found.append(hook_for(of))
        return found[0](*args)

    return hook


def _model_writer(cls: type[Model]) -> Writer:
    """`write(model)`: each member that is not None, then `extra`."""
    names: dict[str, Any] = {"cls": cls, "wrong": wrong, "missing": _missing}
    lines = [
        "def write(model):",
        f"if not isinstance(model, cls): raise wrong('a {cls.__name__}', model)",
        "data = {}",
    ]
    for n, field in enumerate(fields_of(cls)):
        kind = _inlined(field)
        names[f"write{n}"] = _late(encoder, field.type)
        lines.append(f"value = model.{field.name}")
        convert = f"write{n}(value)"
        if kind:
            convert = f"value if value.__class__ is {kind} else {convert}"
        lines.append(f"if value is not None: data[{field.wire!r}] = {convert}")
        if field.required:
            lines.append("else: raise missing()")
    lines += [
        "if model.extra:",
        "    for name, value in model.extra.items(): data.setdefault(name, value)",
        "return data",
    ]
    return _compile("write", lines, names)  # type: ignore[no-any-return]


def _missing() -> Mismatch:
    return Mismatch("is required and was not given")


# Finding where


def locate(of: Any, value: Any, convert: Callable[[Any, Any], Any], writing: bool, path: str) -> str | None:
    """`path: what is wrong there` of the innermost wrong value, or None where `value` is a good `of`."""
    try:
        convert(of, copy.deepcopy(value))
    except Mismatch as mismatch:
        for child_type, child, step in _children(of, value, writing):
            inner = locate(child_type, child, convert, writing, path + step)
            if inner is not None:
                return inner
        return f"{path}: {mismatch}"
    return None


def _children(of: Any, value: Any, writing: bool) -> Iterator[tuple[Any, Any, str]]:
    if _is_annotated(of):
        of = get_args(of)[0]
    if _is_union(of):
        members = [member for member in members_of(of) if member is not str]
        if len(members) == 1 and value is not None:
            yield from _children(members[0], value, writing)
    elif of is Any and isinstance(value, Model):
        yield from _children(type(value), value, writing)
    elif _is_model(of) and writing and isinstance(value, of):
        for field in fields_of(of):
            child = getattr(value, field.name)
            if child is not None:
                yield field.type, child, f".{field.name}"
            elif field.required:
                yield _Required, child, f".{field.name}"
    elif _is_model(of) and isinstance(value, dict):
        for field in fields_of(of):
            if value.get(field.wire) is not None:
                yield field.type, value[field.wire], f".{field.wire}"
    elif (_is_list(of) or of is Any) and isinstance(value, list | tuple):
        item = (get_args(of) or (Any,))[0]
        yield from ((item, entry, f"[{index}]") for index, entry in enumerate(value))
    elif (_is_mapping(of) or of is Any) and isinstance(value, Mapping):
        item = (get_args(of) or (str, Any))[1]
        yield from ((item, entry, f".{name}") for name, entry in value.items())


class _Required:
    """Stands for the type of a required field that was left None: nothing is a good value of it."""


def _write_required(value: Any) -> Any:
    raise _missing()


def locate_read(of: Any, value: Any) -> str:
    """Where and why JSON data is no `of`, as `$.data[3].userId: expected ...`."""
    return locate(of, value, lambda kind, data: decoder(kind)(data, kind), False, "$") or "$: unreadable"


def locate_write(of: Any, value: Any, path: str) -> str:
    """Where and why a Python value cannot be sent as `of`, below `path`."""
    return locate(of, value, lambda kind, data: encoder(kind)(data), True, path) or f"{path}: cannot be sent"


def _is_annotated(of: Any) -> bool:
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
    converter.register_unstructure_hook(_Required, _write_required)
    converter.register_structure_hook_func(lambda of: of in (Any, object), lambda value, _: value)
    converter.register_unstructure_hook_func(lambda of: of in (Any, object), _write_any)
    converter.register_structure_hook_func(lambda of: of in (None, NoneType), _read_none)
    for applies, reader, writer in (
        (_is_list, _list_reader, _list_writer),
        (_is_mapping, _mapping_reader, _mapping_writer),
        (_is_literal, _literal_reader, _literal_writer),
        (_is_annotated, lambda of: decoder(get_args(of)[0]), lambda of: encoder(get_args(of)[0])),
        (_is_union, _union_reader, _union_writer),
        (_is_model, _model_reader, _model_writer),
    ):
        converter.register_structure_hook_factory(applies, reader)
        converter.register_unstructure_hook_factory(applies, writer)


_register()
