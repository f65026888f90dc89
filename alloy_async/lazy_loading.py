"""Load the modules behind the names of a package only when one of these names is first used (PEP 562).

To make the classes of this library takes much of a program's start, and a program needs few of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

EVERYTHING: tuple[str, ...] = ()
"""Stands for all public names of a module, where they are not listed."""


def attach_lazy(
    package: str, homes: Mapping[str, Sequence[str]], modules: Sequence[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Create a package's `__getattr__` and `__dir__`, and list its lazy names.

    Args:
        package: its name.
        homes: for each of its modules, as "core.auth", the names that it gives; or EVERYTHING: then a name is looked for
            in these modules, in their order, so each may need only those before it.
        modules: those of its modules that are themselves names of the package.

    Returns:
        `__getattr__`, `__dir__`, and the names that are listed in `homes` and `modules`.
    """
    namespace = vars(sys.modules[package])
    module_of = {name: module for module, names in homes.items() for name in names}
    open_modules = [module for module, names in homes.items() if not names]

    def load(module: str) -> dict[str, Any]:
        return vars(import_module(f".{module}", package))

    def list_names() -> set[str]:
        found = {
            name
            for module in open_modules
            for name, value in load(module).items()
            if name[0] != "_" and not _is_from_elsewhere(name, value, f"{package}.{module}")
        }
        return found.union(module_of, modules)

    def get_attribute(name: str) -> Any:
        if name == "__all__":  # `import *` asks for it where the package does not set it
            return sorted(list_names())
        if name in modules:
            return import_module(f".{name}", package)
        for module in (module_of[name],) if name in module_of else () if name[0] == "_" else open_modules:
            found = load(module)
            if name in found and not _is_from_elsewhere(name, found[name], f"{package}.{module}"):
                namespace[name] = found[name]  # next time Python finds it without asking here
                return found[name]
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def list_directory() -> list[str]:
        return sorted(list_names().union(namespace))

    return get_attribute, list_directory, sorted([*module_of, *modules])


def _is_from_elsewhere(name: str, value: object, module: str) -> bool:
    """Tell whether a module has a name from another one: what it imports for itself is none of its package's names."""
    home = getattr(value, "__module__", module)
    return isinstance(value, ModuleType) or (
        home != module and getattr(sys.modules.get(home), name, None) is value
    )
