"""The converter of all models and values, and how a value that does not fit its type is reported.

cattrs picks a hook by type; `scalars`, `containers` and `generated_code` register the hooks. A hook that meets a wrong
value raises Mismatch at once, without a path; only then `error_path` walks the value again to find where it is. So a value
that fits pays nothing for good messages.
"""

from __future__ import annotations

from collections.abc import Callable
from types import NoneType
from typing import Any

import cattrs

from ..errors import InvalidRequest

Decoder = Callable[[Any, Any], Any]
"""Makes a typed value of JSON data and its type; raises Mismatch."""
Encoder = Callable[[Any], Any]
"""Makes JSON data of a typed value; raises Mismatch."""


class Mismatch(Exception):
    """A value does not fit its type. str() tells what was expected and what kind of value was found, never the value."""


def create_type_mismatch(expected: str, value: Any) -> Mismatch:
    """Create the Mismatch for a value of a wrong type."""
    found = {NoneType: "null", dict: "an object", list: "an array"}.get(type(value)) or type(value).__name__
    return Mismatch(f"expected {expected}, got {found}")


converter: cattrs.Converter = cattrs.Converter(detailed_validation=False)


def get_decoder(of: Any) -> Decoder:
    """Return the hook that makes a value of the type `of` from JSON data.

    Raises:
        InvalidRequest: it is not a type, or one that has no JSON form.
    """
    try:
        return converter.get_structure_hook(of)
    except Exception as error:  # cattrs has many, and a user's own type may raise any
        shown = of.__name__ if isinstance(of, type) else repr(of)
        reason = str(error).split("\n")[0][:200]
    raise InvalidRequest(f"JSON cannot be read as {shown}: give a model, or a type as list[User] ({reason})")


def describe_misfit(error: Exception) -> str:
    """Return what was wrong with a value, without the value, which what cattrs and others raise may repeat."""
    return (
        str(error)
        if isinstance(error, Mismatch | InvalidRequest)
        else f"does not fit ({type(error).__name__})"
    )


def get_encoder(of: Any) -> Encoder:
    """Return the hook that makes JSON data from a value of the type `of`."""
    return converter.get_unstructure_hook(of)
