"""What a server sends that this library does not know: the report of a drift between the two."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from types import TracebackType
from typing import Any, Literal, Self, get_args, get_origin

import attrs

from ..core.codec.containers import get_value_type, is_list, is_mapping, is_union, list_union_members
from ..core.codec.fields import ModelBase, get_fields
from ..core.operation.operation import Operation, find_result_type


class DriftFound(AssertionError):
    """Answers held what the models do not declare; the message lists it."""


@attrs.define
class OperationDrift:
    """What the answers of one operation held.

    Attributes:
        answers: how many were looked at.
        unknown_members: how often each member came that no model declares, by its path.
        unknown_values: how often each value came that an enumeration does not list, by its path and the value.
        absent: how often each declared member was null or missing, by its path.
        seen: how often the object was there that each of these belongs to, by the same paths.
    """

    answers: int = 0
    unknown_members: Counter[str] = attrs.field(factory=Counter)
    unknown_values: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    absent: Counter[str] = attrs.field(factory=Counter)
    seen: Counter[str] = attrs.field(factory=Counter)


class DriftReport:
    """Counts what the answers of a client hold that the models do not know, by operation.

    Reading is tolerant: unknown members and values pass. This tells of them, for the tests that run against a real service:

        with DriftReport(strict=True) as drift:
            client = AsyncAlloy(on_result=drift)
            ...

    Args:
        strict: raise DriftFound at the end of the `with` where anything was found. Default False: only count.
        ignore: patterns of "operation path" that are no drift, as "get_a_user $.newMember" or "* $.data[].beta*".
    """

    def __init__(self, *, strict: bool = False, ignore: tuple[str, ...] = ()) -> None:
        self._strict = strict
        self._ignore = ignore
        self.operations: defaultdict[str, OperationDrift] = defaultdict(OperationDrift)

    def __call__(self, operation: Operation[Any], result: Any) -> None:
        """Look through a result; what `on_result` of a client calls."""
        drift = self.operations[operation.name]
        drift.answers += 1
        for path, of, value in _iterate_parts(find_result_type(type(operation)), result, "$"):
            self._note_drift(operation.name, drift, path, of, value)

    def _note_drift(self, name: str, drift: OperationDrift, path: str, of: Any, value: Any) -> None:
        if isinstance(value, ModelBase):
            for member in value._extra or ():
                if not self._is_ignored(name, f"{path}.{member}"):
                    drift.unknown_members[f"{path}.{member}"] += 1
            for field in get_fields(type(value)):
                drift.seen[f"{path}.{field.wire}"] += 1
                drift.absent[f"{path}.{field.wire}"] += getattr(value, field.name) is None
        elif isinstance(value, str | int):
            known = _list_literal_values(of)
            if known and value not in known and not self._is_ignored(name, path):
                drift.unknown_values[path, repr(value)] += 1

    def _is_ignored(self, name: str, path: str) -> bool:
        # Brackets are letters in a path, and not, as fnmatch reads them, a choice of letters.
        return any(fnmatch(f"{name} {path}", pattern.replace("[", "[[]")) for pattern in self._ignore)

    @property
    def found(self) -> bool:
        """Whether an unknown member or value came; absent members are counted, and are no drift."""
        return any(drift.unknown_members or drift.unknown_values for drift in self.operations.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON data, by operation: to be kept, or compared with an earlier one."""
        return {
            name: {
                "answers": drift.answers,
                "unknown_members": dict(drift.unknown_members),
                "unknown_values": {
                    f"{path} = {value}": n for (path, value), n in drift.unknown_values.items()
                },
                "absent": {path: [n, drift.seen[path]] for path, n in drift.absent.items() if n},
            }
            for name, drift in sorted(self.operations.items())
        }

    def __str__(self) -> str:
        return "\n".join(self._iterate_lines()) or "no drift"

    def _iterate_lines(self) -> Iterator[str]:
        for name, drift in sorted(self.operations.items()):
            for path, times in sorted(drift.unknown_members.items()):
                yield f"{name}: unknown member {path} ({times} times in {drift.answers} answers)"
            for (path, value), times in sorted(drift.unknown_values.items()):
                yield f"{name}: unknown value {path} = {value} ({times} times in {drift.answers} answers)"

    def check(self) -> None:
        """Raise DriftFound where an unknown member or value came."""
        if self.found:
            raise DriftFound(f"the service sends what the models do not know:\n{self}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._strict and error is None:  # a test that failed says more than the drift does
            self.check()


def _iterate_parts(of: Any, value: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield each part of a result with its path and its type."""
    yield path, of, value
    if isinstance(value, ModelBase):
        for field in get_fields(type(value)):
            content = getattr(value, field.name)
            if content is not None:
                yield from _iterate_parts(field.type, content, f"{path}.{field.wire}")
        return
    if is_union(of):
        fitting = [member for member in list_union_members(of) if is_list(member) or is_mapping(member)]
        of = fitting[0] if len(fitting) == 1 else of
    if isinstance(value, list) and is_list(of):
        for item in value:
            yield from _iterate_parts((get_args(of) or (Any,))[0], item, f"{path}[]")
    elif isinstance(value, Mapping) and is_mapping(of):
        for item in value.values():
            yield from _iterate_parts(get_value_type(of), item, f"{path}.*")


def _list_literal_values(of: Any) -> list[Any]:
    """List the values that an enumeration knows; none where the type is not one."""
    if get_origin(of) is Literal:
        return list(get_args(of))
    if is_union(of):
        return [value for member in list_union_members(of) for value in _list_literal_values(member)]
    return []
