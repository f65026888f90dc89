"""The exit codes of every command, in one table."""

from __future__ import annotations

from enum import IntEnum

import click


class ExitCode(IntEnum):
    """What a command tells the shell that ran it."""

    SUCCESS = 0
    """Everything that was asked for is done."""
    INCOMPLETE = 1
    """Done, but not for all: rows that did not go in, findings, nobody of that name, a job that was stopped."""
    NOT_DONE = 2
    """Nothing was changed: a mistake in the command, no credential, a file that cannot be read, a refusal."""
    UNKNOWN = 3
    """Sent, and the answer was lost: the server may or may not have done it."""
    APPLIED = 4
    """The server did it, and its answer could not be read."""
    CHANGES = 5
    """The plan holds changes; only with --detailed-exitcode."""
    INTERRUPTED = 130
    """Ended by Ctrl-C or by a signal."""


class NotDoneError(click.ClickException):
    """The command cannot be carried out; the message says why."""

    exit_code = ExitCode.NOT_DONE
