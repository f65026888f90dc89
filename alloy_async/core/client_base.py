"""What the async and the sync client have in common: how a client class gets its methods, how a client is copied."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self, Unpack

from .operation.endpoint import install_methods
from .options import CallOptions, Service


class ClientBase:
    """A client of one service; its state is shared by its copies."""

    is_async: ClassVar[bool]
    system: Service

    def __init_subclass__(cls, **facts: Any) -> None:
        super().__init_subclass__(**facts)
        install_methods(cls)

    def _clone(self) -> Self:
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
        name, variable = type(self).__name__, self.system.name_variable(self.system.credential)
        raise TypeError(
            f"{name} cannot be pickled, as it holds a credential and connections: make one where it is used, as {name}(),"
            f" which reads {variable} from the environment"
        )
