"""What models and operations are made of: fields, their names on the wire, NULL, and a repr that keeps secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Annotated, Any, ClassVar, Final, NamedTuple, get_args, get_origin, get_type_hints

import attrs

from ..operation.markers import Json, Marker


class Null:
    """The type of NULL."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NULL"

    def __reduce__(self) -> str:
        return "NULL"

    def __bool__(self) -> bool:
        return False


NULL: Final[Any] = Null()
"""Sends an explicit null where None would leave the member out. Accepted wherever None is."""


class Field(NamedTuple):
    """One field of a model or an operation: its Python name, its marker, and its type without the marker."""

    name: str
    marker: Marker
    type: Any
    required: bool

    @property
    def nullable(self) -> bool:
        """Whether None is a value of it, and not only its absence."""
        return self.type is Any or NoneType in get_args(self.type)

    @property
    def wire(self) -> str:
        """The name on the wire; for a whole body, the Python name."""
        return getattr(self.marker, "name", self.name)


_fields: dict[type, tuple[Field, ...]] = {}


def get_fields(cls: type) -> tuple[Field, ...]:
    """Return the fields of an attrs model or operation class, in order, without `extra`.

    Annotations are resolved here, on first use, and not when the class is made: that keeps importing a system cheap.
    """
    fields = _fields.get(cls)
    if fields is None:
        fields = _fields[cls] = _resolve_fields(cls)
    return fields


def _resolve_fields(cls: type) -> tuple[Field, ...]:
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for attribute in attrs.fields(cls):
        if attribute.kw_only:
            continue
        hint = hints[attribute.name]
        marker: Marker = Json(attribute.name)
        if get_origin(hint) is Annotated:
            hint, *notes = get_args(hint)
            marker = next((note for note in notes if isinstance(note, Marker)), marker)
        found.append(Field(attribute.name, marker, hint, attribute.default is attrs.NOTHING))
    return tuple(found)


@attrs.define(eq=False, repr=False)
class ModelBase:
    """What is read and written as a JSON object: all that the codec knows of a Model."""

    _bare_list_as: ClassVar[str | None] = None
    """Wire name of the member that a bare JSON array stands for, where a service may answer either shape."""

    _extra: dict[str, Any] | None = attrs.field(default=None, kw_only=True, alias="extra")
    """Members that are not declared, by their names on the wire."""

    @classmethod
    def _find_variant(cls, data: Mapping[str, Any]) -> type[ModelBase]:
        """Return the class to read a JSON object as: this one, or the subclass that the object's own members ask for."""
        return cls

    def __repr__(self) -> str:
        return format_redacted(self)

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        return iterate_redacted_fields(self)


class ReprText:
    """Stands for what is shown otherwise than by its own repr."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


HIDDEN = ReprText("***")


def iterate_redacted_fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what may be shown of a model or operation: names and contents of its fields, with `***` for a secret.

    rich asks for it too (`__rich_repr__`): else it would look through the attrs fields itself, secrets included.
    """
    for field in get_fields(value.__class__):
        content = getattr(value, field.name)
        if content is None:
            continue
        if field.marker.secret:
            content = HIDDEN
        elif isinstance(content, bytes):
            content = ReprText(f"<{len(content)} bytes>")
        yield field.name, content
    extra = getattr(value, "_extra", None)
    if extra and isinstance(value, ModelBase):
        yield "extra", dict.fromkeys(extra, HIDDEN)


def format_redacted(value: Any) -> str:
    """Format as `Name(field=value, ...)`: skip fields that are None, show secrets and undeclared members as '***'."""
    return f"{value.__class__.__name__}({', '.join(f'{name}={shown!r}' for name, shown in iterate_redacted_fields(value))})"
