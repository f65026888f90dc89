"""How text, numbers, booleans, dates and null are read and written."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from enum import Enum
from types import NoneType
from typing import Any

from .conversion import Decoder, Encoder, Mismatch, converter, create_type_mismatch

LARGEST_EXACT = 2**53 - 1
"""Up to here a floating-point number tells each whole number from the next; beyond, an id would be another one."""
EXACT_CHECKS: dict[type[Any], str] = {str: "str", int: "int", bool: "bool"}
"""Types whose check is cheaper written out in generated code than called, by the name of the type there."""


def _create_hooks_of_scalar(cls: type, expected: str) -> tuple[Decoder, Encoder]:
    def read(value: Any, _: Any = None) -> Any:
        if value.__class__ is cls:
            return value
        raise create_type_mismatch(expected, value)

    def write(value: Any) -> Any:
        if value.__class__ is cls:
            return value
        plain = _unwrap_numpy(value)
        if isinstance(plain, cls) and (cls is bool or not isinstance(plain, bool)):
            return plain.value if isinstance(plain, Enum) else cls(plain)
        raise create_type_mismatch(expected, value)

    return read, write


def _unwrap_numpy(value: Any) -> Any:
    """Take Python's own value of a scalar of numpy, which pandas gives; other values stay as they are."""
    is_scalar = type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()
    return value.item() if is_scalar else value


def _decode_int(value: Any, _: Any = None) -> int:
    """Read a whole number; take 5.0 for one too, as services write it that keep numbers as floating point."""
    if value.__class__ is int:
        return value
    if value.__class__ is float and value.is_integer():
        # Such a number is also what the parser makes of an integer of more than 64 bits.
        if abs(value) > LARGEST_EXACT:
            raise Mismatch("expected a whole number, got one that is too large to be exact")
        return int(value)
    raise create_type_mismatch("a whole number", value)


def _decode_float(value: Any, _: Any = None) -> float | int:
    if value.__class__ is float or value.__class__ is int:
        return value
    raise create_type_mismatch("a number", value)


def _encode_float(value: Any) -> float:
    plain = value if value.__class__ is float or value.__class__ is int else _unwrap_numpy(value)
    if not isinstance(plain, int | float) or isinstance(plain, bool):
        raise create_type_mismatch("a number", value)
    if not math.isfinite(plain):
        raise Mismatch("expected a finite number: JSON has no NaN or infinity")
    return plain if plain.__class__ is int else float(plain)


def _decode_datetime(value: Any, _: Any = None) -> datetime:
    """Read an ISO 8601 date and time; take one without a zone as UTC, so that all can be compared."""
    if type(value) is str and len(value) > len("2026-01-01"):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise Mismatch("expected a date and time (ISO 8601), got other text") from None
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    raise create_type_mismatch("a date and time (ISO 8601)", value)


def _encode_datetime(value: Any) -> str:
    if not isinstance(value, datetime):
        raise create_type_mismatch("a datetime", value)
    if value.tzinfo is None:
        raise Mismatch(
            "expected a datetime with a time zone, got a naive one: add tzinfo, for example datetime.UTC"
        )
    return value.isoformat().replace("+00:00", "Z")


def _decode_date(value: Any, _: Any = None) -> date:
    try:
        if value.__class__ is str:
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise create_type_mismatch("a date (ISO 8601)", value)


def _encode_date(value: Any) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    raise create_type_mismatch("a date", value)


def _decode_none(value: Any, _: Any = None) -> None:
    if value is not None:
        raise create_type_mismatch("null", value)


def _register_scalars() -> None:
    for cls, decode, encode in (
        (str, *_create_hooks_of_scalar(str, "text")),
        (int, _decode_int, _create_hooks_of_scalar(int, "a whole number")[1]),
        (bool, *_create_hooks_of_scalar(bool, "true or false")),
        (float, _decode_float, _encode_float),
        (datetime, _decode_datetime, _encode_datetime),
        (date, _decode_date, _encode_date),
    ):
        converter.register_structure_hook(cls, decode)
        converter.register_unstructure_hook(cls, encode)
    converter.register_structure_hook_func(lambda of: of in (None, NoneType), _decode_none)


_register_scalars()
