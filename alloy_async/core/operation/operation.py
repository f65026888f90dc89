"""Operations: one attrs class states everything about one call of a web API.

The class carries the facts (verb, route, typed errors), its fields carry the arguments, and a marker in each field's
`Annotated` (`markers`) says where the argument goes on the wire. `endpoint` turns such a class into a method of both
clients.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar, get_type_hints

from ..codec.fields import format_redacted, get_fields, iterate_redacted_fields
from ..errors import InvalidRequest
from ..validation import describe_value

T_co = TypeVar("T_co", covariant=True)

ErrorModels: TypeAlias = Mapping[Any, Any]
"""Models of error bodies, by status; "default" stands for the statuses that are not named."""

PLAIN = (str, int, float, bytes)
IDEMPOTENT_VERBS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


class Operation(Generic[T_co]):
    """One call of a web API whose answer is a T.

    Subclasses are `attrs.frozen` classes; these class facts describe them:
    """

    __slots__ = ()

    name: ClassVar[str]
    """The method's name, made from the class's name: GetAUser -> get_a_user."""
    verb: ClassVar[str]
    route: ClassVar[str]
    """Path below the base URL, with {placeholders}."""
    idempotent: ClassVar[bool]
    """Whether sending it twice has the effect of sending it once; by default true for GET, HEAD, OPTIONS, PUT and DELETE."""
    errors: ClassVar[ErrorModels] = {}
    """Model of the error body, by status; "default" for statuses that are not named."""
    accept: ClassVar[str] = "application/json"
    authenticated: ClassVar[bool] = True
    """False for the few calls that take no credential."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        if "idempotent" not in cls.__dict__:
            cls.idempotent = getattr(cls, "verb", None) in IDEMPOTENT_VERBS

    def check(self) -> None:
        """Refuse arguments that cannot go together, by raising ValueError with the reason; run before anything is sent."""

    def compile(self) -> Any:
        """Give the compiled form of one operation, where it is not that of its class; None stands for the class's."""
        return None

    def __repr__(self) -> str:
        return format_redacted(self)

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(
            getattr(self, field.name) == getattr(other, field.name) for field in get_fields(self.__class__)
        )

    def __hash__(self) -> int:
        # Arguments may be models or lists, which have no hash: the plain ones tell operations apart well enough.
        values = (getattr(self, field.name) for field in get_fields(self.__class__))
        return hash((self.__class__, *(value for value in values if isinstance(value, PLAIN))))

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        return iterate_redacted_fields(self)


def find_result_type(operation: type[Operation[Any]]) -> Any:
    """Find the T of Operation[T]; a quoted one is looked up in the module of its class."""
    for base in operation.__mro__:
        for generic in base.__dict__.get("__orig_bases__", ()):
            origin = getattr(generic, "__origin__", None)
            if isinstance(origin, type) and issubclass(origin, Operation):
                # Of quoted ones take the words: typing has one object for equal words, which keeps its first meaning.
                answer = getattr(generic.__args__[0], "__forward_arg__", generic.__args__[0])
                hints = SimpleNamespace(__annotations__={"T": answer})
                return get_type_hints(hints, vars(sys.modules[base.__module__]))["T"]
    raise TypeError(f"{operation.__name__} must name its answer: Operation[Answer]")


def create_not_an_operation_error(value: object) -> InvalidRequest:
    """Create the error for what was given in place of an operation."""
    made_by = getattr(value, "operation", value)
    if isinstance(made_by, type) and issubclass(made_by, Operation):
        given = f"the class {made_by.__name__}" if made_by is value else f"the method {made_by.name}"
        call = f"{made_by.__name__}(...)" if made_by is value else f"{made_by.name}.operation(...)"
        return InvalidRequest(f"expected an operation, got {given}; make one with its arguments: {call}")
    return InvalidRequest(f"expected an operation, as GetAUser('ada'), got {describe_value(value)}")
