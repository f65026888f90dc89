"""Where an argument goes on the wire: the markers that stand in the `Annotated` of an operation's fields."""

from __future__ import annotations

import attrs


@attrs.frozen(eq=False)
class Path:
    """The argument fills the placeholder `name` of the route, as one percent-encoded segment."""

    name: str
    secret: bool = False


@attrs.frozen(eq=False)
class Query:
    """The argument is the query parameter `name`; an array is repeated (`multi`) or joined by commas (`csv`).

    `booleans` are the words for False and True.
    """

    name: str
    style: str = "multi"
    secret: bool = False
    booleans: tuple[str, str] = ("false", "true")


@attrs.frozen(eq=False)
class Json:
    """The argument is the member `name` of the JSON body. On a model: the field's name on the wire."""

    name: str
    secret: bool = False


@attrs.frozen(eq=False)
class Body:
    """The argument is the whole JSON body."""

    secret: bool = False


@attrs.frozen(eq=False)
class Part:
    """The argument is the part `name` of a multipart/form-data body; a file where its type is FileSource, else text."""

    name: str
    secret: bool = False


@attrs.frozen(eq=False)
class ExtraQuery:
    """The argument is a mapping of further query parameters, named by the caller."""

    secret: bool = False


Marker = Path | Query | Json | Body | Part | ExtraQuery
