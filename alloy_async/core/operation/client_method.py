"""An operation class as a method of both clients: awaited on AsyncClient, direct on Client.

The table of a system's methods is one class, `AlloyMethods`, of endpoints. When a method is first asked for, its operation is
loaded, and a plain function put into the client class's own dictionary: that is quicker to call than a descriptor, and all that
looks at classes (help(), inspect, IPython, unittest.mock.create_autospec) sees a method with its signature and docstring.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import CoroutineType, MethodType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from ..argument_errors import find_argument_fault
from .method_signature import MethodSignature, create_docstring
from .operation import Operation

if TYPE_CHECKING:
    from ..client import AsyncClient
    from ..sync import Client
    from .namespace import AsyncNamespace, Namespace
    from .paging import Listing

T = TypeVar("T")
P = ParamSpec("P")
Q = ParamSpec("Q")
U = TypeVar("U")
V = TypeVar("V")
Made_co = TypeVar("Made_co", covariant=True)


class ClientMethod(Generic[P, T, Made_co]):
    """What an endpoint is on a client's class, for the type checkers: a function that knows its operation."""

    @property
    def operation(self) -> Callable[P, Made_co]:
        """The operation's class, to make operations as values: `AsyncAlloy.get_a_user.operation("ada")`."""
        raise NotImplementedError

    @overload
    def __call__(
        self, client: AsyncClient, /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]: ...
    @overload
    def __call__(self, client: Client, /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    def __call__(self, client: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call the operation on a client."""
        raise NotImplementedError


class endpoint(Generic[P, T, Made_co]):  # noqa: N801 (used like a decorator)
    """One operation as a method: awaitable on an AsyncClient, direct on a Client, with one signature for both."""

    @overload
    def __init__(self: endpoint[Q, U, Listing[U, V]], operation: Callable[Q, Listing[U, V]]) -> None: ...
    @overload
    def __init__(self: endpoint[Q, U, Operation[U]], operation: Callable[Q, Operation[U]]) -> None: ...
    def __init__(self, operation: Any) -> None:
        self._init_fields(lambda: operation)

    def _init_fields(self, find: Callable[[], Any]) -> None:
        self._find = find
        self._name = ""
        self._functions: dict[bool, Callable[..., Any]] = {}

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @property
    def operation(self) -> Callable[P, Made_co]:
        """The operation's class."""
        return self._find()  # type: ignore[no-any-return]

    @overload
    def __get__(self, instance: None, owner: Any = None) -> ClientMethod[P, T, Made_co]: ...
    @overload
    def __get__(
        self, instance: AsyncClient | AsyncNamespace, owner: Any = None
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, instance: Client | Namespace, owner: Any = None) -> Callable[P, T]: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        # Reached once for each client class, which has a function in its own dictionary from then on.
        owner = owner or type(instance)
        if not hasattr(owner, "is_async"):
            return self  # on the table itself
        function = self.get_client_function(owner.is_async)
        self._install_on_class(owner, function)
        return function if instance is None else MethodType(function, instance)

    def _install_on_class(self, owner: type, function: Callable[..., Any]) -> None:
        """Put the function into the client class that inherits the endpoint: of several, the one all others extend."""
        for client in reversed(owner.__mro__):
            if hasattr(client, "is_async") and _find_member(client, self._name) is self:
                setattr(client, self._name, function)
                return

    if TYPE_CHECKING:
        # pyright compares a class with a Protocol by the attribute itself and asks no __get__: for it, and only for it, the
        # endpoint can be called. (mypy asks.) So a Protocol's `async def get_a_user(self, user_id: str) -> User` is matched.
        @overload
        def __call__(  # pyright: ignore[reportOverlappingOverload]
            self, *args: P.args, **kwargs: P.kwargs
        ) -> CoroutineType[Any, Any, T]: ...
        @overload
        def __call__(self: Any, *args: P.args, **kwargs: P.kwargs) -> T: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def get_client_function(self, is_async: bool) -> Callable[..., Any]:
        """Give the function of an async or of a sync client, made on first use.

        Args:
            is_async: which of the two.
        """
        function = self._functions.get(is_async)
        if function is None:
            # By setdefault, as two threads may come here at once.
            function = self._functions.setdefault(is_async, _create_client_function(self._find(), is_async))
        return function


@overload
def declare_endpoint(
    find: Callable[[], Callable[Q, Listing[U, V]]],
) -> Callable[[Callable[[Any], None]], endpoint[Q, U, Listing[U, V]]]: ...
@overload
def declare_endpoint(
    find: Callable[[], Callable[Q, Operation[U]]],
) -> Callable[[Callable[[Any], None]], endpoint[Q, U, Operation[U]]]: ...
def declare_endpoint(find: Callable[[], Any]) -> Any:
    """Declare a method of both clients; it takes the place of the function below it, of which only the name counts.

    The same as `get_a_user = endpoint(GetAUser)`, in a form whose type all tools can tell without inferring it, and with an
    operation that is loaded when the method is first asked for.

    Args:
        find: gives the operation's class.
    """

    def create(_: object) -> endpoint[Any, Any, Any]:
        made: endpoint[Any, Any, Any] = endpoint.__new__(endpoint)
        made._init_fields(find)
        return made

    return create


def _find_member(owner: type, name: str) -> Any:
    """Find what a class has by a name, as it stands in the dictionary of one of its bases."""
    return next((vars(base)[name] for base in owner.__mro__ if name in vars(base)), None)


def _create_client_function(operation: type[Operation[Any]], is_async: bool) -> Callable[..., Any]:
    # The arguments may hold secrets: once they are in the operation, whose repr hides them, this frame lets go of them, so
    # that no traceback with locals shows them.
    async def send_async(self: AsyncClient, /, *args: Any, **kwargs: Any) -> Any:
        try:
            made = operation(*args, **kwargs)
        except TypeError as error:
            failure = find_error(args, kwargs) or error
        else:
            del args, kwargs
            return await self.send(made)
        del args, kwargs
        raise failure

    def send_sync(self: Client, /, *args: Any, **kwargs: Any) -> Any:
        try:
            made = operation(*args, **kwargs)
        except TypeError as error:
            failure = find_error(args, kwargs) or error
        else:
            del args, kwargs
            return self.send(made)
        del args, kwargs
        raise failure

    def find_error(args: Sequence[Any], kwargs: Mapping[str, Any]) -> TypeError | None:
        return find_argument_fault(f"{operation.name}()", operation.__init__, args, kwargs, "argument")

    function: Any = send_async if is_async else send_sync
    vars(operation)["__init__"].__qualname__ = operation.name  # what Python says where an argument is missing
    function.__name__ = function.__qualname__ = operation.name
    function.__module__ = operation.__module__
    function.__doc__ = operation.__doc__ = create_docstring(operation)
    function.__annotations__ = {}  # those of *args say nothing; inspect reads the signature
    function.__signature__ = MethodSignature(operation)
    function.operation = operation
    return function  # type: ignore[no-any-return]
