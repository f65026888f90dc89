"""Create the signature and the docstring of a method from its operation class."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..codec.fields import get_fields
from ..errors import STATUS_ERRORS, StatusError
from .operation import Operation, find_result_type


class MethodSignature(inspect.Signature):
    """A method's signature, which is worked out when somebody looks: types are resolved then, and models loaded."""

    __slots__ = ("_operation", "_resolved")

    def __init__(self, operation: type[Operation[Any]]) -> None:
        self._operation = operation
        self._resolved: inspect.Signature | None = None

    def resolve(self) -> inspect.Signature:
        """Work the signature out: the operation's arguments after `self`, with their types, and its result."""
        if self._resolved is None:
            operation = self._operation
            of_init = inspect.signature(operation)
            types = {field.name: field.type for field in get_fields(operation)}
            arguments = [
                argument.replace(annotation=types.get(name, argument.annotation))
                for name, argument in of_init.parameters.items()
            ]
            this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
            self._resolved = inspect.Signature(
                [this, *arguments], return_annotation=find_result_type(operation)
            )
        return self._resolved

    @property
    def parameters(self) -> MappingProxyType[str, inspect.Parameter]:
        """The arguments, with their types."""
        return self.resolve().parameters

    @property
    def return_annotation(self) -> Any:
        """The type of the result."""
        return self.resolve().return_annotation

    # What the base class reads besides, under names of its own; all Pythons from 3.11 to 3.13 have them.
    _parameters = parameters
    _return_annotation = return_annotation

    def replace(self, **changes: Any) -> Any:
        """Make a plain signature with some changes, as inspect does of a bound method."""
        return self.resolve().replace(**changes)

    __replace__ = replace

    def __reduce__(self) -> Any:
        return self.resolve().__reduce__()


def create_docstring(operation: type[Operation[Any]]) -> str:
    """Create a method's docstring: the operation's own, with the errors of which it does not speak."""
    own = inspect.cleandoc(operation.__doc__ or "")
    told = own.partition("Raises:")[2]
    generated = {
        name: meaning
        for name, meaning in list_documented_errors(operation).items()
        if not any(re.search(rf"\b{cls}\b", told) for cls in name.split(", "))
    }
    section = "".join(f"\n    {name}: {meaning}" for name, meaning in generated.items())
    return own + ("" if told else "\n\nRaises:") + section


def list_documented_errors(operation: type[Operation[Any]]) -> Mapping[str, str]:
    """List the errors that an operation's facts tell of, each with its meaning; the last one stands for all others."""
    found = {"InvalidRequest": "an argument was refused; nothing was sent."}
    by_model: dict[str, list[str]] = {}
    for status, model in operation.errors.items():
        name = STATUS_ERRORS.get(status, StatusError).__name__
        by_model.setdefault(model.__name__, []).append(
            f"{name}" if status in STATUS_ERRORS or status == "default" else f"{name} {status}"
        )
    for model, names in by_model.items():
        found[", ".join(dict.fromkeys(names))] = f"the server refused; `body` holds {model}."
    if not operation.idempotent:
        found["TransportError, ServerError, DeadlineExceeded"] = (
            'with effect "unknown" it may have been done: look before you repeat it.'
        )
    found["AlloyAsyncError"] = "any other failure; its `effect` tells what happened on the server."
    return found
