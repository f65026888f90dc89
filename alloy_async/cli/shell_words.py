"""What the docstrings of operations say to Python, in the words of the shell: options for arguments, names on the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from .catalog import Description, format_with_dashes, load_operations, parse_description

if TYPE_CHECKING:
    from .catalog import OperationClass

_CODE = re.compile(r"`([^`]+)`")
_CALL = re.compile(r"(\w+)\((?:(\w+)(=.*)?)?\)")
_PROGRAM = re.compile(r":\n\n(?: {4,}.*\n?|\n)+")
_VALUES = (
    (re.compile(r"\b(True|False)\b"), lambda found: found[1].lower()),
    (re.compile(r"left at None\b"), lambda _: "left out"),
    (re.compile(r", in which None is null\b"), lambda _: ""),
    (re.compile(r"\bNone\b"), lambda _: "nothing"),
    (re.compile(r"\bNULL\b"), lambda _: "null"),
)


def create_description_for_shell(system: str, operation: OperationClass) -> Description:
    """Create from the docstring of an operation what its help page shows.

    Args:
        system: whose operation it is.
        operation: its class.
    """
    from ..core.codec.fields import get_fields

    about = parse_description(operation)
    options = {field.name: f"--{format_with_dashes(field.name)}" for field in get_fields(operation)}
    members = _map_members_to_wire_names(operation)

    def translate(text: str, names: Mapping[str, str] = options) -> str:
        text = _CODE.sub(lambda found: _translate_code_in_backticks(system, found[1], names), text)
        for pattern, replace in _VALUES:
            text = pattern.sub(replace, text)
        return text

    return attrs.evolve(
        about,
        summary=translate(about.summary),
        details=translate(_PROGRAM.sub(".\n\n", about.details)).strip(),
        arguments={name: translate(text) for name, text in about.arguments.items()},
        returns=translate(about.returns, members),
        raises={names: translate(text) for names, text in about.raises.items()},
    )


def _map_members_to_wire_names(operation: OperationClass) -> dict[str, str]:
    """Name the members of the result as they are printed: on the wire."""
    from ..core.codec.fields import get_fields
    from ..core.operation.operation import find_result_type

    result: Any = find_result_type(operation)
    return {field.name: field.wire for field in get_fields(result)} if attrs.has(result) else {}


def _translate_code_in_backticks(system: str, code: str, names: Mapping[str, str]) -> str:
    """Translate what stands between backticks; what the shell calls alike stays."""
    if code.startswith("client.iterate("):
        return "`--all`"
    if code in names:
        return f"`{names[code]}`"
    called = _CALL.fullmatch(code)
    if (called[1] if called else code) not in load_operations(system):
        return f"`{code.removeprefix('models.')}`"
    option = f" --{format_with_dashes(called[2])}" if called and called[2] else ""
    return f"`{format_with_dashes(called[1] if called else code)}{option}`"
