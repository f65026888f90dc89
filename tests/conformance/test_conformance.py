"""alloy_async and the vendors' own packages make the same calls, and what arrives at the sandbox is compared."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from alloy_async.sandbox import Sandbox

from ..oracle import Contract
from .differences import DIFFERENCES, UNEXPRESSED, Difference
from .scenario import Pair, Said, Vendor, play
from .vendors import REQUIRED, VENDORS, load

Pairs = Callable[[Vendor], list[Pair]]
NOWHERE = {(row.system, row.operation) for row in UNEXPRESSED if row.argument is None}
COMPARED = [
    (system, call.name)
    for system in VENDORS
    for call in Contract(system).calls
    if (system, call.name) not in NOWHERE
]
each_vendor = pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    """Gives the calls of a vendor's scenario, each made twice; the scenario is played once a session."""
    played: dict[str, list[Pair]] = {}

    def of(vendor: Vendor) -> list[Pair]:
        load(vendor)
        if vendor.system not in played:
            played[vendor.system] = play(vendor, tmp_path_factory.mktemp(vendor.system))
        return played[vendor.system]

    return of


@pytest.mark.parametrize(("system", "operation"), COMPARED)
def test_both_say_and_read_the_same(system: str, operation: str, pairs: Pairs) -> None:
    made = [pair for pair in pairs(VENDORS[system]) if pair.step.operation == operation]
    assert made, "the scenario never calls it"
    occurred = set[Difference]()
    for pair in made:
        occurred |= compare(system, pair)
    known = {row for row in DIFFERENCES for pair in made if row.system == system and row.concerns(pair.step)}
    assert not known - occurred, "these lines of DIFFERENCES no longer hold: delete them"


def compare(system: str, pair: Pair) -> set[Difference]:
    """Hold the two sides of a pair against each other, but for known differences; give those that occurred."""
    ours, theirs = pair.ours, pair.vendor
    assert ours.status in (200, 201, 204), f"{pair.step}: the sandbox refused it"
    occurred = set()
    for row in DIFFERENCES:
        if row.system == system and row.concerns(pair.step):
            if row.occurs(ours, theirs):
                occurred.add(row)
            ours, theirs = row.alike(ours), row.alike(theirs)
    unlike = [
        f"{part}: {getattr(theirs.sent, part)!r} by the package, {getattr(ours.sent, part)!r} by alloy_async"
        for part in theirs.sent.differing(ours.sent)
    ]
    assert not unlike, f"{pair.step} differs, and DIFFERENCES does not say so"
    assert (theirs.status, theirs.answer) == (ours.status, ours.answer), f"{pair.step} is read differently"
    return occurred


@each_vendor
def test_every_argument_is_given(vendor: Vendor, pairs: Pairs) -> None:
    given: dict[str, set[str]] = {}
    for pair in pairs(vendor):
        given.setdefault(pair.step.operation, set()).update(pair.step.values)
    for row in UNEXPRESSED:
        if row.system == vendor.system and row.argument is not None:
            assert row.argument not in given[row.operation], f"{row} is expressed: delete the line"
            given[row.operation].add(row.argument)
    with Sandbox(vendor.system) as sandbox, vendor.ours(sandbox) as client:
        expected = {name: set(inspect.signature(getattr(client, name)).parameters) for name in given}
    assert given == expected
    assert {(vendor.system, name) for name in given} == {row for row in COMPARED if row[0] == vendor.system}


def test_every_line_of_the_tables_is_about_a_documented_operation() -> None:
    documented = {(system, call.name) for system in VENDORS for call in Contract(system).calls}
    named = {(row.system, call.partition(" (")[0]) for row in DIFFERENCES for call in row.calls}
    assert named | {(row.system, row.operation) for row in UNEXPRESSED} <= documented


def test_a_missing_package_skips_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = attrs.evolve(VENDORS["alloy"], module="no_such_module")
    monkeypatch.delenv(REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"alloy-python-sdk-ai is needed \(pip install"):
        load(missing)
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match=f"{REQUIRED}=1 demands it"):
        load(missing)


def test_a_difference_that_no_line_tells_fails(pairs: Pairs) -> None:
    pair = next(pair for pair in pairs(VENDORS["alsid"]) if pair.step.operation == "api_users_post")
    compare("alsid", pair)
    for part, value in [
        ("method", "PUT"),
        ("path", ("api",)),
        ("query", [("a", "b")]),
        ("body", []),
        ("credential", None),
    ]:
        changes: dict[str, Any] = {part: value}
        changed = attrs.evolve(pair.vendor.sent, **changes)
        with pytest.raises(AssertionError, match=f"{part}: .* by the package"):
            compare("alsid", attrs.evolve(pair, vendor=attrs.evolve(pair.vendor, sent=changed)))
    read = Said(pair.vendor.sent, pair.vendor.status, answer=[])
    with pytest.raises(AssertionError, match="read differently"):
        compare("alsid", attrs.evolve(pair, vendor=read))
