"""What is wrong with the arguments of a call, in the words of who wrote it, where Python would name our own functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
FormatArgument: TypeAlias = Callable[[str, Any], str]
"""Writes an argument, by its name and value, as a message names it; the value is None where the message has none."""

CREDENTIAL_NAMES = ("api_key", "token")
MOST_LISTED = 8
"""Names that an error lists in full."""


def _format_as_keyword(name: str, value: Any) -> str:
    if isinstance(value, Mapping):  # the only argument that is one maps columns to fields
        value = ", ".join(f"{column!r}: {field!r}" for column, field in value.items())
        return f"{name}=FieldMap({{{value}}})"
    return f"{name}=" if value is None else f"{name}={value!r}"


_format: FormatArgument = _format_as_keyword


def format_argument_name(name: str, value: Any = None) -> str:
    """Name an argument in a message as whoever reads it would write it: `allow_inactive=True`.

    On the command line it is an option, in a table a key: they say so by `set_argument_format_for_block`.

    Args:
        name: in Python.
        value: that is suggested for it; None: none.
    """
    return _format(name, value)


@contextmanager
def set_argument_format_for_block(format_argument: FormatArgument) -> Iterator[None]:
    """Let messages name arguments in another way while the block lasts, in all threads: for a program that is the library's
    only user in its process.

    Args:
        format_argument: see `FormatArgument`.
    """
    global _format  # in threads of the library too, which no context variable would reach
    before, _format = _format, format_argument
    try:
        yield
    finally:
        _format = before


def improve_argument_errors(cls: type[T]) -> type[T]:
    """Decorate a class so that arguments which its constructor does not take are refused in `find_argument_fault`'s words."""
    function: Any = vars(cls)["__init__"]

    @wraps(function)
    def construct(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            function(self, *args, **kwargs)
        except TypeError as error:
            failure = find_argument_fault(cls.__name__, function, args, kwargs) or error
        else:
            return
        del args, kwargs
        raise failure

    cls.__init__ = construct  # type: ignore[method-assign]
    return cls


def find_argument_fault(
    owner: str, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], noun: str = "option"
) -> TypeError | None:
    """Find what is wrong with arguments of a method, as the error to raise; None where they fit.

    Args:
        owner: what the user called, as `Timeout`.
        function: the method.
        args: what it was given by position, without its own object.
        kwargs: what it was given by name.
        noun: what its arguments are called.
    """
    parameters = list(inspect.signature(function).parameters.values())
    named = [one for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD and one.name != "self"]
    known = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
    takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters)
    places = [one.name for one in named]
    for name in kwargs:
        if name in places[: len(args)]:
            return TypeError(f"{owner} got {name} twice, by position and by name")
        if name not in (*places, *known) and not takes_any:
            return TypeError(f"{owner} has no {noun} {name}{format_name_suggestion(name, [*places, *known])}")
    if len(args) > len(places):
        listed = f"only {', '.join(places)}" if places else "nothing"
        how, advice = (" by position", ": give the others by name") if known or takes_any else ("", "")
        return TypeError(f"{owner} takes {listed}{how}, got {len(args)} in a row{advice}")
    required = [one.name for one in named[len(args) :] if one.default is one.empty and one.name not in kwargs]
    return TypeError(f"{owner} needs {', '.join(f'{name}=' for name in required)}") if required else None


def format_name_suggestion(name: str, known: Collection[str]) -> str:
    """Suggest what may have been meant by a name that is not known, as " (did you mean timeout?)"; else list what there is."""
    from difflib import get_close_matches  # here, as a call that is made rightly needs it never

    nearest = get_close_matches(name, {*known} - {name}, 1)
    if not nearest and name in CREDENTIAL_NAMES:
        nearest = [other for other in sorted(known) if other in CREDENTIAL_NAMES]
    if nearest:
        return f" (did you mean {nearest[0]}?)"
    return f"; it has {', '.join(known)}" if 0 < len(known) <= MOST_LISTED else ""
