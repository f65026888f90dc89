"""`alloy-async operations`: what can be called, with method and path."""

from __future__ import annotations

import json
import sys

import click

from ...systems import SYSTEMS
from ..catalog import format_with_dashes, load_operations
from ..help import Command
from ..shell_words import create_description_for_shell


@click.command(cls=Command, short_help="List all operations, with method and path.")
@click.argument("system", type=click.Choice(SYSTEMS), required=False)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON lines, as when the output is not a terminal."
)
def operations(system: str | None, as_json: bool) -> None:
    """List the operations of SYSTEM, or of all systems, for `alloy-async call`.

    On a terminal a table; elsewhere JSON lines with system, operation, method, path and summary.
    """
    rows = [
        {
            "system": name,
            "operation": format_with_dashes(operation.name),
            "method": operation.verb,
            "path": operation.route,
            "summary": create_description_for_shell(name, operation).summary,
        }
        for name in ([system] if system else SYSTEMS)
        for operation in load_operations(name).values()
    ]
    if as_json or not sys.stdout.isatty():
        for row in rows:
            click.echo(json.dumps(row))
        return
    from ..output.safe_console import create_console
    from ..output.table import create_table_of_rows

    create_console().print(
        create_table_of_rows([_drop_system_column(row) for row in rows] if system else rows)
    )


def _drop_system_column(row: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in row.items() if name != "system"}
