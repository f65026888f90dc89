"""`alloy-async lint`: what is wrong with a file of users, without network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from ...systems import SYSTEMS
from ..error_messages import describe_error
from ..exit_codes import ExitCode
from ..help import Command
from ..options.source import SOURCE_FILE, SourceOptions, add_source_options
from ..options.system_access import load_capabilities
from ..output.safe_text import format_json

if TYPE_CHECKING:
    from rich.console import Console

    from ...provisioning import Finding


@click.command(
    cls=Command,
    lists_fields=True,
    short_help="Check a file of users, without network.",
    examples=["alloy-async lint users.csv --to alloy", "alloy-async lint - --to alsid --strict < users.csv"],
)
@click.argument("file", type=SOURCE_FILE)
@click.option(
    "--to",
    "system",
    metavar="SYSTEM",
    type=click.Choice(SYSTEMS),
    required=True,
    help=f"The system that shall get the users: {', '.join(SYSTEMS)}.",
)
@add_source_options
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON lines, as when the output is not a terminal."
)
@click.pass_context
def lint(
    context: click.Context,
    /,
    file: Path | str,
    system: str,
    reading: SourceOptions,
    strict: bool,
    as_json: bool,
) -> None:
    """Check the users in FILE (- for standard input, or a URL) for a system, without network.

    Every finding has its row and its column. An error keeps a row out; a warning tells of what is probably
    not meant: lost zeros, a wrong encoding, fields that the system drops.

    Exit code: 0 when there is no error, 1 when there are some, 2 when FILE could not be read to its end.
    """
    from ...core.errors import AlloyAsyncError
    from ...provisioning.checks.linter import Linter
    from ...provisioning.reports.quantities import format_count_with_noun
    from ..output.safe_console import create_console

    name = "-" if str(file) == "-" else str(file)
    as_json = as_json or not sys.stdout.isatty()
    out, console = create_console(), create_console(stderr=True)
    can = load_capabilities(system)
    errors = warnings = 0
    try:
        linter = Linter(reading.open_source(file, key=can.key), can)
        for finding in linter.lint():
            errors += finding.severity == "error"
            warnings += finding.severity == "warning"
            if as_json:
                click.echo(format_json({"file": name, **attrs.asdict(finding)}))
            else:
                _print_finding(out, name, finding)
    except BrokenPipeError:
        raise
    except (AlloyAsyncError, OSError) as error:
        console.print(describe_error(error), soft_wrap=True)
        context.exit(ExitCode.NOT_DONE)
    found = f"{format_count_with_noun(errors, 'error', 'errors')}, {format_count_with_noun(warnings, 'warning', 'warnings')}"
    summary = f"{format_count_with_noun(linter.rows, 'row', 'rows')} checked for {system}: {found}"
    console.print(summary, soft_wrap=True)
    context.exit(ExitCode.INCOMPLETE if errors or (strict and warnings) else ExitCode.SUCCESS)


def _print_finding(console: Console, name: str, finding: Finding) -> None:
    from rich.text import Text

    color = "red" if finding.severity == "error" else "yellow"
    text = Text.assemble(f"{name}:{finding.line}: ", (finding.severity, color), f": {finding.remark}")
    console.print(text, soft_wrap=True)
