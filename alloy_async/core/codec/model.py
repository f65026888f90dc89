"""Model, the base of the five systems' models, and what hosts ask of it: dicts, JSON, notebooks, pydantic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, ClassVar, Self

import attrs

from .deep_json_pickling import flatten_if_deep, restore_flattened
from .fields import ModelBase, get_fields, iterate_redacted_fields
from .pydantic_schema import create_core_schema, create_json_schema
from .typed_json import from_wire, to_wire


@attrs.define(eq=False, repr=False)
class Model(ModelBase):
    """A JSON object of an API, as a mutable attrs class.

    `extra` holds the members that the model does not declare, as plain JSON; they go back when the model is sent.
    `dict(model)` is `model.to_dict()`.
    """

    @property
    def extra(self) -> dict[str, Any]:
        """Members that the model does not declare, by their names on the wire."""
        if self._extra is None:
            self._extra = {}
        return self._extra

    @extra.setter
    def extra(self, members: dict[str, Any]) -> None:
        self._extra = members

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that is sent for it: names as on the wire, without members that are None.

        Raises:
            InvalidRequest: a member has no JSON form; the message says which.
        """
        return to_wire(self)  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a JSON object as the model.

        Args:
            data: names as on the wire; what the model does not declare goes to `extra`.

        Raises:
            DecodeError: a member has a wrong type; the message gives the JSON path.
        """
        return from_wire(cls, dict(data) if isinstance(data, Mapping) else data)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self.to_dict().items())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> dict[str, Any]:
        return create_core_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        return create_json_schema(cls)

    def _repr_html_(self) -> str:
        """Show the model as a table in a notebook; secrets as '***'."""
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{_format_cell(shown)}</td></tr>"
            for name, shown in iterate_redacted_fields(self)
        )
        return f"<table><caption>{escape(type(self).__name__)}</caption>{rows}</table>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show the model on as many lines as it takes, in IPython."""
        with printer.group(1, f"{type(self).__name__}(", ")"):
            for number, (name, shown) in enumerate(() if cycle else iterate_redacted_fields(self)):
                if number:
                    printer.text(",")
                    printer.breakable()
                printer.text(f"{name}=")
                printer.pretty(shown)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model) or other.__class__ is not self.__class__:
            return NotImplemented
        names = (field.name for field in get_fields(self.__class__))
        return (self._extra or {}) == (other._extra or {}) and all(
            getattr(self, name) == getattr(other, name) for name in names
        )

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        values = [flatten_if_deep(getattr(self, field.name)) for field in get_fields(self.__class__)]
        return _restore_pickled, (self.__class__, values, flatten_if_deep(self._extra))


MAX_CELL = 400
"""Characters of one member in a notebook's table."""


def _format_cell(shown: Any) -> str:
    text = shown if isinstance(shown, str) else repr(shown)
    return escape(text if len(text) <= MAX_CELL else f"{text[:MAX_CELL]}...")


def _restore_pickled(cls: type[Model], values: list[Any], extra: Any) -> Model:
    """Make a model of what its pickle holds."""
    model = cls.__new__(cls)
    for field, value in zip(get_fields(cls), values, strict=True):
        setattr(model, field.name, restore_flattened(value))
    model._extra = restore_flattened(extra)
    return model
