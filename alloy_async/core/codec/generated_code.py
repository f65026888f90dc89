"""How models are read and written: code generated for each class, since decoding is most of the cost of reading a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeGuard, get_args

from .containers import is_list, is_union, list_union_members
from .conversion import Decoder, Encoder, Mismatch, converter, create_type_mismatch, get_decoder, get_encoder
from .fields import Field, ModelBase, get_fields
from .scalars import EXACT_CHECKS

MOST_WRITTEN_OUT = 8
"""Members of a model whose code is written out where it is an item."""


def is_model(of: Any) -> TypeGuard[type[ModelBase]]:
    return isinstance(of, type) and issubclass(of, ModelBase)


def _find_only_member_besides_none(of: Any) -> Any:
    """Return the X of X and of X | None; None for a wider union."""
    members = list_union_members(of) if is_union(of) else [of]
    return members[0] if len(members) == 1 else None


def _compile_function(name: str, lines: list[str], names: dict[str, Any]) -> Any:
    exec("\n    ".join(lines), names)  # noqa: S102 (the source is made of field names of our own classes)
    return names[name]


_decoders: dict[type[ModelBase], Decoder] = {}
"""By model; also those still being made, since a model may hold itself."""


def create_model_decoder(cls: type[ModelBase]) -> Decoder:
    """Generate `decode(data)`: check and store each known member; should the dict hold more than these, the rest is `extra`.

    The instance is filled without its __init__, which would cost as much again: models have no validators or converters.
    """
    if cls in _decoders:
        return _decoders[cls]
    fields = get_fields(cls)
    names: dict[str, Any] = {
        "cls": cls,
        "new": cls.__new__,
        "create_type_mismatch": create_type_mismatch,
        "drop_known": _copy_without_known,
        "parse_datetime": datetime.fromisoformat,
        **{f"decode_{name}": get_decoder(kind) for kind, name in EXACT_CHECKS.items()},
    }
    names["bare"], names["known"] = cls._bare_list_as, frozenset(field.wire for field in fields)
    lines = [
        "def decode(data, _=None):",
        "if type(data) is not dict:",
        "    if bare is None or type(data) is not list: raise create_type_mismatch('an object', data)",
        "    data = {bare: data}",
        "self = new(cls)",
        *_generate_full_case(fields),
        *_generate_general_case(fields),
        "return self",
    ]
    decode: Decoder = _compile_function("decode", lines, names)
    _decoders[cls] = _create_variant_dispatcher(cls, decode) if "_find_variant" in cls.__dict__ else decode
    for n, field in enumerate(fields):
        only = _find_only_member_besides_none(field.type)
        item = get_args(only)[0] if only is not None and is_list(only) and get_args(only) else None
        kind = field.type if only is None else item if item is not None else only
        names[f"decode{n}"], names[f"type{n}"], names[f"cls{n}"] = get_decoder(kind), kind, item
    return _decoders[cls]


def _generate_full_case(fields: Sequence[Field]) -> list[str]:
    """Write the quicker lines, for a dict of as many members as there are fields: most often it has just these."""
    lines = [f"if len(data) == {len(fields)}:", "    try:"]
    for n, field in enumerate(fields):
        body = [f"value = data[{field.wire!r}]", *_generate_check(n, field), f"self.{field.name} = value"]
        lines += [f"        {line}" for line in body]
    return [*lines, "        self._extra = None", "        return self", "    except KeyError: pass"]


def _generate_general_case(fields: Sequence[Field]) -> list[str]:
    """Write the lines for a dict that lacks members, or has others."""
    lines = [f"found = {len(fields)}"]
    for n, field in enumerate(fields):
        body = [f"value = data[{field.wire!r}]", *_generate_check(n, field), f"self.{field.name} = value"]
        lines += [f"if {field.wire!r} in data:", *(f"    {line}" for line in body)]
        lines += ["else:", f"    self.{field.name} = None", "    found -= 1"]
    return [*lines, "self._extra = None if len(data) == found else drop_known(data, known)"]


def _copy_without_known(data: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    rest = data.copy()
    for name in known:
        rest.pop(name, None)
    return rest


def _generate_check(n: int, field: Field) -> list[str]:
    """Write the lines that check and convert the `value` of a field."""
    only = _find_only_member_besides_none(field.type)
    if only in EXACT_CHECKS:
        return [f"if type(value) is not {EXACT_CHECKS[only]} and value is not None: value = decode{n}(value)"]
    if only is datetime:
        # Written out, as it is in most objects; what is not plainly a moment of a known zone goes to the scalar's own hook.
        return [
            "if value is not None:",
            "    try: moment = parse_datetime(value)",
            "    except (ValueError, TypeError): moment = None",
            f"    if moment is None or moment.tzinfo is None: moment = decode{n}(value)",
            "    value = moment",
        ]
    if only is not None and is_list(only) and get_args(only):
        item = get_args(only)[0]
        convert = (
            _generate_list_items(n, item)
            if _is_flat_model(item)
            else [f"value = list(map(decode{n}, value))"]
        )
        return [
            "if value is not None:",
            "    if type(value) is not list: raise create_type_mismatch('an array', value)",
            *(f"    {line}" for line in convert),
        ]
    return [f"if value is not None: value = decode{n}(value, type{n})"]


def _is_flat_model(of: Any) -> TypeGuard[type[ModelBase]]:
    """Tell whether a type is a small model of plain members, whose code is written out where it is the item of a list."""
    return (
        is_model(of)
        and of._bare_list_as is None
        and not any("_find_variant" in cls.__dict__ for cls in of.__mro__ if cls is not ModelBase)
        and len(get_fields(of)) <= MOST_WRITTEN_OUT
        and all(_find_only_member_besides_none(field.type) in EXACT_CHECKS for field in get_fields(of))
    )


def _generate_list_items(n: int, item: type[ModelBase]) -> list[str]:
    """Write the lines that make a list of flat models of the list `value`; a dict of other members goes to the model's hook."""
    fields = get_fields(item)
    lines = [
        "items = []",
        f"for data{n} in value:",
        f"    if type(data{n}) is dict and len(data{n}) == {len(fields)}:",
        "        try:",
        f"            item = new(cls{n})",
    ]
    for field in fields:
        kind = EXACT_CHECKS[_find_only_member_besides_none(field.type)]
        lines += [
            f"            value = data{n}[{field.wire!r}]",
            f"            if type(value) is not {kind} and value is not None: value = decode_{kind}(value)",
            f"            item.{field.name} = value",
        ]
    return [
        *lines,
        "            item._extra = None",
        f"        except KeyError: item = decode{n}(data{n})",
        f"    else: item = decode{n}(data{n})",
        "    items.append(item)",
        "value = items",
    ]


def _create_variant_dispatcher(cls: type[ModelBase], decode: Decoder) -> Decoder:
    def decode_variant(data: Any, _: Any = None) -> Any:
        variant = cls._find_variant(data) if data.__class__ is dict else cls
        return decode(data, cls) if variant is cls else get_decoder(variant)(data, variant)

    return decode_variant


def create_model_encoder(cls: type[ModelBase]) -> Encoder:
    """Generate `encode(model)`: each member that is not None, then `extra`; a subclass is written whole, by its own writer."""
    names: dict[str, Any] = {
        "cls": cls,
        "create_type_mismatch": create_type_mismatch,
        "create_missing_mismatch": create_missing_mismatch,
        "get_encoder": get_encoder,
    }
    lines = [
        "def encode(model):",
        "if model.__class__ is not cls:",
        f"    if not isinstance(model, cls): raise create_type_mismatch('a {cls.__name__}', model)",
        "    return get_encoder(model.__class__)(model)",
        "data = {}",
    ]
    for n, field in enumerate(get_fields(cls)):
        kind = EXACT_CHECKS.get(_find_only_member_besides_none(field.type))
        names[f"encode{n}"] = _defer_hook(get_encoder, field.type)
        lines.append(f"value = model.{field.name}")
        convert = f"encode{n}(value)"
        if kind:
            convert = f"value if value.__class__ is {kind} else {convert}"
        lines.append(f"if value is not None: data[{field.wire!r}] = {convert}")
        if field.required:
            lines.append(
                f"else: data[{field.wire!r}] = None"
                if field.nullable
                else "else: raise create_missing_mismatch()"
            )
    lines += [
        "if model._extra:",
        "    for name, value in model._extra.items(): data.setdefault(name, value)",
        "return data",
    ]
    return _compile_function("encode", lines, names)  # type: ignore[no-any-return]


def _defer_hook(get_hook: Callable[[Any], Encoder], of: Any) -> Encoder:
    """Look the hook up only when it is called: a model may hold itself."""
    found: list[Encoder] = []

    def call_hook(value: Any) -> Any:
        if not found:
            found.append(get_hook(of))
        return found[0](value)

    return call_hook


def create_missing_mismatch() -> Mismatch:
    """Create the Mismatch for a required member that is None."""
    return Mismatch("is required and was not given")


converter.register_structure_hook_factory(is_model, create_model_decoder)
converter.register_unstructure_hook_factory(is_model, create_model_encoder)
