"""Find the path of a Mismatch within its value; nobody looks for a path before there is a Mismatch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn, get_args

from .containers import get_value_type, is_annotated, is_list, is_mapping, is_union, list_union_members
from .conversion import converter, describe_misfit, get_decoder, get_encoder
from .fields import ModelBase, get_fields
from .generated_code import create_missing_mismatch, is_model

MAX_SEARCHED = 10_000
"""Parts of a value that are looked at; a server may send megabytes of what was not asked for."""


def describe_mismatch(
    of: Any, value: Any, mismatch: Exception, convert: Callable[[Any, Any], Any], writing: bool, path: str
) -> str:
    """Return `path: what is wrong there` for the innermost value that does not fit.

    Args:
        mismatch: what `convert(of, value)` raised.
    """
    searched = 0
    while True:
        for child_type, child, step in _iterate_children(of, value, writing):
            searched += 1
            if searched > MAX_SEARCHED:
                where = f"(somewhere after its first {MAX_SEARCHED} parts)"
                return f"{path}: {describe_misfit(mismatch)} {where}"
            try:
                convert(child_type, child)
            except RecursionError:
                raise
            except Exception as inner:  # a type that is not ours, as a dataclass, raises what it likes
                of, value, mismatch, path = child_type, child, inner, path + step
                break
        else:
            return f"{path}: {describe_misfit(mismatch)}"


def _iterate_children(of: Any, value: Any, writing: bool) -> Iterator[tuple[Any, Any, str]]:
    if is_annotated(of):
        of = get_args(of)[0]
    if is_union(of):
        members = [member for member in list_union_members(of) if member is not str]
        if len(members) == 1 and value is not None:
            yield from _iterate_children(members[0], value, writing)
    elif isinstance(value, ModelBase) and writing and (of is Any or is_model(of)):
        for field in get_fields(type(value)):
            child = getattr(value, field.name)
            if child is not None:
                yield field.type, child, f".{field.name}"
            elif field.required and not field.nullable:
                yield _RequiredLeftNone, child, f".{field.name}"
    elif is_model(of) and isinstance(value, dict):
        for field in get_fields(of._find_variant(value)):
            if value.get(field.wire) is not None:
                yield field.type, value[field.wire], f".{field.wire}"
    elif (is_list(of) or of is Any) and isinstance(value, list | tuple):
        item = (get_args(of) or (Any,))[0]
        yield from ((item, entry, f"[{index}]") for index, entry in enumerate(value))
    elif (is_mapping(of) or of is Any) and isinstance(value, Mapping):
        item = Any if of is Any else get_value_type(of)
        yield from ((item, entry, _format_path_step(name)) for name, entry in value.items())


def _format_path_step(name: Any) -> str:
    """Format the name of a member that the sender chose."""
    return (
        f".{name}"
        if isinstance(name, str) and name.isprintable() and len(name) < 60
        else f"[{str(name)[:60]!r}]"
    )


class _RequiredLeftNone:
    """The type of a required field that was left None: no value fits it."""


def _refuse_missing(value: Any) -> NoReturn:
    raise create_missing_mismatch()


def describe_mismatch_in_answer(of: Any, value: Any, mismatch: Exception) -> str:
    """Say where and why JSON data is not an `of`, as `$.data[3].userId: expected ...`."""
    return describe_mismatch(
        of, value, mismatch, lambda kind, data: get_decoder(kind)(data, kind), False, "$"
    )


def describe_mismatch_in_argument(of: Any, value: Any, path: str, mismatch: Exception) -> str:
    """Say where and why a Python value cannot be sent as `of`, below `path`."""
    return describe_mismatch(of, value, mismatch, lambda kind, data: get_encoder(kind)(data), True, path)


converter.register_unstructure_hook(_RequiredLeftNone, _refuse_missing)
