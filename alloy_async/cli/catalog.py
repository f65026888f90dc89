"""Which operations each system has, read from the operation classes; no client and no network is loaded."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from ..systems import load_client

if TYPE_CHECKING:
    from ..core.operation.operation import Operation

    OperationClass: TypeAlias = type[Operation[Any]]

_SECTION = re.compile(r"^(Args|Returns|Raises):$", re.MULTILINE)
_ENTRY = re.compile(r"^    (\w[\w, ]*): (.*(?:\n {5,}.*)*)", re.MULTILINE)


@cache
def load_operations(system: str) -> Mapping[str, OperationClass]:
    """Load the operations of a system, by name, in the order of the alphabet."""
    from ..core.operation.operation import Operation

    module = import_module(f"alloy_async.{system}.operations")
    classes = [getattr(module, name) for name in dir(module)]
    found: dict[str, OperationClass] = {
        cls.name: cls
        for cls in classes
        if isinstance(cls, type)
        and issubclass(cls, Operation)
        and cls.__module__.startswith(f"{module.__name__}")
    }
    return dict(sorted(found.items()))


def find_operation(system: str, name: str) -> OperationClass | None:
    """Find an operation by its name, with dashes or underscores, or by a second name that the client has for it."""
    name = name.replace("-", "_")
    operation = load_operations(system).get(name)
    if operation is None and name.isidentifier():
        method = getattr(load_client(system), name, None)
        operation = getattr(method, "operation", None)
    return operation


def find_similar_operations(system: str, name: str) -> list[str]:
    """Suggest the operations that may have been meant: close in spelling, or with the same words in another order."""
    name = name.replace("_", "-").lower()
    names = [format_with_dashes(known) for known in load_operations(system)]
    words = {word for word in name.split("-") if len(word) > 2}
    close = get_close_matches(name, names, n=4, cutoff=0.6)
    alike = [known for known in names if words and words <= {*known.split("-")}]
    return list(dict.fromkeys([*close, *alike]))[:4]


def format_with_dashes(name: str) -> str:
    """Write the name of an operation or argument as the command line does: with dashes."""
    return name.replace("_", "-")


@attrs.frozen
class Description:
    """What the docstring of an operation says.

    Args:
        summary: the first sentence.
        details: the paragraphs after it, without the line with method and path.
        arguments: the text on each argument, by name.
        returns: what comes back.
        raises: the text on each error, by the names of its classes.
    """

    summary: str
    details: str
    arguments: Mapping[str, str]
    returns: str
    raises: Mapping[str, str]


def parse_description(operation: OperationClass) -> Description:
    """Read the docstring of an operation."""
    text, *sections = _SECTION.split(inspect.getdoc(operation) or "")
    of = dict(zip(sections[::2], sections[1::2], strict=True))
    summary, _, details = text.strip().partition("\n\n")
    details = details.removeprefix(f"{operation.verb} {operation.route}").strip()
    return Description(
        _join_lines(summary),
        details,
        _split_entries(of.get("Args", "")),
        _join_lines(inspect.cleandoc(of.get("Returns", ""))),
        _split_entries(of.get("Raises", "")),
    )


def _split_entries(section: str) -> Mapping[str, str]:
    return {name: _join_lines(text) for name, text in _ENTRY.findall(section)}


def _join_lines(text: str) -> str:
    return " ".join(text.split())
