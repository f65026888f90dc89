"""A package whose names live in one module for each topic, loaded when one of its names is first asked for (PEP 562).

To make the classes of a system's models takes much of a client's start, and a program needs few of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any


def by_topic(package: str, topics: Sequence[str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The package's `__getattr__` and `__dir__`.

    Args:
        package: its name.
        topics: its modules, in the order in which names are looked for; each needs only those before it.
    """
    found = vars(sys.modules[package])

    def names_in(topic: str) -> dict[str, Any]:
        return vars(import_module(f".{topic}", package))

    def find(name: str) -> Any:
        if name == "__all__":  # `import *` asks for it
            return sorted({each for topic in topics for each in names_in(topic) if each[0] != "_"})
        if name[0] != "_":
            for topic in topics:
                if name in names_in(topic):
                    found[name] = names_in(topic)[name]
                    return found[name]
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def names() -> list[str]:
        return sorted({*found, *find("__all__")})

    return find, names
