"""Help pages like those of man: options in groups, examples at the end, as wide as the terminal."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import click

MAX_WIDTH = 120
"""Columns; longer lines are hard to read."""
MAX_SENTENCE = 500
"""Characters: the first sentence of a command is not cut."""


def get_help_width() -> int:
    """Get the columns that a help page may use."""
    return min(shutil.get_terminal_size().columns, MAX_WIDTH)


class Formatter(click.HelpFormatter):
    """A formatter that leaves room for texts on a narrow terminal."""

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl(rows, min(col_max, self.width * 2 // 5), col_spacing)


class Context(click.Context):
    """A context whose help page is as wide as the terminal, however narrow: click itself takes 50 columns at least."""

    def make_formatter(self) -> click.HelpFormatter:
        return Formatter(width=self.terminal_width or get_help_width() - 2)


class Argument(click.Argument):
    """An argument with a line of its own on the help page; others are explained in the text above.

    Args:
        about: the line.
    """

    def __init__(self, *args: Any, about: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.about = about
        self.group = "Arguments"

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        return self.metavar or self.human_readable_name, self.about


class Option(click.Option):
    """An option that stands in a group of its own on the help page.

    Args:
        group: the heading of the group.
    """

    def __init__(self, *args: Any, group: str = "Options", **options: Any) -> None:
        super().__init__(*args, **options)
        self.group = group


class Command(click.Command):
    """A command whose help page has its options in groups, and examples.

    Args:
        examples: command lines that work as they stand.
        lists_fields: list the fields that a column can fill.
    """

    context_class: type[click.Context] = Context

    def __init__(
        self, *args: Any, examples: Sequence[str] = (), lists_fields: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.examples = examples
        self.lists_fields = lists_fields

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if isinstance(param, click.Argument) and not isinstance(param, Argument):
                continue  # newer releases of click give it a line without a text
            record = param.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(param, "group", "Options"), []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        if self.lists_fields:
            from ..directory.record import FIELDS

            with formatter.section("Fields, for --map and --set"):
                formatter.write_text(
                    f"{', '.join(FIELDS)}, and attributes.NAME for whatever else the system keeps"
                )
        if self.examples:
            write_examples(formatter, self.examples)


class SuggestingGroup(click.Group):
    """A group of commands that suggests the nearest where one is misspelt."""

    context_class: type[click.Context] = Context
    command_class: type[click.Command] | None = Command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        write_commands(formatter, "Commands", [(name, one) for name, one in commands if one is not None])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            names = self.list_commands(ctx)
            near = get_close_matches(args[0], names, 1)
            hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
            ctx.fail(f"No such command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)


def write_commands(
    formatter: click.HelpFormatter, heading: str, commands: Sequence[tuple[str, click.Command]]
) -> None:
    """Write a section of commands, each with its whole first sentence."""
    with formatter.section(heading):
        formatter.write_dl([(name, command.get_short_help_str(MAX_SENTENCE)) for name, command in commands])


def write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    """Write a section of command lines, each on one line, as it is to be pasted."""
    with formatter.section("Examples"):
        for example in examples:
            formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
