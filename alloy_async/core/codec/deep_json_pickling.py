"""Convert deeply nested JSON data to a flat list and back, as pickle and copy recurse once for each level of nesting."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 100
"""Levels that pickle and copy are sure to manage, whatever called them."""


class DeepJsonParts:
    """JSON data as a list of its parts, each with the number of the part that holds it, and its name or place there."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[tuple[int, Any, type | None, Any]]) -> None:
        self.parts: list[tuple[int, Any, type | None, Any]] = parts

    def __reduce__(self) -> tuple[Any, ...]:
        return DeepJsonParts, (self.parts,)


def flatten_if_deep(data: Any) -> Any:
    """Return JSON data as it is, or as a DeepJsonParts where it is nested more than MAX_DEPTH levels deep."""
    if not isinstance(data, dict | list):
        return data
    parts: list[tuple[int, Any, type | None, Any]] = [(-1, None, type(data), None)]
    level, depth = [(0, data)], 0
    while level:
        below = []
        depth += 1
        for number, container in level:
            for key, value in container.items() if isinstance(container, dict) else enumerate(container):
                if type(value) in (dict, list):
                    below.append((len(parts), value))
                    parts.append((number, key, type(value), None))
                else:
                    parts.append((number, key, None, value))
        level = below
    return DeepJsonParts(parts) if depth > MAX_DEPTH else data


def restore_flattened(data: Any) -> Any:
    """Undo `flatten_if_deep`."""
    if not isinstance(data, DeepJsonParts):
        return data
    built: list[Any] = []
    for parent, key, container, value in data.parts:
        built.append(container() if container is not None else value)
        if parent >= 0 and isinstance(built[parent], dict):
            built[parent][key] = built[-1]
        elif parent >= 0:
            built[parent].append(built[-1])  # the parts of a list come in their order
    return built[0]
