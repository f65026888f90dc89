"""The house rules that a reader relies on: small files and folders, functions named by verbs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "alloy_async"
FILES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 300
MOST_FILES = 12
MOST_LINES_OF_A_FUNCTION = 50
PARTICIPLES = frozenset(
    re.findall(
        r"\w+",
        "begun built chosen done fallen felt found given gone had held kept known laid left lost made meant met paid said seen"
        " sent shown sold spent spoken taken told thought undone won written",
    )
)
VERBS_IN_ED = frozenset({"embed", "exceed", "feed", "need", "proceed", "seed", "speed", "succeed"})
RESULTS = {
    "is has can may was": r"bool|TypeGuard\b.*",
    "check refuse": r"None|NoReturn",
    "create find get choose compute parse load render": r"(?!None$).+",
    "format explain suggest": r"(Iterator\[|tuple\[)?(str|Text)\b.*",
    "list": r"(?!Iterator|AsyncIterator|Generator).+",
    "iterate": r"(Async)?(Iterator|Generator)\b.*",
    "count": r"int|float|Counter\b.*|tuple\b.*|dict\b.*|\w+Counts\b.*",
}
"""What the first word of a name says of the result: the words of CONTRIBUTING.md, as the annotation has to be."""
OF_CLICK = frozenset({"format_commands", "format_options", "format_epilog"})


def find_functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def is_property(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in function.decorator_list}
    return bool(names & {"property", "cached_property", "setter"})


def is_made_into_another(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a decorator makes a command, a block or a client's method of a function."""
    names = {ast.unparse(getattr(one, "func", one)).rpartition(".")[2] for one in function.decorator_list}
    return bool(names & {"declare_endpoint", "command", "contextmanager", "asynccontextmanager"})


def is_participle(name: str) -> bool:
    first = name.strip("_").split("_")[0]
    return first in PARTICIPLES or (len(first) > 3 and first.endswith("ed") and first not in VERBS_IN_ED)


def test_a_file_is_read_in_one_go() -> None:
    long = {
        str(path.relative_to(PACKAGE)): lines
        for path in FILES
        if (lines := len(path.read_text("utf-8").splitlines())) >= MOST_LINES
    }
    assert not long


def test_a_function_fits_a_screen() -> None:
    """From its `def` to its last line, the docstring counted."""
    long = [
        f"{path.relative_to(PACKAGE)}:{function.lineno} {function.name} has {lines} lines"
        for path in FILES
        for function in find_functions(path)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    ]
    assert not long, "\n".join(long)


def test_a_folder_is_seen_at_a_glance() -> None:
    folders = {path.parent for path in FILES}
    crowded = {
        str(folder.relative_to(PACKAGE)): len(names)
        for folder in folders
        if len(names := [path for path in folder.glob("*.py") if path.name != "__init__.py"]) > MOST_FILES
    }
    assert not crowded


def test_functions_are_named_by_verbs() -> None:
    functions = [(path, function) for path in FILES for function in find_functions(path)]
    wrong = [
        f"{path.relative_to(PACKAGE)}:{function.lineno} {function.name}"
        for path, function in functions
        if is_participle(function.name) and not is_property(function)
    ]
    assert len(wrong) <= 0.02 * len(functions), "\n".join(wrong)


def test_the_first_word_of_a_name_says_what_comes_back() -> None:
    """Of names of one word, and of what a decorator makes something else, it says nothing."""
    results = {verb: result for verbs, result in RESULTS.items() for verb in verbs.split()}
    wrong = [
        f"{path.relative_to(PACKAGE)}:{function.lineno} {function.name} -> {ast.unparse(function.returns)}"
        for path in FILES
        for function in find_functions(path)
        if function.returns and not is_property(function) and not is_made_into_another(function)
        for verb, _, rest in (function.name.lstrip("_").partition("_"),)
        if rest and verb in results and function.name not in OF_CLICK
        if not re.fullmatch(results[verb], ast.unparse(function.returns))
    ]
    assert not wrong, "\n".join(wrong)


def test_every_folder_says_what_it_is_for() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        assert re.match(r'"""[A-Z].+', path.read_text("utf-8")), path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("told", True),
        ("carried_out", True),
        ("_planned", True),
        ("read", False),
        ("seed_users", False),
        ("feed", False),
    ],
)
def test_what_counts_as_a_participle(name: str, expected: bool) -> None:
    assert is_participle(name) is expected
