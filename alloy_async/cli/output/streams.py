"""Standard output and standard error, where they are narrower than text, or closed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def prepare_streams() -> None:
    """Let characters that the output's encoding lacks be replaced; without, `PYTHONIOENCODING=ascii` ends in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def drop_output() -> None:
    """Send the rest of standard output nowhere: whoever read it, as `head`, has enough."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def ignore_closed_output() -> Iterator[None]:
    """Let the block print, if anybody still reads: what was done before decides the exit code."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()
