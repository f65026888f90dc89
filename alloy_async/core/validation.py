"""Checks of options: the same mistake raises the same error, ConfigurationError, wherever it is made."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import attrs

from .errors import ConfigurationError

LONGEST_NUMBER, LONGEST_SHOWN = 256, 80
"""Bits and characters of a wrong value that an error shows in full."""


def check_count(name: str, value: object) -> None:
    """Refuse what is not an integer of 1 or more.

    Args:
        name: the option, as its user wrote it.

    Raises:
        ConfigurationError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ConfigurationError(f"{name} must be 1 or more, got {show_value(value)}")


def check_seconds(name: str, value: object) -> None:
    """Refuse what is not a finite number above 0; arguments and error as for check_count."""
    if not _is_number(value) or not 0 < value < math.inf:  # type: ignore[operator]
        raise ConfigurationError(f"{name} is in seconds, above 0 and finite; got {show_value(value)}")


def describe_value(value: object) -> str:
    """Show a wrong value in an error: numbers, None and the like as they are, of others only the kind."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return (
        show_value(value) if value is None or isinstance(value, bool | int | float) else type(value).__name__
    )


def show_value(value: object) -> str:
    """Show a wrong value that is not secret in an error, cut short where it is long."""
    # Python prints no number of more than 4,300 digits.
    if isinstance(value, int) and value.bit_length() > LONGEST_NUMBER:
        return f"a number of {value.bit_length()} bits"
    shown = repr(value)
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}..."


def check_methods(name: str, value: object, methods: Iterable[str], example: str) -> None:
    """Refuse what is not an object with some methods.

    Args:
        name: the option, as its user wrote it.
        example: what it takes, as `OpenTelemetry()`.

    Raises:
        ConfigurationError: it is not, or is a class of such objects.
    """
    if isinstance(value, type) or not all(callable(getattr(value, method, None)) for method in methods):
        raise ConfigurationError(f"{name} takes {example}, got {describe_value(value)}")


def check_flag(name: str, value: object) -> None:
    """Refuse what is neither True nor False; arguments and error as for check_count."""
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name} is True or False, got {describe_value(value)}")


def validate_count(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Check a field of an attrs class with check_count."""
    check_count(_format_field_name(instance, attribute), value)


def validate_positive(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Refuse a field of an attrs class that is not a number above 0; infinity is one."""
    if not _is_number(value) or not value > 0:  # type: ignore[operator]
        raise ConfigurationError(
            f"{_format_field_name(instance, attribute)} must be a number above 0, got {show_value(value)}"
        )


def validate_not_negative(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Refuse a field of an attrs class that is not a number of 0 or more; infinity is one."""
    if not _is_number(value) or not value >= 0:  # type: ignore[operator]
        raise ConfigurationError(
            f"{_format_field_name(instance, attribute)} must be a number of 0 or more, got {show_value(value)}"
        )


def _format_field_name(instance: object, attribute: attrs.Attribute[Any]) -> str:
    return f"{type(instance).__name__}({attribute.name}=)"


def _is_number(value: object) -> bool:
    if isinstance(value, float):  # nearly all are, and to ask for Real takes ten times as long
        return True
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    try:
        float(value)
    except OverflowError:  # an integer that no clock can be added to
        return False
    return True
