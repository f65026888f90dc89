"""Help pages, completion, and `python -m alloy_async`."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from alloy_async.cli.app import EXAMPLES, SECTIONS, app
from alloy_async.cli.catalog import load_operations
from alloy_async.cli.exit_codes import ExitCode
from alloy_async.core.codec.fields import get_fields
from alloy_async.core.operation.operation import find_result_type
from alloy_async.directory import FIELDS
from alloy_async.systems import SYSTEMS

COMMANDS = [command for section in SECTIONS.values() for command in section]


def read_page(*arguments: str, width: int = 100) -> str:
    result = CliRunner().invoke(app, [*arguments, "--help"], terminal_width=width, max_content_width=width)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_command_has_a_section_and_one_whole_sentence() -> None:
    page = read_page(width=80)
    assert {command.name for command in COMMANDS} == set(app.commands)
    for command in COMMANDS:
        assert re.search(rf"^  {command.name} +\S.*\.$", page, re.MULTILINE), command.name


def test_a_page_takes_the_width_of_the_terminal() -> None:
    def find_longest(columns: int) -> int:
        done = subprocess.run(
            [sys.executable, "-m", "alloy_async", "provision", "--help"],
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": str(columns)},
            check=True,
        )
        return max(len(line) for line in done.stdout.splitlines() if "alloy-async " not in line)

    assert 60 < find_longest(76) <= 76
    assert 100 < find_longest(118) <= 118


def list_pages() -> Iterator[tuple[str, ...]]:
    """The words before --help of every page but those of the operations, and those of two operations."""
    waiting: list[tuple[tuple[str, ...], click.Command]] = [((), app)]
    while waiting:
        words, command = waiting.pop()
        yield words
        if isinstance(command, click.Group) and words[-2:-1] != ("call",):
            context = click.Context(command)
            found = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
            waiting += [((*words, name), one) for name, one in found if one is not None]
    yield ("call", "agilicus", "list-users")
    yield ("call", "alsid", "api-users-id-roles-put")


@pytest.mark.parametrize("words", [*list_pages()], ids=" ".join)
def test_a_page_fits_a_narrow_terminal_and_explains_each_line(words: tuple[str, ...]) -> None:
    page = read_page(*words, width=38).partition("\nExamples:")[0]
    lines = [line for line in page.splitlines() if not re.search("alloy-async |^Usage: ", line)]
    # a word alone, as the name of an option, is not broken
    assert [line for line in lines if len(line) > 40 and len(line.split()) > 2] == []
    assert [line for line in lines if line.endswith("...") and "]" not in line] == []
    wide = read_page(*words, width=100)
    assert re.findall(r"^  (?:\[?[A-Z@|]+\]?(?:\.\.\.)?)$", wide, re.MULTILINE) == [], (
        "an argument without a text"
    )


@pytest.mark.parametrize("system", SYSTEMS)
def test_pages_of_operations_speak_to_the_shell(system: str) -> None:
    """No argument by its name in Python, no call of a method, no name of a member that the JSON does not have."""
    for name, operation in load_operations(system).items():
        page = read_page("call", system, name, width=300)
        # two operations have a result that Python alone can put into order
        assert re.findall(r"await|client\.iterate|\w\(\w+=|None\b|\bTrue\b|Upload", page) == [], name
        snake = {argument.name for argument in get_fields(operation) if "_" in argument.name}
        told = page.partition("Arguments:")[0]
        assert [
            word for word in re.findall(r"`(\w+)`", told) if word in snake and word not in operation.route
        ] == []
        result = find_result_type(operation)
        renamed = (
            {one.name for one in get_fields(result) if one.name != one.wire} if attrs.has(result) else set()
        )
        returns = re.search(r"Returns: (.*)", told)
        assert not renamed & {*re.findall(r"`(\w+)`", returns[1] if returns else "")}


@pytest.mark.parametrize("command", ["provision", "plan", "lint"])
def test_the_fields_are_named(command: str) -> None:
    page = " ".join(read_page(command).split())
    assert f"{', '.join(FIELDS)}, and attributes.NAME" in page


def test_options_stand_in_groups() -> None:
    headings = re.findall(r"^(\w[\w, -]+):$", read_page("provision"), re.MULTILINE)
    assert headings == [
        "Options",
        "Connection",
        "Source",
        "Output",
        "Fields, for --map and --set",
        "Examples",
    ]


def list_examples() -> Iterator[str]:
    yield from EXAMPLES
    for command in COMMANDS:
        yield from getattr(command, "examples", ())


@pytest.mark.parametrize("example", [*list_examples()])
def test_examples_are_understood(example: str) -> None:
    words = shlex.split(example.partition(" < ")[0])
    assert words.pop(0) == "alloy-async"
    command: click.Command = app
    context = click.Context(app, info_name="alloy-async")
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None
        command = found
    command.make_context("example", words)


def test_the_table_of_exit_codes() -> None:
    assert sorted(ExitCode) == [0, 1, 2, 3, 4, 5, 130]


def complete(*words: str) -> list[str]:
    completer = ShellComplete(app, {}, "alloy-async", "_ALLOY_ASYNC_COMPLETE")
    return [item.value for item in completer.get_completions([*words[:-1]], words[-1])]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["prov"], "provision"),
        (["call", "al"], "alsid"),
        (["call", "alloy", "list-all-u"], "list-all-users"),
        (["call", "alloy", "get-workflow-logs", "--ord"], "--order"),
        (["call", "alloy", "get-workflow-logs", "--order", ""], "desc"),
        (["call", "agilicus", "list-combined-user-details", "--mfa-enrolled", ""], "true"),
        (["provision", "--mode", "up"], "upsert"),
    ],
)
def test_completion(words: list[str], found: str) -> None:
    assert found in complete(*words)


@pytest.mark.parametrize("words", [["users", "list", "--profile", "ac"], ["auth", "status", "ac"]])
def test_profiles_are_completed(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "profiles.toml"
    monkeypatch.setenv("ALLOY_ASYNC_PROFILES", str(path))
    assert complete(*words) == []
    path.write_text("[acme]\n[globex]\n")
    assert complete(*words) == ["acme"]
    path.write_text("[acme")
    assert complete(*words) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell(shell: str) -> None:
    result = CliRunner().invoke(app, ["completion", shell])
    assert result.exit_code == 0
    assert f"_ALLOY_ASYNC_COMPLETE={shell}_complete" in result.stdout
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=result.stdout, text=True, check=True)


@pytest.mark.parametrize(
    "arguments", [["call", "alloy", "--help"], ["call", "alloy", "get-a-user", "--help"], ["operations"]]
)
def test_the_operations_are_shown_without_loading_the_network(arguments: list[str]) -> None:
    code = (
        "import sys; from alloy_async.cli import main\n"
        f"sys.argv[1:] = {arguments!r}\n"
        "try: main()\n"
        "finally: print(sorted({'aiohttp', 'rich.progress'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["provisoin", "users.csv"], "No such command 'provisoin'. Did you mean provision?"),
        (["call", "aloy", "list-all-users"], "No such command 'aloy'. Did you mean alloy?"),
        (["call", "xyz"], "There are: agilicus, alloy, alsid, opendatasoft, smooch."),
    ],
)
def test_a_misspelt_command_is_told_the_nearest(words: list[str], hint: str) -> None:
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, hint in " ".join(result.stderr.split())) == (2, True), result.output
