"""Operations: one attrs class states everything about one call of a web API.

The class carries the facts (verb, route, typed errors), its fields carry the arguments, and a marker in each field's
`Annotated` says where the argument goes on the wire. `endpoint` turns such a class into a method of both clients.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from types import MethodType, SimpleNamespace
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Concatenate,
    Generic,
    ParamSpec,
    TypeVar,
    get_type_hints,
    overload,
)

import attrs

from .paging import Unpaged

if TYPE_CHECKING:
    from .client import AsyncClient
    from .facade import Client

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Item_co = TypeVar("Item_co", covariant=True)
P = ParamSpec("P")
Q = ParamSpec("Q")
U = TypeVar("U")
V = TypeVar("V")
Made_co = TypeVar("Made_co", covariant=True)

IDEMPOTENT_VERBS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


@attrs.frozen
class Path:
    """The argument fills the placeholder `name` of the route, as one percent-encoded segment."""

    name: str
    secret: bool = False


@attrs.frozen
class Query:
    """The argument is the query parameter `name`; an array is repeated (`multi`) or joined by commas (`csv`).

    `booleans` are the words for False and True.
    """

    name: str
    style: str = "multi"
    secret: bool = False
    booleans: tuple[str, str] = ("false", "true")


@attrs.frozen
class Json:
    """The argument is the member `name` of the JSON body. On a model: the field's name on the wire."""

    name: str
    secret: bool = False


@attrs.frozen
class Body:
    """The argument is the whole JSON body."""

    secret: bool = False


@attrs.frozen
class Part:
    """The argument is the part `name` of a multipart/form-data body; a file where its type is FileSource, else text."""

    name: str
    secret: bool = False


@attrs.frozen
class ExtraQuery:
    """The argument is a mapping of further query parameters, named by the caller."""

    secret: bool = False


Marker = Path | Query | Json | Body | Part | ExtraQuery


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
    """Whether sending it twice has the effect of sending it once; by default true for GET, PUT and DELETE."""
    errors: ClassVar[Mapping[Any, Any]] = {}
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

    def __repr__(self) -> str:
        from .model import redacted_repr

        return redacted_repr(self)


class Listing(Operation[T_co], Generic[T_co, Item_co]):
    """An operation whose answer T holds a list of Item, on one page or on many."""

    __slots__ = ()

    paging: ClassVar[Unpaged]
    """How to find the items in an answer and the operation that asks for the next page."""


class endpoint(Generic[P, T, Made_co]):  # noqa: N801 (used like a decorator)
    """One operation as a method: awaitable on an AsyncClient, direct on a Client, with one signature for both."""

    @overload
    def __init__(self: endpoint[Q, U, Listing[U, V]], operation: Callable[Q, Listing[U, V]]) -> None: ...
    @overload
    def __init__(self: endpoint[Q, U, Operation[U]], operation: Callable[Q, Operation[U]]) -> None: ...
    def __init__(self, operation: Any) -> None:
        self._operation = operation
        self._functions: dict[bool, Callable[..., Any]] = {}

    @property
    def operation(self) -> Callable[P, Made_co]:
        """The operation's class, to make operations as values: `AsyncAlloy.get_a_user.operation("ada")`."""
        return self._operation  # type: ignore[no-any-return]

    @overload
    def __get__(self, instance: None, owner: Any = None) -> endpoint[P, T, Made_co]: ...
    @overload
    def __get__(self, instance: AsyncClient, owner: Any = None) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, instance: Client, owner: Any = None) -> Callable[P, T]: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        return MethodType(
            self._functions.get(instance.is_async) or self._function(instance.is_async), instance
        )

    def _function(self, is_async: bool) -> Callable[..., Any]:
        operation = self._operation

        async def awaitable(client: AsyncClient, /, *args: Any, **kwargs: Any) -> Any:
            return await client.send(operation(*args, **kwargs))

        def direct(client: Client, /, *args: Any, **kwargs: Any) -> Any:
            return client.send(operation(*args, **kwargs))

        call: Callable[..., Any] = awaitable if is_async else direct
        _describe(call, operation)
        self._functions[is_async] = call
        return call


def _describe(call: Callable[Concatenate[Any, ...], Any], operation: type[Operation[Any]]) -> None:
    """Give the method the operation's signature and docstring, for help(), IPython and inspect."""
    from .model import fields_of

    of_init = inspect.signature(operation)
    plain = {field.name: field.type for field in fields_of(operation)}
    arguments = [
        argument.replace(annotation=plain.get(name, argument.annotation))
        for name, argument in of_init.parameters.items()
    ]
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    vars(operation)["__init__"].__qualname__ = operation.name  # what Python says where an argument is missing
    call.__name__ = operation.name
    call.__qualname__ = operation.name
    call.__doc__ = operation.__doc__
    call.__module__ = operation.__module__
    call.__signature__ = of_init.replace(  # type: ignore[attr-defined]
        parameters=[this, *arguments], return_annotation=result_type(operation)
    )


def result_type(operation: type[Operation[Any]]) -> Any:
    """The T of Operation[T]; a quoted one is looked up in the module of its class."""
    for base in operation.__mro__:
        for generic in base.__dict__.get("__orig_bases__", ()):
            origin = getattr(generic, "__origin__", None)
            if isinstance(origin, type) and issubclass(origin, Operation):
                # Of quoted ones take the words: typing has one object for equal words, which keeps its first meaning.
                answer = getattr(generic.__args__[0], "__forward_arg__", generic.__args__[0])
                hints = SimpleNamespace(__annotations__={"T": answer})
                return get_type_hints(hints, vars(sys.modules[base.__module__]))["T"]
    raise TypeError(f"{operation.__name__} must name its answer: Operation[Answer]")
