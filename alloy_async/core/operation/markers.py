"""Where an argument goes on the wire: the markers that stand in the `Annotated` of an operation's fields."""

# Not attrs classes, each of which would take half a millisecond of every program's start.

from __future__ import annotations


class Marker:
    """Where an argument goes.

    Args:
        secret: whether it must not be shown.
    """

    __slots__ = ("secret",)

    def __init__(self, *, secret: bool = False) -> None:
        self.secret: bool = secret

    def __repr__(self) -> str:
        shown = (
            f"{name}={getattr(self, name)!r}"
            for base in type(self).__mro__
            for name in getattr(base, "__slots__", ())
        )
        return f"{type(self).__name__}({', '.join(shown)})"


class NamedMarker(Marker):
    """Where an argument goes that has a name of its own on the wire."""

    __slots__ = ("name",)

    def __init__(self, name: str, *, secret: bool = False) -> None:
        self.name: str = name
        self.secret: bool = secret


class Path(NamedMarker):
    """The argument fills the placeholder `name` of the route, as one percent-encoded segment."""

    __slots__ = ()


class Query(NamedMarker):
    """The argument is the query parameter `name`; an array is repeated (`multi`) or joined by commas (`csv`).

    `booleans` are the words for False and True.
    """

    __slots__ = ("booleans", "style")

    def __init__(
        self,
        name: str,
        style: str = "multi",
        *,
        secret: bool = False,
        booleans: tuple[str, str] = ("false", "true"),
    ) -> None:
        super().__init__(name, secret=secret)
        self.style: str = style
        self.booleans: tuple[str, str] = booleans


class Json(NamedMarker):
    """The argument is the member `name` of the JSON body. On a model: the field's name on the wire."""

    __slots__ = ()


class Body(Marker):
    """The argument is the whole JSON body."""

    __slots__ = ()


class Part(NamedMarker):
    """The argument is the part `name` of a multipart/form-data body; a file where its type is FileSource, else text."""

    __slots__ = ()


class ExtraQuery(Marker):
    """The argument is a mapping of further query parameters, named by the caller."""

    __slots__ = ()
