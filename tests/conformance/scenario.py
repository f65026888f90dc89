"""A scenario: calls of one system that build on each other, made through alloy_async and again through the vendor's package."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import attrs

from alloy_async import NULL, Client, Model, from_wire, to_wire
from alloy_async.core.codec.fields import get_fields
from alloy_async.core.operation.markers import Part
from alloy_async.sandbox import ReceivedRequest, Sandbox

from .message import Sent, meaning


@attrs.frozen
class Step:
    """One call: an operation, its arguments as JSON values, and what is special about them."""

    operation: str
    values: Mapping[str, Any]
    note: str = ""

    def __str__(self) -> str:
        return f"{self.operation} ({self.note})" if self.note else self.operation


def step(operation: str, /, **values: Any) -> Step:
    return Step(operation, values)


Scenario = Generator[Step, Any, None]
"""Yields calls, and is sent the JSON value of each answer."""
VendorCall = Callable[[str, Mapping[str, Any]], Any]
"""Calls an operation through a vendor's package; gives what the package made of the answer as JSON data, None where it
makes nothing of it."""


@attrs.frozen
class Vendor:
    """A vendor's package and the calls to make through it."""

    system: str
    package: str
    """Its name on the registry."""
    module: str
    """What to import of it."""
    connect: Callable[[Sandbox], AbstractContextManager[VendorCall]]
    ours: Callable[[Sandbox], Client]
    scenario: Callable[[Any, Path], Scenario]
    """Takes the sandbox's world, to look up what no answer tells, and a folder for files to send."""
    remarks: tuple[str, ...] = ()
    """What the page tells about how the package is called."""


@attrs.frozen
class Said:
    """One call through one client: the request, the status that came back, and what the client made of the answer."""

    sent: Sent
    status: int | None
    answer: Any

    @classmethod
    def last(cls, sandbox: Sandbox, answer: Any) -> Said:
        request: ReceivedRequest = sandbox.requests[-1]
        return cls(Sent.of(request), request.status, meaning(answer))


@attrs.frozen
class Pair:
    """One step, as each client made it."""

    step: Step
    ours: Said
    vendor: Said


def play(vendor: Vendor, folder: Path) -> list[Pair]:
    """Make the calls of a scenario through alloy_async, and again through the package, each from the sandbox's start."""
    with Sandbox(vendor.system, clock=lambda: 1_800_000_000.0) as sandbox:
        with vendor.ours(sandbox) as client:
            ours = _play_ours(client, sandbox, vendor.scenario(sandbox.service, folder))
        sandbox.reset()
        with vendor.connect(sandbox) as call:
            pairs = []
            for made, said in ours:
                before = len(sandbox.requests)
                answer = call(made.operation, made.values)
                assert len(sandbox.requests) == before + 1, (
                    f"{made}: the package sent more or less than one request"
                )
                pairs.append(Pair(made, said, Said.last(sandbox, answer)))
    return pairs


def _play_ours(client: Client, sandbox: Sandbox, scenario: Scenario) -> list[tuple[Step, Said]]:
    said = []
    made = next(scenario)
    while True:
        answer = to_wire(client.send(typed(client, made)))
        said.append((made, Said.last(sandbox, answer)))
        try:
            made = scenario.send(answer)
        except StopIteration:
            return said


def typed(client: Client, made: Step) -> Any:
    """The operation for arguments given as JSON values; a file is given as its path."""
    operation = getattr(type(client), made.operation).operation
    fields = {field.name: field for field in get_fields(operation)}
    return operation(
        **{
            name: value if isinstance(fields[name].marker, Part) else _typed(fields[name].type, value)
            for name, value in made.values.items()
        }
    )


def _typed(kind: Any, value: Any) -> Any:
    made = from_wire(kind, value)
    _keep_nulls(made, value)
    return made


def _keep_nulls(made: Any, value: Any) -> None:
    """A null that is read is None, which would be left out; here it is to be sent."""
    if isinstance(made, list):
        for member, member_value in zip(made, value, strict=True):
            _keep_nulls(member, member_value)
    elif isinstance(made, Model):
        for field in get_fields(type(made)):
            if field.wire in value and value[field.wire] is None:
                setattr(made, field.name, NULL)
            else:
                _keep_nulls(getattr(made, field.name), value.get(field.wire))
