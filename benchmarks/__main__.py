"""`python -m benchmarks [NAME ...] [--rounds N] [--json]`: run, print figures and budgets, exit 1 when one is missed.

A figure is a median; behind it stands its 95 % interval, then the budget. Ratios are of CPU time (user and system) of the
client's process, its variants in turn in short slices, the server in a process of its own.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys

import attrs

from .measuring import harness
from .measuring.harness import Figure

ROOMS = {
    **dict.fromkeys(("http", "decode", "facade", "peers", "imports", "many", "burst"), "calls"),
    **dict.fromkeys(("provision", "tenants", "workers"), "jobs"),
}
"""Where each is, in the order in which they run."""
NAMES = tuple(ROOMS)


def _line(row: Figure) -> str:
    budget = "" if row.budget is None else f"{'>=' if row.at_least else '<='} {row.budget:g}"
    verdict = {True: "met", False: "MISSED", None: ""}[row.met]
    interval = f"[{row.low:.2f} {row.high:.2f}]"
    return f"{row.name:<80} {row.value:>8.2f} {row.unit:<3} {interval:<16} {budget:<8} {verdict}"


def main() -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, formatter_class=raw)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--rounds", type=int, default=40, help="rounds of each comparison (default 40)")
    parser.add_argument("--json", action="store_true", help="one JSON object a figure")
    parser.add_argument("--any-core", action="store_true", help="do not keep ratios to one processor")
    given = parser.parse_args()
    harness.on_one_core = not given.any_core
    unknown = set(given.names) - set(NAMES)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    names: list[str] = given.names or list(NAMES)
    # Each in a process of its own: none finds what another has imported, or done to malloc.
    if len(names) > 1:
        options = [word for word in sys.argv[1:] if word not in names]
        codes = [subprocess.call([sys.executable, "-m", "benchmarks", name, *options]) for name in names]
        return int(any(codes))
    missed = 0
    for row in importlib.import_module(f".{ROOMS[names[0]]}.{names[0]}", __package__).run(given.rounds):
        missed += row.met is False
        print(json.dumps({**attrs.asdict(row), "met": row.met}) if given.json else _line(row), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
