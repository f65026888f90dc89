"""`alloy-async status`: how a job is getting on, also while it runs in another terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import click

from ...error_messages import describe_error
from ...exit_codes import ExitCode
from ...help import Command
from ...options.job_place import JOB_PLACE
from ...output.safe_text import format_json, print_line
from ...tenants.options import accept_tenants_table


def _show_status_of_tenants(table: Path, only: tuple[str, ...], given: Mapping[str, Any]) -> ExitCode:
    from ...tenants.overview.status import show_status

    return show_status(table, only, watch=given["watch"], as_json=given["as_json"])


@click.command(
    cls=Command,
    short_help="Show how a job is getting on, also from another terminal.",
    examples=["alloy-async status users.job --watch", "alloy-async status --many tenants.toml"],
)
@accept_tenants_table(_show_status_of_tenants, "job", {"watch", "as_json"})
@click.argument("job", type=JOB_PLACE, required=False)
@click.option("--watch", is_flag=True, help="Show it again every second, until the job ends.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def status(context: click.Context, /, job: Path | str, watch: bool, as_json: bool) -> None:
    """Show how JOB is getting on; it may be running in another terminal.

    Exit code: 0 when it is running or has ended, 1 when it was stopped or cut off, 2 when JOB cannot be read.
    """
    from rich.live import Live

    from ....core.errors import AlloyAsyncError
    from ....provisioning.reports.status import read_status
    from ....provisioning.store.store_opener import open_store_for_reading
    from ...output.report_text import format_status
    from ...output.safe_console import create_console

    console = create_console()
    try:
        with open_store_for_reading(job) as store:
            job_report = read_status(store)
            if watch and job_report.worker is not None:
                with Live(console=console, auto_refresh=False, transient=True) as live:
                    while job_report.worker is not None:
                        live.update(format_status(job_report, job), refresh=True)
                        time.sleep(1)
                        job_report = read_status(store)
    except AlloyAsyncError as error:
        print_line(describe_error(error), err=True)
        context.exit(ExitCode.NOT_DONE)
    if as_json:
        data = attrs.asdict(job_report, filter=lambda field, _: field.name != "header")
        click.echo(format_json({"state": job_report.state, "rows": job_report.header.rows, **data}))
    else:
        console.print(format_status(job_report, job), soft_wrap=True)
    context.exit(ExitCode.INCOMPLETE if job_report.state in ("cut off", "stopped") else ExitCode.SUCCESS)
