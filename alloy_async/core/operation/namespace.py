"""Some methods of a client under a name of their own, as `alsid.users.list()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from .operation import Operation

if TYPE_CHECKING:
    from ..client import AsyncClient
    from ..sync import Client

T = TypeVar("T")


class AsyncNamespace:
    """Methods to await, sent through a client."""

    is_async: ClassVar[bool] = True

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._client!r})"

    async def send(self, operation: Operation[T]) -> T:
        """Send an operation through the client."""
        return await self._client.send(operation)


class Namespace:
    """Direct methods, sent through a client."""

    is_async: ClassVar[bool] = False

    def __init__(self, client: Client) -> None:
        self._client = client

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._client!r})"

    def send(self, operation: Operation[T]) -> T:
        """Send an operation through the client."""
        return self._client.send(operation)
