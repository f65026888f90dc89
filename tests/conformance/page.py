"""docs/conformance.md, written from the tables: python -m tests.conformance.page"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..oracle import Contract
from .differences import DIFFERENCES, UNEXPRESSED
from .generated import EXAMPLES, KINDS, read_findings
from .vendors import REQUIRED, VENDORS

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
TITLES = {
    "alloy": "Alloy Embedded",
    "alsid": "Tenable.ad (Alsid)",
    "smooch": "Smooch",
    "agilicus": "Agilicus",
    "opendatasoft": "Opendatasoft Automation",
}

INTRODUCTION = f"""\
# Conformance with the vendors' own packages

Four of the five vendors have a package for Python on the registry. Every operation that such a package can express is
called through it, and through alloy_async with the same values, against the same sandbox. The two requests are compared
as they arrived: method, path segments (decoded), query, JSON body (as data), the parts of a form, and credential; then
the status, and what each client made of the answer. Other headers are not compared. The packages run as they come from
the registry. Among the values are usernames and texts with slashes, `%`, `+`, spaces, quotes and letters beyond ASCII,
nulls, empty texts and timestamps.

Then every operation is called {EXAMPLES} times with arguments that are drawn from the system's contract, and answered with
what is drawn from it: the second table of each system is measured so.

Each known difference is a line below. A difference without a line fails the tests, and so does a line that no longer holds.

```sh
pip install -e '.[test,conformance]'
{REQUIRED}=1 python -m pytest tests/conformance    # 1: a missing package is a failure; else its tests are skipped
python -m tests.conformance.page                     # writes this page from the tables that the tests use
python -m tests.conformance.generated                # measures the drawn values again
```
"""
NO_PACKAGE = (
    "The vendor has no package on the registry, so there is nothing to compare with. Its requests are held against its"
    " contract alone, as those of all systems are in `tests/`."
)


def page() -> str:
    """The page as it should be."""
    return "\n".join([INTRODUCTION, *_packages(), *(line for system in TITLES for line in _section(system))])


def _packages() -> Iterator[str]:
    yield from _table(("system", "package", "compared"), (_package(system) for system in TITLES))


def _package(system: str) -> tuple[str, str, str]:
    operations = {call.name for call in Contract(system).calls}
    if system not in VENDORS:
        return TITLES[system], "none", f"0 of {len(operations)} operations"
    whole = {row.operation for row in UNEXPRESSED if row.system == system and row.argument is None}
    compared = f"{len(operations - whole)} of {len(operations)} operations"
    return TITLES[system], f"`{VENDORS[system].package}`", compared


def _section(system: str) -> Iterator[str]:
    yield f"## {TITLES[system]}\n"
    if system not in VENDORS:
        yield f"{NO_PACKAGE}\n"
        return
    yield from _table(
        ("operation", "differs in", "the vendor's package", "alloy_async, and why"),
        (
            (_names(row.calls), row.part, row.package, row.reason)
            for row in DIFFERENCES
            if row.system == system
        ),
    )
    missing = [row for row in UNEXPRESSED if row.system == system]
    if missing:
        yield from _table(
            ("not in the package", "why"),
            ((_names((row.operation,), row.argument), row.reason) for row in missing),
        )
    yield from (f"{remark}\n" for remark in VENDORS[system].remarks)
    yield f"With {EXAMPLES} calls of each operation, arguments and answers drawn from the contract:\n"
    yield from _table(
        ("differs in", "the vendor's package", "operations", "alloy_async, and why"),
        (
            (KINDS[kind].part, KINDS[kind].package, _measured(found), KINDS[kind].reason)
            for kind, found in read_findings()[system].items()
        ),
    )


def _measured(found: Mapping[str, list[str]]) -> str:
    """The operations, and the members concerned or what the package says."""
    by_places: dict[str, list[str]] = {}
    for operation, places in found.items():
        said = ", ".join("`" + place.replace("`", "'") + "`" for place in places).replace("|", "\\|")
        by_places.setdefault(said, []).append(f"`{operation}`")
    return f"{len(found)}: " + "; ".join(
        ", ".join(names) + (f" ({said})" if said else "") for said, names in by_places.items()
    )


def _names(calls: tuple[str, ...], argument: str | None = None) -> str:
    parts = [call.partition(" ") for call in calls]
    names = ", ".join(f"`{name}`{space}{note}" for name, space, note in parts) or "all"
    return f"`{argument}` of {names}" if argument else names


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield from (f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))
    yield ""


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")
