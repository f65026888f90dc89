"""The hooks of models, generated as straight-line code, since decoding is the dearest part of reading a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeGuard, get_args

from .conversion import (
    Hook,
    Mismatch,
    Writer,
    converter,
    decoder,
    encoder,
    is_list,
    is_union,
    members_of,
    wrong,
)
from .model import Field, Model, fields_of

INLINE = {str: "str", int: "int", bool: "bool"}
"""Types whose check is cheaper written out than called."""


def is_model(of: Any) -> TypeGuard[type[Model]]:
    return isinstance(of, type) and issubclass(of, Model)


def _only_member(of: Any) -> Any:
    """The X of X and of X | None; None for a wider union."""
    members = members_of(of) if is_union(of) else [of]
    return members[0] if len(members) == 1 else None


def _compiled(name: str, lines: list[str], names: dict[str, Any]) -> Any:
    exec("\n    ".join(lines), names)  # noqa: S102 (the source is made of field names of our own classes)
    return names[name]


_readers: dict[type[Model], Hook] = {}
"""Also those still being made: a model may hold itself."""


def model_reader(cls: type[Model]) -> Hook:
    """`read(data)`: check and store each known member; should the dict hold more than these, the rest is `extra`.

    The instance is filled without its __init__, which would cost as much again: models have no validators or converters.
    """
    if cls in _readers:
        return _readers[cls]
    fields = fields_of(cls)
    names: dict[str, Any] = {"cls": cls, "new": cls.__new__, "wrong": wrong, "rest": _rest}
    names["bare"], names["known"] = cls.bare_list_as, frozenset(field.wire for field in fields)
    lines = [
        "def read(data, _=None):",
        "if type(data) is not dict:",
        "    if bare is None or type(data) is not list: raise wrong('an object', data)",
        "    data = {bare: data}",
        "self = new(cls)",
        *_all_there(fields),
        *_as_found(fields),
        "return self",
    ]
    read: Hook = _compiled("read", lines, names)
    _readers[cls] = _variant_reader(cls, read) if "variant" in cls.__dict__ else read
    for n, field in enumerate(fields):
        only = _only_member(field.type)
        item = get_args(only)[0] if only is not None and is_list(only) and get_args(only) else None
        kind = field.type if only is None else item if item is not None else only
        names[f"read{n}"], names[f"type{n}"] = decoder(kind), kind
    return _readers[cls]


def _all_there(fields: Sequence[Field]) -> list[str]:
    """The quicker lines, for a dict of as many members as there are fields: most often it has just these."""
    lines = [f"if len(data) == {len(fields)}:", "    try:"]
    for n, field in enumerate(fields):
        body = [f"value = data[{field.wire!r}]", *_checked(n, field), f"self.{field.name} = value"]
        lines += [f"        {line}" for line in body]
    return [*lines, "        self._extra = None", "        return self", "    except KeyError: pass"]


def _as_found(fields: Sequence[Field]) -> list[str]:
    """The lines for a dict that lacks members, or has others."""
    lines = [f"found = {len(fields)}"]
    for n, field in enumerate(fields):
        body = [f"value = data[{field.wire!r}]", *_checked(n, field), f"self.{field.name} = value"]
        lines += [f"if {field.wire!r} in data:", *(f"    {line}" for line in body)]
        lines += ["else:", f"    self.{field.name} = None", "    found -= 1"]
    return [*lines, "self._extra = None if len(data) == found else rest(data, known)"]


def _rest(data: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    rest = data.copy()
    for name in known:
        rest.pop(name, None)
    return rest


def _checked(n: int, field: Field) -> list[str]:
    """The lines that check and convert the `value` of a field."""
    only = _only_member(field.type)
    if only in INLINE:
        return [f"if type(value) is not {INLINE[only]} and value is not None: read{n}(value)"]
    if only is not None and is_list(only) and get_args(only):
        return [
            "if value is not None:",
            "    if type(value) is not list: raise wrong('an array', value)",
            f"    value = list(map(read{n}, value))",
        ]
    return [f"if value is not None: value = read{n}(value, type{n})"]


def _variant_reader(cls: type[Model], read: Hook) -> Hook:
    def read_variant(data: Any, _: Any = None) -> Any:
        variant = cls.variant(data) if data.__class__ is dict else cls
        return read(data, cls) if variant is cls else decoder(variant)(data, variant)

    return read_variant


def model_writer(cls: type[Model]) -> Writer:
    """`write(model)`: each member that is not None, then `extra`; a subclass is written whole, by its own writer."""
    names: dict[str, Any] = {"cls": cls, "wrong": wrong, "missing": missing, "encoder": encoder}
    lines = [
        "def write(model):",
        "if model.__class__ is not cls:",
        f"    if not isinstance(model, cls): raise wrong('a {cls.__name__}', model)",
        "    return encoder(model.__class__)(model)",
        "data = {}",
    ]
    for n, field in enumerate(fields_of(cls)):
        kind = INLINE.get(_only_member(field.type))
        names[f"write{n}"] = _at_first_call(encoder, field.type)
        lines.append(f"value = model.{field.name}")
        convert = f"write{n}(value)"
        if kind:
            convert = f"value if value.__class__ is {kind} else {convert}"
        lines.append(f"if value is not None: data[{field.wire!r}] = {convert}")
        if field.required:
            lines.append(f"else: data[{field.wire!r}] = None" if field.nullable else "else: raise missing()")
    lines += [
        "if model._extra:",
        "    for name, value in model._extra.items(): data.setdefault(name, value)",
        "return data",
    ]
    return _compiled("write", lines, names)  # type: ignore[no-any-return]


def _at_first_call(hook_for: Callable[[Any], Writer], of: Any) -> Writer:
    """The hook, looked up when it is needed: a model may hold itself."""
    found: list[Writer] = []

    def hook(value: Any) -> Any:
        if not found:
            found.append(hook_for(of))
        return found[0](value)

    return hook


def missing() -> Mismatch:
    return Mismatch("is required and was not given")


converter.register_structure_hook_factory(is_model, model_reader)
converter.register_unstructure_hook_factory(is_model, model_writer)
