"""How lists, mappings, literals, unions and values of any type are read and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, is_typeddict

from .conversion import Decoder, Encoder, Mismatch, converter, create_type_mismatch, get_decoder, get_encoder
from .fields import NULL, ModelBase, Null


def _decode_any(value: Any, _: Any = None) -> Any:
    return value


def _encode_any(value: Any) -> Any:
    """Make JSON data of any value that has a JSON form."""
    cls = value.__class__
    if value is None or cls is str or cls is int or cls is bool:
        return value
    if cls is dict or isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise create_type_mismatch("text as the name of a member", key)
        return {key: _encode_any(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encode_any(item) for item in value]
    if value is NULL:
        return None
    if isinstance(value, Enum):
        return _encode_any(value.value)
    for kind in (ModelBase, datetime, date, float, str, int):
        if isinstance(value, kind):
            return get_encoder(cls if kind is ModelBase else kind)(value)
    raise create_type_mismatch("a value that JSON has a form for", value)


def is_list(of: Any) -> bool:
    return get_origin(of) in (list, Sequence) or of is list


def _create_list_decoder(of: Any) -> Decoder:
    item = (get_args(of) or (Any,))[0]
    read = get_decoder(item)

    def decode_list(value: Any, _: Any = None) -> list[Any]:
        if value.__class__ is not list:
            raise create_type_mismatch("an array", value)
        return [read(entry, item) for entry in value]

    return decode_list


def _create_list_encoder(of: Any) -> Encoder:
    write = get_encoder((get_args(of) or (Any,))[0])

    def encode_list(value: Any) -> list[Any]:
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise create_type_mismatch("a list", value)
        return [write(entry) for entry in value]

    return encode_list


def is_mapping(of: Any) -> bool:
    if get_origin(of) in (dict, Mapping):
        return True
    # A TypedDict is cattrs's own matter.
    return isinstance(of, type) and issubclass(of, dict) and not is_typeddict(of)


def get_value_type(of: Any) -> Any:
    """Return the type of a mapping's values; a subclass of dict[str, V] has those of its base."""
    bases = getattr(of, "__orig_bases__", ())
    return (get_args(of) or get_args(bases[0] if bases else dict[str, Any]))[1]


def _create_mapping_decoder(of: Any) -> Decoder:
    item = get_value_type(of)
    read = get_decoder(item)
    make = of if isinstance(of, type) and of is not dict else None

    def decode_mapping(value: Any, _: Any = None) -> dict[str, Any]:
        if value.__class__ is not dict:
            raise create_type_mismatch("an object", value)
        entries = {name: read(entry, item) for name, entry in value.items()}
        return entries if make is None else make(entries)

    return decode_mapping


def _create_mapping_encoder(of: Any) -> Encoder:
    write = get_encoder(get_value_type(of))

    def encode_mapping(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise create_type_mismatch("a mapping", value)
        for name in value:
            if not isinstance(name, str):
                raise create_type_mismatch("text as the name of a member", name)
        return {name: write(entry) for name, entry in value.items()}

    return encode_mapping


def _create_lenient_literal_decoder(of: Any) -> Decoder:
    """Accept also values that only a newer server knows, as long as they are of the same kind."""
    kinds = {type(known) for known in get_args(of)}

    def decode_literal(value: Any, _: Any = None) -> Any:
        if value.__class__ in kinds:
            return value
        raise create_type_mismatch(f"one of {_format_options(of)}", value)

    return decode_literal


def _create_literal_encoder(of: Any) -> Encoder:
    known = frozenset(get_args(of))

    def encode_literal(value: Any) -> Any:
        plain = value.value if isinstance(value, Enum) else value
        if isinstance(plain, str | int) and plain in known:
            return plain
        if isinstance(plain, str):
            raise Mismatch(f"expected one of {_format_options(of)}, got {plain[:40]!r}")
        raise create_type_mismatch(f"one of {_format_options(of)}", value)

    return encode_literal


def _format_options(of: Any) -> str:
    return ", ".join(repr(option) for option in get_args(of))


def is_union(of: Any) -> bool:
    return get_origin(of) in (Union, UnionType)


def list_union_members(of: Any) -> list[Any]:
    """List the members of a union but None, plain text last, so that a timestamp is tried before it."""
    members = [member for member in get_args(of) if member not in (NoneType, Null)]
    return sorted(members, key=lambda member: member in (str, Any))


def _try_each(attempts: Sequence[Callable[[Any], Any]], value: Any) -> Any:
    """Return the result of the first conversion that accepts the value."""
    for attempt in attempts[:-1]:
        try:
            return attempt(value)
        except Mismatch:
            continue
    return attempts[-1](value)


def _create_union_decoder(of: Any) -> Decoder:
    optional = NoneType in get_args(of)
    members = list_union_members(of)
    reads = [_bind_decoder_to_type(member) for member in members]
    single = get_decoder(members[0]) if len(members) == 1 else None

    def decode_union(value: Any, _: Any = None) -> Any:
        if value is None and optional:
            return None
        if single is not None:
            return single(value, members[0])
        return _try_each(reads, value)

    return decode_union


def _bind_decoder_to_type(member: Any) -> Callable[[Any], Any]:
    read = get_decoder(member)
    return lambda value: read(value, member)


def _create_union_encoder(of: Any) -> Encoder:
    optional = NoneType in get_args(of)
    writes = [get_encoder(member) for member in list_union_members(of)]

    def encode_union(value: Any) -> Any:
        if optional and (value is None or value is NULL):
            return None
        return _try_each(writes, value)

    return encode_union


def is_annotated(of: Any) -> bool:
    return get_origin(of) is Annotated


def _is_literal(of: Any) -> bool:
    origin: Any = get_origin(of)
    return origin is Literal


def _register_containers() -> None:
    converter.register_structure_hook_func(lambda of: of in (Any, object), _decode_any)
    converter.register_unstructure_hook_func(lambda of: of in (Any, object), _encode_any)
    for applies, create_decoder, create_encoder in (
        (is_list, _create_list_decoder, _create_list_encoder),
        (is_mapping, _create_mapping_decoder, _create_mapping_encoder),
        (_is_literal, _create_lenient_literal_decoder, _create_literal_encoder),
        (is_annotated, lambda of: get_decoder(get_args(of)[0]), lambda of: get_encoder(get_args(of)[0])),
        (is_union, _create_union_decoder, _create_union_encoder),
    ):
        converter.register_structure_hook_factory(applies, create_decoder)
        converter.register_unstructure_hook_factory(applies, create_encoder)


_register_containers()
