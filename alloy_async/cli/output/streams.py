"""Standard output and standard error, where they are narrower than text, closed, or a terminal that has hung up."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

GONE = frozenset({errno.EPIPE, errno.EIO})
"""Errors of writing where nobody reads any more: a closed pipe, a terminal that has hung up."""


def replace_missing_streams() -> None:
    """Let an output that the shell has closed (`>&-`) go nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115


def replace_unencodable() -> None:
    """Let characters that the output's encoding lacks be replaced; without, `PYTHONIOENCODING=ascii` ends in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def drop_output(stream: TextIO) -> None:
    """Send the rest of standard output or standard error nowhere: whoever read it has left."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def is_same_output() -> bool:
    """Tell whether standard output and standard error end up in one file or pipe, as by 2>&1, where nothing is said twice."""
    try:
        return os.path.samestat(os.fstat(sys.stdout.fileno()), os.fstat(sys.stderr.fileno()))
    except (OSError, ValueError, AttributeError):  # one of them is closed, or is not a file
        return False


@contextmanager
def ignore_closed_stream(stream: TextIO) -> Iterator[None]:
    """Let the block print to a stream, if that can be: a job goes on, and its exit code stays, without."""
    try:
        yield
        stream.flush()
    except OSError as error:
        drop_output(stream)
        if error.errno not in GONE and stream is sys.stdout:
            print_unwritable_warning(error)


def print_unwritable_warning(error: OSError) -> None:
    """Say on standard error that standard output takes nothing, as where a disk is full."""
    print(f"Standard output cannot be written: {error.strerror}", file=sys.stderr)
