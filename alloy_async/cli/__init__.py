"""The command line: `alloy-async`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `alloy-async`; where its extra is not installed, tell how to install it."""
    try:
        from .interrupts import treat_other_signals_as_ctrl_c

        treat_other_signals_as_ctrl_c()
        _require_extra()
        from .app import run
    except (
        KeyboardInterrupt
    ):  # while it was being loaded, which takes a moment; from here on `App` deals with it
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
    run()


def _require_extra() -> None:
    try:
        import click
        import rich
    except ImportError as error:
        print(
            f"alloy-async: the command line needs {error.name}, which is not installed.\n"
            "Install it with:  pip install 'alloy-async[cli]'",
            file=sys.stderr,
        )
        sys.exit(2)
    del click, rich
