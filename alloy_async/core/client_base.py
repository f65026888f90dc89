"""What the async and the sync client have in common: how a client class gets its methods, how a client is copied."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, NoReturn, ParamSpec, Self, TypeVar, Unpack

from .argument_errors import find_argument_fault
from .errors import ConfigurationError
from .options import CallOptions, Options, Service
from .validation import describe_value

P = ParamSpec("P")
T = TypeVar("T")


def hide_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Keep the arguments of a function, which may be secrets, out of the tracebacks of the errors that it raises.

    Its own frames are left out of them, since tools that show tracebacks may show the local variables too.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            failure: Exception = error.with_traceback(None)
            if isinstance(error, TypeError):
                owner = type(args[0]).__name__
                if function.__name__ != "__init__":
                    owner += f".{function.__name__}()"
                failure = find_argument_fault(owner, function, args[1:], kwargs) or failure
        del args, kwargs
        failure.__context__ = None  # its frames would be shown as well
        raise failure

    return call


class ClientBase:
    """A client of one service; its state is shared by its copies."""

    is_async: ClassVar[bool]
    system: Service

    @classmethod
    def from_profile(cls, name: str | None = None, **options: Unpack[Options]) -> Self:
        """Create a client that reaches the account of a profile.

        Args:
            name: of the profile; default the one that ALLOY_ASYNC_PROFILE names.
            **options: as in the constructor; they come before what the profile says.

        Raises:
            ConfigurationError: there is no such profile, it is for another system, or it is wrong.
        """
        from .profiles.client_arguments import read_client_options  # here, as not every program has profiles

        return cls(**read_client_options(cls.system, name, options))

    def _copy_shallowly(self) -> Self:
        """Make another one with the same attributes, those of subclasses included."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Make a copy with other options, on the same connections."""
        raise NotImplementedError

    def __copy__(self) -> Self:
        return self.with_options()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # Connections and rate limit are shared by all who use the service: a copy of them would be worth nothing.
        return self.__copy__()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled: the credential would leave the process, the connections cannot."""
        name, variable = type(self).__name__, self.system.get_variable_name(self.system.credential)
        raise TypeError(
            f"{name} cannot be pickled, as it holds a credential and connections: make one where it is used, as {name}(),"
            f" which reads {variable} from the environment"
        )


def get_service(client: type[ClientBase], given: Service | None) -> Service:
    """Find the service that a client is for: the one that its user gave, or its class's.

    Raises:
        ConfigurationError: it is for none, or what was given is none.
    """
    system: Service | None = getattr(client, "system", None) if given is None else given
    if system is not None and not isinstance(system, Service):
        raise ConfigurationError(f"system takes a Service, got {describe_value(system)}")
    if system is None:
        needed = "needs system=Service(...), which says where the service is and how it is reached"
        raise ConfigurationError(f"{client.__name__} {needed}")
    return system


def list_client_options(client: type[ClientBase]) -> frozenset[str]:
    """List the names of all that a client class can be made with."""
    own = {name for name in inspect.signature(client.__init__).parameters if name not in ("self", "options")}
    return frozenset(own.union(Options.__annotations__))
