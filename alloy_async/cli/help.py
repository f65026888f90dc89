"""Help pages like those of man: options in groups, examples at the end, as wide as the terminal."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import click

MAX_WIDTH = 120
"""Columns; longer lines are hard to read."""


def get_help_width() -> int:
    """Get the columns that a help page may use."""
    return min(shutil.get_terminal_size().columns, MAX_WIDTH)


class Option(click.Option):
    """An option that stands in a group of its own on the help page.

    Args:
        group: the heading of the group.
    """

    def __init__(self, *args: Any, group: str = "Options", **options: Any) -> None:
        super().__init__(*args, **options)
        self.group = group


class Group(click.Group):
    """A group of commands that suggests the nearest where one is misspelt."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            names = self.list_commands(ctx)
            near = get_close_matches(args[0], names, 1)
            hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
            ctx.fail(f"No such command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)


class Command(click.Command):
    """A command whose help page has its options in groups, and examples.

    Args:
        examples: command lines that work as they stand.
        lists_fields: list the fields that a column can fill.
    """

    def __init__(
        self, *args: Any, examples: Sequence[str] = (), lists_fields: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.examples = examples
        self.lists_fields = lists_fields

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
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
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
