"""The command line: `alloy-async`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `alloy-async`; where its extra is not installed, tell how to install it."""
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
    from .app import run

    run()
