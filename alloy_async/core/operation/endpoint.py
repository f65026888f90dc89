"""An operation class as a method of both clients: awaited on AsyncClient, direct on Client."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from ..codec.fields import get_fields
from .operation import Operation, result_type
from .paging import Listing

if TYPE_CHECKING:
    from ..client import AsyncClient
    from ..sync import Client

T = TypeVar("T")
P = ParamSpec("P")
Q = ParamSpec("Q")
U = TypeVar("U")
V = TypeVar("V")
Made_co = TypeVar("Made_co", covariant=True)


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
    of_init = inspect.signature(operation)
    plain = {field.name: field.type for field in get_fields(operation)}
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
