"""Help pages, completion, and `python -m alloy_async`."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from alloy_async.cli.app import EXAMPLES, SECTIONS, app
from alloy_async.cli.exit_codes import ExitCode
from alloy_async.directory import FIELDS

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
