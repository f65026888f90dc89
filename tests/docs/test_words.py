"""What the pages name is there: options, commands, variables of the environment, extras, and names to import."""

from __future__ import annotations

import importlib
import importlib.util
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from alloy_async.cli.app import app
from alloy_async.cli.catalog import load_operations
from alloy_async.systems import SYSTEMS, load_client, load_sync_client

from .test_guide import DOCS, PAGES, ROOT

TEXTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *PAGES]
OTHERS = {"--array", "--requeue", "--wrap", "--workers", "--fail-on-drift", "--any-core"}
"""Options of sbatch, uvicorn, pytest and the benchmarks."""


def read_text(page: Path) -> str:
    return page.read_text("utf-8")


def name_text(page: Path) -> str:
    return str(page.relative_to(ROOT))


def list_commands(
    command: click.Command = app, words: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """All commands, with the words that name each; of the operations, those of one system."""
    yield " ".join(words), command
    if isinstance(command, click.Group) and (
        words[:1] != ("call",) or words in {("call",), ("call", "agilicus")}
    ):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from list_commands(found, (*words, name))


COMMANDS = dict(list_commands())


def list_options() -> set[str]:
    options = {option for command in COMMANDS.values() for param in command.params for option in param.opts}
    arguments = {
        f"--{name.replace('_', '-')}"
        for system in SYSTEMS
        for operation in load_operations(system).values()
        for name in operation.__annotations__
    }
    return options | arguments | {"--help", "--version"}


@pytest.mark.parametrize("page", TEXTS, ids=name_text)
def test_an_option_that_is_named_exists(page: Path) -> None:
    lines = [
        line for line in read_text(page).splitlines() if not re.match(r"\.venv|pip |python -m|sbatch", line)
    ]
    named = {*re.findall(r"(?<![\w-])--[a-z][\w-]+", "\n".join(lines))}
    assert named - list_options() - OTHERS == set()


@pytest.mark.parametrize("page", TEXTS, ids=name_text)
def test_a_command_that_is_named_exists(page: Path) -> None:
    for words in re.findall(r"alloy-async ([a-z][a-z-]*)(?= |`|$)", read_text(page), re.MULTILINE):
        assert words in COMMANDS, words
    for system, name in re.findall(r"alloy-async call (\w+) ([a-z-]+)", read_text(page)):
        assert name.replace("-", "_") in load_operations(system)


@pytest.mark.parametrize("page", TEXTS, ids=name_text)
def test_a_variable_of_the_environment_that_is_named_is_read(page: Path) -> None:
    known = {"ALLOY_ASYNC_PROFILE", "ALLOY_ASYNC_PROFILES", "ALLOY_ASYNC_LOOP"}
    for system in SYSTEMS:
        names = (
            "api_key",
            "token",
            "key_id",
            "secret",
            "scope",
            "base_url",
            "org_id",
            "app_id",
            "identity_provider",
        )
        known |= {f"{system}_{name}".upper() for name in names}
    prefixes = "|".join(["ALLOY_ASYNC", *map(str.upper, SYSTEMS)])
    assert {*re.findall(rf"\b(?:{prefixes})_[A-Z_]+\b", read_text(page))} <= known


@pytest.mark.parametrize("page", TEXTS, ids=name_text)
def test_an_extra_that_is_named_exists(page: Path) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    text = read_text(page)
    named = re.findall(r"alloy-async\[([\w,]+)\]", text) + re.findall(r"extras? `(\w+)`", text)
    assert {name for names in named for name in names.split(",")} <= extras.keys()


@pytest.mark.parametrize("page", TEXTS, ids=name_text)
def test_a_name_that_is_imported_or_written_with_its_module_exists(page: Path) -> None:
    text = read_text(page)
    for module, names in re.findall(r"^\s*from (alloy_async[\w.]*) import ([\w, ]+)", text, re.MULTILINE):
        for name in names.split(","):
            assert has_name(module, name.strip().split(" ")[0]), f"{module}.{name}"
    for dotted in re.findall(r"`(alloy_async\.[\w.]*)[`(]", text):
        assert has_name(*dotted.rpartition(".")[::2]), dotted


def has_name(module: str, name: str) -> bool:
    """Whether a module has a name, or a module of its own under it."""
    loaded = importlib.import_module(module)
    if hasattr(loaded, name):
        return True
    return hasattr(loaded, "__path__") and importlib.util.find_spec(f"{module}.{name}") is not None


@pytest.mark.parametrize("page", TEXTS, ids=name_text)
def test_a_method_of_a_system_that_is_named_exists(page: Path) -> None:
    names = "|".join(SYSTEMS)
    for system, name in re.findall(rf"\b({names})\.([a-z]\w+)\(", read_text(page)):
        assert hasattr(load_client(system), name) or hasattr(load_sync_client(system), name), (
            f"{system}.{name}"
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_a_page_begins_with_a_sentence(page: Path) -> None:
    """After its title, which says what the reader gets: no list, table or code before anything was said."""
    title, _, rest = read_text(page).partition("\n\n")
    assert re.fullmatch(r"# \S.*", title)
    assert re.match(r"[A-Z`].*[.:;,\w]$", rest.partition("\n")[0]), rest[:80]


def test_the_table_of_what_is_sent_again_is_the_same_everywhere() -> None:
    tables = [
        re.findall(r"^\| what happened \|.*?\n\n", read_text(page), re.MULTILINE | re.DOTALL)
        for page in TEXTS
    ]
    found = [table for of_page in tables for table in of_page]
    assert len(found) == 2
    assert len({*found}) == 1
