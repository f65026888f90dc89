"""Checks of options: the same mistake raises the same error, ConfigurationError, wherever it is made."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import attrs

from .errors import ConfigurationError


def check_count(name: str, value: object) -> None:
    """Refuse what is not an integer of 1 or more.

    Args:
        name: the option, as its user wrote it.

    Raises:
        ConfigurationError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ConfigurationError(f"{name} must be 1 or more, got {value!r}")


def check_seconds(name: str, value: object) -> None:
    """Refuse what is not a finite number above 0; arguments and error as for check_count."""
    if not _is_number(value) or not 0 < value < math.inf:  # type: ignore[operator]
        raise ConfigurationError(f"{name} is in seconds, above 0 and finite; got {value!r}")


def describe_value(value: object) -> str:
    """Show a wrong value in an error: numbers, None and the like as they are, of others only the kind."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return repr(value) if value is None or isinstance(value, bool | int | float) else type(value).__name__


def validate_count(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Check a field of an attrs class with check_count."""
    check_count(_name(instance, attribute), value)


def validate_positive(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Refuse a field of an attrs class that is not a number above 0; infinity is one."""
    if not _is_number(value) or not value > 0:  # type: ignore[operator]
        raise ConfigurationError(f"{_name(instance, attribute)} must be a number above 0, got {value!r}")


def validate_not_negative(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Refuse a field of an attrs class that is not a number of 0 or more; infinity is one."""
    if not _is_number(value) or not value >= 0:  # type: ignore[operator]
        raise ConfigurationError(f"{_name(instance, attribute)} must be a number of 0 or more, got {value!r}")


def _name(instance: object, attribute: attrs.Attribute[Any]) -> str:
    return f"{type(instance).__name__}({attribute.name}=)"


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
