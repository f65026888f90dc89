"""The package as a whole: what importing costs, what is public, which way imports point, and that no file names a machine."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

import alloy_async

from .systems import SYSTEMS

PACKAGE = Path(alloy_async.__file__).parent
PROJECT = PACKAGE.parent
ALLOWED = {
    "core": {"core", "version"},
    **{system: {system, "core", "lazy_loading"} for system in SYSTEMS},
    "directory": {"directory", "core", "lazy_loading"},
    "sandbox": {"sandbox", "systems"},
    "testing": {"testing", "sandbox", "directory", "core", "systems", "lazy_loading"},
    "provisioning": {"provisioning", "directory", "core", "version", "lazy_loading"},
    "rehearsal": {"rehearsal", "provisioning", "sandbox", "directory", "core", "systems"},
    "cli": {
        "cli",
        "rehearsal",
        "provisioning",
        "sandbox",
        "directory",
        "core",
        "systems",
        "version",
    },
}
"""Which parts of the package each part may import; a system's directory.py stands above it, and knows the directory."""
TEXT = {".py", ".md", ".toml", ".json", ".csv", ".typed", ".yml", ".cfg", ""}
MACHINE = re.compile(r"(?<![\w.:/}~-])/(?:home|root|opt|work|tmp|Users)/[\w.-]|`\.\./\w")


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    ).stdout


def test_importing_it_loads_neither_aiohttp_nor_a_system() -> None:
    code = """
import sys, alloy_async
dir(alloy_async), alloy_async.__all__, alloy_async.__version__
print([name for name in sys.modules if name.startswith("alloy_async.") or name in {"aiohttp", "asyncio", "cattrs", "attrs"}])
"""
    own = ["alloy_async.lazy_loading", "alloy_async.systems", "alloy_async.version"]
    assert run(code).strip() == str(own)


def test_a_name_loads_no_more_than_it_needs() -> None:
    code = "import sys\nfrom alloy_async import AsyncAlloy\nprint([s for s in {} if f'alloy_async.{{s}}' in sys.modules])"
    assert run(code.format((*SYSTEMS, "sandbox", "cli", "directory", "provisioning"))).strip() == "['alloy']"


def test_every_public_name_resolves_and_is_listed() -> None:
    assert len(set(alloy_async.__all__)) == len(alloy_async.__all__)
    assert set(alloy_async.__all__) <= set(dir(alloy_async))
    for name in alloy_async.__all__:
        assert getattr(alloy_async, name) is not None
    exec("from alloy_async import *", namespace := {})
    assert set(alloy_async.__all__) <= namespace.keys()


def test_the_type_checkers_see_the_same_names() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    [guarded] = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname or alias.name: node.module
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {*seen, "__version__"} == set(alloy_async.__all__)
    for name, module in seen.items():
        home = importlib.import_module(f"alloy_async.{module}")
        assert getattr(home, name) is getattr(alloy_async, name)


def test_a_name_that_is_not_there_says_so() -> None:
    with pytest.raises(AttributeError, match="module 'alloy_async' has no attribute 'AsyncAloy'"):
        alloy_async.AsyncAloy  # noqa: B018


def test_the_version_is_the_installed_one() -> None:
    assert alloy_async.__version__ == version("alloy-async")


def imports(path: Path) -> Iterator[tuple[str, ...]]:
    """The modules of alloy_async that a file imports, as parts of their path."""
    here = path.relative_to(PROJECT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield tuple(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level] if node.level else ()
            module = (*base, *(node.module or "").split(".")) if node.module else base
            for alias in node.names:
                yield (*module, alias.name)


@pytest.mark.parametrize("part", ALLOWED)
def test_imports_point_one_way(part: str) -> None:
    strangers = {
        f"{path.relative_to(PROJECT)} imports {'.'.join(module)}"
        for path in (PACKAGE / part).rglob("*.py")
        for module in imports(path)
        if module[0] == "alloy_async" and len(module) > 1
        if (PACKAGE / module[1]).is_dir() or (PACKAGE / f"{module[1]}.py").is_file()
        if module[1] not in ALLOWED[part] | ({"directory"} if path.name == "directory.py" else set())
    }
    assert not strangers


def test_every_part_has_its_place_in_the_order() -> None:
    parts = {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()}
    assert parts <= ALLOWED.keys()


def project_files() -> Iterator[Path]:
    for path in PROJECT.rglob("*"):
        hidden = any(part.startswith(".") and part != ".ci" for part in path.relative_to(PROJECT).parts)
        if path.is_file() and not hidden and path.suffix in TEXT and "__pycache__" not in path.parts:
            yield path


def test_no_file_names_the_machine_it_was_written_on() -> None:
    found = [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()[:80]}"
        for path in project_files()
        if path.name != "users.csv" and path != Path(__file__)
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        if MACHINE.search(line)
    ]
    assert not found


@pytest.mark.parametrize(
    ("line", "names_one"),
    [
        ('open("/home/ada/x.csv")', True),
        ("cd /home/ada/main", True),
        ("see `../notes`", True),
        ("GET /workflows/{id}", False),
        ("https://example.org/home/page", False),
        ("`/users/{userId}`", False),
        ("from ..core import x", False),
        ("wait ... / then", False),
    ],
)
def test_what_names_a_machine(line: str, names_one: bool) -> None:
    assert bool(MACHINE.search(line)) is names_one


def module_of(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside of functions count; those for the type checkers alone do not."""
    paths = {module_of(path): path for path in PACKAGE.rglob("*.py")}
    edges = {
        module: {name for name in runtime_imports(path, paths) if name != module}
        for module, path in paths.items()
    }
    assert sum(map(len, edges.values())) > len(paths)
    assert not find_circles(edges)


def test_a_circle_would_be_found(tmp_path: Path) -> None:
    assert find_circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [{"b", "c"}]


def runtime_imports(path: Path, paths: Mapping[str, Path]) -> Iterator[str]:
    """The modules of the package that running a file may import."""
    here = path.relative_to(PROJECT).with_suffix("").parts
    for node in walk_runtime(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level] if node.level else ()
            base = (*above, *filter(None, (node.module or "").split(".")))
            for alias in node.names if node.level or base[0] == "alloy_async" else ():
                submodule, module = ".".join((*base, alias.name)), ".".join(base)
                yield submodule if submodule in paths else module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in paths)


def walk_runtime(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that stand under `if TYPE_CHECKING`."""
    yield node
    hidden = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    for child in node.orelse if hidden else ast.iter_child_nodes(node):
        yield from walk_runtime(child)


def find_circles(edges: Mapping[str, set[str]]) -> list[set[str]]:
    """The sets of modules that reach each other."""

    def reach(start: str) -> set[str]:
        found: set[str] = set()
        todo = [start]
        while todo:
            for name in edges.get(todo.pop(), set()) - found:
                found.add(name)
                todo.append(name)
        return found

    reached = {module: reach(module) for module in edges}
    circles = [
        {other for other in reached[one] if one in reached[other]} for one in edges if one in reached[one]
    ]
    return [circle for number, circle in enumerate(circles) if circle not in circles[:number]]
