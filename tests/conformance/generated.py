"""Every operation with arguments and answers that are drawn from its contract: what the vendor's package does otherwise.

python -m tests.conformance.generated    # measures again and writes generated.json, which the page shows
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from alloy_async import Client, to_wire

from ..alloy.oracle import CONTRACT as ALLOY
from ..oracle import UNDECLARED, Call, Contract
from ..smooch.oracle import CONTRACT as SMOOCH
from .differences import DIFFERENCES, UNEXPRESSED
from .message import Sent, meaning
from .recorder import Recorder, recording
from .scenario import Said, Step, Vendor, VendorCall, typed

CONTRACTS: dict[str, Contract] = {"alloy": ALLOY, "smooch": SMOOCH} | {
    system: Contract(system) for system in ("alsid", "agilicus")
}
FINDINGS = Path(__file__).with_name("generated.json")
EXAMPLES = 25
"""Calls of each operation, the same in each run."""


@attrs.frozen
class Kind:
    """A kind of difference, in words."""

    part: str
    package: str
    reason: str


KINDS = {
    "raw path": Kind(
        "path",
        "puts arguments into the path as they are, so that `/`, `?`, `#` or `%` in one lead to another resource",
        "an argument is one segment, percent-encoded",
    ),
    "no body": Kind(
        "body", "sends no body where no member is given", "the service documents an object: `{}` is sent"
    ),
    "member not sent": Kind("body", "does not send members", "what the contract has is sent"),
    "refused arguments": Kind(
        "arguments",
        "raises before anything is sent",
        "only what surely cannot succeed is refused; the contract allows these",
    ),
    "unread answer": Kind("answer", "reads nothing of it", "it is read into a model"),
    "undeclared member": Kind(
        "answer", "drops members that its models do not declare", "they are kept in `extra`"
    ),
    "declared member": Kind("answer", "drops members", "what the contract has is read"),
    "invented member": Kind(
        "answer", "shows members that the answer does not have", "a member that is left out is None"
    ),
    "refused answer": Kind("answer", "raises", "an answer is read tolerantly: the contract allows these"),
}
Findings = dict[str, dict[str, set[str]]]
"""Members concerned, or what the package says, by kind and operation."""


@attrs.frozen
class Tried:
    """One call through one client: the request, if there was one, and the answer it read or the error it raised."""

    sent: Sent | None
    answer: Any
    error: str | None

    @classmethod
    def of(cls, recorder: Recorder, call: Callable[[], Any]) -> Tried:
        recorder.requests.clear()
        answer = error = None
        try:
            answer = meaning(call())
        except Exception as raised:  # whatever a package raises is the finding
            error = _shorten(raised)
        assert len(recorder.requests) <= 1
        return cls(Sent.of(recorder.requests[0]) if recorder.requests else None, answer, error)


def _shorten(error: Exception) -> str:
    """What an error says, without the places and values that were drawn."""
    text = re.split(r" at path|\n|\. ", str(error))[0]
    inner = re.findall(r"\['([^']+)'\]", text)
    said = inner[0] if inner else re.sub(r"='[^']*'", "", text)
    return f"{type(error).__name__}: {said}"


def measure(vendor: Vendor) -> Findings:
    """Call each operation that the package has, through it and through alloy_async, and find the differences."""
    unexpressed = {row.operation: row.argument for row in UNEXPRESSED if row.system == vendor.system}
    found: Findings = {}
    with recording() as recorder, tempfile.TemporaryDirectory() as folder:
        server: Any = recorder  # as the sandbox, of which only the address is asked
        with vendor.connect(server) as theirs, vendor.ours(server) as ours:
            for call in CONTRACTS[vendor.system].calls:
                missing = unexpressed.get(call.name, "")
                if missing is not None:
                    for values in _draw_calls(call, missing, recorder, Path(folder)):
                        for kind, place in _compare(vendor.system, call, values, recorder, ours, theirs):
                            found.setdefault(kind, {}).setdefault(call.name, set()).add(place)
    return found


def _draw_calls(call: Call, missing: str, recorder: Recorder, folder: Path) -> Iterator[Mapping[str, Any]]:
    """Draw the arguments of each call, but for one that the package misses; the recorder gets the answer drawn beside them."""
    drawn: list[tuple[dict[str, Any], Any]] = []
    answers = st.none() if call.answer is None else call.contract.values(call.answer)

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(call.values(), answers)
    def draw(values: dict[str, Any], answer: Any) -> None:
        values.pop(missing, None)
        drawn.append((values, answer))

    draw()
    for values, answer in drawn:
        recorder.answer = b"" if call.answer is None else json.dumps(answer).encode()
        if call.name == "post_image_message":
            path = folder / "image.png"
            path.write_text(values["source"], encoding="utf-8")
            yield values | {"source": str(path)}
        elif call.name == "api_users_post":  # the package creates one user at a time
            if values["body"]:
                yield values | {"body": values["body"][:1]}
        else:
            yield values


def _compare(
    system: str, call: Call, values: Mapping[str, Any], recorder: Recorder, client: Client, theirs: VendorCall
) -> Iterator[tuple[str, str]]:
    """Find the kinds of differences of one call, with the places of each."""
    step = Step(call.name, values)
    ours = Tried.of(recorder, lambda: to_wire(client.send(typed(client, step))))
    vendor = Tried.of(recorder, lambda: theirs(call.name, values))
    assert ours.sent, ours.error
    assert ours.error is None, f"{step}: {ours.error}"
    if vendor.sent is None:
        yield "refused arguments", vendor.error or ""
        return
    yield from _compare_requests(*_without_known(system, step, ours.sent, vendor.sent), step)
    if vendor.error is not None:
        yield "refused answer", vendor.error
    elif vendor.answer is None and ours.answer is not None:
        yield "unread answer", ""
    else:
        yield from _compare_members(ours.answer, vendor.answer, ("declared member", "invented member"))


def _without_known(system: str, step: Step, ours: Sent, theirs: Sent) -> tuple[Sent, Sent]:
    """Take away what the table of known differences tells of the request of every call."""
    pair = [Said(sent, None, None) for sent in (ours, theirs)]
    for row in DIFFERENCES:
        if row.system == system and row.part != "answer" and row.concerns(step):
            pair = [row.alike(said) for said in pair]
    return pair[0].sent, pair[1].sent


def _compare_requests(ours: Sent, theirs: Sent, step: Step) -> Iterator[tuple[str, str]]:
    different = set(theirs.differing(ours))
    if different & {"path", "query"} and any(mark in "".join(ours.path) for mark in "/?#%"):
        different -= {"path", "query"}
        yield "raw path", ""
    if "body" in different:
        different.remove("body")
        if ours.body == {} and theirs.body is None:
            yield "no body", ""
        else:
            yield from _compare_members(ours.body, theirs.body, ("member not sent", "member added"))
    assert not different, f"{step}: {ours} is {theirs} by the package"


def _compare_members(
    ours: Any, theirs: Any, kinds: tuple[str, str], place: str = ""
) -> Iterator[tuple[str, str]]:
    """Find the members that only one side has; a place is the names of members, through arrays too."""
    if isinstance(ours, dict) and theirs == {} and place and not ours.keys() & {*UNDECLARED}:
        if ours:  # one place for the members of a map, which have any name
            yield kinds[0], place
    elif isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(ours.keys() | theirs.keys()):
            inner = f"{place}.{name or repr(name)}".removeprefix(".")
            if name in ours and name in theirs:
                yield from _compare_members(ours[name], theirs[name], kinds, inner)
            elif name in UNDECLARED:
                yield "undeclared member", ""
            else:
                yield kinds[name not in ours], inner
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs, strict=True):
            yield from _compare_members(one, other, kinds, place)
    elif meaning(ours) != meaning(theirs):
        yield "changed value", f"{place}: {ours!r} is {theirs!r} by the package"


def read_findings() -> dict[str, dict[str, dict[str, list[str]]]]:
    """Read what was measured, by system."""
    found: dict[str, dict[str, dict[str, list[str]]]] = json.loads(FINDINGS.read_text("utf-8"))
    return found


def _write_findings(vendors: Mapping[str, Vendor]) -> None:
    found = {
        system: {
            kind: {operation: sorted(places - {""}) for operation, places in sorted(by_operation.items())}
            for kind, by_operation in sorted(measure(vendor).items())
        }
        for system, vendor in vendors.items()
    }
    FINDINGS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    from .vendors import VENDORS

    _write_findings(VENDORS)
