"""Run one call for the command line: send it, or show what would be sent; print its result or its error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import attrs
import click

from ..core.codec.fields import get_fields
from ..core.errors import AlloyAsyncError, InvalidRequest, NotFound
from ..core.operation.markers import Path
from ..core.operation.operation import find_result_type
from ..core.operation.paging import Listing
from .error_messages import describe_error, error_to_json
from .exit_codes import ExitCode
from .options.json_input import find_unknown_members
from .options.system_access import open_client, preview_request
from .options.target import TargetOptions
from .output.safe_text import format_json, print_line

if TYPE_CHECKING:
    from ..core.client import AsyncClient
    from .catalog import OperationClass
    from .output.result import ResultWriter


@attrs.frozen
class CallPlan:
    """One call as the command line describes it.

    Args:
        system: one of SYSTEMS.
        operation: the class of the operation.
        build: makes the operation, given what stands in for arguments that were left out.
        target: where the system is and how to get in.
        output: the file for the result; None is standard output.
        json_errors: print an error as JSON.
        dry_run: show the request only.
        deadline: seconds for the whole call.
        form: of a list: "json", "lines" or "table"; None takes what suits the output.
        all_pages: take every page of a list.
        include: print status and headers.
    """

    system: str
    operation: OperationClass
    build: Callable[[Mapping[str, str]], Any]
    target: TargetOptions
    output: FilePath | None
    json_errors: bool
    dry_run: bool
    deadline: float
    form: str | None = None
    all_pages: bool = False
    include: bool = False

    @property
    def is_list(self) -> bool:
        """Whether the result is a list, on one page or on many."""

        return issubclass(self.operation, Listing)

    @property
    def is_file(self) -> bool:
        """Whether the result is a file, as an export is."""

        return find_result_type(self.operation) is bytes


def run_call(plan: CallPlan) -> ExitCode:
    """Run a call and print its result; return the exit code."""

    if plan.include and plan.all_pages:
        raise click.UsageError("--include is for one answer: leave out --all")
    try:
        asyncio.run(_show_request(plan) if plan.dry_run else _send_and_write(plan))
    except KeyboardInterrupt:
        click.echo("Interrupted: a request that was on its way may have been carried out.", err=True)
        return ExitCode.INTERRUPTED
    except AlloyAsyncError as error:
        _print_error(plan, error)
        return _choose_exit_code(error)
    except BrokenPipeError:
        raise
    except OSError as error:
        _print_error(plan, error)
        return ExitCode.NOT_DONE
    return ExitCode.SUCCESS


async def _show_request(plan: CallPlan) -> None:

    request = await preview_request(plan.system, plan.target, plan.build)
    click.echo(format_json(request, indent=2))


async def _send_and_write(plan: CallPlan) -> None:
    from .output.result import open_result

    async with open_client(plan.system, plan.target, deadline=plan.deadline) as (client, place):
        operation = plan.build(place)
        if not plan.json_errors:
            _print_unknown_request_members(operation)
        with open_result(plan.output, plan.form, is_list=plan.is_list) as writer:
            if plan.is_file:
                async with client.stream(operation) as stream:
                    async for chunk in stream:
                        writer.write_bytes(chunk)
            elif plan.all_pages:
                async for page in client.iterate(operation).pages():
                    writer.write_items(page)
            else:
                await _send_once_and_write(plan, client, operation, writer)


async def _send_once_and_write(
    plan: CallPlan, client: AsyncClient, operation: Any, writer: ResultWriter
) -> None:
    answer = await client.answer(operation)
    if plan.include:
        print_line(f"HTTP {answer.status}", err=True)
        for name, value in answer.headers.items():
            print_line(f"{name}: {value}", err=True)
        print_line("", err=True)
    if plan.is_list and writer.form != "json":
        writer.write_items(plan.operation.paging.extract_items(answer.result))  # type: ignore[attr-defined]
    else:
        writer.write_json_value(answer.result)


def _print_unknown_request_members(operation: Any) -> None:

    for field in get_fields(type(operation)):
        for path in find_unknown_members(getattr(operation, field.name), field.wire):
            print_line(f"Note: {path} is not in the documents; it is sent as it is", err=True)


def _print_error(plan: CallPlan, error: AlloyAsyncError | OSError) -> None:
    fields = get_fields(plan.operation)
    if isinstance(error, NotFound):
        arguments = [field.name for field in fields if isinstance(field.marker, Path)]
    else:
        arguments = [field.name for field in fields] if isinstance(error, InvalidRequest) else []
    if plan.json_errors:
        click.echo(format_json(error_to_json(error, arguments), indent=2), err=True)
    else:
        print_line(describe_error(error, arguments), err=True)


def _choose_exit_code(error: AlloyAsyncError) -> ExitCode:

    if isinstance(error, NotFound) and error.effect == "none":
        return ExitCode.INCOMPLETE
    return {
        "none": ExitCode.NOT_DONE,
        "unknown": ExitCode.UNKNOWN,
        "applied": ExitCode.APPLIED,
    }[error.effect]
